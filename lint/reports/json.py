"""json: version 1 of the format that docs/json.md describes."""

from __future__ import annotations

import json
from typing import Any

from domlint.findings import Finding, Severity
from domlint.run import Report
from domlint.version import VERSION


def render(report: Report) -> str:
    """Write the report as one JSON object, in ASCII: nothing in it can act on a terminal."""
    return json.dumps(as_object(report), indent=2) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """The report as JSON's values."""
    return {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "hosts": [
            {
                "id": host.id,
                "source": host.source,
                "arch": host.arch,
                "qemu": str(host.qemu_version) if host.qemu_version else None,
                "libvirt": str(host.libvirt_version) if host.libvirt_version else None,
            }
            for host in report.hosts
        ],
        "findings": [_finding(finding) for finding in report.findings],
        "failures": [
            *({"file": unread.file, "message": unread.reason} for unread in report.unread),
            *({"file": crash.file, "code": crash.code, "message": crash.error} for crash in report.crashes),
        ],
        "summary": {
            "files": report.files,
            "domains": report.domains,
            "errors": report.count(Severity.ERROR),
            "warnings": report.count(Severity.WARNING),
            "notes": report.count(Severity.NOTE),
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
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
        "fix": None,
        "url": finding.url,
    }
