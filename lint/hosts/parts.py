"""Parts of a host that few rules ask for: its CPUs, interrupt controllers, encrypted memory, what its guests may have.

They have a module of their own because each class costs a short run of the command time that it does not need.
Source of the meaning of each field: as in domlint.hosts.model.
"""

from collections.abc import Mapping
from typing import NamedTuple


class CpuModel(NamedTuple):
    """A CPU model that QEMU knows.

    ``usable`` is None where QEMU did not say whether this host can run it; ``blockers`` are the features
    that this host lacks for it, in QEMU's spelling.
    """

    virt_type: str | None
    name: str
    typename: str | None
    usable: bool | None
    blockers: tuple[str, ...]
    deprecated: bool


class HostCpu(NamedTuple):
    """The CPU that QEMU makes of the host with one accelerator.

    ``properties`` are (name, type, value, migratable): type is 'boolean', 'number' or 'string', value is the text
    as written, migratable None where QEMU did not say.
    """

    virt_type: str | None
    model: str
    migratability: bool
    properties: tuple[tuple[str, str, str, bool | None], ...]
    deprecated_features: tuple[str, ...]


class Gic(NamedTuple):
    """A version of Arm's interrupt controller: given by the kernel (KVM), emulated by QEMU, or both."""

    version: int
    kernel: bool
    emulated: bool


class Sev(NamedTuple):
    """AMD's encrypted memory on this host.

    ``cbitpos`` is the number of the address bit that marks a page as encrypted, ``reduced_phys_bits`` how many
    bits of physical address it costs. ``max_guests`` and ``max_es_guests`` are counts, None when not in the file.
    """

    cbitpos: int | None
    reduced_phys_bits: int | None
    max_guests: int | None
    max_es_guests: int | None


class Sgx(NamedTuple):
    """Intel's enclaves on this host; ``section_size`` and the sizes in ``sections`` are in KiB.

    ``sections`` are (NUMA node of the host, size).
    """

    flc: bool
    sgx1: bool
    sgx2: bool
    section_size: int | None
    sections: tuple[tuple[int, int], ...]


class DomainCpuModel(NamedTuple):
    """A CPU model in ``<domainCapabilities>``: may a domain of this kind name it?

    ``usable`` is None where libvirt does not know whether this host can run it. ``canonical`` is the model that the
    name stands for, None where it stands for itself. ``blockers`` are the features that this host lacks for it.
    """

    name: str
    usable: bool | None
    vendor: str | None
    canonical: str | None
    deprecated: bool
    blockers: tuple[str, ...]


class CpuMode(NamedTuple):
    """A mode of ``<cpu>`` in ``<domainCapabilities>``.

    ``models`` are those of mode custom; ``model`` and ``features`` (policy, name) what mode host-model gives.
    """

    name: str
    supported: bool
    models: tuple[DomainCpuModel, ...]
    model: str | None
    features: tuple[tuple[str, str], ...]


class DomainCapabilities(NamedTuple):
    """What a ``<domainCapabilities>`` file says of domains of one type on one machine of one emulator.

    ``virt_type`` is the accelerator ('tcg' for domain type 'qemu'), ``machine`` the machine's own name, ``max_vcpus``
    a count of virtual CPUs, None where the file has none. ``supported`` has each element that says whether it is
    supported, by its path below the root ("devices/disk", "features/gic", "cpu/mode[host-model]"), ``enumerations``
    the values of each ``<enum>`` by path and name ("devices/disk/bus"), and "os/loader/value" for the firmware images.
    ``numbers`` are the texts of the remaining elements by path that are decimal numbers ("features/sev/cbitpos").

    Source of the format: libvirt 11.3.0 src/conf/domain_capabilities.c (virDomainCapsFormat), docs/formatdomaincaps.
    """

    emulator: str | None
    virt_type: str
    machine: str | None
    arch: str
    max_vcpus: int | None
    supported: Mapping[str, bool]
    enumerations: Mapping[str, frozenset[str]]
    numbers: Mapping[str, int]
    cpu_modes: tuple[CpuMode, ...]

    def cpu_mode(self, name: str) -> CpuMode | None:
        """A mode of ``<cpu>``; None where the file does not speak of it."""
        return next((mode for mode in self.cpu_modes if mode.name == name), None)


class Guest(NamedTuple):
    """A kind of guest that ``<capabilities>`` says the host runs.

    ``features`` are the names of the elements in ``<features>``. ``virt_types`` are accelerators or hypervisors, as in
    a domain's type, but 'tcg' for 'qemu'.
    """

    os_type: str
    arch: str
    virt_types: tuple[str, ...]
    features: frozenset[str]


class HostHardware(NamedTuple):
    """The host itself, as ``<capabilities>`` describes it.

    ``cpu_features`` are those beside the CPU model's own, in libvirt's spelling; ``page_sizes`` are in KiB;
    ``iommu`` is None where the file does not say. ``numa_nodes`` are (number, memory in KiB or None).
    """

    arch: str | None
    cpu_model: str | None
    cpu_vendor: str | None
    cpu_features: tuple[str, ...]
    page_sizes: tuple[int, ...]
    iommu: bool | None
    security_models: tuple[str, ...]
    numa_nodes: tuple[tuple[int, int | None], ...]
