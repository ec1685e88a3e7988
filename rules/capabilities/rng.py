"""What ``<rng>`` needs."""

from domlint.capability import Capability
from domlint.findings import Outcome

_VALIDATE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainRNGDef), 7.0.0 to 11.3.0"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Random number generator device"

ROWS = (
    Capability(
        "rng-virtio",
        "virtio random number generators",
        ("devices/rng/@model=('virtio', 'virtio-transitional', 'virtio-non-transitional')",),
        _VALIDATE,
        flags="virtio-rng",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "rng-random",
        "a device of the host as the source of random numbers",
        ("devices/rng/backend/@model='random'",),
        _VALIDATE,
        flags="rng-random",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "rng-egd",
        "a daemon as the source of random numbers (EGD)",
        ("devices/rng/backend/@model='egd'",),
        _VALIDATE,
        flags="rng-egd",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "rng-builtin",
        "QEMU itself as the source of random numbers",
        ("devices/rng/backend/@model='builtin'",),
        f"{_VALIDATE}; {_FORMAT}",
        flags="rng-builtin",
        libvirt="6.1.0",
        outcome=Outcome.DEFINE,
    ),
)
