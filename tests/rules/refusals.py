"""Which rules about PCI and addresses refuse some devices, whatever a host has."""

from __future__ import annotations

from domlint.engine import Plan, Source
from domlint.examples import example_hosts, whole_document
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.versions import Version

LIBVIRT = Version(11, 3, 0)


def codes(
    devices: str, machine: str = "q35", arch: str = "x86_64", libvirt: Version = LIBVIRT, around: str = ""
) -> list:
    """The codes of what is refused, without what a host would have to have."""
    example = Example(devices, machine=machine, arch=arch, around=around)
    rules = [rule for rule in catalogue() if rule.code.startswith(("PCI", "ADDR", "SCHEMA"))]
    report = Plan(rules, example_hosts(example), libvirt=libvirt).check(
        Source("vm.xml", whole_document(example).encode())
    )
    assert report.crashes == ()
    return [finding.code for finding in report.findings if finding.outcome.value in ("define", "start")]
