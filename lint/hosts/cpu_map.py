"""What libvirt knows of x86 CPUs, by release; and how QEMU and it spell features."""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from domlint.versions import Version

if TYPE_CHECKING:
    from collections.abc import Mapping


QEMU_SPELLINGS: Final = {
    "cmp_legacy": "cmp-legacy",
    "ds_cpl": "ds-cpl",
    "fxsr_opt": "fxsr-opt",
    "kvm_pv_eoi": "kvm-pv-eoi",
    "kvm_pv_unhalt": "kvm-pv-unhalt",
    "lahf_lm": "lahf-lm",
    "nodeid_msr": "nodeid-msr",
    "pclmuldq": "pclmulqdq",
    "perfctr_core": "perfctr-core",
    "perfctr_nb": "perfctr-nb",
    "tsc_adjust": "tsc-adjust",
}
"""The features that libvirt spells otherwise than QEMU does.

Source: libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsCPUFeaturesX86).
"""

NEVER_GIVEN_TO_QEMU: Final = frozenset(
    {
        *("cmt", "mbm_total", "mbm_local", "osxsave", "ospke"),
        *("vmx-ept-uc", "vmx-ept-wb", "vmx-invvpid-single-context"),
    }
)
"""Features that libvirt takes out of what it asks QEMU for.

Source: libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsCPUFilterFeatures).
"""

NOT_IN_DEFINITIONS: Final = frozenset(
    {
        *("arch-capabilities", "avx-vnni", "clflushopt", "f16c", "ibpb", "ibrs-all", "intel-pt"),
        *("mds-no", "mpx", "npt", "nrip-save", "pconfig", "pku", "rdctl-no", "rdrand"),
        *("skip-l1dfl-vmentry", "spec-ctrl", "ss", "sse4a", "topoext", "xsaves", ""),
    }
)
"""Features in libvirt's spelling that its definition of some model lacks while QEMU's has them.

Source: the models of libvirt 7.0.0, 9.0.0 and 11.3.0 src/cpu_map compared with the features that QEMU 2.9 to 10.0
reports as missing for them.
"""


@lru_cache(maxsize=2)
def _spans(which: str) -> "Mapping[str, tuple[tuple[int, int, int] | None, tuple[int, int, int]]]":
    from domlint.hosts import cpu_map_table

    table = cpu_map_table.MODELS if which == "models" else cpu_map_table.FEATURES
    return {name: span for span, names in table.items() for name in names.split(" ")}


def _knows(which: str, name: str, libvirt: Version | None) -> bool | None:
    from domlint.hosts.cpu_map_table import NEWEST

    if libvirt is None:
        return None
    span = _spans(which).get(name)
    if span is None:
        return None if libvirt > NEWEST else False
    before, since = span
    if libvirt >= since:
        return True
    return False if before is not None and (libvirt <= before or before == since) else None


def knows_model(name: str, libvirt: Version | None) -> bool | None:
    """Whether a libvirt has an x86 CPU model of this name in its map; None where that is not known."""
    return _knows("models", name, libvirt)


def knows_feature(name: str, libvirt: Version | None) -> bool | None:
    """Whether a libvirt has an x86 CPU feature of this name in its map; None where that is not known."""
    return _knows("features", name, libvirt)


def model_names() -> "tuple[str, ...]":
    """All x86 CPU models that any of the releases read knows."""
    return tuple(_spans("models"))


def feature_names() -> "tuple[str, ...]":
    """All x86 CPU features that any of the releases read knows."""
    return tuple(_spans("features"))


@lru_cache(maxsize=1)
def _compared_by_report() -> frozenset[str]:
    from domlint.hosts.cpu_map_table import COMPARED_BY_REPORT

    return frozenset(COMPARED_BY_REPORT.split(" "))


def is_compared_by_report(name: str, libvirt: Version | None) -> bool:
    """Tell whether libvirt refuses a domain with check='partial' for whatever QEMU says the host lacks for the model.

    Libvirt before 10.9 compares the model's definition in its map with the host's CPU, and so does every later one for
    the models that it already had then.
    Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainCheckCPU), NEWS.rst for 10.9.0 and 11.1.0.
    """
    return name in _compared_by_report() and (libvirt is None or libvirt >= (10, 9, 0))


def to_qemu(feature: str) -> str:
    """QEMU's spelling of a feature as libvirt spells it."""
    return QEMU_SPELLINGS.get(feature, feature)


def to_libvirt(feature: str) -> str:
    """libvirt's spelling of a feature as QEMU spells it."""
    for libvirt, qemu in QEMU_SPELLINGS.items():
        if qemu == feature:
            return libvirt
    return feature
