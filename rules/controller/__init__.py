"""CTRL: controllers other than those of PCI and USB."""
