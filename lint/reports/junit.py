"""junit: test results, which any CI shows: a suite for each file, a test for each finding.

A finding that counts against the exit status is a failed test, any other a passed one with output; a file without
findings is one passed test.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from domlint.engine import Crash, FileReport
from domlint.findings import Finding
from domlint.printable import printable
from domlint.reports.ascii_xml import document
from domlint.reports.interchange import files_of_interest, in_full
from domlint.run import Report

_WHOLE_FILE: Final = "domlint"
"""The name of the test that stands for a file without findings."""


def render(report: Report, _columns: int | None = None) -> str:
    """Write the results."""
    root = etree.Element("testsuites", name="domlint")
    for file in files_of_interest(report):
        _add_suite(root, file, report)
    for unread in report.unread:
        suite = etree.SubElement(root, "testsuite", name=printable(unread.file))
        error = etree.SubElement(_test(suite, _WHOLE_FILE), "error", type="unreadable-file")
        error.set("message", printable(unread.reason))
        error.text = printable(f"{unread.file}: cannot be read: {unread.reason}")
        _count(suite)
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    return document(root)


def _add_suite(root: etree._Element, file: FileReport, report: Report) -> None:
    suite = etree.SubElement(root, "testsuite", name=printable(file.file))
    passed, fail_on = report.passes(file), report.demand_of(file).fail_on
    for finding, name in zip(file.findings, _names(file.findings), strict=True):
        counts = not passed and finding.severity.at_least(fail_on)
        _add_finding(suite, name, finding, in_full(finding, file, report), counts)
    for crash in file.crashes:
        _add_crash(suite, crash)
    if len(suite) == 0:
        _test(suite, _WHOLE_FILE)
    _count(suite)


def _names(findings: Sequence[Finding]) -> list[str]:
    """A name for each test: without the line, for a CI that compares runs knows a test by its name."""
    count: dict[str, int] = {}
    names = []
    for finding in findings:
        name = f"{finding.code} {finding.name} {finding.location.xpath}".rstrip()
        count[name] = count.get(name, 0) + 1
        names.append(name if count[name] == 1 else f"{name} ({count[name]})")
    return names


def _add_finding(suite: etree._Element, name: str, finding: Finding, words: str, counts: bool) -> None:
    location, severity = finding.location, finding.severity
    test = _test(suite, name)
    test.set("line", str(location.line))
    place = printable(f"{location.file}:{location.line}:{location.column}")
    text = f"{place}: {severity.value}[{finding.code}] {finding.name}\n{words}\n"
    if counts:
        failure = etree.SubElement(test, "failure", type=severity.value, message=printable(finding.message))
        failure.text = text
    else:
        etree.SubElement(test, "system-out").text = text


def _add_crash(suite: etree._Element, crash: Crash) -> None:
    error = etree.SubElement(_test(suite, f"{crash.code} failed"), "error", type="rule-failed")
    error.set("message", printable(crash.error))
    error.text = printable(f"rule {crash.code} failed on {crash.file} ({crash.error}); this is a bug in domlint")


def _test(suite: etree._Element, name: str) -> etree._Element:
    file = suite.get("name", "")
    return etree.SubElement(suite, "testcase", classname=file, name=printable(name), file=file, time="0")


def _count(suite: etree._Element) -> None:
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", "0")
    suite.set("time", "0")
