"""The one line that says what came of a run."""

from __future__ import annotations

from domlint.findings import Severity
from domlint.run import Report

_PLURALS = {Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.NOTE: "notes"}


def summary_line(report: Report) -> str:
    """Count the findings, the files and the hosts, in words."""
    checked = f"{_number(report.domains, 'domain')} in {_number(report.files, 'file')} checked"
    if report.hosts:
        checked += f" against {_number(len(report.host_ids), 'host')}"
    counts = [(severity, report.count(severity)) for severity in Severity]
    parts = [_number(count, severity.value, _PLURALS[severity]) for severity, count in counts if count]
    if not parts:
        return f"No findings ({checked})."
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"Found {listed} ({checked})."


def _number(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
