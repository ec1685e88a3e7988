"""What becomes of VMs when their host is upgraded: the old host's findings held against those of the new one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from domlint.engine import FileReport
from domlint.findings import Finding, Location, Outcome, Severity
from domlint.matrix import Cell, Status, cells
from domlint.run import Report
from domlint.verdicts import concerns, is_vm


class Fate(str, Enum):
    """What becomes of a VM, the worst first."""

    BREAK = "break"
    WORSE = "worse"
    CHANGE = "change"
    NOTED = "noted"
    MENDED = "mended"
    NEITHER = "neither"
    UNCHANGED = "unchanged"

    @property
    def in_words(self) -> str:
        """What that means, for people."""
        return _IN_WORDS[self]


_IN_WORDS = {
    Fate.BREAK: "runs on the old host, and would not on the new one, or not with all that was asked for",
    Fate.WORSE: "there are warnings on the new host that the old one does not give",
    Fate.CHANGE: "the hosts make something different of the same file",
    Fate.NOTED: "there are notes on the new host that the old one does not give",
    Fate.MENDED: "what the old host refuses, or is found fault with there, is well on the new one",
    Fate.NEITHER: "runs on neither host",
    Fate.UNCHANGED: "nothing that was found differs",
}

_RUNNING = (Status.OK, Status.WARNINGS, Status.BROKEN)


class Upgraded(NamedTuple):
    """A VM on the old host and on the new one.

    ``gained`` was found on the new host and not on the old one, ``lost`` the other way round, and ``differing`` is what
    the hosts make of the file that is not the same.
    """

    file: FileReport
    fate: Fate
    old: Status
    new: Status
    gained: tuple[Finding, ...]
    differing: tuple[Finding, ...]
    lost: tuple[Finding, ...]

    def is_worse(self, fail_on: Severity) -> bool:
        """Tell whether the VM runs on the old host, and does not on the new one or has something so grave there."""
        if self.old not in _RUNNING:
            return False
        found = (*self.gained, *self.differing)
        return self.new not in _RUNNING or any(finding.severity.at_least(fail_on) for finding in found)


class Upgrade(NamedTuple):
    """All VMs on the old host and on the new one, whose ids are ``old`` and ``new``."""

    old: str
    new: str
    vms: tuple[Upgraded, ...]
    report: Report

    def of(self, fate: Fate) -> tuple[Upgraded, ...]:
        """The VMs that have this fate."""
        return tuple(vm for vm in self.vms if vm.fate is fate)

    @property
    def running(self) -> int:
        """The number of VMs that run on the old host."""
        return sum(vm.old in _RUNNING for vm in self.vms)


def upgrade(report: Report) -> Upgrade:
    """Compare how VMs fare on the two hosts of a run, the old one first."""
    old, new = report.host_ids
    vms = (_upgraded(file, old, new, report.comparing) for file in report.checked if is_vm(file))
    return Upgrade(old, new, tuple(vms), report)


def _upgraded(file: FileReport, old: str, new: str, comparing: frozenset[str]) -> Upgraded:
    if len(file.hosts) < 2:
        comparing = frozenset()  # what such rules say then is why it fits no host
    differing = tuple(finding for finding in file.findings if finding.code in comparing)
    others = [finding for finding in file.findings if finding.code not in comparing]
    of_old = [finding for finding in others if concerns(finding, old)]
    of_new = [finding for finding in others if concerns(finding, new)]
    status = cells(file._replace(findings=tuple(others)), (old, new))
    gained, lost = _without(of_new, of_old), _without(of_old, of_new)
    if status[old].status is Status.NO_EMULATOR:
        gained = ()
    if status[new].status is Status.NO_EMULATOR:
        lost = ()
    fate = _fate(status[old], status[new], gained, differing, lost)
    return Upgraded(file, fate, status[old].status, status[new].status, gained, differing, lost)


def _without(findings: Sequence[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that are not among the others, whose words may be different ones for the same thing."""
    known = Counter(map(_key, others))
    left = []
    for finding in findings:
        if known[_key(finding)]:
            known[_key(finding)] -= 1
        else:
            left.append(finding)
    return tuple(left)


def _key(finding: Finding) -> tuple[str, Severity, Outcome, Location]:
    return finding.code, finding.severity, finding.outcome, finding.location


def _fate(
    old: Cell, new: Cell, gained: Sequence[Finding], differing: Sequence[Finding], lost: Sequence[Finding]
) -> Fate:
    if old.status not in _RUNNING:
        return Fate.MENDED if new.status in _RUNNING else Fate.NEITHER
    found = {finding.severity for finding in gained}
    if new.status not in _RUNNING or Severity.ERROR in found:
        return Fate.BREAK
    if Severity.WARNING in found:
        return Fate.WORSE
    if differing:
        return Fate.CHANGE
    if found:
        return Fate.NOTED
    return Fate.MENDED if lost else Fate.UNCHANGED
