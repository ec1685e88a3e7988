"""github: workflow commands of GitHub Actions, a line for each finding, which become annotations of a pull request.

Escapes are those that the runner undoes (actions/runner, src/Runner.Common/ActionCommand.cs).
"""

from __future__ import annotations

from typing import Final

from domlint.engine import FileReport
from domlint.findings import Finding, Severity
from domlint.printable import printable
from domlint.reports.interchange import in_full
from domlint.reports.paths import shortest
from domlint.run import Report

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(report: Report, _columns: int | None = None) -> str:
    """Write ``::error file=…,line=…,…::message`` for each finding, and for what could not be done."""
    lines = [_finding(finding, file, report) for file in report.checked for finding in file.findings]
    for unread in report.unread:
        lines.append(_command("error", {"file": shortest(unread.file), "title": "cannot be read"}, unread.reason))
    for crash in report.crashes:
        properties = {"file": shortest(crash.file), "title": f"rule {crash.code} failed"}
        lines.append(_command("error", properties, f"{crash.error}; this is a bug in domlint"))
    return "".join(f"{line}\n" for line in lines)


def _finding(finding: Finding, file: FileReport, report: Report) -> str:
    location = finding.location
    properties = {"file": shortest(location.file), "line": str(location.line)}
    # The runner drops the columns of what spans several lines, and says so in the log.
    if location.end_line == location.line:
        properties |= {"col": str(location.column), "endColumn": str(location.end_column)}
    else:
        properties["endLine"] = str(location.end_line)
    properties["title"] = f"{finding.code} {finding.name}"
    return _command(_COMMANDS[finding.severity], properties, in_full(finding, file, report))


def _command(name: str, properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_data(message)}"


def _property(text: str) -> str:
    return _data(printable(text)).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    return "%0A".join(printable(line) for line in text.replace("%", "%25").split("\n"))
