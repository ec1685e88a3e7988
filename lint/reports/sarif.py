"""sarif: the Static Analysis Results Interchange Format 2.1.0, for code scanning and for viewers in editors.

Section numbers are those of the OASIS standard, version 2.1.0 with errata 01.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from click import unstyle

from domlint.engine import Crash, FileReport
from domlint.explain import explanation, family, markdown
from domlint.findings import Edit, Location, Remedy, Severity, Suppressed
from domlint.fingerprints import VERSION as FINGERPRINTS
from domlint.fingerprints import fingerprints
from domlint.printable import printable
from domlint.reports.interchange import files_of_interest, in_full, in_lines, well_formed
from domlint.reports.json import as_object as json_report
from domlint.reports.paths import from_working_folder
from domlint.rule import Rule
from domlint.rules import catalogue
from domlint.run import Report, Unread
from domlint.version import VERSION

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_ROOT: Final = "%SRCROOT%"
"""The base of relative addresses, by the name that GitHub and most viewers know (3.14.14)."""

_UNREADABLE: Final = "unreadable-file"
_FAILED: Final = "rule-failed"
_NOTIFICATIONS: Final = {
    _UNREADABLE: "A file could not be read, and was not checked.",
    _FAILED: "A rule of domlint failed: a bug in domlint. All other rules were checked.",
}
_PROBLEM_SEVERITIES: Final = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "recommendation",
}
"""GitHub's words for the severity of a rule that is not about security."""

_EXIT_STATUS: Final = {
    0: "no finding is as grave as --fail-on",
    1: "a finding is at least as grave as --fail-on",
    2: "domlint could not do all of its work",
}


def render(report: Report, _columns: int | None = None) -> str:
    """Write a log with one run, in ASCII: nothing in it can act on a terminal."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_Run(report).as_object()]}
    return json.dumps(well_formed(log), indent=2) + "\n"


class _Run:
    """A run of domlint, with the numbers of rules and files that results refer to."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def as_object(self) -> dict[str, Any]:
        files = files_of_interest(self._report)
        return {
            "tool": {
                "driver": {
                    "name": "domlint",
                    "version": VERSION,
                    "semanticVersion": VERSION,
                    "rules": [_rule(code, known) for code, known in self._rules.items()],
                    "notifications": [
                        {"id": name, "shortDescription": {"text": text}, "defaultConfiguration": {"level": "error"}}
                        for name, text in _NOTIFICATIONS.items()
                    ],
                }
            },
            "invocations": [self._invocation()],
            "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder that domlint was run in."}}},
            "artifacts": [{"location": _address(name), "roles": ["analysisTarget"]} for name in self._artifacts],
            "columnKind": "unicodeCodePoints",
            "results": [result for file in files for result in self._results(file)],
            "properties": {"hosts": json_report(self._report)["hosts"]},
        }

    @cached_property
    def _rules(self) -> dict[str, Rule | str]:
        """The rules that the log speaks of, in order; the name alone of one that is not in the catalogue."""
        told = [finding for file in self._report.checked for finding, _suppressed in file.everything]
        names = {finding.code: finding.name for finding in told}
        names |= {crash.code: crash.code for crash in self._report.crashes if crash.code not in names}
        known = {rule.code: rule for rule in catalogue()}
        return {code: known.get(code, names[code]) for code in sorted(names)}

    @cached_property
    def _rule_numbers(self) -> dict[str, int]:
        return {code: number for number, code in enumerate(self._rules)}

    @cached_property
    def _artifacts(self) -> dict[str, int]:
        """The files that were checked, and those that could not be, each with its number."""
        names = [file.file for file in files_of_interest(self._report)]
        names += [unread.file for unread in self._report.unread]
        return {name: number for number, name in enumerate(dict.fromkeys(names))}

    def _results(self, file: FileReport) -> Iterable[dict[str, Any]]:
        found = file.everything
        numbered = fingerprints([finding for finding, _suppressed in found], dict(file.lines))
        for (finding, suppressed), fingerprint in zip(found, numbered, strict=True):
            result = {
                "ruleId": finding.code,
                "ruleIndex": self._rule_numbers[finding.code],
                "level": finding.severity.value,
                "message": _message(in_full(finding, file, self._report)),
                "locations": [self._location(finding.location)],
                "relatedLocations": [
                    {"id": number, **self._location(related.location), "message": _message(related.message)}
                    for number, related in enumerate(finding.related, 1)
                ],
                "fixes": [] if finding.remedy is None else [self._fix(finding.location.file, finding.remedy)],
                # GitHub's own uploader adds primaryLocationLineHash, and complains of one made in another way.
                "partialFingerprints": {FINGERPRINTS: fingerprint},
                "properties": {"outcome": finding.outcome.value, "hosts": list(finding.hosts)},
            }
            result = {key: value for key, value in result.items() if value != []}
            if self._report.suppressed:
                # All results of a run have it, or none (3.27.23).
                result["suppressions"] = [] if suppressed is None else [self._suppression(suppressed)]
            yield result

    def _suppression(self, suppressed: Suppressed) -> dict[str, Any]:
        suppression: dict[str, Any] = {"kind": "inSource", "location": self._location(suppressed.by)}
        if suppressed.reason:
            suppression["justification"] = printable(suppressed.reason)
        return suppression

    def _fix(self, file: str, remedy: Remedy) -> dict[str, Any]:
        replacements = [
            {"deletedRegion": _deleted(edit), "insertedContent": {"text": edit.text}} for edit in remedy.edits
        ]
        return {
            "description": _message(remedy.words),
            "artifactChanges": [{"artifactLocation": self._indexed(file), "replacements": replacements}],
            "properties": {"safe": remedy.is_safe},
        }

    def _location(self, location: Location) -> dict[str, Any]:
        physical = {"artifactLocation": self._indexed(location.file), "region": _region(location)}
        if not location.xpath:
            return {"physicalLocation": physical}
        kind = "attribute" if "/@" in location.xpath else "element"
        logical = {"fullyQualifiedName": location.xpath, "kind": kind}
        return {"physicalLocation": physical, "logicalLocations": [logical]}

    def _indexed(self, file: str) -> dict[str, Any]:
        number = self._artifacts.get(file)
        return _address(file) if number is None else {**_address(file), "index": number}

    def _invocation(self) -> dict[str, Any]:
        report = self._report
        notifications = [self._unreadable(unread) for unread in report.unread]
        notifications += [self._failed(crash) for crash in report.crashes]
        invocation: dict[str, Any] = {"executionSuccessful": report.is_complete}
        if report.exit_status is not None:
            invocation["exitCode"] = report.exit_status
            invocation["exitCodeDescription"] = _EXIT_STATUS[report.exit_status]
        return {**invocation, "toolExecutionNotifications": notifications}

    def _unreadable(self, unread: Unread) -> dict[str, Any]:
        return {
            "descriptor": _descriptor(_UNREADABLE),
            "level": "error",
            "message": _message(f"{unread.file}: cannot be read: {unread.reason}"),
            "locations": [{"physicalLocation": {"artifactLocation": self._indexed(unread.file)}}],
        }

    def _failed(self, crash: Crash) -> dict[str, Any]:
        kind, _colon, message = crash.error.partition(": ")
        return {
            "descriptor": _descriptor(_FAILED),
            "associatedRule": {"id": crash.code, "index": self._rule_numbers[crash.code]},
            "level": "error",
            "message": _message(f"rule {crash.code} failed on {crash.file}; this is a bug in domlint"),
            "exception": {"kind": printable(kind), "message": printable(message)},
            "locations": [{"physicalLocation": {"artifactLocation": self._indexed(crash.file)}}],
        }


