"""HOST04x: the features that the domain asks of its CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from domlint.architectures import X86
from domlint.document import Element
from domlint.domain import Context
from domlint.findings import Outcome, Severity
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.rules.host.cpu import architecture, cpu_of, emulated
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.domain.cpu import DomainCpu

AskedFeature: TypeAlias = "tuple[DomainCpu, Element, str, str]"


def _each_feature(context: Context, element: Element) -> Iterator[AskedFeature]:
    """The domain's CPU, and the feature that the element is of it, with name and policy, where both can be judged."""
    parent = element.getparent()
    cpu = None if parent is None else cpu_of(context, parent)
    if cpu is None or architecture(context) not in X86 or (cpu.mode == "custom" and cpu.model is None):
        return
    if context.host is not None and not context.is_judged:
        return
    for feature in cpu.features:
        if feature.element is element and isinstance(feature.name, str) and isinstance(feature.policy, str):
            yield cpu, element, feature.name, feature.policy


def _properties(context: Context) -> Mapping[str, bool] | None:
    """What QEMU's best CPU for this domain has of each feature; None where no file says."""
    if context.host is None or context.domain.virt_type is None:
        return None
    from domlint.hosts.cpus import cpu_properties

    return cpu_properties(context.host, context.domain.virt_type)


def _is_given(context: Context, name: str) -> bool | None:
    """Whether QEMU can give the guest a feature on this host, True or False; None where that is not known."""
    from domlint.hosts.cpu_map import to_qemu

    properties = _properties(context)
    if properties is not None:
        return properties.get(to_qemu(name), properties.get(name))
    capabilities = context.domain_capabilities
    host_model = None if capabilities is None else capabilities.cpu_mode("host-model")
    if host_model is None:
        return None
    policy = {feature: policy for policy, feature in host_model.features}.get(name)
    return None if policy is None else policy == "require"


def _is_unknown_to_qemu(context: Context, name: str) -> bool:
    """Tell whether QEMU has no such feature at all: it lists all that it has, whether the host has them or not."""
    from domlint.hosts.cpu_map import NEVER_GIVEN_TO_QEMU, to_qemu

    properties = _properties(context)
    if properties is None or len(properties) < _MOST_FEW or name in NEVER_GIVEN_TO_QEMU:
        return False
    return to_qemu(name) not in properties and name not in properties


_MOST_FEW: Final = 50
"""QEMU lists some hundred features; a list as short as this is none of all."""


def _cpu_with(feature: str, policy: str = "require", attributes: str = "", code: str = "") -> Example:
    mark = f" <!-- {code} -->" if code else ""
    named = f"<feature policy='{policy}' name='{feature}'/>{mark}"
    return emulated("<model>Nehalem</model>", named, attributes=attributes)


@rule(
    "HOST040",
    "cpu-feature-missing",
    outcome=Outcome.START,
    on="cpu/feature",
    each=_each_feature,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/cpu/cpu_x86.c (x86Compute, virCPUx86UpdateLive), src/cpu/cpu.c (virCPUCompareUnusable),"
    " src/qemu/qemu_command.c (qemuBuildCpuModelArgStr)",
    bad=_cpu_with("avx512f", attributes=" check='partial'", code="HOST040"),
    good=_cpu_with("aes", attributes=" check='partial'"),
)
def cpu_feature_missing(context: Context, asked: AskedFeature) -> Problems:
    """The host cannot give the guest a CPU feature that the domain asks for.

    With check='partial', the default of KVM, libvirt refuses to start a domain that requires a feature which the host
    lacks. With 'none', the default of emulation and of mode host-passthrough, and with the policy 'force', the guest
    runs without it. A feature that QEMU has never heard of keeps QEMU from starting.
    """
    from domlint.hosts.cpu_map import knows_feature

    cpu, element, name, policy = asked
    if policy not in ("require", "force") or knows_feature(name, context.libvirt) is False:
        return
    if _is_unknown_to_qemu(context, name):
        yield Problem(
            Spot(element, "name"),
            f"this QEMU has no CPU feature '{name}': it does not start with it",
            "remove it, or take policy='optional'",
        )
    elif _is_given(context, name) is False and (effect := _effect_of_lack(context, cpu, policy)):
        yield Problem(
            Spot(element, "name"),
            f"the host cannot give the guest the CPU feature '{name}': {effect}",
            "take policy='optional', or remove it",
            outcome=None if effect == _REFUSED else Outcome.BROKEN,
            severity=None if effect == _REFUSED else Severity.WARNING,
        )


