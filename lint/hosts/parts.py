"""Parts of a host that few rules ask for: its CPUs, interrupt controllers, encrypted memory and enclaves.

They have a module of their own because each class costs a short run of the command time that it does not need.
Source of the meaning of each field: as in domlint.hosts.model.
"""

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
