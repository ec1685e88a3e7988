"""Which machines libvirt treats alike where it places devices."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from domlint.domain.machine import PciRoot

if TYPE_CHECKING:
    from domlint.domain.machine import Machine


class Chipset(Enum):
    """A family of machines, as libvirt tells them apart by architecture and name."""

    I440FX = "i440fx"
    Q35 = "q35"
    ARM_VIRT = "Arm virt"
    RISCV_VIRT = "RISC-V virt"
    LOONGARCH_VIRT = "LoongArch virt"
    PSERIES = "pseries"
    S390_CCW = "s390-ccw-virtio"
    MALTA = "malta"
    OTHER = "another machine"
    UNKNOWN = "not known"


_X86: Final = frozenset({"x86_64", "i686"})
_ARM: Final = frozenset({"aarch64", "armv7l", "armv6l"})
_MIPS: Final = frozenset({"mips", "mipsel", "mips64", "mips64el"})

_FAMILIES: Final = (
    (_X86, ("pc",), ("pc-0.", "pc-1.", "pc-i440", "rhel"), Chipset.I440FX),
    (_X86, ("q35",), ("pc-q35",), Chipset.Q35),
    (_ARM, ("virt",), ("virt-",), Chipset.ARM_VIRT),
    (frozenset({"riscv64", "riscv32"}), ("virt",), ("virt-",), Chipset.RISCV_VIRT),
    (frozenset({"loongarch64"}), ("virt",), ("virt-",), Chipset.LOONGARCH_VIRT),
    (frozenset({"ppc64", "ppc64le"}), ("pseries",), ("pseries-",), Chipset.PSERIES),
    (frozenset({"s390x", "s390"}), (), ("s390-ccw",), Chipset.S390_CCW),
    (_MIPS, ("malta",), (), Chipset.MALTA),
)
"""Architectures, whole names, beginnings of names.

Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainMachineIs…).
"""

WITH_PCI_OF_ITS_OWN: Final = {
    Chipset.I440FX: PciRoot.PCI,
    Chipset.Q35: PciRoot.PCIE,
    Chipset.ARM_VIRT: PciRoot.PCIE,
    Chipset.RISCV_VIRT: PciRoot.PCIE,
    Chipset.LOONGARCH_VIRT: PciRoot.PCIE,
    Chipset.PSERIES: PciRoot.PCI,
    Chipset.S390_CCW: PciRoot.PCI,
    Chipset.MALTA: PciRoot.PCI,
}
"""The root bus that libvirt adds to a machine. Source: libvirt 11.3.0 src/qemu/qemu_postparse.c
(qemuDomainDefAddDefaultDevices); malta since 11.3.0, s390x where QEMU has zPCI."""

EXPANDER_BUSES: Final = {
    "pci-expander-bus": frozenset({Chipset.I440FX}),
    "pcie-expander-bus": frozenset({Chipset.Q35, Chipset.ARM_VIRT}),
}
"""The machines that have expander buses. Source: libvirt 11.3.0 src/qemu/qemu_postparse.c
(qemuDomainControllerDefPostParse)."""


@lru_cache(maxsize=1024)
def chipset_of(machine: Machine) -> Chipset:
    """The family of a machine; UNKNOWN where its name or its architecture is not known, or may be an alias."""
    arch, name, written = machine.arch, machine.name, machine.written
    if not isinstance(arch, str) or not isinstance(name, str):
        return Chipset.UNKNOWN
    for architectures, names, beginnings, chipset in _FAMILIES:
        if arch in architectures and (name in names or name.startswith(beginnings)):
            return chipset
    if isinstance(written, str) and written != name:
        return Chipset.OTHER
    return Chipset.UNKNOWN if machine.root is PciRoot.UNKNOWN else Chipset.OTHER