def _rule(code: str, rule: Rule | str) -> dict[str, Any]:
    if isinstance(rule, str):
        return {"id": code, "name": rule}
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": _literal(rule.summary)},
        "fullDescription": {"text": _literal(rule.documentation)},
        "help": {"text": _literal(unstyle(explanation(rule))), "markdown": _literal(markdown(rule))},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {
            "outcome": rule.outcome.value,
            "severity": rule.severity.value,
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
            "documentation": rule.url,
            "tags": ["libvirt", family(rule), rule.outcome.value],
        },
    }


def _descriptor(notification: str) -> dict[str, Any]:
    return {"id": notification, "index": list(_NOTIFICATIONS).index(notification)}


def _message(text: str) -> dict[str, str]:
    """A message that is text alone: what stands in a file makes no link of it (3.11.6)."""
    return {"text": _literal(in_lines(text)).replace("](", "\\](")}


def _literal(text: str) -> str:
    """The text in a message string, in which a single brace begins the place of an argument (3.11.5)."""
    return text.replace("{", "{{").replace("}", "}}")


def _region(location: Location) -> dict[str, int]:
    region = {
        "startLine": location.line,
        "startColumn": location.column,
        "endLine": location.end_line,
        "endColumn": location.end_column,
    }
    if location.end_offset > location.offset:
        region |= {"byteOffset": location.offset, "byteLength": location.end_offset - location.offset}
    return region


def _deleted(edit: Edit) -> dict[str, int]:
    """The region that an edit replaces; an empty one is where its text is inserted (3.57.3)."""
    place = Location("", edit.line, edit.column, edit.end_line, edit.end_column, edit.offset, edit.end_offset)
    return {**_region(place), "byteOffset": edit.offset, "byteLength": edit.end_offset - edit.offset}


def _address(file: str) -> dict[str, Any]:
    path = from_working_folder(file)
    if path is None:
        return {"uri": f"file://{_quoted(os.path.abspath(file))}"}
    return {"uri": _quoted(path), "uriBaseId": _ROOT}


def _quoted(path: str) -> str:
    try:
        return quote(os.fsencode(path))
    except UnicodeEncodeError:  # a name that no file has, as --stdin-filename may give one
        return quote(path, errors="surrogatepass")
