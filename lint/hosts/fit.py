"""Which guests an emulator can run, by architecture."""

from typing import Final

SERVED_ARCHITECTURES: Final = {
    "x86_64": frozenset({"x86_64", "i686"}),
    "aarch64": frozenset({"aarch64", "armv7l", "armv6l"}),
    "armv7l": frozenset({"armv7l", "armv6l"}),
    "ppc64": frozenset({"ppc64", "ppc64le", "ppc"}),
    "ppc64le": frozenset({"ppc64", "ppc64le"}),
    "s390x": frozenset({"s390x", "s390"}),
}
"""The guests' architectures that an emulator of an architecture runs beside its own.

Source: QEMU's system emulators (qemu-system-x86_64 runs 32-bit guests, and so on); libvirt 11.3.0
src/qemu/qemu_capabilities.c (virQEMUCapsFindBinaryForArch).
"""


def serves(host_arch: str, guest_arch: str) -> bool:
    """Tell whether an emulator for one architecture can run a guest of the other."""
    return guest_arch == host_arch or guest_arch in SERVED_ARCHITECTURES.get(host_arch, ())
