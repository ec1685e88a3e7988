"""PCI###: the guest's PCI controllers, and where devices are plugged in."""
