"""TPM: TPMs that go with the machine, one another and themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_VALIDATE: Final = "src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefTPM, qemuValidateDomainDefTPMs)"
_PROXY: Final = "spapr-tpm-proxy"
_TIS_ON_X86_ALONE: Final = Version(11, 3, 0)
"""The first libvirt seen that has TPM 1.2 for tpm-tis on x86 alone; 9.0.0 has it for all but Arm's virt and pseries."""


class _Tpm(NamedTuple):
    """A TPM, with its backend and the type of that; the model is None where it names none."""

    element: Element
    backend: Element
    type: str
    model: str | None


def _each_known(context: Context, element: Element) -> Iterator[_Tpm]:
    backend, model = child(element, "backend"), attribute(element, "model")
    kind = attribute(backend, "type")
    if backend is None or not isinstance(kind, str) or isinstance(model, Unknown):
        return
    if context.domain.runs_on_qemu:
        yield _Tpm(element, backend, kind, model)


def _each_once_more(context: Context, element: Element) -> Iterator[tuple[Element, Element, bool]]:
    """A TPM of which kind (proxy or not) there is an earlier one, with that one."""
    model = attribute(element, "model")
    if isinstance(model, Unknown) or not context.domain.runs_on_qemu:
        return
    for earlier in element.itersiblings("tpm", preceding=True):
        other = attribute(earlier, "model")
        if not isinstance(other, Unknown) and (other == _PROXY) == (model == _PROXY):
            yield element, earlier, model == _PROXY
            return


@rule(
    "TPM001",
    "tpm-once-more",
    outcome=Outcome.DEFINE,
    on="devices/tpm",
    each=_each_once_more,
    source=f"libvirt 9.0.0 and 11.3.0 {_VALIDATE}, 7.0.0 src/qemu/qemu_domain.c (qemuDomainDefTPMsPostParse)",
    bad=Example("""\
<tpm model='tpm-crb'>
  <backend type='emulator' version='2.0'/>
</tpm>
<tpm model='tpm-crb'> <!-- TPM001 -->
  <backend type='emulator' version='2.0'/>
</tpm>
"""),
    good=Example("""\
<tpm model='tpm-crb'>
  <backend type='emulator' version='2.0'/>
</tpm>
"""),
)
def tpm_once_more(context: Context, found: tuple[Element, Element, bool]) -> Problems:
    """The domain has a second TPM.

    A guest has one TPM, and on pseries one proxy beside it. libvirt refuses the definition.
    """
    element, earlier, is_proxy = found
    yield Problem(
        Spot(element),
        f"a second TPM {'proxy' if is_proxy else 'beside the first'}: a guest can have one",
        "remove one of the two",
        ((Spot(earlier), "the first one"),),
    )


def _lacks_tpm_1_2(context: Context, tpm: _Tpm) -> str:
    """What has no TPM 1.2, the model or the machine; "" where it has, or where that is not known."""
    machine, libvirt = context.machine, context.libvirt
    model = tpm.model or ("tpm-spapr" if machine.is_ppc64 else "tpm-tis")
    if model in ("tpm-crb", "tpm-spapr"):
        return f"the model '{model}'"
    if libvirt is None or libvirt >= _TIS_ON_X86_ALONE:
        if model == _PROXY:
            return f"the model '{model}'"
        return f"the architecture {machine.arch}" if machine.is_x86 is False else ""
    if libvirt >= (9, 0, 0) and machine.kind is MachineKind.ARM_VIRT:
        return f"the machine {machine}"
    return ""


@rule(
    "TPM002",
    "tpm-version-1-2",
    outcome=Outcome.DEFINE,
    on="devices/tpm",
    each=_each_known,
    needs=Needs.MACHINE,
    since="on architectures other than x86 libvirt 11.3.0, on Arm's virt 9.0.0 or earlier",
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example("""\
<tpm model='tpm-crb'>
  <backend type='emulator' version='1.2'/> <!-- TPM002 -->
</tpm>
"""),
    good=Example("""\
<tpm model='tpm-crb'>
  <backend type='emulator' version='2.0'/>
</tpm>
"""),
)
def tpm_version_1_2(context: Context, tpm: _Tpm) -> Problems:
    """An emulated TPM is to be one of version 1.2, which there is not with this model or machine.

    TPM 1.2 is there with the model tpm-tis, on x86. libvirt refuses the definition otherwise.
    """
    if tpm.type != "emulator" or attribute(tpm.backend, "version") != "1.2":
        return
    if lacking := _lacks_tpm_1_2(context, tpm):
        yield Problem(Spot(tpm.backend, "version"), f"there is no TPM 1.2 for {lacking}", "say version='2.0'")


