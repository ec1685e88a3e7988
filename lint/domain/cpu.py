"""The CPU that a domain asks for, as its ``<cpu>`` says it."""

from typing import Final, NamedTuple

from domlint.architectures import ARM, LOONGARCH, PPC64, RISCV, S390, X86
from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child
from domlint.placeholders import is_placeholder


class CpuFeature(NamedTuple):
    """A ``<feature>`` of the domain's CPU. ``policy`` is "require" where the file names none."""

    element: Element
    name: Maybe[str]
    policy: Maybe[str]


class DomainCpu(NamedTuple):
    """A domain's ``<cpu>``.

    ``mode`` is "custom" where the file names none. ``model`` is the text of ``model_element``: None where there is
    none, as in a CPU of which the file says the topology alone. ``fallback`` is "allow" and ``match`` "exact" where
    the file says nothing; ``check`` is then None, since it hangs on the domain type (see :meth:`check_for`).

    Source: libvirt 11.3.0 src/conf/cpu_conf.c (virCPUDefParseXML).
    """

    element: Element
    mode: Maybe[str]
    model_element: Element | None
    model: Maybe[str]
    fallback: Maybe[str]
    match: Maybe[str]
    check: Maybe[str]
    features: tuple[CpuFeature, ...]

    def check_for(self, virt_type: str | None) -> Maybe[str]:
        """How libvirt compares the CPU with the host's: "none", "partial" or "full"; UNKNOWN where it is not known.

        Source: libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefCPUPostParse), alike in 7.0.0 and 9.0.0.
        """
        if self.check is not None:
            return self.check
        if isinstance(self.mode, Unknown) or virt_type is None:
            return UNKNOWN
        if self.mode in ("host-passthrough", "maximum") or (self.mode == "custom" and virt_type == "tcg"):
            return "none"
        return "partial"

    def with_policy(self, *policies: str) -> frozenset[str]:
        """The names of the features that have one of these policies."""
        return frozenset(
            feature.name
            for feature in self.features
            if isinstance(feature.name, str) and isinstance(feature.policy, str) and feature.policy in policies
        )

    @property
    def is_known_in_full(self) -> bool:
        """Tell whether no placeholder stands in a feature."""
        return not any(UNKNOWN in (feature.name, feature.policy) for feature in self.features)


_DEFAULT_UNKNOWN: Final = (*ARM, *RISCV, *LOONGARCH)
"""The architectures whose default CPU libvirt knows with emulation alone.

Source: libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefSetDefaultCPU), alike in 7.0.0 and 9.0.0.
"""


_DEFAULT_KNOWN: Final = (*X86, *S390, *PPC64)
"""The architectures whose default CPU libvirt knows. It has no driver for the CPUs of those that are in neither.

Source: libvirt 11.3.0 src/cpu/cpu.c (virCPUArchIsSupported), alike in 7.0.0 and 9.0.0.
"""


def is_default_known(arch: Maybe[str]) -> bool:
    """Tell whether libvirt knows the default CPU of an architecture, with an accelerator and without."""
    return arch in _DEFAULT_KNOWN


def gets_no_cpu(cpu: DomainCpu | None, arch: Maybe[str], domain_type: Maybe[str]) -> bool:
    """Tell whether libvirt does not know what CPU a domain has: it names none, and libvirt has no default."""
    if not isinstance(arch, str) or arch in _DEFAULT_KNOWN or (arch in _DEFAULT_UNKNOWN and domain_type == "qemu"):
        return False
    if domain_type not in ("kvm", "hvf", "qemu"):
        return False
    return cpu is None or (cpu.mode == "custom" and cpu.model is None)


def read_cpu(element: Element) -> DomainCpu:
    """What a ``<cpu>`` element says."""
    model = child(element, "model")
    text = "" if model is None else (model.text or "").strip()

    def or_default(value: Maybe[str], default: str) -> Maybe[str]:
        return default if value is None else value

    return DomainCpu(
        element=element,
        mode=or_default(attribute(element, "mode"), "custom"),
        model_element=model,
        model=UNKNOWN if is_placeholder(text) else text or None,
        fallback=or_default(attribute(model, "fallback"), "allow"),
        match=or_default(attribute(element, "match"), "exact"),
        check=attribute(element, "check"),
        features=tuple(
            CpuFeature(feature, attribute(feature, "name"), or_default(attribute(feature, "policy"), "require"))
            for feature in element.iterchildren("feature")
        ),
    )
