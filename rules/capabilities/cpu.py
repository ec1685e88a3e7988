"""What ``<cpu>`` needs. Its models, beside the names below, are told by the profiles of QEMU."""

from domlint.architectures import X86
from domlint.capability import Capability
from domlint.findings import Outcome

_CPU = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefCpu)"
_SMP = "libvirt src/qemu/qemu_command.c (qemuBuildSmpCommandLine)"
_NUMA = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefNuma)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, CPU model and topology"
_BACKENDS = "memory-backend-ram | memory-backend-file | memory-backend-memfd"


def _model(name: str, libvirt: str) -> Capability:
    return Capability(
        f"cpu-model-{name.lower()}",
        f"CPUs of the model {name}",
        (f"cpu/model[text()='{name}']",),
        f"libvirt NEWS.rst, {libvirt}",
        libvirt=libvirt,
        architectures=X86,
    )


ROWS = (
    Capability(
        "cpu-migratable",
        "host-passthrough CPUs without what cannot migrate",
        ("cpu[@mode='host-passthrough']/@migratable='on'",),
        f"{_CPU}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="cpu.migratable",
        libvirt="6.5.0",
        outcome=Outcome.DEFINE,
    ),
    # HOST030 tells of it where it is missing.
    Capability(
        "cpu-maximum",
        "CPUs with all that the host can give (maximum)",
        ("cpu/@mode='maximum'",),
        f"{_CPU}, 9.0.0 and 11.3.0; {_FORMAT}",
        flags="cpu-max",
        libvirt="7.1.0",
    ),
    Capability(
        "cpu-dies",
        "several dies of a CPU socket",
        ("cpu/topology/@dies>1",),
        f"{_SMP}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="smp-dies",
        libvirt="6.1.0",
        outcome=Outcome.START,
    ),
    Capability(
        "cpu-clusters",
        "several clusters of a CPU die",
        ("cpu/topology/@clusters>1",),
        f"{_SMP}, 11.3.0; {_FORMAT}",
        flags="smp-clusters",
        libvirt="10.1.0",
        outcome=Outcome.START,
        asked="11.3.0",
    ),
    Capability(
        "cpu-cache",
        "a choice of the CPU's cache",
        ("cpu/cache",),
        _FORMAT,
        flags="cpu-cache",
        libvirt="3.3.0",
        architectures=X86,
    ),
    Capability(
        "cpu-physical-bits",
        "a number of physical address bits",
        ("cpu/maxphysaddr",),
        _FORMAT,
        libvirt="8.7.0",
        architectures=X86,
    ),
    Capability(
        "cpu-physical-bits-limit",
        "a limit of physical address bits",
        ("cpu/maxphysaddr/@limit",),
        _FORMAT,
        libvirt="9.3.0",
        architectures=X86,
    ),
    # HOST036 tells of it where it is missing.
    Capability(
        "cpu-deprecated-features",
        "a switch for all deprecated features of a CPU",
        ("cpu/@deprecated_features",),
        "libvirt 11.3.0 src/qemu/qemu_process.c (qemuProcessUpdateGuestCPU)",
        flags="query-cpu-model-expansion.deprecated-props",
    ),
    Capability(
        "numa-memory-access",
        "sharing the memory of a NUMA cell",
        ("cpu/numa/cell/@memAccess",),
        f"{_NUMA}, 7.0.0",
        flags=_BACKENDS,
        outcome=Outcome.DEFINE,
        until="9.0.0",
    ),
    Capability(
        "numa-distances",
        "distances between NUMA cells",
        ("cpu/numa/cell/distances/sibling",),
        f"{_NUMA}, 7.0.0; {_FORMAT}",
        flags="numa.dist",
        libvirt="3.10.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "numa-hmat",
        "latency, bandwidth and caches of NUMA cells (HMAT)",
        ("cpu/numa/interconnects/latency", "cpu/numa/interconnects/bandwidth", "cpu/numa/cell/cache"),
        f"{_NUMA}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="numa.hmat",
        libvirt="6.6.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "numa-discard",
        "giving up the memory of a NUMA cell at the end",
        ("cpu/numa/cell/@discard='yes'",),
        _FORMAT,
        flags="memory-backend-file.discard-data",
        libvirt="4.4.0",
    ),
    _model("Icelake-Server", "4.9.0"),
    _model("Cooperlake", "6.4.0"),
    _model("EPYC-Rome", "6.9.0"),
    _model("Snowridge", "7.0.0"),
    _model("SapphireRapids", "9.4.0"),
    _model("EPYC-Genoa", "9.8.0"),
)