def _version(context: Context, tpm: _Tpm) -> Maybe[str]:
    """The version of an emulated TPM: the one that it names, or what libvirt takes."""
    written = attribute(tpm.backend, "version")
    if written is not None:
        return written
    machine, libvirt = context.machine, context.libvirt
    if tpm.model not in (None, "tpm-tis") or machine.is_ppc64:
        return "2.0"
    if machine.is_x86:
        return "1.2"
    if machine.is_x86 is None or (libvirt is not None and libvirt < _TIS_ON_X86_ALONE):
        return UNKNOWN
    return "2.0"


@rule(
    "TPM003",
    "tpm-needs-version-2",
    outcome=Outcome.DEFINE,
    on="devices/tpm",
    each=_each_known,
    needs=Needs.MACHINE,
    since="PCR banks: libvirt 7.10.0; profiles: 10.10.0",
    source="libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainTPMDevValidate); seen with libvirt 11.3.0",
    bad=Example("""\
<tpm model='tpm-tis'>
  <backend type='emulator'>
    <active_pcr_banks> <!-- TPM003 -->
      <sha256/>
    </active_pcr_banks>
  </backend>
</tpm>
"""),
    good=Example("""\
<tpm model='tpm-tis'>
  <backend type='emulator' version='2.0'>
    <active_pcr_banks>
      <sha256/>
    </active_pcr_banks>
  </backend>
</tpm>
"""),
)
def tpm_needs_version_2(context: Context, tpm: _Tpm) -> Problems:
    """PCR banks or a profile are chosen for a TPM of version 1.2.

    That is the version of a TPM of model tpm-tis on x86 that names none. libvirt refuses the definition.
    """
    if tpm.type != "emulator":
        return
    banks, profile = child(tpm.backend, "active_pcr_banks"), child(tpm.backend, "profile")
    chosen = [part for part in (banks, profile) if part is not None and (part is not banks or len(part))]
    chosen = [part for part in chosen if part is not profile or isinstance(attribute(part, "source"), str)]
    if not chosen or _version(context, tpm) != "1.2":
        return
    how = "" if attribute(tpm.backend, "version") else ", which it is on x86 when it names no version"
    for part in chosen:
        since = Version(10, 10, 0) if part is profile else Version(7, 10, 0)
        if not context.is_older_than(since):
            yield Problem(
                Spot(part),
                f"<{part.tag}> is for a TPM of version 2.0, and this one is of 1.2{how}",
                "say version='2.0' in <backend>",
            )


@rule(
    "TPM004",
    "tpm-proxy-backend",
    outcome=Outcome.DEFINE,
    on="devices/tpm",
    each=_each_known,
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}",
    bad=Example(
        "<tpm model='spapr-tpm-proxy'>\n  <backend type='emulator'/> <!-- TPM004 -->\n</tpm>\n",
        arch="ppc64",
        machine="pseries",
        type="qemu",
    ),
    good=Example(
        "<tpm model='spapr-tpm-proxy'>\n  <backend type='passthrough'>\n"
        "    <device path='/dev/tpmrm0'/>\n  </backend>\n</tpm>\n",
        arch="ppc64",
        machine="pseries",
        type="qemu",
    ),
)
def tpm_proxy_backend(context: Context, tpm: _Tpm) -> Problems:
    """A TPM proxy has a backend other than a TPM of the host.

    It hands the requests of a guest to the TPM of the host. libvirt refuses the definition.
    """
    if tpm.model == _PROXY and tpm.type != "passthrough":
        yield Problem(
            Spot(tpm.backend, "type"),
            f"the TPM proxy needs a TPM of the host, not a backend of type '{tpm.type}'",
            "say type='passthrough', with <device path='/dev/tpmrm0'/>",
        )
