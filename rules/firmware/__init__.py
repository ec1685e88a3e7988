"""FW: firmware, named by a path or chosen by libvirt."""
