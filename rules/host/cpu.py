"""HOST03x: the mode and model of the domain's CPU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from domlint.architectures import ARM, LOONGARCH, PPC64, RISCV, S390, X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import Unknown, attribute, child
from domlint.findings import Outcome, Severity
from domlint.hosts.answer import Presence
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.domain.cpu import DomainCpu
    from domlint.hosts.cpus import KnownModel


AskedModel: TypeAlias = "tuple[DomainCpu, str, Spot]"


def is_cpu(context: Context, element: Element) -> bool:
    """Tell whether the element is the CPU of a domain of libvirt's QEMU driver, which takes the first."""
    return context.domain.runs_on_qemu and child(context.domain.element, "cpu") is element


def cpu_of(context: Context, element: Element) -> DomainCpu | None:
    """The domain's CPU, where the element is it, and libvirt's QEMU driver is to make it."""
    return context.domain.cpu if is_cpu(context, element) else None


def architecture(context: Context) -> str | None:
    """The guest's architecture."""
    arch = context.domain.arch
    if arch is None and context.host is not None:
        return context.host.arch
    return arch if isinstance(arch, str) else None


def in_words(names: Iterable[str], most: int = 8) -> str:
    """Names for a message: all of them, or some and how many more."""
    listed = list(names)
    shown = ", ".join(listed[:most])
    return shown if len(listed) <= most else f"{shown} and {len(listed) - most} more"


_NO_HOST_MODEL: Final = (*ARM, *RISCV, *LOONGARCH)
"""Architectures on which libvirt does not know what CPU the host has for guests.

Source: libvirt 7.0.0, 9.0.0 and 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsInitCPUModel), src/cpu/cpu.c
(virCPUGetHost); the domainCapabilities that they give for these architectures.
"""

_NEWEST_READ: Final = Version(11, 3, 0)
_FIRST_WITH_MAXIMUM: Final = Version(7, 1, 0)

_PASSTHROUGH_ONLY: Final = tuple(f"s390-ccw-virtio-2.{minor}" for minor in (4, 5, 6, 7))
"""Machines that with KVM run the host's own CPU alone.

Source: libvirt 11.3.0 src/qemu/qemu_capabilities.c (s390HostPassthroughOnlyMachines).
"""


def _why_mode_unsupported(context: Context, mode: str) -> tuple[str, str, Outcome] | None:
    """Why a host does not have a CPU mode, the way out, and what happens; None where it may have it."""
    virt_type, arch, type_ = context.domain.virt_type, architecture(context), context.domain.type
    if mode == "host-passthrough" and virt_type == "tcg":
        return (
            "a domain of type 'qemu' is emulated and cannot have the host's CPU",
            "take mode='maximum', which is the best CPU that QEMU emulates, or make it a domain of type 'kvm'",
            Outcome.START,
        )
    if mode == "maximum" and _lacks_maximum(context):
        return (
            "this mode came with libvirt 7.1 and QEMU 2.9",
            "take mode='host-passthrough' with KVM, or a model",
            Outcome.DEFINE,
        )
    if mode == "host-model" and arch in _NO_HOST_MODEL and _is_read(context.libvirt):
        help_ = "take mode='host-passthrough'" if virt_type != "tcg" else "take mode='maximum' or a model"
        return f"libvirt knows no host model for {arch}", help_, Outcome.START
    is_older_s390 = arch == "s390x" and context.machine.name in _PASSTHROUGH_ONLY
    if is_older_s390 and mode in ("host-model", "custom") and virt_type == "kvm":
        return (
            f"with KVM the machine '{context.machine.name}' has the host's own CPU alone",
            "take mode='host-passthrough', or a newer machine",
            Outcome.START,
        )
    said = None if context.domain_capabilities is None else context.domain_capabilities.cpu_mode(mode)
    if said is not None and not said.supported:
        supported = [f"'{one.name}'" for one in context.domain_capabilities.cpu_modes if one.supported]  # type: ignore[union-attr]
        return (
            f"the host does not offer it to domains of type '{type_}' on this machine",
            f"take one that it offers: {', '.join(supported)}",
            Outcome.DEFINE if mode == "maximum" else Outcome.START,
        )
    return None


def _is_read(libvirt: Version | None) -> bool:
    return libvirt is not None and libvirt <= _NEWEST_READ


def _lacks_maximum(context: Context) -> bool:
    if context.is_older_than(_FIRST_WITH_MAXIMUM):
        return True
    return context.host is not None and context.host.answer("cpu-max").presence is Presence.ABSENT


