"""HOST00x: whether a host has an emulator for the domain: architecture, domain type, path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import child
from domlint.findings import Outcome, Severity
from domlint.hosts.fit import QEMU_VIRT_TYPES, serves
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule, whole_example

_FIRST = "qemu-system-"

_ARCHITECTURES: Final = {
    "i386": "i686",
    "x86_64": "x86_64",
    "arm": "armv7l",
    "aarch64": "aarch64",
    "ppc": "ppc",
    "ppc64": "ppc64",
    "ppc64le": "ppc64",
    "s390x": "s390x",
    "riscv32": "riscv32",
    "riscv64": "riscv64",
    "loongarch64": "loongarch64",
}
"""What the name of an emulator ends with, and the architecture that libvirt finds when it asks it.

Source: QEMU 10.0 configs/targets; libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsArchFromString).
"""

_X86: Final = frozenset({"i686", "x86_64"})


def _arm_guest(code: str, host: str = "qemu-8.2", devices: str = "") -> Example:
    return whole_example(devices, mark=f" <!-- {code} -->", name="edge1", arch="aarch64", machine="virt", host=host)


def _is_of_its_kind(context: Context) -> bool:
    """Tell whether a host given has a hypervisor of the domain's kind: QEMU, or the very one that it names."""
    wanted = context.domain.virt_type
    if wanted is None:
        return True
    offered = {name for host in context.given_hosts for name in host.virt_types}
    return wanted in offered or (wanted in QEMU_VIRT_TYPES and bool(QEMU_VIRT_TYPES & offered))


def _each_without_host(context: Context, element: Element) -> Iterator[str]:
    """The domain's architecture, where no host given runs guests of it."""
    arch = context.domain.arch
    if context.fitting_hosts or element is not context.domain.os_type or not isinstance(arch, str):
        return
    if _is_of_its_kind(context) and not any(serves(host.arch, arch) for host in context.given_hosts):
        yield arch


def _hosts_that_refuse(context: Context, arch: str) -> dict[str, str]:
    """The labels of hosts that are known to run no guests of an architecture, with the reason for people."""
    return {
        host.id: f"its guests are {', '.join(sorted({guest.arch for guest in host.guests}))}"
        for host in context.given_hosts
        if host.guests is not None and arch not in {guest.arch for guest in host.guests}
    }


def _emulator_of_another(context: Context) -> str | None:
    """The architecture of the emulator that the domain names, where a host given has that and it is for another."""
    named = context.domain.emulator
    if not isinstance(named, str):
        return None
    return next((host.arch for host in context.given_hosts if host.emulator == named), None)


@rule(
    "HOST001",
    "no-host-for-architecture",
    outcome=Outcome.NOTE,
    severity=Severity.WARNING,
    on="os/type",
    each=_each_without_host,
    needs=Needs.ALL_HOSTS,
    source="libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsGetDefaultEmulator, virQEMUCapsIsArchSupported)",
    bad=_arm_guest("HOST001"),
    good=Example("", host="qemu-8.2"),
)
def no_host_for_architecture(context: Context, arch: str) -> Problems:
    """No capability file that was given is of the domain's architecture.

    Nothing that asks a host was checked for this domain. A host whose libvirt has no emulator for the architecture
    refuses to define it; whether yours has another emulator is not known from the files given.
    """
    if context.domain.os_type is None or _emulator_of_another(context) is not None:
        return
    if set(_hosts_that_refuse(context, arch)) == {host.id for host in context.given_hosts}:
        return
    known = ", ".join(sorted({host.arch for host in context.given_hosts}))
    yield Problem(
        Spot(context.domain.os_type, "arch"),
        f"the domain is for {arch}, but the hosts given run {known} only: it was held against none",
        f"give --caps the capability file of a host that runs {arch} guests",
    )


