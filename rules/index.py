"""Which module of rules looks at which elements. Made by tools/make_index.py; do not edit."""

PATHS: dict[str, tuple[str, ...]] = {
    "device.common": ("devices", "devices/memballoon"),
    "device.iommu": ("devices/iommu",),
    "device.others": ("devices/nvram", "devices/pstore/size", "devices/vsock/cid"),
    "device.panic": ("devices/panic",),
    "device.shmem": ("devices/shmem",),
    "device.watchdog": ("devices/watchdog",),
    "disk.target": ("devices", "devices/disk", "devices/hostdev/address"),
    "filesystem": ("devices/filesystem", "devices/filesystem/boot"),
    "host.cpu": ("cpu",),
    "host.features": ("cpu/feature",),
    "host.vcpus": ("cpu/numa", "vcpu", "vcpus/vcpu"),
    "pool": (".",),
    "schema": (".",),
    "teaming": ("devices/*/teaming", "devices/interface"),
    "tpm": ("devices/tpm",),
    "xml": ("/",),
}
