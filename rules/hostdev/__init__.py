"""HOSTDEV: devices of the host that the guest gets."""