@rule(
    "HOST030",
    "cpu-mode-unsupported",
    outcome=Outcome.START,
    on="cpu",
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsIsCPUModeSupported), qemu_process.c"
    " (qemuProcessUpdateGuestCPU), qemu_validate.c (qemuValidateDomainDefCpu)",
    bad=Example("", type="qemu", around="<cpu mode='host-passthrough'/> <!-- HOST030 -->"),
    good=Example("", type="kvm", around="<cpu mode='host-passthrough'/>"),
)
def cpu_mode_unsupported(context: Context, element: Element) -> Problems:
    """The host cannot give the domain a CPU in this mode.

    'host-passthrough' is the host's own CPU and needs an accelerator such as KVM; 'host-model' a host whose CPU
    libvirt can describe; 'maximum' a libvirt and a QEMU that know it. libvirt refuses to start the domain, and for
    'maximum' already to define it.
    """
    said = attribute(element, "mode")
    if isinstance(said, Unknown) or not is_cpu(context, element):
        return
    mode = said or "custom"
    if (context.host is not None and not context.is_judged) or (mode == "custom" and child(element, "model") is None):
        return
    why = _why_mode_unsupported(context, mode)
    if why is not None:
        reason, help_, outcome = why
        yield Problem(Spot(element, "mode"), f"CPU mode '{mode}': {reason}", help_, outcome=outcome)


def _each_model(context: Context, element: Element) -> Iterator[AskedModel]:
    """The CPU model that the domain names, on a host that may have the domain's type and CPUs of mode custom."""
    if element.get("mode", "custom") != "custom" or not context.is_judged:
        return
    cpu = cpu_of(context, element)
    if cpu is None or not isinstance(cpu.model, str) or cpu.model_element is None:
        return
    if _why_mode_unsupported(context, "custom") is None:
        yield cpu, cpu.model, Spot(cpu.model_element)


def models_of(context: Context) -> Mapping[str, KnownModel] | None:
    """The CPU models for the domain on its host by name; None where they are not known."""
    if context.host is None or context.domain.virt_type is None:
        return None
    from domlint.hosts.cpus import known_models

    return known_models(context.host, context.domain.virt_type, context.domain_capabilities)


def _is_in_libvirt(context: Context, model: str) -> bool | None:
    """Whether libvirt's map has an x86 CPU model; a host that lists it for domains tells it best."""
    capabilities = context.domain_capabilities
    custom = None if capabilities is None else capabilities.cpu_mode("custom")
    if custom is not None and any(known.name == model for known in custom.models):
        return True
    from domlint.hosts.cpu_map import knows_model

    return knows_model(model, context.libvirt)


def _nearest_models(model: str, candidates: Iterable[str]) -> str:
    from difflib import get_close_matches

    names = sorted(candidates)
    family = [name for name in names if name.startswith(f"{model}-") or model.startswith(f"{name}-")]
    near = [*family, *(name for name in get_close_matches(model, names, n=3, cutoff=0.7) if name not in family)]
    return " or ".join(f"'{name}'" for name in near[:3])


def _usable(context: Context, arch: str | None) -> list[str]:
    """The names of models that the host can run and, where it is x86, libvirt knows."""
    models = models_of(context) or {}
    return [
        name
        for name, model in models.items()
        if model.usable is not False and (arch not in X86 or _is_in_libvirt(context, name) is not False)
    ]


def emulated(*lines: str, attributes: str = "", libvirt: str = "") -> Example:
    """A custom CPU with these lines in it, on a host that emulates it."""
    inside = "".join(f"  {line}\n" for line in lines)
    cpu = f"<cpu mode='custom' match='exact'{attributes}>\n{inside}</cpu>"
    return Example("", host="qemu-7.2-tcg", machine="q35", type="qemu", around=cpu, libvirt=libvirt)