_REFUSED: Final = "libvirt refuses to start the domain"


def _effect_of_lack(context: Context, cpu: DomainCpu, policy: str) -> str:
    """What comes of a feature that is asked for by this policy and that the host lacks; "" where it is not known."""
    from domlint.hosts.cpu_map import is_compared_by_report

    virt_type = context.domain.virt_type
    check = cpu.check_for(virt_type)
    if policy == "force" or check == "none":
        return "it runs without"
    if check == "full":
        return _REFUSED
    if check != "partial":
        return ""
    is_compared = cpu.mode == "custom" and isinstance(cpu.model, str)
    if virt_type == "tcg" or (is_compared and is_compared_by_report(str(cpu.model), context.libvirt)):
        return _REFUSED
    return f"{_REFUSED} where the processor itself lacks it, else the guest runs without"


_FIRST_CHECKING_FORBIDDEN: Final = Version(7, 2, 0)


@rule(
    "HOST041",
    "cpu-feature-forbidden",
    outcome=Outcome.START,
    on="cpu/feature",
    each=_each_feature,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/cpu/cpu_x86.c (x86Compute), src/cpu/cpu.c (virCPUCheckForbiddenFeatures), NEWS.rst for"
    " 7.2.0",
    bad=_cpu_with("aes", "forbid", " check='partial'", "HOST041"),
    good=_cpu_with("aes", "disable", " check='partial'"),
)
def cpu_feature_forbidden(context: Context, asked: AskedFeature) -> Problems:
    """The domain forbids a CPU feature that the host has.

    The policy 'forbid' does not take the feature away from the guest alone: with check='partial' or 'full', libvirt
    refuses to start the domain on a host that has it. 'disable' is what hides it.
    """
    from domlint.hosts.cpu_map import is_compared_by_report

    cpu, element, name, policy = asked
    check, virt_type = cpu.check_for(context.domain.virt_type), context.domain.virt_type
    if policy != "forbid" or _is_given(context, name) is not True:
        return
    is_compared = check == "partial" and cpu.mode in ("custom", "host-model")
    if is_compared and isinstance(cpu.model, str) and is_compared_by_report(cpu.model, context.libvirt):
        is_compared = False
    is_looked_up = (
        check in ("partial", "full")
        and virt_type == "kvm"
        and context.libvirt is not None
        and context.libvirt >= _FIRST_CHECKING_FORBIDDEN
    )
    if is_compared or is_looked_up:
        yield Problem(
            Spot(element, "policy"),
            f"the host has the CPU feature '{name}' that the domain forbids: libvirt refuses to start it",
            "take policy='disable' to hide the feature from the guest",
        )


@rule(
    "HOST042",
    "cpu-feature-unknown",
    outcome=Outcome.START,
    on="cpu/feature",
    each=_each_feature,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/qemu/qemu_process.c (qemuProcessStartValidate), src/cpu/cpu_x86.c"
    " (virCPUx86ValidateFeatures), src/cpu_map/x86_features.xml",
    bad=_cpu_with("sse4_1", code="HOST042"),
    good=_cpu_with("sse4.1"),
)
def cpu_feature_unknown(context: Context, asked: AskedFeature) -> Problems:
    """libvirt does not know a CPU feature of that name.

    libvirt has a list of x86 features, spelled its own way: sse4.1 where /proc/cpuinfo has sse4_1, lahf_lm where QEMU
    has lahf-lm. It refuses to start a domain that names another one, whatever the policy.
    """
    from domlint.hosts.cpu_map import feature_names, knows_feature, to_libvirt

    _cpu, element, name, _policy = asked
    if not name or knows_feature(name, context.libvirt) is not False:
        return
    known = [other for other in feature_names() if knows_feature(other, context.libvirt)]
    near = to_libvirt(name)
    if near == name:
        from difflib import get_close_matches

        plain = {other.replace("_", "").replace("-", "").replace(".", ""): other for other in known}
        near = plain.get(name.lower().replace("_", "").replace("-", ""), "") or next(
            iter(get_close_matches(name.lower(), known, n=1, cutoff=0.75)), ""
        )
    may_be_added = name in feature_names()
    yield Problem(
        Spot(element, "name"),
        f"libvirt {context.libvirt} knows no CPU feature '{name}'"
        + (", unless the distribution added it" if may_be_added else "")
        + ": it refuses to start the domain",
        f"the nearest that it knows is '{near}'" if near and not may_be_added else "remove it",
        outcome=Outcome.START,
        severity=Severity.WARNING if may_be_added else None,
    )
