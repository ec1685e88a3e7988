"""How each VM fares on each host."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from domlint.engine import FileReport
from domlint.findings import Finding, Outcome, Severity
from domlint.verdicts import is_vm

REFUSALS = (Outcome.DEFINE, Outcome.START)
"""The outcomes with which a host does not run the domain."""


class Status(str, Enum):
    """How a VM fares on a host, the better before the worse. Notes count as nothing."""

    OK = "ok"
    WARNINGS = "warnings"
    BROKEN = "broken"
    NOT_READ = "not-read"
    REFUSED = "refused"
    NO_EMULATOR = "no-emulator"
    NOT_ASKED = "not-asked"

    @property
    def in_words(self) -> str:
        """What the status means, for people."""
        return _IN_WORDS[self]


_IN_WORDS = {
    Status.OK: "it runs",
    Status.WARNINGS: "it runs, with warnings",
    Status.BROKEN: "it runs, but something that was asked for does not work",
    Status.NOT_READ: "the file was not read, so nothing is known",
    Status.REFUSED: "libvirt or QEMU refuses it",
    Status.NO_EMULATOR: "the host has no emulator for it",
    Status.NOT_ASKED: "its configuration holds it against other hosts",
}

_ORDER = tuple(Status)


class Cell(NamedTuple):
    """How a VM fares on a host, and with how many warnings."""

    status: Status
    warnings: int = 0


class Row(NamedTuple):
    """How a VM fares on each host, by the host's id. ``domain`` is its name, "" where it is not known."""

    file: str
    domain: str
    hosts: dict[str, Cell]


def matrix(files: Iterable[FileReport], hosts: Sequence[str]) -> list[Row]:
    """How each VM fares on each of these hosts (their ids)."""
    return [Row(file.file, file.domain, cells(file, hosts)) for file in files if is_vm(file)]


def cells(file: FileReport, hosts: Sequence[str]) -> dict[str, Cell]:
    """How one VM fares on each host."""
    asked = [host for host in hosts if file.against is None or host in file.against]
    fitting = set(file.hosts) if file.is_domain else set(asked)
    found = {host: Cell(Status.OK if host in fitting else Status.NO_EMULATOR) for host in asked}
    for finding in (*file.findings, *file.old):
        status = _status(finding, file)
        for host in finding.hosts or asked:
            cell = found.get(host)
            if cell is None or status is Status.OK:
                continue
            if cell.status is Status.NO_EMULATOR:
                # That no emulator is known does not make the VM run badly, but it may be known to be refused.
                found[host] = Cell(status) if status is Status.REFUSED else cell
            else:
                found[host] = Cell(max(cell.status, status, key=_ORDER.index), cell.warnings + _is_warning(finding))
    return {host: found.get(host, Cell(Status.NOT_ASKED)) for host in hosts}


def _is_warning(finding: Finding) -> bool:
    return finding.severity is Severity.WARNING


def _status(finding: Finding, file: FileReport) -> Status:
    if finding.severity is Severity.NOTE:
        return Status.OK
    if finding.severity is Severity.WARNING:
        return Status.WARNINGS
    if finding.outcome in REFUSALS:
        return Status.REFUSED
    return Status.BROKEN if file.is_domain else Status.NOT_READ
