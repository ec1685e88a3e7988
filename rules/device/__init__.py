"""DEV: the small devices: panic, watchdog, shared memory, IOMMU, random numbers, vsock, balloon, NVRAM, pstore."""
