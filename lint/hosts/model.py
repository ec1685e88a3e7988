"""What a host can do, as values: frozen, comparable, hashable, picklable.

Source of the meaning of each field: libvirt src/qemu/qemu_capabilities.c, functions virQEMUCapsFormatCache and
virQEMUCapsLoadCache, releases 1.2 to 11, and the QMP commands libvirt fills them from.
"""

# Annotations are evaluated here: NamedTuple would compile each one that is a string, which costs 2 ms at import.
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts.answer import Answer
    from domlint.hosts.parts import (
        CpuModel,
        DomainCapabilities,
        Gic,
        Guest,
        HostCpu,
        HostHardware,
        Sev,
        Sgx,
    )

PREFERRED_VIRT_TYPES = ("kvm", "hvf", "mshv", "tcg")
"""Accelerators, best first: the order in which a host without a wish is asked."""


class Machine(NamedTuple):
    """A machine type that the emulator offers with one accelerator.

    ``virt_type`` is 'kvm', 'tcg', 'hvf' or the like; None in files of libvirt before 6.2, whose machines belong to
    every accelerator. ``default`` says that QEMU itself calls the machine its default. ``max_cpus`` is a count of
    virtual CPUs. ``numa_mem_supported`` says that the machine takes the old ``mem=`` of ``-numa``: machines that do
    not may well have NUMA. ``default_cpu`` is QEMU's name of the CPU type. None stands for what the file does not say.
    """

    virt_type: str | None
    name: str
    alias: str | None
    default: bool
    max_cpus: int | None
    deprecated: bool | None
    hotplug_cpus: bool | None
    numa_mem_supported: bool | None
    acpi: bool | None
    default_cpu: str | None


