"""FEAT: what a domain asks of its hypervisor in ``<features>``."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from domlint.architectures import PPC64, X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.cpu import gets_no_cpu, is_default_known
from domlint.domain.machine import MachineKind
from domlint.domain.sizes import is_power_of_two, scaled_size
from domlint.domain.values import UNKNOWN, attribute, c_integer, child, has_twin
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule, whole_example
from domlint.versions import Version

_VALIDATE: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefFeatures)"
_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c"
_MEBIBYTE: Final = 1024 * 1024
_GIC_BY_ARCH: Final = Version(9, 8, 0)

_SMALL: Final = "  <memory unit='MiB'>1024</memory>\n  <vcpu>1</vcpu>\n"


def _guest(features: str, arch: str = "aarch64", machine: str = "virt", type_: str = "kvm") -> Example:
    after = f"  <features>\n    {features}\n  </features>\n"
    return whole_example(after, before=_SMALL, name="vm1", arch=arch, machine=machine, domain_type=type_)


def _features(features: str, **details: str) -> Example:
    return Example("", around=f"<features>\n  {features}\n</features>")._replace(**details)  # type: ignore[arg-type]


def _counts(context: Context, feature: Element) -> bool:
    """Tell whether libvirt's QEMU driver reads the feature: of several with a name, the last counts."""
    return context.domain.runs_on_qemu and context.domain.features.get(feature.tag) is feature


def _is_first(context: Context, element: Element) -> bool:
    return context.domain.runs_on_qemu and child(context.domain.element, "features") is element


# Which features there are on which machines.


class _Place(NamedTuple):
    """Where a feature is, in words, as architectures, kinds of machines and names."""

    words: str
    architectures: tuple[str, ...] = ()
    kinds: tuple[MachineKind, ...] = ()
    names: tuple[str, ...] = ()


class _Need(NamedTuple):
    """A feature that not all machines have.

    libvirt asks where it is only if the ``attribute`` is there ("" where it always asks), and what ``asked`` tells is
    so.
    """

    place: _Place
    attribute: str = ""
    asked: Callable[[Element], bool] | None = None


def _is_sized(hpt: Element) -> bool:
    return bool(attribute(hpt, "resizing")) or bool(scaled_size(child(hpt, "maxpagesize"), 1))


def _is_off(pmu: Element) -> bool:
    return attribute(pmu, "state") == "off"


def _has_tseg(smm: Element) -> bool:
    tseg = child(smm, "tseg")
    return tseg is not None and bool((tseg.text or "").strip()) and attribute(smm, "state") in (None, "on")


_ON_X86: Final = _Place("x86", X86)
_ON_PSERIES: Final = _Place("the machine pseries", kinds=(MachineKind.PSERIES,))
_ON_PC: Final = _Place("PC machines (pc, q35)", kinds=(MachineKind.I440FX, MachineKind.Q35), names=("isapc",))

_NEEDS: Final = {
    "ioapic": _Need(_ON_X86, "driver"),
    "apic": _Need(_ON_X86, "eoi"),
    "pvspinlock": _Need(_ON_X86),
    "hyperv": _Need(_Place("x86 and on Arm's machine virt", X86, (MachineKind.ARM_VIRT,))),
    "vmport": _Need(_ON_PC),
    "ps2": _Need(_ON_PC._replace(names=("isapc", "xenfv")), "state"),
    "smm": _Need(_Place("the machine q35", kinds=(MachineKind.Q35,)), asked=_has_tseg),
    "gic": _Need(_Place("Arm's machine virt", kinds=(MachineKind.ARM_VIRT,))),
    "ras": _Need(_Place("Arm's machine virt", kinds=(MachineKind.ARM_VIRT,)), "state"),
    "aia": _Need(_Place("RISC-V's machine virt", kinds=(MachineKind.RISCV_VIRT,)), "value"),
    "hpt": _Need(_ON_PSERIES, asked=_is_sized),
    "htm": _Need(_ON_PSERIES, "state"),
    "nested-hv": _Need(_ON_PSERIES, "state"),
    "ccf-assist": _Need(_ON_PSERIES, "state"),
    "cfpc": _Need(_ON_PSERIES, "value"),
    "sbbc": _Need(_ON_PSERIES, "value"),
    "ibs": _Need(_ON_PSERIES, "value"),
}
"""The features that libvirt refuses on other machines. Those that came later came with the check.

Source: libvirt 7.0.0, 9.0.0 and 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefFeatures,
qemuValidateDomainDefPSeriesFeature), src/qemu/qemu_capabilities.c (virQEMUCapsSupportsVmport, -SupportsI8042),
src/qemu/qemu_postparse.c (qemuDomainDefTsegPostParse).
"""