@rule(
    "HOST002",
    "no-host-for-hypervisor",
    outcome=Outcome.NOTE,
    severity=Severity.WARNING,
    on="os/type",
    needs=Needs.ALL_HOSTS,
    source="libvirt 11.3.0 src/conf/virconftypes.h (virDomainVirtType); docs/drivers.rst",
    bad=Example(
        "",
        host="qemu-8.2",
        document="""\
<domain type='xen'> <!-- HOST002 -->
  <name>edge1</name>
  <memory unit='MiB'>2048</memory>
  <os>
    <type arch='x86_64'>hvm</type>
  </os>
</domain>
""",
    ),
    good=Example("", host="qemu-8.2"),
)
def no_host_for_hypervisor(context: Context, element: Element) -> Problems:
    """The domain is for another hypervisor than those of the capability files given.

    Xen, LXC, bhyve and others have drivers of their own in libvirt, which read nothing of QEMU's capabilities. Nothing
    that asks a host was checked for this domain. Defined through libvirt's QEMU driver, it would be refused.
    """
    if context.fitting_hosts or element is not context.domain.os_type:
        return
    if not _is_of_its_kind(context):
        offered = sorted({name for host in context.given_hosts for name in host.virt_types})
        words = ", ".join("qemu" if name == "tcg" else name for name in offered)
        yield Problem(
            Spot(context.domain.element, "type"),
            f"the domain is of type '{context.domain.type}', but the hosts given have {words}: it was held"
            " against none",
            f"give --caps the output of 'virsh capabilities' on a host that has '{context.domain.type}', or make it a"
            " domain of type 'kvm'",
        )


@rule(
    "HOST003",
    "architecture-not-run",
    outcome=Outcome.DEFINE,
    on="os/type",
    each=_each_without_host,
    needs=Needs.ALL_HOSTS,
    source="libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefPostParseBasic), docs/formatcaps.rst",
    bad=_arm_guest("HOST003", "capabilities"),
    good=Example("", host="capabilities", machine="pc-q35-7.2", type="qemu"),
)
def architecture_not_run(context: Context, arch: str) -> Problems:
    """The host runs no guests of the domain's architecture.

    'virsh capabilities' lists the guests of every emulator that libvirt finds on the host. A domain of another
    architecture is refused when it is defined: there is no emulator for it.
    """
    if context.domain.os_type is None or _emulator_of_another(context) is not None:
        return
    refusing = _hosts_that_refuse(context, arch)
    if set(refusing) != {host.id for host in context.given_hosts}:
        return
    for reason in dict.fromkeys(refusing.values()):
        yield Problem(
            Spot(context.domain.os_type, "arch"),
            f"the host runs no {arch} guests: {reason}",
            f"install QEMU for {arch} on the host, or move the domain to one that has it",
            hosts=tuple(label for label, why in refusing.items() if why == reason),
        )


@rule(
    "HOST004",
    "domain-type-unavailable",
    outcome=Outcome.DEFINE,
    on="os/type",
    needs=Needs.HOST,
    since="libvirt 6.0.0 (older ones refuse it too, in other words)",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), qemu_capabilities.c"
    " (virQEMUCapsIsVirtTypeSupported)",
    bad=Example(
        "",
        host="qemu-7.2-tcg",
        document="""\
<domain type='kvm'> <!-- HOST004 -->
  <name>edge1</name>
  <memory unit='MiB'>2048</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
</domain>
""",
    ),
    good=Example("", host="qemu-7.2-tcg", machine="q35", type="qemu"),
)
def domain_type_unavailable(context: Context, element: Element) -> Problems:
    """The host does not offer the domain's type.

    'kvm' needs the kernel's module and /dev/kvm; 'hvf' is macOS's; 'qemu' is QEMU's own emulation, which some
    distributions leave out. libvirt asks QEMU which of them work on the host, and refuses to define a domain of
    another type.
    """
    virt_type = context.domain.virt_type
    if context.host is None or virt_type is None or element is not context.domain.os_type:
        return
    if context.host.provides(virt_type) is False:
        offered = ", ".join("qemu" if name == "tcg" else name for name in context.host.virt_types)
        help_ = f"offered are: {offered}"
        if virt_type == "kvm":
            help_ = "load kvm_intel or kvm_amd and let libvirt use /dev/kvm, or take type='qemu', which is slow"
        yield Problem(
            Spot(context.domain.element, "type"),
            f"the host has no '{context.domain.type}', only {offered}: libvirt refuses the domain",
            help_,
        )