@rule(
    "HOST031",
    "cpu-model-unknown",
    outcome=Outcome.START,
    on="cpu",
    each=_each_model,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/cpu/cpu.c (virCPUTranslate), src/cpu/cpu_x86.c (virCPUx86Update), src/cpu_map",
    bad=emulated("<model>Skylake</model> <!-- HOST031 -->"),
    good=emulated("<model>Nehalem</model>"),
)
def cpu_model_unknown(context: Context, asked: AskedModel) -> Problems:
    """libvirt or QEMU does not have the domain's CPU model.

    On x86 libvirt has a map of models of its own, and refuses to start a domain with another one, even where QEMU has
    it: the versions of a model (Skylake-Server-v3) came with libvirt 10.10. A model that QEMU does not have is refused
    with fallback='forbid', and on architectures other than x86 always.
    """
    from domlint.hosts.cpu_map import model_names

    cpu, model, spot = asked
    arch = architecture(context)
    if cpu.match not in ("exact", "strict") and arch in X86 and cpu.check_for(context.domain.virt_type) == "none":
        return  # the guest gets the host's model, with which nothing is compared
    if arch in X86 and _is_in_libvirt(context, model) is False:
        near = _nearest_models(model, _usable(context, arch) or model_names())
        # Distributions add models to an older libvirt, but no versions of them, and none that nobody has.
        may_be_added = model in model_names() and "-v" not in model
        yield Problem(
            spot,
            f"libvirt {context.libvirt} does not know the CPU model '{model}'"
            + (", unless the distribution added it" if may_be_added else ""),
            f"take one that it knows: {near}" if near else "'virsh cpu-models x86_64' lists those that it knows",
            outcome=Outcome.START,
            severity=Severity.WARNING if may_be_added else None,
        )
        return
    models = models_of(context)
    if models is None or model in models or arch is None or _is_legacy_name(arch, model):
        return
    if arch in X86 and cpu.fallback != "forbid":
        return
    near = _nearest_models(model, _usable(context, arch))
    yield Problem(
        spot,
        f"the host has no CPU model '{model}': the domain does not start",
        f"take one that it has: {near}" if near else "'virsh domcapabilities' lists those that it has",
    )


def _is_legacy_name(arch: str, model: str) -> bool:
    """Tell whether libvirt turns the name into another before it asks for it.

    Source: libvirt 11.3.0 src/cpu/cpu_ppc64.c (virCPUppc64ConvertLegacy).
    """
    return arch.startswith("ppc64") and (model.startswith(("POWER7", "POWER8", "POWERPC_")) or model[:5] == "power")


@rule(
    "HOST032",
    "cpu-model-replaced",
    outcome=Outcome.NOTE,
    severity=Severity.WARNING,
    on="cpu",
    each=_each_model,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/cpu/cpu.c (virCPUTranslate), src/cpu/cpu_x86.c (virCPUx86Translate)",
    bad=emulated("<model>cpu64-rhel6</model> <!-- HOST032 -->"),
    good=emulated("<model>Nehalem</model>"),
)
def cpu_model_replaced(context: Context, asked: AskedModel) -> Problems:
    """QEMU does not have the domain's CPU model, and libvirt takes another one instead.

    With fallback='allow', which is the default, libvirt takes the model of the host that comes nearest and adds or
    takes away features. The guest sees a CPU of another name, and another one again on a host with another QEMU.
    """
    from domlint.hosts.cpu_map import model_names

    cpu, model, spot = asked
    models = models_of(context)
    if models is None or model in models or architecture(context) not in X86 or cpu.fallback != "allow":
        return
    if _is_in_libvirt(context, model) is not False and model in model_names():
        near = _nearest_models(model, _usable(context, architecture(context)))
        yield Problem(
            spot,
            f"the host has no CPU model '{model}': libvirt takes the nearest one instead",
            (f"take one that it has, such as {near}" if near else "take one that it has")
            + ", or say fallback='forbid' to have the domain refused",
        )


def missing_for_model(cpu: DomainCpu, model: KnownModel) -> tuple[str, ...]:
    """The features that the host lacks for a model, less those that the domain does without.

    Source: libvirt 11.3.0 src/cpu/cpu_x86.c (x86Compute), src/cpu/cpu.c (virCPUCompareUnusable).
    """
    from domlint.hosts.cpu_map import to_libvirt

    without = cpu.with_policy("disable", "optional")
    return tuple(name for name in map(to_libvirt, model.blockers) if name not in without)


def _what_becomes_of_unusable(
    context: Context, cpu: DomainCpu, arch: str, missing: tuple[str, ...]
) -> tuple[Outcome, Severity | None, str] | None:
    """What the host does with a model that it cannot run in full, and in words; None where it is not known."""
    check, virt_type = cpu.check_for(context.domain.virt_type), context.domain.virt_type
    if arch == "s390x":
        # Seen with emulation; with KVM, what the host has hangs on settings that libvirt's probe does not share.
        if virt_type == "tcg":
            return Outcome.START, None, "QEMU does not start with it"
        return Outcome.BROKEN, Severity.WARNING, "QEMU does not start with a model that it cannot run in full"
    if check == "full":
        return Outcome.START, None, "libvirt refuses to start the domain"
    if check == "none":
        return Outcome.BROKEN, Severity.WARNING, "the guest runs without them"
    if check != "partial" or not isinstance(cpu.model, str):
        return None
    from domlint.hosts.cpu_map import NOT_IN_DEFINITIONS, is_compared_by_report

    in_definitions = [name for name in missing if name not in NOT_IN_DEFINITIONS and not name.startswith("vmx-")]
    if is_compared_by_report(cpu.model, context.libvirt) or (virt_type == "tcg" and in_definitions):
        return Outcome.START, None, "libvirt refuses to start the domain"
    if not in_definitions:
        return Outcome.NOTE, None, "the guest runs without them"
    return (
        Outcome.BROKEN,
        Severity.WARNING,
        "libvirt refuses to start the domain where the processor itself lacks them, else the guest runs without them",
    )


