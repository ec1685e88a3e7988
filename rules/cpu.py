"""CPU: the CPU that a domain asks for, as far as no host is needed to judge it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.architectures import ARM, S390, X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.cpu import gets_no_cpu
from domlint.domain.values import UNKNOWN, Unknown, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule, whole_example
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.domain.cpu import CpuFeature, DomainCpu

_PARSER: Final = "libvirt 11.3.0 src/conf/cpu_conf.c (virCPUDefParseXML), alike in 7.0.0 and 9.0.0"
_VALIDATE: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefCpu)"
_OF_THE_HOST: Final = frozenset({"host-passthrough", "maximum"})
"""The modes that name no model."""

_MODES_WITHOUT_MODEL: Final = _OF_THE_HOST | {"host-model"}
_PARTS: Final = ("feature", "vendor", "cache", "maxphysaddr")
"""The children of ``<cpu>`` that make a difference where its mode needs no model."""


def _cpu(inside: str, opening: str = "<cpu>", **details: str) -> Example:
    return Example("", around=f"{opening}\n  {inside}\n</cpu>")._replace(**details)  # type: ignore[arg-type]


_SMALL: Final = "  <memory unit='MiB'>1024</memory>\n  <vcpu>1</vcpu>\n"


def _guest(
    inside: str, arch: str, machine: str, opening: str = "<cpu mode='host-passthrough'>", **details: str
) -> Example:
    after = f"  {opening}\n    {inside}\n  </cpu>\n"
    return whole_example(after, before=_SMALL, name="vm1", arch=arch, machine=machine, **details)


def _each_cpu(context: Context, element: Element) -> "Iterator[DomainCpu]":
    """The CPU, but for one of which the mode tells all: as most are."""
    is_plain = element.get("mode") in _MODES_WITHOUT_MODEL and "migratable" not in element.attrib
    if is_plain and next(element.iterchildren(*_PARTS), None) is None:
        return
    cpu = context.domain.cpu
    if cpu is not None and cpu.element is element and context.domain.runs_on_qemu:
        yield cpu


@rule(
    "CPU001",
    "cpu-part-without-model",
    outcome=Outcome.DEFINE,
    on="cpu",
    each=_each_cpu,
    source=_PARSER,
    bad=_cpu("<feature policy='disable' name='x2apic'/> <!-- CPU001 -->"),
    good=_cpu("<model>Nehalem</model>\n  <feature policy='disable' name='x2apic'/>"),
)
def cpu_part_without_model(context: Context, cpu: "DomainCpu") -> Problems:
    """The CPU has features or a vendor, but no model that these are of.

    A <cpu> without a mode is one of the mode 'custom', and needs a <model>; without one it may have a topology and NUMA
    nodes, but no more. libvirt refuses to define the domain.
    """
    if cpu.model is not None or isinstance(cpu.mode, Unknown):
        return
    help_ = "add a <model>, or say mode='host-model' or mode='host-passthrough'"
    vendor = child(cpu.element, "vendor")
    if vendor is not None and (vendor.text or "").strip():
        yield Problem(Spot(vendor), "the CPU has a vendor and no model: libvirt refuses the definition", help_)
    if cpu.mode != "custom":
        return
    if cpu.features:
        yield Problem(
            Spot(cpu.features[0].element), "the CPU has features and no model: libvirt refuses the definition", help_
        )


@rule(
    "CPU002",
    "cpu-migratable-of-other-mode",
    outcome=Outcome.DEFINE,
    on="cpu",
    each=_each_cpu,
    source=_PARSER,
    bad=_cpu("<model>Nehalem</model>", "<cpu mode='custom' migratable='off'> <!-- CPU002 -->"),
    good=_cpu("<topology sockets='1' cores='1' threads='1'/>", "<cpu mode='host-passthrough' migratable='off'>"),
)
def cpu_migratable_of_other_mode(context: Context, cpu: "DomainCpu") -> Problems:
    """Only a CPU that is the host's own can have features that keep it from being migrated.

    'migratable' is for the modes host-passthrough and, since libvirt 7.1, maximum. With another mode libvirt refuses to
    define the domain.
    """
    if "migratable" in cpu.element.attrib and isinstance(cpu.mode, str) and cpu.mode not in _OF_THE_HOST:
        yield Problem(
            Spot(cpu.element, "migratable"),
            f"a CPU of the mode '{cpu.mode}' cannot be 'migratable' or not: libvirt refuses the definition",
            "remove migratable=, or say mode='host-passthrough'",
        )


@rule(
    "CPU003",
    "cpu-feature-twice",
    outcome=Outcome.DEFINE,
    on="cpu",
    each=_each_cpu,
    source=_PARSER,
    bad=_cpu(
        "<feature policy='require' name='aes'/>\n  <feature policy='disable' name='aes'/> <!-- CPU003 -->",
        "<cpu mode='host-model'>",
    ),
    good=_cpu(
        "<feature policy='require' name='aes'/>\n  <feature policy='disable' name='x2apic'/>", "<cpu mode='host-model'>"
    ),
)
def cpu_feature_twice(context: Context, cpu: "DomainCpu") -> Problems:
    """A feature of the CPU is there twice.

    libvirt refuses the definition, whether the policies are alike or not.
    """
    first: dict[str, CpuFeature] = {}
    if len(cpu.features) < 2:
        return
    for feature in cpu.features:
        if not isinstance(feature.name, str) or first.setdefault(feature.name, feature) is feature:
            continue
        yield Problem(
            Spot(feature.element, "name"),
            f"the CPU feature '{feature.name}' is there twice: libvirt refuses the definition",
            "remove one of the two",
            ((Spot(first[feature.name].element, "name"), "the first one"),),
        )


@rule(
    "CPU004",
    "cpu-feature-nameless",
    outcome=Outcome.DEFINE,
    on="cpu",
    each=_each_cpu,
    instead_of=("SCHEMA005",),
    source=_PARSER,
    bad=_cpu("<feature policy='disable' name=''/> <!-- CPU004 -->", "<cpu mode='host-model'>"),
    good=_cpu("<feature policy='disable' name='x2apic'/>", "<cpu mode='host-model'>"),
)
def cpu_feature_nameless(context: Context, cpu: "DomainCpu") -> Problems:
    """A feature of the CPU has an empty name.

    libvirt refuses the definition.
    """
    for feature in cpu.features:
        if feature.name == "":
            yield Problem(
                Spot(feature.element, "name"),
                "the CPU feature has no name: libvirt refuses the definition",
                "name it, or remove it",
            )


@rule(
    "CPU005",
    "sve-lengths-without-sve",
    outcome=Outcome.DEFINE,
    on="cpu",
    each=_each_cpu,
    source="libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefCPUPostParse), alike in 7.0.0 and 9.0.0",
    bad=_guest(
        "<feature policy='disable' name='sve'/> <!-- CPU005 -->\n    <feature policy='require' name='sve256'/>",
        "aarch64",
        "virt",
    ),
    good=_guest("<feature policy='require' name='sve256'/>", "aarch64", "virt"),
)
def sve_lengths_without_sve(context: Context, cpu: "DomainCpu") -> Problems:
    """The CPU has lengths for the vectors of SVE, and no SVE.

    Lengths such as sve256 turn SVE on. libvirt refuses to define a domain that turns it off at the same time.
    """
    without = next((one for one in cpu.features if one.name == "sve" and one.policy in ("disable", "forbid")), None)
    if without is None:
        return
    for feature in cpu.features:
        if isinstance(feature.name, str) and feature.name.startswith("sve") and feature.name != "sve":
            yield Problem(
                Spot(without.element, "policy"),
                f"SVE is off, and '{feature.name}' gives it a length: libvirt refuses the definition",
                "remove the lengths, or take policy='require'",
                ((Spot(feature.element, "name"), "a length of SVE's vectors"),),
            )
            return


@rule(
    "CPU006",
    "cpu-check-without-model",
    outcome=Outcome.DEFINE,
    on="cpu",
    each=_each_cpu,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/conf/domain_postparse.c (virDomainDefPostParseCPU), alike in 7.0.0 and 9.0.0",
    bad=_guest("", "aarch64", "virt", "<cpu check='none'> <!-- CPU006 -->"),
    good=_guest("", "aarch64", "virt"),
)
def cpu_check_without_model(context: Context, cpu: "DomainCpu") -> Problems:
    """It says how the CPU shall be checked, and not which CPU that is.

    Where libvirt knows QEMU's default it takes that. On Arm, RISC-V and LoongArch it does so with emulation alone, and
    refuses to define the domain otherwise.
    """
    if isinstance(cpu.check, str) and gets_no_cpu(cpu, context.machine.arch, context.domain.type):
        yield Problem(
            Spot(cpu.element, "check"),
            "there is no CPU model that could be checked: libvirt refuses the definition",
            "remove check=, or say mode='host-passthrough'",
        )


# Caches and addresses.


_X86_PARTS: Final = {"cache": "choice of caches", "maxphysaddr": "choice of physical address bits"}


@rule(
    "CPU010",
    "cpu-part-of-x86",
    outcome=Outcome.DEFINE,
    on="cpu",
    each=_each_cpu,
    needs=Needs.MACHINE,
    source=f"{_VALIDATE}; libvirt 7.0.0 src/qemu/qemu_domain.c (qemuDomainDefCPUPostParse)",
    bad=_guest("<cache mode='disable'/> <!-- CPU010 -->", "aarch64", "virt"),
    good=_guest("<cache mode='disable'/>", "x86_64", "q35"),
)
def cpu_part_of_x86(context: Context, cpu: "DomainCpu") -> Problems:
    """Caches and physical address bits can be chosen for x86 CPUs alone.

    libvirt refuses to define the domain.
    """
    arch = context.machine.arch
    if not isinstance(arch, str) or arch in X86:
        return
    for part in cpu.element.iterchildren(*_X86_PARTS):
        yield Problem(
            Spot(part),
            f"there is no {_X86_PARTS[part.tag]} for CPUs of {arch}: libvirt refuses the definition",
            f"remove <{part.tag}>",
        )


def _each_cache(context: Context, element: Element) -> "Iterator[tuple[DomainCpu, Element]]":
    cpu = context.domain.cpu
    if cpu is not None and element.getparent() is cpu.element and context.domain.runs_on_qemu:
        yield cpu, element


@rule(
    "CPU011",
    "cpu-cache-level",
    outcome=Outcome.DEFINE,
    on="cpu/cache",
    each=_each_cache,
    source=f"{_VALIDATE}; libvirt 7.0.0 src/qemu/qemu_domain.c (qemuDomainDefCPUPostParse)",
    bad=_cpu("<cache mode='emulate' level='2'/> <!-- CPU011 -->", "<cpu mode='host-passthrough'>"),
    good=_cpu("<cache mode='emulate' level='3'/>", "<cpu mode='host-passthrough'>"),
)
def cpu_cache_level(context: Context, found: "tuple[DomainCpu, Element]") -> Problems:
    """QEMU emulates a cache of level 3 and no other, and the other modes are of all levels.

    libvirt refuses to define the domain.
    """
    cache = found[1]
    mode, level = attribute(cache, "mode"), decimal(attribute(cache, "level"))
    if level is UNKNOWN:
        return
    if mode == "emulate" and level != 3:
        yield Problem(
            Spot(cache, None if level is None else "level"),
            "a cache that is emulated is one of level 3: libvirt refuses the definition",
            "say level='3'",
        )
    elif mode in ("passthrough", "disable") and level is not None:
        yield Problem(
            Spot(cache, "level"),
            f"the mode '{mode}' is for caches of all levels: libvirt refuses the definition",
            "remove level=",
        )


@rule(
    "CPU012",
    "cpu-cache-of-host",
    outcome=Outcome.DEFINE,
    on="cpu/cache",
    each=_each_cache,
    source=f"{_VALIDATE}; libvirt 7.0.0 src/qemu/qemu_domain.c (qemuDomainDefCPUPostParse)",
    bad=_cpu("<cache mode='passthrough'/> <!-- CPU012 -->", "<cpu mode='host-model'>"),
    good=_cpu("<cache mode='passthrough'/>", "<cpu mode='host-passthrough'>"),
)
def cpu_cache_of_host(context: Context, found: "tuple[DomainCpu, Element]") -> Problems:
    """The guest shall see the host's caches, and has another CPU.

    libvirt takes that for the modes host-passthrough and maximum alone, and refuses to define the domain.
    """
    cpu, cache = found
    if attribute(cache, "mode") == "passthrough" and isinstance(cpu.mode, str) and cpu.mode not in _OF_THE_HOST:
        yield Problem(
            Spot(cache, "mode"),
            f"a CPU of the mode '{cpu.mode}' cannot have the host's caches: libvirt refuses the definition",
            "say <cpu mode='host-passthrough'>, or take another mode for the cache",
        )


class _Bits(NamedTuple):
    """An attribute that libvirt refuses with a mode of ``<maxphysaddr>``."""

    mode: str
    name: str
    help: str


_BITS: Final = (
    _Bits("passthrough", "bits", "remove bits=, or say limit= to have fewer than the host"),
    _Bits("emulate", "limit", "say bits= instead, or mode='passthrough'"),
)


@rule(
    "CPU013",
    "cpu-address-bits",
    outcome=Outcome.DEFINE,
    on="cpu/maxphysaddr",
    asked="8.7.0",
    source=f"{_VALIDATE}; src/conf/cpu_conf.c (virCPUDefParseXML)",
    bad=_cpu("<maxphysaddr mode='passthrough' bits='42'/> <!-- CPU013 -->", "<cpu mode='host-passthrough'>"),
    good=_cpu("<maxphysaddr mode='emulate' bits='42'/>", "<cpu mode='host-passthrough'>"),
)
def cpu_address_bits(context: Context, element: Element) -> Problems:
    """The number of physical address bits does not go with the mode.

    'bits' is a number for the mode emulate, 'limit' one for passthrough, and a limit of 0 none at all. libvirt refuses
    to define the domain.
    """
    if not context.domain.runs_on_qemu or child_of_cpu(context) is not element:
        return
    mode = attribute(element, "mode")
    for row in _BITS:
        if row.mode == mode and row.name in element.attrib:
            yield Problem(
                Spot(element, row.name),
                f"'{row.name}' is not for the mode '{mode}': libvirt refuses the definition",
                row.help,
            )
    if mode == "passthrough" and decimal(attribute(element, "limit")) == 0:
        yield Problem(
            Spot(element, "limit"),
            "a limit of 0 address bits leaves none: libvirt refuses the definition",
            "remove limit=, or say how many bits there may be",
        )


def child_of_cpu(context: Context) -> Element | None:
    """The ``<maxphysaddr>`` that libvirt reads."""
    cpu = context.domain.cpu
    return None if cpu is None else child(cpu.element, "maxphysaddr")


@rule(
    "CPU014",
    "cpu-address-bits-missing",
    outcome=Outcome.DEFINE,
    on="cpu/maxphysaddr",
    asked="8.7.0",
    until="9.1.0",
    source="libvirt 9.0.0 src/qemu/qemu_validate.c (qemuValidateDomainDefCpu)",
    bad=_cpu("<maxphysaddr mode='emulate'/> <!-- CPU014 -->", "<cpu mode='host-passthrough'>", libvirt="9.0.0"),
    good=_cpu("<maxphysaddr mode='emulate' bits='42'/>", "<cpu mode='host-passthrough'>", libvirt="9.0.0"),
)
def cpu_address_bits_missing(context: Context, element: Element) -> Problems:
    """The number of emulated address bits is missing.

    Newer libvirt takes QEMU's own number then; older ones refuse to define the domain.
    """
    if attribute(element, "mode") == "emulate" and "bits" not in element.attrib and context.domain.runs_on_qemu:
        yield Problem(
            Spot(element),
            "libvirt 9.0 wants to know how many address bits to emulate: it refuses the definition",
            "add bits='42' or the like",
        )


# Features and models of other architectures than x86.


@rule(
    "CPU020",
    "cpu-features-of-s390",
    outcome=Outcome.START,
    on="cpu",
    each=_each_cpu,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/cpu/cpu_s390.c (virCPUs390ValidateFeatures, virCPUs390Update), alike in 7.0.0 and 9.0.0",
    bad=_guest(
        "<model>z14</model>\n    <feature policy='optional' name='vx'/> <!-- CPU020 -->",
        "s390x",
        "s390-ccw-virtio",
        "<cpu mode='custom'>",
    ),
    good=_guest(
        "<model>z14</model>\n    <feature policy='disable' name='vx'/>",
        "s390x",
        "s390-ccw-virtio",
        "<cpu mode='custom'>",
    ),
)
def cpu_features_of_s390(context: Context, cpu: "DomainCpu") -> Problems:
    """On s390x a feature is required or disabled, and a model is what it is.

    There are no optional features, and a model cannot be the least that the guest may have (match='minimum'). libvirt
    refuses to start the domain.
    """
    if context.machine.arch not in S390:
        return
    for feature in cpu.features:
        if feature.policy == "optional":
            yield Problem(
                Spot(feature.element, "policy"),
                "CPU features of s390x are never optional: libvirt refuses to start the domain",
                "take policy='require' or 'disable'",
            )
    if cpu.mode == "custom" and cpu.match == "minimum" and cpu.model is not None:
        yield Problem(
            Spot(cpu.element, "match"),
            "a CPU model of s390x cannot be a minimum: libvirt refuses to start the domain",
            "remove match=",
        )


_ARM_FEATURES: Final = frozenset({"sve", "pauth", *(f"sve{128 * number}" for number in range(1, 17))})
"""The CPU features of Arm that libvirt knows. Source: libvirt 11.3.0 src/cpu_map/arm_features.xml."""

_NEWEST_READ: Final = Version(11, 3, 0)
_WITHOUT_PAUTH: Final = Version(9, 0, 0)
"""The newest libvirt read that did not know 'pauth'."""


@rule(
    "CPU021",
    "cpu-feature-unknown-on-arm",
    outcome=Outcome.START,
    on="cpu",
    each=_each_cpu,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/cpu/cpu_arm.c (virCPUarmValidateFeatures), src/cpu_map/arm_features.xml, alike in 7.0.0"
    " and 9.0.0",
    bad=_guest("<feature policy='disable' name='pmu'/> <!-- CPU021 -->", "aarch64", "virt")._replace(libvirt="11.3.0"),
    good=_guest("<feature policy='disable' name='sve'/>", "aarch64", "virt")._replace(libvirt="11.3.0"),
)
def cpu_feature_unknown_on_arm(context: Context, cpu: "DomainCpu") -> Problems:
    """libvirt does not know a CPU feature of that name on Arm.

    It has a short list of them, shorter than QEMU's: SVE, the lengths of its vectors, and pointer authentication. It
    refuses to start a domain that names another one, whatever the policy.
    """
    libvirt = context.libvirt
    if context.machine.arch not in ARM or libvirt is None or libvirt > _NEWEST_READ:
        return
    for feature in cpu.features:
        if not isinstance(feature.name, str) or not feature.name:
            continue
        if feature.name not in _ARM_FEATURES or (feature.name == "pauth" and libvirt <= _WITHOUT_PAUTH):
            yield Problem(
                Spot(feature.element, "name"),
                f"libvirt {libvirt} knows no CPU feature '{feature.name}' on Arm: it refuses to start the domain",
                "say <features><pmu state='off'/></features>" if feature.name == "pmu" else "remove it",
            )
