"""Which module of rules looks at which elements. Made by tools/make_index.py; do not edit."""

PATHS: dict[str, tuple[str, ...]] = {
    "host.cpu": ("cpu",),
    "host.features": ("cpu/feature",),
    "host.vcpus": ("cpu/numa", "vcpu", "vcpus/vcpu"),
    "pool": (".",),
    "schema": (".",),
    "teaming": ("devices/*/teaming", "devices/interface"),
    "xml": ("/",),
}