@rule(
    "HOST033",
    "cpu-model-unusable",
    outcome=Outcome.START,
    on="cpu",
    each=_each_model,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainCheckCPU), src/qemu/qemu_process.c"
    " (qemuProcessUpdateGuestCPU), src/cpu/cpu_x86.c (x86Compute, virCPUx86UpdateLive); QEMU 10.0"
    " target/s390x/cpu_models.c (check_compatibility)",
    bad=emulated("<model>SandyBridge</model> <!-- HOST033 -->", attributes=" check='partial'"),
    good=emulated(
        "<model>SandyBridge</model>",
        "<feature policy='disable' name='x2apic'/>",
        "<feature policy='disable' name='tsc-deadline'/>",
        attributes=" check='partial'",
    ),
)
def cpu_model_unusable(context: Context, asked: AskedModel) -> Problems:
    """The host lacks features of the domain's CPU model.

    QEMU told libvirt which ones. What happens hangs on check=: with 'full', libvirt compares the CPU that the guest got
    and refuses to start the domain; with 'partial', the default of KVM, it compares before; with 'none', the default
    of emulation, the guest runs without the features. Features that the domain disables itself do not count.
    """
    cpu, name, spot = asked
    models, arch = models_of(context), architecture(context)
    if models is None:
        return
    model = models.get(name)
    if model is None or model.usable is not False or arch not in (*X86, "s390x") or not cpu.is_known_in_full:
        return
    if arch in X86 and _is_in_libvirt(context, name) is False:
        return
    missing = missing_for_model(cpu, model)
    if not missing and (model.blockers or cpu.with_policy("disable", "optional")):
        return
    becomes = _what_becomes_of_unusable(context, cpu, arch, missing)
    if becomes is None:
        return
    outcome, severity, words = becomes
    listed = [feature for feature in missing if feature]
    lacks = f"the host lacks {in_words(listed)} for the CPU model '{name}'"
    if not listed or listed == ["type"]:
        lacks = f"the host cannot run the CPU model '{name}'"
        words = words.replace("without them", "without some of its features").replace("them", "its features")
    near = _nearest_models(name, [other.name for other in models.values() if other.usable])
    yield Problem(
        spot,
        f"{lacks}: {words}",
        (f"take a model that it can run, such as {near}, or mode='host-model'" if near else "take mode='host-model'")
        + (", or disable these features" if arch in X86 and missing else ""),
        outcome=outcome,
        severity=severity,
    )


@rule(
    "HOST034",
    "cpu-model-deprecated",
    outcome=Outcome.NOTE,
    on="cpu",
    each=_each_model,
    needs=Needs.HOST,
    since="QEMU 5.2, libvirt 7.1.0",
    source="libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainObjCheckCPUTaint); QEMU 10.0 docs/about/deprecated.rst",
    bad=emulated("<model>Icelake-Client</model> <!-- HOST034 -->", libvirt="9.0.0"),
    good=emulated("<model>Nehalem</model>"),
)
def cpu_model_deprecated(context: Context, asked: AskedModel) -> Problems:
    """QEMU will drop the domain's CPU model.

    The domain runs, and libvirt marks it as tainted. A later QEMU may not have the model, and the domain will then get
    another one, or not start.
    """
    _cpu, asked_for, spot = asked
    models = models_of(context)
    model = None if models is None else models.get(asked_for)
    if models is not None and model is not None and model.deprecated:
        near = _nearest_models(
            asked_for, [name for name, other in models.items() if other.usable is not False and not other.deprecated]
        )
        yield Problem(
            spot,
            f"the CPU model '{asked_for}' is deprecated: a later QEMU drops it",
            f"take another one, such as {near}" if near else "take another one",
        )


