"""Machine types: what kind of PCI the guest has, as libvirt decides it from the architecture and the machine's name."""

from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

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
    OTHER = "another machine"
    UNKNOWN = "unknown"


class MachineClass(NamedTuple):
    """Machines that behave alike: their architectures, their names, and what libvirt gives them.

    ``names`` are matched whole, ``prefixes`` at the beginning. ``network_model`` is the model of an interface that
    names none ("" where it depends on the QEMU binary).
    """

    architectures: frozenset[str]
    names: tuple[str, ...]
    prefixes: tuple[str, ...]
    root: PciRoot
    network_model: str


_X86: Final = frozenset({"x86_64", "i686"})
_ARM: Final = frozenset({"aarch64", "armv7l", "armv6l"})
_RISCV: Final = frozenset({"riscv64", "riscv32"})
_LOONGARCH: Final = frozenset({"loongarch64"})
_S390: Final = frozenset({"s390x", "s390"})
_PPC64: Final = frozenset({"ppc64", "ppc64le"})
_PCI_ALWAYS: Final = frozenset({"ppc64", "ppc64le", "ppc", "ppcemb", "alpha", "sh4", "sh4eb", "sparc64"})

MACHINE_CLASSES: Final = (
    MachineClass(_X86, ("pc",), ("pc-0.", "pc-1.", "pc-i440", "rhel"), PciRoot.PCI, ""),
    MachineClass(_X86, ("q35",), ("pc-q35", "q35-"), PciRoot.PCIE, ""),
    MachineClass(_X86, ("isapc", "microvm", "none"), (), PciRoot.NONE, ""),
    MachineClass(_ARM, ("virt",), ("virt-",), PciRoot.PCIE, "virtio"),
    MachineClass(_ARM, ("versatilepb",), (), PciRoot.PCI, "smc91c111"),
    MachineClass(_ARM, (), ("",), PciRoot.UNKNOWN, "lan9118"),
    MachineClass(_RISCV | _LOONGARCH, ("virt",), ("virt-",), PciRoot.PCIE, "virtio"),
    MachineClass(_S390, (), ("s390-",), PciRoot.PCI, "virtio"),
    MachineClass(_PPC64, ("pseries",), ("pseries-",), PciRoot.PCI, ""),
    MachineClass(_PCI_ALWAYS, (), ("",), PciRoot.PCI, ""),
)
"""The machines that libvirt knows something of. Where it knows no PCI of a machine, there is none.

Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainDefAddDefaultDevices, qemuDomainMachineIsQ35, -IsI440FX,
-IsARMVirt, -IsRISCVVirt, -IsLoongArchVirt, -IsPSeries; qemuDomainDefaultNetModel for the models).
"""

_KINDS: Final = (
    (MachineKind.Q35, _X86, "q35", ("pc-q35-",)),
    (MachineKind.I440FX, _X86, "pc", ("pc-i440fx-", "pc-0.", "pc-1.", "rhel")),
    (MachineKind.ARM_VIRT, _ARM, "virt", ("virt-",)),
    (MachineKind.RISCV_VIRT, _RISCV, "virt", ("virt-",)),
    (MachineKind.LOONGARCH_VIRT, _LOONGARCH, "virt", ("virt-",)),
    (MachineKind.PSERIES, _PPC64, "pseries", ("pseries-",)),
    (MachineKind.S390_CCW, _S390, "s390-ccw", ("s390-ccw",)),
)
"""Architectures, the name, and beginnings of names.

Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainMachineIsQ35, -IsI440FX, -IsARMVirt, -IsRISCVVirt,
-IsLoongArchVirt, -IsPSeries, -IsS390CCW).
"""

_ARCHITECTURES_OF_NAMES: Final = (
    ("x86_64", ("pc", "q35", "isapc", "microvm"), ("pc-",)),
    ("s390x", (), ("s390-ccw-",)),
    ("ppc64", ("pseries",), ("pseries-",)),
)


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
        return self.arch in _X86 if isinstance(self.arch, str) else None

    @property
    def is_s390(self) -> bool | None:
        """Tell whether it is one of s390x; None where that is not known."""
        return self.arch in _S390 if isinstance(self.arch, str) else None

    @property
    def is_ppc64(self) -> bool | None:
        """Tell whether it is one of 64-bit PowerPC; None where that is not known."""
        return self.arch in _PPC64 if isinstance(self.arch, str) else None

    def __str__(self) -> str:
        if isinstance(self.name, str) and self.written not in (None, UNKNOWN, self.name):
            return f"'{self.written}' ({self.name})"
        return f"'{self.name}'" if isinstance(self.name, str) else "the default machine"


@lru_cache(maxsize=1024)
def _kind_of(machine: Machine) -> MachineKind:
    arch, name = machine.arch, machine.name
    if not isinstance(arch, str) or not isinstance(name, str):
        return MachineKind.UNKNOWN
    for kind, architectures, whole, prefixes in _KINDS:
        if arch in architectures and (name == whole or name.startswith(prefixes)):
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