def _may_need_machine(feature: Element) -> bool:
    need = _NEEDS.get(feature.tag)
    return need is not None and (not need.attribute or need.attribute in feature.attrib)


def _each_elsewhere(context: Context, element: Element) -> Iterator[tuple[Element, _Need]]:
    """The features that the domain's machine does not have."""
    if not any(map(_may_need_machine, element)) and not has_twin(element):
        return
    if not _is_first(context, element):
        return
    for name, feature in context.domain.features.items():
        need = _NEEDS.get(name)
        if need is None or (need.attribute and not attribute(feature, need.attribute)):
            continue
        if need.asked is not None and not need.asked(feature):
            continue
        if context.machine.is_one_of(*need.place[1:]) is False:
            yield feature, need


@rule(
    "FEAT001",
    "feature-of-another-machine",
    outcome=Outcome.DEFINE,
    on="features",
    each=_each_elsewhere,
    needs=Needs.MACHINE,
    source=_VALIDATE,
    bad=_guest("<vmport state='off'/> <!-- FEAT001 -->"),
    good=_guest("<gic version='3'/>"),
)
def feature_of_another_machine(context: Context, found: tuple[Element, _Need]) -> Problems:
    """The domain's machine has no such feature.

    Interrupt controllers, the mitigations of pSeries, Hyper-V's enlightenments and others are there on some machines
    or architectures only. libvirt refuses to define the domain, also where the feature is to be off.
    """
    feature, need = found
    spot = Spot(need_spot(feature, need), need.attribute or None)
    yield Problem(
        spot,
        f"<{feature.tag}> is there on {need.place.words} alone, not on {_machine_in_words(context)}:"
        " libvirt refuses the definition",
        f"remove {'the attribute' if feature.tag == 'apic' else f'<{need_spot(feature, need).tag}>'}",
    )


def need_spot(feature: Element, need: _Need) -> Element:
    """What of a feature the machine has not: all of it, or the size of SMM's memory."""
    tseg = child(feature, "tseg") if need.asked is _has_tseg else None
    return feature if tseg is None else tseg


def _machine_in_words(context: Context) -> str:
    machine = context.machine
    return f"{machine.arch} with the machine {machine}" if isinstance(machine.name, str) else f"{machine.arch}"


@rule(
    "FEAT002",
    "pmu-off-on-ppc64",
    outcome=Outcome.DEFINE,
    on="features/pmu",
    needs=Needs.MACHINE,
    source=_VALIDATE,
    bad=_guest("<pmu state='off'/> <!-- FEAT002 -->", "ppc64", "pseries"),
    good=_guest("<pmu state='on'/>", "ppc64", "pseries"),
)
def pmu_off_on_ppc64(context: Context, element: Element) -> Problems:
    """The performance monitoring unit shall be off, which it never is on PowerPC.

    libvirt refuses to define the domain.
    """
    if context.machine.arch in PPC64 and _counts(context, element) and _is_off(element):
        yield Problem(
            Spot(element, "state"),
            f"the performance monitoring unit of {context.machine.arch} is always on: libvirt refuses the definition",
            "remove <pmu>",
        )


