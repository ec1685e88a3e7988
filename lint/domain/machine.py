"""Machine types: what kind of PCI the guest has, as libvirt decides it from the architecture and the machine's name."""

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.architectures import ARM, LOONGARCH, MIPS, PPC64, RISCV, S390, X86
from domlint.domain.values import UNKNOWN, Maybe, Unknown

if TYPE_CHECKING:
    from domlint.hosts import Host


class PciRoot(Enum):
    """The bus that a machine's PCI topology begins with."""

    PCI = "pci-root"
    PCIE = "pcie-root"
    NONE = "no PCI"
    UNKNOWN = "unknown"


class MachineKind(Enum):
    """The machines that libvirt's own checks tell apart by name."""

    Q35 = "q35"
    I440FX = "i440fx"
    ARM_VIRT = "virt of Arm"
    RISCV_VIRT = "virt of RISC-V"
    LOONGARCH_VIRT = "virt of LoongArch"
    PSERIES = "pseries"
    S390_CCW = "s390-ccw-virtio"
    MALTA = "malta"
    OTHER = "another machine"
    UNKNOWN = "unknown"


class MachineClass(NamedTuple):
    """Machines that behave alike: what they are called, their architectures, their names, and what libvirt gives them.

    ``names`` are matched whole, ``prefixes`` at the beginning. ``network_model`` is the model of an interface that
    names none ("" where it depends on the QEMU binary).
    """

    kind: MachineKind
    architectures: tuple[str, ...]
    names: tuple[str, ...]
    prefixes: tuple[str, ...]
    root: PciRoot
    network_model: str = ""


_PCI_ALWAYS: Final = (*PPC64, "ppc", "ppcemb", "alpha", "sh4", "sh4eb", "sparc64")

MACHINE_CLASSES: Final = (
    MachineClass(MachineKind.I440FX, X86, ("pc",), ("pc-i440fx-", "pc-0.", "pc-1.", "rhel"), PciRoot.PCI),
    MachineClass(MachineKind.Q35, X86, ("q35",), ("pc-q35-",), PciRoot.PCIE),
    MachineClass(MachineKind.OTHER, X86, ("isapc", "microvm", "none"), (), PciRoot.NONE),
    MachineClass(MachineKind.ARM_VIRT, ARM, ("virt",), ("virt-",), PciRoot.PCIE, "virtio"),
    MachineClass(MachineKind.OTHER, ARM, ("versatilepb",), (), PciRoot.PCI, "smc91c111"),
    MachineClass(MachineKind.OTHER, ARM, (), ("",), PciRoot.UNKNOWN, "lan9118"),
    MachineClass(MachineKind.RISCV_VIRT, RISCV, ("virt",), ("virt-",), PciRoot.PCIE, "virtio"),
    MachineClass(MachineKind.LOONGARCH_VIRT, LOONGARCH, ("virt",), ("virt-",), PciRoot.PCIE, "virtio"),
    MachineClass(MachineKind.S390_CCW, S390, (), ("s390-ccw",), PciRoot.PCI, "virtio"),
    MachineClass(MachineKind.PSERIES, PPC64, ("pseries",), ("pseries-",), PciRoot.PCI),
    MachineClass(MachineKind.MALTA, MIPS, ("malta",), (), PciRoot.PCI),
    MachineClass(MachineKind.OTHER, _PCI_ALWAYS, (), ("",), PciRoot.PCI),
)
"""The machines that libvirt knows something of, the first that fits. Where it knows no PCI of a machine, there is none.

It adds a PCI root to malta since 11.3.0, to machines of s390x where QEMU has zPCI.

Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainMachineIsQ35, -IsI440FX, -IsARMVirt, -IsRISCVVirt,
-IsLoongArchVirt, -IsPSeries, -IsS390CCW, -IsMipsMalta; qemuDomainDefaultNetModel for the models),
src/qemu/qemu_postparse.c (qemuDomainDefAddDefaultDevices for the roots).
"""

_ARCHITECTURES_OF_NAMES: Final = (
    ("x86_64", ("pc", "q35", "isapc", "microvm"), ("pc-",)),
    ("s390x", (), ("s390-ccw-",)),
    ("ppc64", ("pseries",), ("pseries-",)),
)
"""What the name of a machine tells of the architecture, where the file names none and no host is known."""


