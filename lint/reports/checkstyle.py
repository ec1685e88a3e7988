"""checkstyle: the XML of Checkstyle, which many tools that gather findings read."""

from __future__ import annotations

from typing import Final

from lxml import etree

from domlint.findings import Severity
from domlint.printable import printable
from domlint.reports.ascii_xml import document
from domlint.reports.interchange import files_of_interest, in_full, in_lines
from domlint.run import Report

_VERSION: Final = "4.3"
"""The version of Checkstyle whose form this is: the one that readers ask for."""

_SEVERITIES: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "info"}


def render(report: Report, _columns: int | None = None) -> str:
    """Write the findings by file."""
    root = etree.Element("checkstyle", version=_VERSION)
    for file in files_of_interest(report):
        element = _file(root, file.file)
        for finding in file.findings:
            location, severity = finding.location, _SEVERITIES[finding.severity]
            _error(element, location.line, location.column, severity, in_full(finding, file, report), finding.code)
        for crash in file.crashes:
            _error(element, 1, 1, "error", f"rule {crash.code} failed ({crash.error}): a bug in domlint", crash.code)
    for unread in report.unread:
        _error(_file(root, unread.file), 1, 1, "error", f"cannot be read: {unread.reason}", "unreadable-file")
    return document(root)


def _file(root: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(root, "file", name=printable(name))


def _error(file: etree._Element, line: int, column: int, severity: str, message: str, source: str) -> None:
    etree.SubElement(
        file,
        "error",
        line=str(line),
        column=str(column),
        severity=severity,
        message=in_lines(message),
        source=f"domlint.{source}",
    )