@rule(
    "FEAT003",
    "gic-version-on-32-bits",
    outcome=Outcome.START,
    on="features/gic",
    needs=Needs.HOST,
    since="before libvirt 9.8.0, where the capability file lacks gic-version; since then, everywhere",
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_command.c (qemuAppendDomainFeaturesMachineParam); seen with libvirt "
    "9.0.0 and QEMU 7.2",
    bad=_guest("<gic version='3'/> <!-- FEAT003 -->", "armv7l", "virt", "qemu")._replace(host="armv7l-8.2"),
    good=_guest("<gic version='2'/>", "armv7l", "virt", "qemu")._replace(host="armv7l-8.2"),
)
def gic_version_on_32_bits(context: Context, element: Element) -> Problems:
    """QEMU's 32-bit Arm emulator is to have another interrupt controller than version 2.

    libvirt chooses the version with the emulator of AArch64 alone. It defines the domain, and refuses to start it.
    """
    host, version = context.host, attribute(element, "version")
    if host is None or host.arch not in ("armv7l", "armv6l") or not context.is_judged:
        return
    libvirt = context.libvirt
    if libvirt is not None and libvirt < _GIC_BY_ARCH and (not host.lists_flags or "gic-version" in host.flags):
        return
    if version in ("3", "host") and _counts(context, element):
        yield Problem(
            Spot(element, "version"),
            f"libvirt cannot choose version {version} with an emulator of {host.arch}: it refuses to start the domain",
            "say version='2', or take an emulator of aarch64",
        )


# Features that need each other, or another domain type.


@rule(
    "FEAT010",
    "vmport-without-ps2",
    outcome=Outcome.DEFINE,
    on="features/vmport",
    asked="10.7.0",
    source=_VALIDATE,
    bad=_features("<vmport state='on'/> <!-- FEAT010 -->\n  <ps2 state='off'/>"),
    good=_features("<vmport state='off'/>\n  <ps2 state='off'/>"),
)
def vmport_without_ps2(context: Context, element: Element) -> Problems:
    """VMware's I/O port is on and the PS/2 controller off.

    QEMU's vmport device sits on the PS/2 controller. libvirt refuses to define the domain.
    """
    ps2 = context.domain.features.get("ps2")
    if ps2 is None or not _counts(context, element):
        return
    if attribute(ps2, "state") == "off" and attribute(element, "state") in (None, "on"):
        yield Problem(
            Spot(element),
            "vmport needs the PS/2 controller, which the domain turns off: libvirt refuses the definition",
            "say <vmport state='off'/>, or remove <ps2 state='off'/>",
            ((Spot(ps2, "state"), "turned off here"),),
        )


@rule(
    "FEAT011",
    "tcg-feature-without-tcg",
    outcome=Outcome.DEFINE,
    on="features/tcg/tb-cache",
    asked="8.0.0",
    source=_VALIDATE,
    bad=_features("<tcg>\n    <tb-cache unit='MiB'>128</tb-cache> <!-- FEAT011 -->\n  </tcg>"),
    good=_features("<tcg>\n    <tb-cache unit='MiB'>128</tb-cache>\n  </tcg>", type="qemu"),
)
def tcg_feature_without_tcg(context: Context, element: Element) -> Problems:
    """The domain sets up QEMU's emulation, which it does not use.

    The cache of translated code is TCG's. libvirt refuses to define a domain with it that is not of the type 'qemu'.
    """
    if context.domain.type in ("kvm", "hvf") and _size(element, 1024):
        yield Problem(
            Spot(element),
            f"a domain of type '{context.domain.type}' is not emulated and has no cache of translated code:"
            " libvirt refuses the definition",
            "remove <tcg>",
        )


def _size(element: Element, default_unit: int) -> int:
    """The size that an element holds, in bytes; 0 where it is not known."""
    size = scaled_size(element, default_unit)
    return size if isinstance(size, int) else 0


