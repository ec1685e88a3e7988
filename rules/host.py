"""HOST: whether a host that was given can run the domain at all."""

from __future__ import annotations

from domlint.document import Element
from domlint.domain import Context
from domlint.findings import Outcome, Severity
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule


@rule(
    "HOST001",
    "no-host-for-architecture",
    outcome=Outcome.NOTE,
    severity=Severity.WARNING,
    on="os/type",
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/qemu/qemu_capabilities.c (virQEMUCapsFindBinaryForArch)",
    bad=Example(
        "",
        host="qemu-8.2",
        document="""\
<domain type='kvm'>
  <name>edge1</name>
  <memory unit='MiB'>2048</memory>
  <os>
    <type arch='aarch64' machine='virt'>hvm</type> <!-- HOST001 -->
  </os>
</domain>
""",
    ),
    good=Example("", host="qemu-8.2"),
)
def no_host_for_architecture(context: Context, element: Element) -> Problems:
    """No capability file that was given is of the domain's architecture.

    Nothing that asks a host was checked for this domain. A host whose libvirt has no emulator for the architecture
    refuses to define it; whether yours has another emulator is not known from the files given.
    """
    if context.host is None and context.given_hosts:
        known = ", ".join(sorted({host.arch for host in context.given_hosts}))
        yield Problem(
            Spot(element, "arch"),
            f"the domain is for {context.domain.arch}, but the hosts given run {known} only: it was held against none",
            f"give --caps the capability file of a host that runs {context.domain.arch} guests",
        )
