"""The examples of all rules, held against a real libvirt: refused or not, started or not, as domlint says of its host.

See real_libvirt.py for how to name one. domlint is asked about the probed host, and not about the one that the example
names, and the machine of an example becomes the probed QEMU's newest of the same family: so every example can be
compared. A test passes where the example shows on this host what it is for: the bad one is refused for what its rule
says, the good one is not. It is skipped, with the reason, where libvirt and domlint agree that it shows something else
here: this libvirt is too old or too new, the host has no KVM, or another thing is in the way.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest
from real_libvirt import define, define_as_it_is, findings, host_for, needs_libvirt, probed_machine, started

from domlint.engine import Plan, Source
from domlint.examples import example_networks, whole_document
from domlint.findings import Finding, Outcome
from domlint.hosts import Host
from domlint.rule import Example, Rule
from domlint.rules import catalogue

pytestmark = needs_libvirt

RULES = list(catalogue())

ON_IDENTITY = frozenset({"SYS001", "SYS033"})
"""Rules on the name or the UUID of a domain, which others do without: a probe has a name of its own."""

OF_THIS_HOST = {
    "virtiofs is not yet supported in session mode": "virtiofs takes a libvirtd of root",
    r"TPM version '\d\.\d' is not supported": "there is no swtpm on this host",
    "TLS is disabled in qemu.conf": "this libvirtd has no certificates for TLS",
    "in element 'backend': 'passt'": "Debian builds libvirt 9.0.0 without passt",
    "Cannot check QEMU binary": "there is no such emulator on this host",
}
"""What libvirt refuses for a reason that no capability file tells: what it says, and why that is so here."""

NOT_HERE = "|".join(
    (
        "Cannot access storage file|find any master var store|Unable to find any firmware|Secret not found",
        "unexpectedly closed the monitor|process exited while connecting to monitor",
        "bind to UNIX socket|Unable to open /dev/net/tun|bridge helper|tap device in session mode",
        "Network not found|specified dev doesn't exist|is not a VF|/sys/bus/usb/devices|VFIO PCI passthrough",
        "hugetlbfs filesystem is not mounted",
    )
)
"""What stops a domain that another host would start: files, networks and devices, and what QEMU says of those."""


class Probe(NamedTuple):
    """An example as this host can have it, and what domlint says of that."""

    text: str
    host: Host
    found: tuple[Finding, ...]

    def codes(self, outcome: Outcome) -> list[str]:
        return [finding.code for finding in self.found if finding.outcome is outcome]


def probe_of(example: Example) -> Probe:
    """Fit an example to the probed host. Skips the test where it is nothing to compare."""
    text = whole_document(example)
    if "<domain" not in text:
        pytest.skip("it is no domain")
    if "{{" in text:
        pytest.skip("it is a template: libvirt never sees it so")
    kind = re.search(r"<domain\b[^>]*?\btype=['\"](\w+)", text)
    if kind is not None and kind.group(1) not in ("kvm", "qemu", "hvf"):
        pytest.skip(f"a domain of the type {kind.group(1)!r} is for another driver than QEMU's")
    type_ = re.search(r"<type\b[^>]*>", text)
    of_type = type_.group(0) if type_ is not None else ""
    arch = re.search(r"arch=['\"](\w+)", of_type)
    host = host_for(arch.group(1) if arch is not None else example.arch)
    machine = re.search(r"machine=['\"]([^'\"]+)", of_type)
    if machine is not None:
        text = text.replace(of_type, of_type.replace(machine.group(1), probed_machine(machine.group(1), host)), 1)
    text = re.sub(r"(<domain\b[^>]*?\btype=['\"])kvm\b", r"\1qemu", text, count=1)
    found = findings(text, host, example_networks(example))
    if any(finding.code == "XML003" for finding in found):
        pytest.skip("domlint does not read the file")
    return Probe(text, host, found)


def reason_of_this_host(error: str) -> str | None:
    """Why this host refuses what domlint says nothing of; None where there is no reason to."""
    return next((reason for said, reason in OF_THIS_HOST.items() if re.search(said, error)), None)


def reason_to_find_nothing(rule: Rule, example: Example, host: Host) -> str:
    """Why a rule finds nothing in its bad example here."""
    plan = Plan(RULES, (), example_networks(example), host.libvirt_version)
    report = plan.check(Source("domain.xml", whole_document(example).encode()))
    if rule.code not in {finding.code for finding in report.findings} and not (example.host or example.capabilities):
        return f"libvirt {host.libvirt_version} does not do what {rule.code} says: both accept it"
    wanted = example.host or ("what it offers" if example.capabilities else f"type='{example.type}'")
    return f"it is for another host ({wanted}): both accept it"


@pytest.mark.parametrize("kind", ["bad", "good"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_example_is_refused_as_predicted(rule: Rule, kind: str) -> None:
    example: Example = getattr(rule, kind)
    probe = probe_of(example)
    answer = define_as_it_is(probe.text) if rule.code in ON_IDENTITY else define(probe.text)
    refusing = probe.codes(Outcome.DEFINE)
    reason = reason_of_this_host(answer.error)
    if reason is not None and not refusing:
        pytest.skip(reason)
    assert answer.is_refused == bool(refusing), f"libvirt: {answer.error or 'defines it'}; domlint: {refusing}"
    if kind == "good" and refusing:
        pytest.skip(f"both refuse it for another reason: {', '.join(sorted(set(refusing)))}")
    if kind == "bad" and rule.outcome is Outcome.DEFINE and rule.code not in refusing:
        if refusing:
            pytest.skip(f"both refuse it for another reason: {', '.join(sorted(set(refusing)))}")
        if rule.code not in probe.codes(Outcome.START):
            pytest.skip(reason_to_find_nothing(rule, example, probe.host))


@pytest.mark.parametrize("kind", ["bad", "good"])
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.outcome is Outcome.START], ids=lambda rule: rule.code)
def test_example_starts_as_predicted(rule: Rule, kind: str) -> None:
    example: Example = getattr(rule, kind)
    probe = probe_of(example)
    if probe.codes(Outcome.DEFINE):
        pytest.skip(f"it is not defined: {', '.join(probe.codes(Outcome.DEFINE))}")
    stopping = probe.codes(Outcome.START)
    others = sorted(set(stopping) - {rule.code})
    with started(probe.text) as error:
        pass
    reason = reason_of_this_host(error)
    if reason is not None:
        pytest.skip(reason)
    if stopping:
        assert error, f"it starts, against {stopping}"
        if others:
            pytest.skip(f"neither lets it start for another reason: {', '.join(others)}")
        if "Cannot access storage file" in error:
            pytest.skip("libvirt looks for the image first, and does not find it on this host")
    elif error:
        assert re.search(NOT_HERE, error), error
        pytest.skip(f"this host has not what it takes: {error.splitlines()[-1][:120]}")
    elif kind == "bad":
        pytest.skip(reason_to_find_nothing(rule, example, probe.host))
