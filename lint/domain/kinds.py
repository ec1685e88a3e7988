"""Architectures and kinds of machines that libvirt's checks name."""

from typing import Final

from domlint.domain.machine import Machine, MachineKind

X86: Final = frozenset({"x86_64", "i686"})
ARM: Final = frozenset({"aarch64", "armv7l", "armv6l"})
RISCV: Final = frozenset({"riscv64", "riscv32"})
LOONGARCH: Final = frozenset({"loongarch64"})
S390: Final = frozenset({"s390x", "s390"})
PPC64: Final = frozenset({"ppc64", "ppc64le"})

_ARCHITECTURES: Final = {
    MachineKind.Q35: X86,
    MachineKind.I440FX: X86,
    MachineKind.ARM_VIRT: ARM,
    MachineKind.RISCV_VIRT: RISCV,
    MachineKind.LOONGARCH_VIRT: LOONGARCH,
    MachineKind.PSERIES: PPC64,
    MachineKind.S390_CCW: S390,
}


def is_one_of(
    machine: Machine, architectures: frozenset[str], kinds: tuple[MachineKind, ...], names: tuple[str, ...] = ()
) -> bool | None:
    """Tell whether a machine is of one of these architectures or kinds, or has one of these names.

    None where it is not known: a name that no host has listed may be an alias of any machine of its architecture.
    """
    if not isinstance(machine.arch, str):
        return None
    kind = machine.kind
    if machine.arch in architectures or kind in kinds or machine.name in names:
        return True
    is_possible = any(machine.arch in _ARCHITECTURES[one] for one in kinds)
    return None if kind is MachineKind.UNKNOWN and is_possible else False
