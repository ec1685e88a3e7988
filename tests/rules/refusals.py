"""What domlint finds in a domain with some devices: whatever a host has, or with the host that an example names."""

from __future__ import annotations

from domlint.engine import Plan, Source
from domlint.examples import example_hosts, whole_document
from domlint.findings import Finding
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.versions import Version

LIBVIRT = Version(11, 3, 0)
REFUSED = ("define", "start")


def findings(example: Example, prefixes: tuple[str, ...] = ("",)) -> tuple[Finding, ...]:
    """What rules whose codes begin so find in an example."""
    rules = [rule for rule in catalogue() if rule.code.startswith(prefixes)]
    libvirt = Version.parse(example.libvirt) if example.libvirt else None
    report = Plan(rules, example_hosts(example), libvirt=libvirt).check(
        Source("vm.xml", whole_document(example).encode())
    )
    assert report.crashes == ()
    return report.findings


def refusals(devices: str, **details: str) -> list[str]:
    """The codes of refusals, once for each finding; ``details`` are those of an example."""
    return [finding.code for finding in findings(Example(devices, **details)) if finding.outcome.value in REFUSED]


def codes(
    devices: str, machine: str = "q35", arch: str = "x86_64", libvirt: Version = LIBVIRT, around: str = ""
) -> list:
    """The codes of what is refused of addresses and PCI, without what a host would have to have."""
    example = Example(devices, machine=machine, arch=arch, around=around, libvirt=str(libvirt))
    found = findings(example, ("PCI", "ADDR", "SCHEMA"))
    return [finding.code for finding in found if finding.outcome.value in REFUSED]