_CONFIGURABLE: Final = {
    **dict.fromkeys((*X86, *PPC64, *S390), (None, Version(6, 0, 0))),
    **dict.fromkeys((*ARM, "armv7b"), (None, Version(6, 0, 0))),
    **dict.fromkeys(("riscv64", *LOONGARCH), (Version(9, 0, 0), Version(11, 3, 0))),
}
"""The architectures whose CPUs libvirt configures: the newest release read without, the oldest with them.

Source: the drivers in src/cpu/cpu_*.c of libvirt 7.0.0, 9.0.0 and 11.3.0.
"""


@rule(
    "HOST035",
    "cpu-not-configurable",
    outcome=Outcome.START,
    on="cpu",
    needs=Needs.HOST,
    source="libvirt 9.0.0 src/qemu/qemu_process.c (qemuProcessStartValidate), src/cpu/cpu.c (cpuGetSubDriver)",
    bad=Example(
        "",
        arch="riscv64",
        machine="virt",
        type="qemu",
        around="<cpu mode='custom'> <!-- HOST035 -->\n  <model>rv64</model>\n</cpu>",
        libvirt="9.0.0",
    ),
    good=Example("", arch="riscv64", machine="virt", type="qemu", libvirt="9.0.0"),
)
def cpu_not_configurable(context: Context, element: Element) -> Problems:
    """libvirt configures no CPUs of the domain's architecture.

    With any <cpu>, even one that holds a topology or NUMA nodes alone, libvirt refuses to start a domain of an
    architecture for which it has no driver of CPUs. Those of RISC-V and LoongArch came after libvirt 9.0.
    """
    arch = architecture(context)
    if arch is None or arch in X86 or context.libvirt is None:
        return
    without, _with = _CONFIGURABLE.get(arch, (_NEWEST_READ, None))
    if without is None or context.libvirt > without or not is_cpu(context, element):
        return
    if context.host is None or context.is_judged:
        yield Problem(
            Spot(element),
            f"libvirt {context.libvirt} configures no CPUs of {arch}: it refuses to start a domain with <cpu>",
            "remove <cpu>, or take a newer libvirt" if arch in _CONFIGURABLE else "remove <cpu>",
        )


_DEPRECATED_FEATURES_FLAG: Final = "query-cpu-model-expansion.deprecated-props"
_FIRST_TELLING_DEPRECATED: Final = Version(9, 1, 0)
"""Source: QEMU 10.0 qapi/machine-target.json (CpuModelExpansionInfo, deprecated-props)."""


def _has_model(context: Context, cpu: DomainCpu) -> bool:
    """Tell whether libvirt knows what CPU the domain gets: it says so, or its machine has a default."""
    if cpu.mode != "custom" or cpu.model is not None:
        return True
    from domlint.domain.cpu import gets_no_cpu

    machine = context.host_machine
    has_default = machine is not None and machine.default_cpu is not None
    return has_default and not gets_no_cpu(cpu, architecture(context), context.domain.type)


@rule(
    "HOST036",
    "cpu-deprecated-features-unsupported",
    outcome=Outcome.START,
    on="cpu",
    needs=Needs.HOST,
    asked="11.0.0",
    since="libvirt 11.0.0, which brought the attribute; QEMU 9.1",
    source="libvirt 11.3.0 src/qemu/qemu_process.c (qemuProcessUpdateGuestCPU); 9.0.0 starts the domain",
    bad=Example(
        "",
        host="qemu-8.2",
        around="<cpu mode='host-model' deprecated_features='off'/> <!-- HOST036 -->",
        libvirt="11.3.0",
    ),
    good=Example("", host="qemu-8.2", around="<cpu mode='host-model'/>", libvirt="11.3.0"),
)
def cpu_deprecated_features_unsupported(context: Context, element: Element) -> Problems:
    """The domain says what shall become of deprecated CPU features, which this QEMU does not tell.

    With deprecated_features= libvirt asks QEMU which features of the CPU are deprecated, to turn them on or off. With
    a QEMU that does not say, libvirt refuses to start the domain.
    """
    if not isinstance(attribute(element, "deprecated_features"), str):
        return
    cpu = cpu_of(context, element)
    if cpu is None or context.host is None or not context.is_judged or not _has_model(context, cpu):
        return
    presence, qemu = context.host.answer(_DEPRECATED_FEATURES_FLAG).presence, context.host.qemu_version
    is_older = presence is not Presence.PRESENT and qemu is not None and qemu < _FIRST_TELLING_DEPRECATED
    if presence is Presence.ABSENT or is_older:
        yield Problem(
            Spot(element, "deprecated_features"),
            "this QEMU does not tell which CPU features are deprecated: libvirt refuses to start the domain",
            "remove the attribute: QEMU tells since 9.1, and of s390x alone",
        )
