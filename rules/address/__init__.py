"""ADDR###: the other addresses of the guest's devices."""