class Host(NamedTuple):
    """One emulator on one host: all that the files given for it say.

    ``id`` labels the host in reports; emulators with the same id are those of one host. ``source`` is the path or
    name as given, several joined by ", "; ``kind`` is 'qemucaps', 'domaincaps', 'capabilities', 'profile', or
    'combined' where files of several kinds speak of the emulator. ``libvirt_version`` is the libvirt that wrote the
    file, None when the file does not say (``<selfvers>`` 0 or missing). ``qemu_package`` is what the packager added to
    QEMU's version, "" for none. ``kernel`` is release and version of the host's kernel, ``cpu_signature`` the host
    CPU's vendor, family, model and stepping.
    ``flags`` are the capabilities as listed; ask :meth:`answer` whether the host has one, since libvirt stops
    listing a capability once every QEMU it supports has it. ``hyperv`` are the enlightenments of Hyper-V that the
    host can give, None when libvirt did not ask. ``nesting`` and ``secure_guest`` are what the kernel allows with KVM.
    ``document`` is the qemuCaps file itself: CPUs are half the work of reading it and few rules ask for them, so
    :attr:`cpu_models` and :attr:`host_cpus` are read from it when asked for.

    What a kind of file cannot say is unknown, never absent. ``lists_flags`` and ``lists_machines`` tell whether any of
    the files has them: all of them, so that one which is not there is missing. ``unsure_flags`` are those that hang on
    what no file tells (a profile speaks of QEMU alone). ``profile_cpu_models`` are the models that a profile knows,
    None elsewhere. ``offered_virt_types`` are the accelerators where a file lists them apart from machines, None where
    none does. ``guests`` are all the guests that the whole host runs, whichever emulator runs them, ``hardware`` is
    the host itself, and ``domain_capabilities`` what it says of domains: each None or empty without such a file.
    """

    id: str
    source: str
    kind: str
    emulator: str | None
    arch: str
    qemu_version: Version | None = None
    qemu_package: str = ""
    libvirt_version: Version | None = None
    kernel: str | None = None
    microcode: int | None = None
    cpu_signature: str | None = None
    flags: frozenset[str] = frozenset()
    machines: tuple[Machine, ...] = ()
    gics: "tuple[Gic, ...]" = ()
    sev: "Sev | None" = None
    sgx: "Sgx | None" = None
    hyperv: frozenset[str] | None = None
    nesting: bool = False
    secure_guest: bool = False
    document: bytes = b""
    lists_flags: bool = True
    lists_machines: bool = True
    unsure_flags: frozenset[str] = frozenset()
    profile_cpu_models: "tuple[CpuModel, ...] | None" = None
    offered_virt_types: tuple[str, ...] | None = None
    guests: "tuple[Guest, ...] | None" = None
    hardware: "HostHardware | None" = None
    domain_capabilities: "tuple[DomainCapabilities, ...]" = ()

    def __hash__(self) -> int:
        # Hosts are keys for every file: texts know their hash, thousands of CPU properties would be walked each time.
        return hash((self.id, self.source, self.arch))

    def answer(self, flag: str) -> "Answer":
        """Whether the host has this capability, with the reason in words.

        Raises nothing: a name that no libvirt is known to list gives the answer "unknown".
        """
        if flag in self.flags:
            from domlint.hosts.answer import Answer, Presence

            return Answer(flag, Presence.PRESENT, f"QEMU {self.qemu_version} has it" if self.is_profile else "listed")
        from domlint.hosts.lifecycle import find_answer

        return find_answer(self, flag)

    @property
    def is_profile(self) -> bool:
        """Tell whether what is known of QEMU is that of a release, rather than of one on a host."""
        return self.profile_cpu_models is not None

    @property
    def lists_cpu_models(self) -> bool:
        """Tell whether :attr:`cpu_models` are all that QEMU has, rather than unknown."""
        return bool(self.document) or self.is_profile

    @property
    def cpu_models(self) -> "tuple[CpuModel, ...]":
        """The CPU models that QEMU knows, for each accelerator."""
        if self.profile_cpu_models is not None:
            return self.profile_cpu_models
        from domlint.hosts.qemucaps import read_cpus

        return read_cpus(self.document)[0]

    @property
    def host_cpus(self) -> "tuple[HostCpu, ...]":
        """The CPU that QEMU makes of the host, for each accelerator it was asked with."""
        from domlint.hosts.qemucaps import read_cpus

        return read_cpus(self.document)[1]

    @property
    def virt_types(self) -> tuple[str, ...]:
        """The accelerators this host is known to offer, best first; domain type 'qemu' is 'tcg' here."""
        return _virt_types(self)

    def provides(self, virt_type: str) -> bool | None:
        """Whether an accelerator is there ('qemu' is taken as 'tcg'); None where the files cannot tell."""
        wanted = "tcg" if virt_type == "qemu" else virt_type
        if wanted in self.virt_types:
            return True
        if self.offered_virt_types is None and (self.is_profile or not self.lists_machines):
            return None
        return False

    def domain_capabilities_of(self, virt_type: str | None, machine: str | None) -> "DomainCapabilities | None":
        """What the host says of domains of this type on this machine (name or alias); None where no file is of them."""
        found = self.machine(machine, virt_type) if machine else self.default_machine(virt_type)
        name = found.name if found is not None else machine
        for candidate in self.domain_capabilities:
            if candidate.virt_type == virt_type and candidate.machine == name:
                return candidate
        return None

    def machine(self, name_or_alias: str, virt_type: str | None = None) -> Machine | None:
        """The machine of this name, or the one that the alias stands for; None when there is none.

        ``virt_type`` restricts to one accelerator (the domain type 'qemu' is taken as 'tcg'); None means any,
        the best first.
        """
        return _machines_by_name(self, virt_type).get(name_or_alias)

    def default_machine(self, virt_type: str | None = None) -> Machine | None:
        """The machine that libvirt gives a domain which names none; None when there is none to give, or not known.

        That is the first one listed for the accelerator, which need not be QEMU's own default: libvirt moves the
        machine it prefers for the architecture to the front before it writes the file. ``virt_type`` as for
        :meth:`machine`. Source: libvirt src/qemu/qemu_capabilities.c, virQEMUCapsProbeQMPMachineTypes and
        virQEMUCapsGetPreferredMachine.
        """
        candidates = self._machines_of(virt_type) if self.lists_machines else []
        return candidates[0] if candidates else None

    def _machines_of(self, virt_type: str | None) -> list[Machine]:
        if virt_type is None:
            return sorted(self.machines, key=lambda machine: _preference(machine.virt_type))
        wanted = "tcg" if virt_type == "qemu" else virt_type
        return [machine for machine in self.machines if machine.virt_type in (wanted, None)]


@lru_cache(maxsize=64)
def _virt_types(host: Host) -> tuple[str, ...]:
    if host.offered_virt_types is not None:
        return tuple(sorted(host.offered_virt_types, key=_preference))
    found = {machine.virt_type for machine in host.machines} - {None}
    found |= {domain.virt_type for domain in host.domain_capabilities}
    if not found:
        found = {"kvm", "tcg"} if host.flags & {"kvm", "enable-kvm"} else {"tcg"}
    return tuple(sorted((name for name in found if name), key=_preference))


@lru_cache(maxsize=128)
def _machines_by_name(host: Host, virt_type: str | None) -> dict[str, Machine]:
    """The machines for an accelerator by name and alias; a name counts before an alias, the first of each."""
    machines = host._machines_of(virt_type)
    found = {machine.alias: machine for machine in reversed(machines) if machine.alias}
    found.update((machine.name, machine) for machine in reversed(machines))
    return found


def _preference(virt_type: str | None) -> int:
    try:
        return PREFERRED_VIRT_TYPES.index(virt_type or "kvm")
    except ValueError:
        return len(PREFERRED_VIRT_TYPES)
