"""MEM: the memory of the domain: how much, what backs it, and the modules among its devices."""
