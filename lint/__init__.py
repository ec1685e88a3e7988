"""domlint: static analysis of libvirt domain XML against the capabilities of hosts."""