class Machine(NamedTuple):
    """The machine of a domain on a host.

    ``written`` is what the file says; ``name`` the machine's own name, an alias or the default resolved through the
    host's capabilities (what is written, where they do not know better). ``root`` does not look at the controllers
    that the file declares.
    """

    arch: Maybe[str]
    written: Maybe[str]
    name: Maybe[str]
    root: PciRoot
    network_model: str

    @property
    def kind(self) -> MachineKind:
        """Which of the machines that libvirt tells apart it is; UNKNOWN also for a name that may be an alias."""
        return _kind_of(self)

    @property
    def is_x86(self) -> bool | None:
        """Tell whether it is one of x86; None where that is not known."""
        return self.arch in X86 if isinstance(self.arch, str) else None

    @property
    def is_s390(self) -> bool | None:
        """Tell whether it is one of s390x; None where that is not known."""
        return self.arch in S390 if isinstance(self.arch, str) else None

    @property
    def is_ppc64(self) -> bool | None:
        """Tell whether it is one of 64-bit PowerPC; None where that is not known."""
        return self.arch in PPC64 if isinstance(self.arch, str) else None

    def is_one_of(
        self, architectures: tuple[str, ...], kinds: tuple[MachineKind, ...], names: tuple[str, ...] = ()
    ) -> bool | None:
        """Tell whether it is of one of these architectures or kinds, or has one of these names.

        None where it is not known: a name that no host has listed may be an alias of any machine of its architecture.
        """
        if not isinstance(self.arch, str):
            return None
        if self.arch in architectures or self.kind in kinds or self.name in names:
            return True
        is_possible = any(self.arch in architectures_of(kind) for kind in kinds)
        return None if self.kind is MachineKind.UNKNOWN and is_possible else False

    def __str__(self) -> str:
        if isinstance(self.name, str) and self.written not in (None, UNKNOWN, self.name):
            return f"'{self.written}' ({self.name})"
        return f"'{self.name}'" if isinstance(self.name, str) else "the default machine"


def kind_of(arch: str, name: str) -> MachineKind:
    """Which of the machines that libvirt tells apart has that name; OTHER where none has."""
    found = _class_of(arch, name)
    return MachineKind.OTHER if found is None else found.kind


def architectures_of(kind: MachineKind) -> tuple[str, ...]:
    """The architectures that have a kind of machine."""
    return next(one.architectures for one in MACHINE_CLASSES if one.kind is kind)


@lru_cache(maxsize=1024)
def _kind_of(machine: Machine) -> MachineKind:
    arch, name = machine.arch, machine.name
    if not isinstance(arch, str) or not isinstance(name, str):
        return MachineKind.UNKNOWN
    kind = kind_of(arch, name)
    if kind is not MachineKind.OTHER:
        return kind
    return MachineKind.UNKNOWN if machine.root is PciRoot.UNKNOWN else MachineKind.OTHER


@lru_cache(maxsize=1024)
def resolve_machine(arch: Maybe[str], written: Maybe[str], virt_type: str | None, host: "Host | None") -> Machine:
    """Find out which machine a domain gets on a host (None: nothing known of the host)."""
    if isinstance(arch, Unknown) or isinstance(written, Unknown):
        return Machine(arch, written, UNKNOWN, PciRoot.UNKNOWN, "")
    found = None
    if host is not None:
        found = host.machine(written, virt_type) if written else host.default_machine(virt_type)
    name = found.name if found is not None else written
    arch = arch or (host.arch if host is not None else None) or _architecture_of(name)
    if name is None or arch is None:
        return Machine(arch, written, name, PciRoot.UNKNOWN, "")
    machine_class = _class_of(arch, name) or _class_of(arch, written or name)
    if machine_class is not None and machine_class.root is not PciRoot.UNKNOWN:
        return Machine(arch, written, name, machine_class.root, machine_class.network_model)
    # A name that no host has listed may be an alias of a machine that has PCI.
    root = PciRoot.UNKNOWN if found is None else PciRoot.NONE
    return Machine(arch, written, name, root, "" if machine_class is None else machine_class.network_model)


def _class_of(arch: str, name: str) -> MachineClass | None:
    for machine_class in MACHINE_CLASSES:
        if arch in machine_class.architectures and (
            name in machine_class.names or name.startswith(machine_class.prefixes)
        ):
            return machine_class
    return None


def _architecture_of(name: str | None) -> str | None:
    if name is not None:
        for arch, names, prefixes in _ARCHITECTURES_OF_NAMES:
            if name in names or name.startswith(prefixes):
                return arch
    return None