@rule(
    "HOST005",
    "emulator-of-other-architecture",
    outcome=Outcome.DEFINE,
    on="os/type",
    each=_each_without_host,
    needs=Needs.ALL_HOSTS,
    since="libvirt 6.0.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), qemu_capabilities.c"
    " (virQEMUCapsIsArchSupported)",
    bad=_arm_guest(
        "HOST005", devices="  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n  </devices>\n"
    ),
    good=Example("<emulator>/usr/bin/qemu-system-x86_64</emulator>", host="qemu-8.2"),
)
def emulator_of_other_architecture(context: Context, arch: str) -> Problems:
    """The emulator that the domain names is for another architecture.

    Each of QEMU's emulators runs one architecture, some of them a 32-bit one beside. libvirt asks the binary which
    that is, and refuses to define the domain.
    """
    other = _emulator_of_another(context)
    if other is not None and context.domain.os_type is not None:
        yield Problem(
            Spot(context.domain.os_type, "arch"),
            f"the domain is for {arch}, but its emulator {context.domain.emulator} is for {other}",
            f"remove <emulator>, so that libvirt takes the host's own for {arch}, or name that of {arch}",
            hosts=tuple(
                dict.fromkeys(host.id for host in context.given_hosts if host.emulator == context.domain.emulator)
            ),
        )


def _each_named(context: Context, emulator: Element) -> Iterator[tuple[str, str]]:
    """The architectures of the domain and of its emulator, where the name of the latter tells another."""
    name = (emulator.text or "").strip().rpartition("/")[2]
    if not name.startswith(_FIRST) or context.domain.arch == name[len(_FIRST) :]:
        return
    arch, other = context.domain.arch, _ARCHITECTURES.get(name[len(_FIRST) :])
    if other is None or not isinstance(arch, str) or not context.domain.runs_on_qemu:
        return
    if not serves(other, arch) and not {arch, other} <= _X86 and _emulator_of_another(context) is None:
        yield arch, other


@rule(
    "HOST007",
    "emulator-named-for-other-architecture",
    outcome=Outcome.DEFINE,
    on="devices/emulator",
    each=_each_named,
    needs=Needs.ALL_HOSTS,
    since="libvirt 6.0.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), qemu_capabilities.c"
    " (virQEMUCapsIsArchSupported), alike in 7.0.0 and 9.0.0",
    bad=Example("<emulator>/usr/bin/qemu-system-aarch64</emulator> <!-- HOST007 -->", host="qemu-8.2"),
    good=Example("<emulator>/usr/bin/qemu-system-x86_64</emulator>", host="qemu-8.2"),
)
def emulator_named_for_other_architecture(context: Context, found: tuple[str, str]) -> Problems:
    """The name of the emulator is that of one for another architecture.

    QEMU has a binary for each architecture, and names it so. libvirt asks the binary, and refuses to define the
    domain, be it there or not.
    """
    arch, other = found
    emulator = None if context.domain.devices is None else child(context.domain.devices, "emulator")
    if emulator is not None:
        yield Problem(
            Spot(emulator),
            f"the domain is for {arch}, and {context.domain.emulator} is an emulator for {other}: libvirt refuses the"
            " definition",
            f"remove <emulator>, so that libvirt takes the host's own for {arch}, or name that of {arch}",
        )


@rule(
    "HOST006",
    "emulator-differs",
    outcome=Outcome.NOTE,
    on="devices",
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsCacheLookup: each path is probed by itself)",
    bad=Example("<emulator>/opt/qemu/bin/qemu-system-x86_64</emulator> <!-- HOST006 -->", host="qemu-8.2"),
    good=Example("<emulator>/usr/bin/qemu-system-x86_64</emulator>", host="qemu-8.2"),
)
def emulator_differs(context: Context, element: Element) -> Problems:
    """The domain names another emulator than the capability file is of.

    libvirt asks each binary what it can do. The domain was held against the file given all the same: where the two
    binaries are of different builds or versions, what is said here may not hold. A host without a binary at that path
    refuses to define the domain.
    """
    named = context.domain.emulator
    if context.host is None or context.host.emulator is None or element is not context.domain.devices:
        return
    spot = child(element, "emulator")
    if isinstance(named, str) and spot is not None and named != context.host.emulator:
        yield Problem(
            Spot(spot),
            f"the domain runs {named}, but the capabilities given are of {context.host.emulator}: it was held against"
            " those",
            "remove <emulator>, so that each host takes its own, or give --caps the file of that binary",
        )
