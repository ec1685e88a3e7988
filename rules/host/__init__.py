"""HOST: whether a host that was given can run the domain at all: architecture, machine, vCPUs, CPU."""
