"""TUNE: what the domain gets of the host: CPUs, caches, threads of I/O, and limits."""
