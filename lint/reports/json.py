"""json: version 1 of the format that docs/json.md describes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from domlint.findings import Finding, Remedy, Severity, Suppressed
from domlint.matrix import matrix
from domlint.run import Report
from domlint.version import VERSION

if TYPE_CHECKING:
    from domlint.hosts import Host


def render(report: Report, _columns: int | None = None) -> str:
    """Write the report as one JSON object, in ASCII: nothing in it can act on a terminal."""
    return json.dumps(as_object(report), indent=2) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """The report as JSON's values."""
    return {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "hosts": host_objects(report.hosts),
        "findings": [finding_object(finding) for finding in report.findings],
        "matrix": [
            {
                "file": row.file,
                "domain": row.domain or None,
                "hosts": {host: cell.status.value for host, cell in row.hosts.items()},
            }
            for row in (matrix(report.checked, report.host_ids) if report.hosts else ())
        ],
        "suppressed": [suppressed_object(one) for one in report.suppressed],
        "baseline": None
        if report.compared is None
        else {
            "files": list(report.compared.paths),
            "old": report.compared.old,
            "gone": report.compared.gone,
        },
        "failures": failure_objects(report),
        "summary": {
            "files": report.files,
            "domains": report.domains,
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "notes": report.count(Severity.NOTE),
            "suppressed": len(report.suppressed),
        },
    }


def host_objects(hosts: Iterable[Host]) -> list[dict[str, Any]]:
    """The hosts, each once, in the order given."""
    return [_host(list(emulators)) for _id, emulators in groupby(_by_id(hosts), lambda host: host.id)]


def failure_objects(report: Report) -> list[dict[str, Any]]:
    """What could not be done."""
    return [
        *({"file": unread.file, "message": unread.reason} for unread in report.unread),
        *({"file": crash.file, "code": crash.code, "message": crash.error} for crash in report.crashes),
    ]


def _by_id(hosts: Iterable[Host]) -> list[Host]:
    """The emulators, those of one host side by side, the hosts in the order given."""
    by_id: dict[str, list[Host]] = {}
    for host in hosts:
        by_id.setdefault(host.id, []).append(host)
    return [host for emulators in by_id.values() for host in emulators]


def _host(emulators: list[Host]) -> dict[str, Any]:
    """A host: the values of its first emulator, and all of them apart where there are several."""
    described = [
        {
            "id": host.id,
            "source": host.source,
            "arch": host.arch,
            "qemu": str(host.qemu_version) if host.qemu_version else None,
            "libvirt": str(host.libvirt_version) if host.libvirt_version else None,
            "kind": host.kind,
            "emulator": host.emulator,
        }
        for host in emulators
    ]
    return {**described[0], "emulators": described} if len(described) > 1 else described[0]


def suppressed_object(suppressed: Suppressed) -> dict[str, Any]:
    """A finding that is not told, and what says so."""
    by = suppressed.by
    return {
        **finding_object(suppressed.finding),
        "suppression": {
            "kind": suppressed.kind,
            "file": by.file,
            "line": by.line,
            "column": by.column,
            "end_line": by.end_line,
            "end_column": by.end_column,
            "reason": suppressed.reason,
        },
    }


def finding_object(finding: Finding) -> dict[str, Any]:
    """A finding."""
    location = finding.location
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.value,
        "outcome": finding.outcome.value,
        "message": finding.message,
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
        "xpath": location.xpath,
        "hosts": list(finding.hosts),
        "related": [
            {
                "file": related.location.file,
                "line": related.location.line,
                "column": related.location.column,
                "message": related.message,
            }
            for related in finding.related
        ],
        "help": finding.help,
        "fix": None if finding.remedy is None else _remedy_object(finding.remedy),
        "url": finding.url,
    }


def _remedy_object(remedy: Remedy) -> dict[str, Any]:
    return {
        "description": remedy.words,
        "safe": remedy.is_safe,
        "edits": [edit._asdict() for edit in remedy.edits],
    }
