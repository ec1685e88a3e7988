"""Which guests an emulator can run, and which of a host's emulators a domain gets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from domlint.hosts.model import Host

SERVED_ARCHITECTURES: Final = {
    "x86_64": frozenset({"i686"}),
    "aarch64": frozenset({"armv7l"}),
    "armv7l": frozenset({"armv6l"}),
    "ppc64": frozenset({"ppc64le"}),
}
"""The guests' architectures that libvirt lets an emulator of an architecture run beside its own.

Source: libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsIsArchSupported), alike in 7.0.0 and 9.0.0.
"""

QEMU_VIRT_TYPES: Final = frozenset({"kvm", "tcg", "hvf", "mshv"})
"""The accelerators of QEMU; any other domain type belongs to another hypervisor (Xen, LXC, bhyve …).

Source: libvirt 11.3.0 src/conf/virconftypes.h (virDomainVirtType), src/qemu/qemu_capabilities.c
(virQEMUCapsAccelType).
"""


def serves(host_arch: str, guest_arch: str) -> bool:
    """Tell whether an emulator for one architecture can run a guest of the other."""
    return guest_arch == host_arch or guest_arch in SERVED_ARCHITECTURES.get(host_arch, ())


def fitting_emulator(
    emulators: "Sequence[Host]", arch: str | None, virt_type: str | None, emulator: str | None
) -> "Host | None":
    """The emulator that a domain gets on a host, None where no file of the host is of one that fits.

    ``emulators`` are those of one host. ``arch``, ``virt_type`` ('tcg' for 'qemu') and ``emulator`` are the domain's,
    each None where it names none or it is not known. The architecture must fit, and so must the kind of hypervisor;
    of several that do, the one that the domain names is best, then one of the very architecture, then one with the
    accelerator.
    """
    fitting = [host for host in emulators if (arch is None or serves(host.arch, arch)) and _is_of(host, virt_type)]
    if len(fitting) < 2:
        return fitting[0] if fitting else None
    native = _native_architecture(emulators)
    # Only this emulator gives 32-bit guests KVM on such a host: libvirt 11.3.0 src/qemu/qemu_capabilities.c
    # (virQEMUCapsFindBinaryForArch).
    best = "aarch64" if (native, arch) == ("aarch64", "armv7l") else arch or native

    def preference(host: "Host") -> tuple[bool, bool, bool]:
        return (
            emulator is not None and host.emulator == emulator,
            host.arch == best,
            virt_type is not None and host.provides(virt_type) is True,
        )

    return max(fitting, key=preference)


def _is_of(host: "Host", virt_type: str | None) -> bool:
    """Tell whether the emulator is of the domain's kind of hypervisor: QEMU, or the very one that the domain names."""
    if virt_type is None:
        return True
    if not QEMU_VIRT_TYPES.intersection(host.virt_types):
        return virt_type in host.virt_types
    return virt_type in QEMU_VIRT_TYPES


def _native_architecture(emulators: "Sequence[Host]") -> str | None:
    """The architecture of a host's CPU: libvirt gives it to a domain that names none."""
    for host in emulators:
        if host.hardware is not None and host.hardware.arch is not None:
            return host.hardware.arch
    with_kvm = [host.arch for host in emulators if host.provides("kvm")]
    return with_kvm[0] if with_kvm else None