def _odd_size(context: Context, element: Element, default_unit: int, unit_read: int) -> Problems:
    """Complain of a size that is not a multiple of 1 MiB, in units of which libvirt counts, rounding up."""
    feature = element.getparent()
    if feature is None or not _counts(context, feature) or attribute(feature, "state") not in (None, "on"):
        return
    size = -(-_size(element, default_unit) // unit_read) * unit_read
    if size % _MEBIBYTE:
        yield Problem(
            Spot(element),
            f"the size of <{element.tag}> must be a multiple of 1 MiB: libvirt refuses the definition",
            f"take {max(round(size / _MEBIBYTE), 1)} MiB",
        )


@rule(
    "FEAT012",
    "smm-memory-size",
    outcome=Outcome.DEFINE,
    on="features/smm/tseg",
    source="libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefTsegPostParse), alike in 7.0.0 and 9.0.0",
    bad=_features("<smm>\n    <tseg unit='KiB'>1500</tseg> <!-- FEAT012 -->\n  </smm>"),
    good=_features("<smm>\n    <tseg unit='MiB'>48</tseg>\n  </smm>"),
)
def smm_memory_size(context: Context, element: Element) -> Problems:
    """The memory of system management mode is not whole mebibytes.

    QEMU takes it in MiB. libvirt refuses other sizes.
    """
    yield from _odd_size(context, element, _MEBIBYTE, 1)


@rule(
    "FEAT013",
    "tcg-cache-size",
    outcome=Outcome.DEFINE,
    on="features/tcg/tb-cache",
    asked="8.0.0",
    source=_VALIDATE,
    bad=_features("<tcg>\n    <tb-cache unit='KiB'>1500</tb-cache> <!-- FEAT013 -->\n  </tcg>", type="qemu"),
    good=_features("<tcg>\n    <tb-cache unit='MiB'>128</tb-cache>\n  </tcg>", type="qemu"),
)
def tcg_cache_size(context: Context, element: Element) -> Problems:
    """The cache of translated code is not whole mebibytes.

    QEMU takes its size in MiB. libvirt refuses other sizes.
    """
    if context.domain.type == "qemu":
        yield from _odd_size(context, element, 1024, 1024)


# Hyper-V and KVM.


def _is_enlightenment(context: Context, element: Element) -> bool:
    """Tell whether libvirt's QEMU driver reads what is inside of this ``<hyperv>``."""
    hyperv = element.getparent()
    return context.domain.runs_on_qemu and attribute(hyperv, "mode") in (None, "custom")


_FEWEST_RETRIES: Final = 4095
_LONGEST_VENDOR: Final = 12
"""In bytes. Source: libvirt 11.3.0 src/conf/domain_conf.h (VIR_DOMAIN_HYPERV_VENDOR_ID_MAX)."""


@rule(
    "FEAT020",
    "hyperv-spinlock-retries",
    outcome=Outcome.DEFINE,
    on="features/hyperv/spinlocks",
    source=f"{_PARSER} (virDomainFeaturesHyperVDefParse)",
    bad=_features("<hyperv>\n    <spinlocks state='on' retries='1000'/> <!-- FEAT020 -->\n  </hyperv>"),
    good=_features("<hyperv>\n    <spinlocks state='on' retries='8191'/>\n  </hyperv>"),
)
def hyperv_spinlock_retries(context: Context, element: Element) -> Problems:
    """The number of retries for a spinlock is missing or too small.

    It tells Windows how often to try before it tells the hypervisor. Hyper-V's own least is 4095, and libvirt refuses
    less than that.
    """
    if attribute(element, "state") != "on" or not _is_enlightenment(context, element):
        return
    retries = c_integer(attribute(element, "retries"))
    if retries is UNKNOWN or (isinstance(retries, int) and retries >= _FEWEST_RETRIES):
        return
    what = "are missing" if retries is None else f"are {retries}"
    yield Problem(
        Spot(element, None if retries is None else "retries"),
        f"the retries of Hyper-V's spinlocks {what}, and must be {_FEWEST_RETRIES} at least:"
        " libvirt refuses the definition",
        "say retries='8191', which is usual",
    )


@rule(
    "FEAT021",
    "hyperv-vendor-unusable",
    outcome=Outcome.DEFINE,
    on="features/hyperv/vendor_id",
    source=f"{_PARSER} (virDomainFeaturesHyperVDefParse)",
    bad=_features("<hyperv>\n    <vendor_id state='on'/> <!-- FEAT021 -->\n  </hyperv>"),
    good=_features("<hyperv>\n    <vendor_id state='on' value='KVM Hv'/>\n  </hyperv>"),
)
def hyperv_vendor_unusable(context: Context, element: Element) -> Problems:
    """The name that the hypervisor shall have for Windows is missing, or has more than 12 bytes.

    libvirt counts bytes, of which a letter outside of ASCII has two or more. It refuses to define the domain.
    """
    if attribute(element, "state") != "on" or not _is_enlightenment(context, element):
        return
    vendor = attribute(element, "value")
    if vendor is None:
        yield Problem(
            Spot(element),
            "<vendor_id> has no name to give: libvirt refuses the definition",
            "add value='…' with 12 characters at most, or say state='off'",
        )
    elif isinstance(vendor, str) and len(vendor) <= _LONGEST_VENDOR < len(vendor.encode()):
        yield Problem(
            Spot(element, "value"),
            f"the name '{vendor}' has {len(vendor.encode())} bytes, which is more than {_LONGEST_VENDOR}:"
            " libvirt refuses the definition",
            "take letters of ASCII, or fewer",
        )


@rule(
    "FEAT022",
    "hyperv-state-missing",
    outcome=Outcome.DEFINE,
    on="features/hyperv",
    instead_of=("SCHEMA006",),
    source=f"{_PARSER} (virDomainFeaturesHyperVDefParse), alike in 7.0.0 and 9.0.0",
    bad=_features("<hyperv>\n    <stimer/> <!-- FEAT022 -->\n  </hyperv>"),
    good=_features("<hyperv>\n    <stimer state='on'/>\n  </hyperv>"),
)
def hyperv_state_missing(context: Context, element: Element) -> Problems:
    """An enlightenment has no state.

    libvirt refuses the definition.
    """
    if attribute(element, "mode") not in (None, "custom") or not context.domain.runs_on_qemu:
        return
    for one in element.iterchildren("stimer", "tlbflush"):
        if attribute(one, "state") is None:
            yield Problem(
                Spot(one), f"<{one.tag}> has no state: libvirt refuses the definition", "add state='on' or 'off'"
            )


_SMALLEST_RING: Final = 1024
_LARGEST_RING: Final = 65536


@rule(
    "FEAT030",
    "dirty-ring-size",
    outcome=Outcome.DEFINE,
    on="features/kvm/dirty-ring",
    asked="8.0.0",
    source=f"{_PARSER} (virDomainFeaturesKVMDefParse)",
    bad=_features("<kvm>\n    <dirty-ring state='on' size='5000'/> <!-- FEAT030 -->\n  </kvm>"),
    good=_features("<kvm>\n    <dirty-ring state='on' size='4096'/>\n  </kvm>"),
)
def dirty_ring_size(context: Context, element: Element) -> Problems:
    """The size of KVM's dirty ring is missing or none that it can have.

    It is a power of two from 1024 to 65536. libvirt refuses others.
    """
    size = c_integer(attribute(element, "size"))
    if attribute(element, "state") != "on" or size is UNKNOWN or not context.domain.runs_on_qemu:
        return
    if isinstance(size, int) and _SMALLEST_RING <= size <= _LARGEST_RING and is_power_of_two(size):
        return
    yield Problem(
        Spot(element, None if size is None else "size"),
        f"the dirty ring {'has no size' if size is None else f'cannot have the size {size}'}, which must be a power of"
        f" two from {_SMALLEST_RING} to {_LARGEST_RING}: libvirt refuses the definition",
        "say size='4096'",
    )


@rule(
    "FEAT031",
    "hint-dedicated-without-passthrough",
    outcome=Outcome.DEFINE,
    on="features/kvm/hint-dedicated",
    until="7.1.0",
    source="libvirt 7.0.0 src/qemu/qemu_validate.c (qemuValidateDomainDefFeatures)",
    bad=_features("<kvm>\n    <hint-dedicated state='on'/> <!-- FEAT031 -->\n  </kvm>", libvirt="7.0.0"),
    good=_features("<kvm>\n    <hint-dedicated state='off'/>\n  </kvm>", libvirt="7.0.0"),
)
def hint_dedicated_without_passthrough(context: Context, element: Element) -> Problems:
    """The guest is told that its CPUs are dedicated, and has none of the host's.

    Older libvirt takes the hint for CPUs of the mode host-passthrough alone, and refuses to define the domain.
    """
    cpu = context.domain.cpu
    mode = None if cpu is None else cpu.mode
    if attribute(element, "state") != "on" or mode in (UNKNOWN, "host-passthrough") or not context.domain.runs_on_qemu:
        return
    yield Problem(
        Spot(element),
        "libvirt before 7.1 takes this hint for CPUs of the mode host-passthrough alone: it refuses the definition",
        "say <cpu mode='host-passthrough'/>, or remove the hint",
    )


# Flags of a CPU that libvirt does not know.


_KVM_FLAGS: Final = {"hidden": "on", "hint-dedicated": "on", "poll-control": "on", "pv-ipi": "off"}
"""The features of KVM that become flags of the CPU, and the state in which they do."""


def _flags(context: Context) -> Iterator[Element]:
    """The elements that libvirt turns into flags of the CPU on other architectures than x86."""
    features = context.domain.features
    if "pmu" in features and attribute(features["pmu"], "state") in (None, "on", "off"):
        yield features["pmu"]
    hyperv = features.get("hyperv")
    if hyperv is not None:
        if attribute(hyperv, "mode") == "passthrough":
            yield hyperv
        yield from (one for one in hyperv.iterchildren("{}*") if attribute(one, "state") == "on")
    if "kvm" in features:
        yield from (
            one for one in features["kvm"].iterchildren(*_KVM_FLAGS) if attribute(one, "state") == _KVM_FLAGS[one.tag]
        )
    clock = child(context.domain.element, "clock")
    if clock is not None:
        yield from (one for one in clock.iterchildren("timer") if _is_flag(one))


def _is_flag(timer: Element) -> bool:
    name = attribute(timer, "name")
    if name == "armvtimer":
        return attribute(timer, "tickpolicy") in ("delay", "discard")
    return name == "kvmclock" and attribute(timer, "present") == "no"


@rule(
    "FEAT040",
    "flags-without-cpu",
    outcome=Outcome.START,
    on="os",
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildCpuCommandLine), alike in 7.0.0 and 9.0.0",
    bad=_guest("<pmu state='off'/> <!-- FEAT040 -->"),
    good=_guest("<pmu state='off'/>", type_="qemu"),
)
def flags_without_cpu(context: Context, element: Element) -> Problems:
    """A feature is a flag of the CPU, and the domain does not say which CPU.

    libvirt needs the CPU's name to pass the flag to QEMU. On Arm, RISC-V and LoongArch it does not know what CPU an
    accelerated domain gets by default, and on less common architectures it never does: it refuses to start the domain.
    """
    domain = context.domain
    if is_default_known(context.machine.arch) or domain.os is not element:
        return
    if not gets_no_cpu(domain.cpu, context.machine.arch, domain.type):
        return
    flag = next(_flags(context), None)
    if flag is not None:
        yield Problem(
            Spot(flag),
            f"<{flag.tag}> is a flag of the CPU, and on {context.machine.arch} libvirt does not know which CPU that is:"
            " it refuses to start the domain",
            "remove it" if domain.type == "qemu" else "say <cpu mode='host-passthrough'/>",
        )
