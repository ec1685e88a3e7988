"""gitlab: a Code Quality report, which GitLab shows in merge requests.

The fields are those of GitLab's doc/ci/testing/code_quality.md, "Code Quality report format".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final

from domlint.engine import FileReport
from domlint.findings import Finding, Outcome, Severity
from domlint.fingerprints import fingerprints
from domlint.reports.interchange import in_full, in_lines, well_formed
from domlint.reports.paths import shortest
from domlint.run import Report

_SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}
_REFUSED: Final = "blocker"
"""The severity of an error that makes libvirt or QEMU refuse the domain."""


def render(report: Report, _columns: int | None = None) -> str:
    """Write a list of findings as JSON, in ASCII; what could not be done is in it as a blocker."""
    issues = [issue for file in report.checked for issue in _findings(file, report)]
    for unread in report.unread:
        issues.append(_issue("unreadable-file", f"cannot be read: {unread.reason}", _REFUSED, unread.file))
    for crash in report.crashes:
        description = f"rule {crash.code} failed ({crash.error}); this is a bug in domlint"
        issues.append(_issue(f"{crash.code} failed", description, _REFUSED, crash.file, identity=crash.error))
    return json.dumps(well_formed(issues), indent=2) + "\n"


def _findings(file: FileReport, report: Report) -> Iterator[dict[str, Any]]:
    for finding, fingerprint in zip(file.findings, fingerprints(file.findings, dict(file.lines)), strict=True):
        name, line = f"{finding.code} {finding.name}", finding.location.line
        yield _issue(name, in_full(finding, file, report), _severity(finding), file.file, line, fingerprint)


def _severity(finding: Finding) -> str:
    is_refused = finding.severity is Severity.ERROR and finding.outcome in (Outcome.DEFINE, Outcome.START)
    return _REFUSED if is_refused else _SEVERITIES[finding.severity]


def _issue(name: str, description: str, severity: str, file: str, line: int = 1, identity: str = "") -> dict[str, Any]:
    path = shortest(file)
    # GitLab shows only one of the issues with the same fingerprint, wherever they are.
    unique = "\0".join((path, name, identity))
    return {
        "description": in_lines(description),
        "check_name": name,
        "fingerprint": sha256(unique.encode("utf-8", "surrogatepass")).hexdigest(),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": line}},
    }
