"""What other programs read in the output formats: all findings, in their places, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from command import CAPS, CLEAN, OLD_CAPS, REPOSITORY, STANDBY, domlint
from format_readers import READERS, read_sarif, workflow_commands
from hypothesis import given, settings
from hypothesis import strategies as st

from domlint.engine import Crash, FileReport
from domlint.findings import Finding, Location, Outcome, Related
from domlint.hosts import Host
from domlint.printable import printable
from domlint.reports import FORMATS, renderer
from domlint.run import Report, Unread

GOLDEN = Path(__file__).parent / "golden"
DOMAIN = "tests/cli/golden/vm.xml"
HOSTS = ("--caps", f"new={CAPS.relative_to(REPOSITORY)}", "--caps", f"old={OLD_CAPS.relative_to(REPOSITORY)}")
TWO_HOSTS = tuple(Host(name, f"{name}.xml", "qemucaps", "/usr/bin/qemu-system-x86_64", "x86_64") for name in "ab")

SEVERITIES = {
    "json-lines": {"error": "error", "warning": "warning", "note": "note"},
    "sarif": {"error": "error", "warning": "warning", "note": "note"},
    "junit": {"error": "error", "warning": "warning", "note": "passed"},
    "github": {"error": "error", "warning": "warning", "note": "notice"},
    "checkstyle": {"error": "error", "warning": "warning", "note": "info"},
}


def report_of(
    *files: FileReport, unread: tuple[Unread, ...] = (), hosts: tuple[Host, ...] = TWO_HOSTS, status: int | None = 1
) -> Report:
    return Report(files, unread, hosts, exit_status=status)


def finding(
    file: str,
    outcome: Outcome = Outcome.BROKEN,
    *,
    message: str = "what is wrong with 'x'",
    help_: str = "the way out",
    line: int = 2,
    hosts: tuple[str, ...] = ("b",),
    related: str = "",
) -> Finding:
    place = Location(file, line, 3, line, 9, 12, 18, "/domain/devices/interface[2]/@type")
    also = (Related(place._replace(line=1, end_line=1, xpath="/domain"), related),) if related else ()
    return Finding("TEAM033", "partner-not-found", outcome.severity, outcome, message, place, hosts, also, help_)


def vm(
    file: str, *findings: Finding, crashes: tuple[Crash, ...] = (), hosts: tuple[str, ...] = ("a", "b")
) -> FileReport:
    lines = tuple((line, f"<a> '{line}' </a>") for line in sorted({one.location.line for one in findings}))
    return FileReport(file, findings, crashes, True, lines, hosts)


def everything() -> Report:
    """A run in which all that can happen has happened."""
    broken = finding("vms/a.xml", related="the other one")
    return report_of(
        vm(
            "vms/a.xml",
            broken,
            broken,
            finding("vms/a.xml", Outcome.DEFINE, line=3, hosts=("a", "b")),
            finding("vms/a.xml", Outcome.MIGRATE, line=4, help_=""),
            finding("vms/a.xml", Outcome.NOTE, line=5)._replace(
                location=Location("vms/a.xml", 5, 1, 7, 4, xpath="/domain")
            ),
            crashes=(Crash("TEAM001", "vms/a.xml", "ValueError: no: 'x'"),),
        ),
        vm("vms/clean.xml"),
        vm("vms/half.xml", crashes=(Crash("TEAM033", "vms/half.xml", "KeyError: 1"),)),
        FileReport("pom.xml"),
        unread=(Unread("vms/none.xml", "No such file or directory"),),
        status=2,
    )


# What is written, whole.


@pytest.mark.parametrize("name", READERS)
def test_whole_output_of_a_run_with_failures(name: str) -> None:
    """The rules in SARIF are those of the catalogue: their words are left out here."""
    text = renderer(name)(everything())
    if name == "sarif":
        log = json.loads(text)
        for rule in log["runs"][0]["tool"]["driver"]["rules"]:
            for key in ("shortDescription", "fullDescription", "help"):
                assert rule.pop(key)["text"]
        text = json.dumps(log, indent=2) + "\n"
    golden = GOLDEN / f"failures.{name}"
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


# What others read.


@pytest.mark.parametrize("name", READERS)
def test_a_reader_sees_each_finding_and_each_failure(name: str) -> None:
    report = everything()
    read = READERS[name](renderer(name)(report))
    assert [(seen.file, seen.line, seen.code) for seen in read.findings] == [
        (one.location.file, one.location.line, one.code) for one in report.findings
    ]
    assert [seen.message.split("\n")[0] for seen in read.findings] == [one.message for one in report.findings]
    assert sorted(file for file, _text in read.failures) == ["vms/a.xml", "vms/half.xml", "vms/none.xml"]
    words = " ".join(text for _file, text in read.failures)
    assert "No such file or directory" in words
    if name in SEVERITIES:
        expected = [SEVERITIES[name][one.severity.value] for one in report.findings]
        assert [seen.severity for seen in read.findings] == expected
    if name not in ("json-lines",):
        assert read.findings[0].message == "what is wrong with 'x'\nhelp: the way out\non 1 of 2 hosts: b"
        assert read.findings[3].message == "what is wrong with 'x'\non 1 of 2 hosts: b"
        assert "bug in domlint" in words


def test_gitlab_tells_what_is_refused_from_what_is_broken() -> None:
    read = READERS["gitlab"](renderer("gitlab")(everything()))
    assert [seen.severity for seen in read.findings] == ["critical", "critical", "blocker", "major", "info"]


@pytest.mark.parametrize("name", READERS)
def test_a_reader_sees_what_the_command_found(name: str, tmp_path: Path) -> None:
    arguments = (DOMAIN, "examples", *HOSTS, "--network", "examples/networks")
    concise = domlint(*arguments, "--output-format", "concise", "-q", cwd=REPOSITORY, out=tmp_path)
    result = domlint(*arguments, "--output-format", name, "-q", cwd=REPOSITORY, out=tmp_path)
    assert (result.status, result.stderr) == (1, "")
    read = READERS[name](result.stdout)
    places = [f"{seen.file}:{seen.line} {seen.code}" for seen in read.findings]
    expected = [re.sub(r":\d+: \w+\[(\w+)\]", r" \1", one) for one in concise.findings]
    assert len(expected) >= 6
    assert places == expected


@pytest.mark.parametrize("name", READERS)
def test_a_clean_run(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "clean.xml").write_text(CLEAN)
    (folder / "pom.xml").write_text("<project/>")
    result = domlint(".", "--caps", CAPS, "--output-format", name, cwd=folder)
    assert (result.status, result.stderr) == (0, "")
    assert READERS[name](result.stdout) == ([], [])
    if name in ("junit", "checkstyle"):
        assert "clean.xml" in result.stdout
        assert "pom.xml" not in result.stdout


def test_json_lines_are_the_json_report(tmp_path: Path) -> None:
    lines = domlint(DOMAIN, *HOSTS, "--output-format", "json-lines", cwd=REPOSITORY, out=tmp_path).stdout.splitlines()
    whole = json.loads(domlint(DOMAIN, *HOSTS, "--output-format", "json", cwd=REPOSITORY, out=tmp_path).stdout)
    objects = [json.loads(line) for line in lines]
    kinds = Counter(one["type"] for one in objects)
    assert kinds == {"run": 1, "finding": len(whole["findings"]), "matrix": 1, "summary": 1}
    kinds_of_lines = [one.pop("type") for one in objects]
    for kind, key in (("finding", "findings"), ("matrix", "matrix")):
        assert [one for of, one in zip(kinds_of_lines, objects, strict=True) if of == kind] == whole[key]
    assert objects[-1] == whole["summary"]
    assert objects[0]["hosts"] == whole["hosts"]


# SARIF


def test_the_regions_of_sarif_are_the_bytes_of_the_file(tmp_path: Path) -> None:
    """In an encoding, and with characters, where lines, columns and bytes all differ."""
    text = "<?xml version='1.0' encoding='UTF-16'?>\n<!-- 家 😀 -->" + STANDBY.replace("<teaming", "<!--😀--><teaming")
    data = text.encode("utf-16")
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_bytes(data)
    result = domlint("vm.xml", "--output-format", "sarif", "--select", "TEAM037", cwd=folder)
    log = json.loads(result.stdout)
    read_sarif(result.stdout)
    (run,) = log["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    (found,) = run["results"]
    region = found["locations"][0]["physicalLocation"]["region"]
    span = data[region["byteOffset"] : region["byteOffset"] + region["byteLength"]].decode("utf-16-le")
    line = text.split("\n")[region["startLine"] - 1]
    assert span == "<teaming type='persistent'/>"
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == span
    (logical,) = found["locations"][0]["logicalLocations"]
    assert logical == {"fullyQualifiedName": "/domain/devices/interface/teaming", "kind": "element"}


def test_sarif_has_the_rules_that_it_speaks_of_with_their_help() -> None:
    log = json.loads(renderer("sarif")(everything()))
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["TEAM001", "TEAM033"]
    assert rules[1]["help"]["text"].startswith("TEAM033 partner-not-found\n")
    assert "\x1b" not in rules[1]["help"]["text"]
    assert "```xml" in rules[1]["help"]["markdown"]
    assert rules[1]["properties"]["tags"] == ["libvirt", "TEAM", "broken"]
    assert rules[1]["defaultConfiguration"] == {"level": "error"}


def test_files_outside_of_the_working_folder_have_whole_addresses(tmp_path: Path) -> None:
    folder, other = tmp_path / "files", tmp_path / "with space & ünïcode"
    folder.mkdir()
    other.mkdir()
    for path in (folder / "vm.xml", other / "vm.xml"):
        path.write_text(STANDBY)
    names = ("./vm.xml", str(other / "vm.xml"))
    result = domlint(*names, "--output-format", "sarif", "-q", cwd=folder)
    addresses = [one["location"] for one in json.loads(result.stdout)["runs"][0]["artifacts"]]
    assert addresses == [{"uri": "vm.xml", "uriBaseId": "%SRCROOT%"}, {"uri": (other / "vm.xml").as_uri()}]
    inside = domlint(str(folder / "vm.xml"), "--output-format", "gitlab", "-q", cwd=folder)
    assert [one["location"]["path"] for one in json.loads(inside.stdout)] == ["vm.xml"]


# The exit status.


@pytest.mark.parametrize("name", FORMATS)
def test_the_exit_status_is_the_same_with_each_format(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_text(STANDBY)
    (folder / "clean.xml").write_text(CLEAN)
    for arguments, status in (
        (("clean.xml",), 0),
        (("vm.xml",), 1),
        (("vm.xml", "none.xml"), 2),
        (("vm.xml", "--ignore", "TEAM037"), 0),
    ):
        for output in (name, f"{name}=out"):
            result = domlint(*arguments, "--caps", CAPS, "--output-format", output, cwd=folder)
            assert result.status == status
        if name == "sarif":
            invocation = json.loads((folder / "out").read_text())["runs"][0]["invocations"][0]
            assert (invocation["exitCode"], invocation["executionSuccessful"]) == (status, status < 2)


def test_a_test_fails_where_the_finding_counts(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "other.xml").write_text("<inventory/>")
    lenient = domlint("other.xml", "--output-format", "junit", cwd=folder)
    strict = domlint("other.xml", "--output-format", "junit", "--fail-on", "note", cwd=folder)
    assert (lenient.status, strict.status) == (0, 1)
    assert [seen.severity for seen in READERS["junit"](lenient.stdout).findings] == ["passed"]
    assert [seen.severity for seen in READERS["junit"](strict.stdout).findings] == ["note"]


def test_where_any_host_will_do_a_finding_on_another_is_no_failed_test(tmp_path: Path) -> None:
    arguments = (DOMAIN, *HOSTS, "--select", "TEAM001", "--output-format")
    for require, status, severity in (("all", 1, "error"), ("any", 0, "passed")):
        junit = domlint(*arguments, "junit", "--require", require, cwd=REPOSITORY, out=tmp_path)
        assert junit.status == status
        assert [seen.severity for seen in READERS["junit"](junit.stdout).findings] == [severity]
        sarif = domlint(*arguments, "sarif", "--require", require, cwd=REPOSITORY, out=tmp_path)
        assert json.loads(sarif.stdout)["runs"][0]["invocations"][0]["exitCode"] == status


def test_all_formats_in_one_run(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_text(STANDBY)
    files = [f"--output-format={name}=out.{name}" for name in READERS]
    result = domlint("vm.xml", "--caps", CAPS, *files, "--output-format", "text", cwd=folder)
    assert result.status == 1
    assert "error[TEAM037]" in result.stdout
    for name, read in READERS.items():
        assert [seen.code for seen in read((folder / f"out.{name}").read_text()).findings] == ["TEAM037"]


# Names and values that mean something elsewhere.

NAMES = [
    pytest.param("a'b\"c.xml", id="quotes"),
    pytest.param("]]>.xml", id="end of CDATA"),
    pytest.param("a\nb\r\nc.xml", id="line ends"),
    pytest.param("::error::x.xml", id="command"),
    pytest.param("a,line=1,b%0A::error::c:d.xml", id="properties and escapes"),
    pytest.param("\x1b[31mred.xml", id="colour"),
    pytest.param("<script>alert(1)<\\script>&amp;.xml", id="markup"),
    pytest.param("\x01\x08\x0b\x7f\ufffe\uffff.xml", id="no characters of XML"),
    pytest.param(os.fsdecode(b"\xff\xfe.xml"), id="no UTF-8"),
    pytest.param("[x](http:x) {0} ${{ x }}.xml", id="links and places"),
    pytest.param("a b?c#d%20e.xml", id="parts of an address"),
    pytest.param("家 😀 \u202e.xml", id="other letters"),
]


@pytest.mark.parametrize("hostile", NAMES)
@pytest.mark.parametrize("name", READERS)
def test_hostile_names_and_values_stay_data(name: str, hostile: str) -> None:
    report = report_of(
        vm(
            hostile,
            finding(hostile, message=hostile, help_=hostile, hosts=(hostile,), related=hostile),
            finding(hostile, Outcome.NOTE, message=f"x{hostile}", hosts=(hostile, "a")),
            crashes=(Crash("TEAM001", hostile, f"ValueError: {hostile}"),),
            hosts=("a", hostile),
        ),
        unread=(Unread(f"no{hostile}", hostile),),
        hosts=(TWO_HOSTS[0], TWO_HOSTS[1]._replace(id=hostile, source=hostile)),
    )
    text = renderer(name)(report)
    assert [character for character in text if not character.isprintable() and character != "\n"] == []
    read = READERS[name](text)
    file = {"sarif": hostile, "json-lines": hostile, "gitlab": hostile.encode("utf-8", "backslashreplace").decode()}
    expected = file.get(name, printable(hostile))
    assert [seen.file for seen in read.findings] == [expected] * 2
    assert sorted(one for one, _text in read.failures) == sorted([expected, f"no{expected}"])
    if name == "json-lines":
        assert [seen.message for seen in read.findings] == [hostile, f"x{hostile}"]
        return
    shown = printable(hostile)
    assert read.findings[0].message == f"{shown}\nhelp: {shown}\non 1 of 2 hosts: {shown}"
    assert read.findings[1].message == f"x{shown}\nhelp: the way out\non both hosts"


# Any text at all: halves of surrogate pairs and control characters come with a name that is no UTF-8.
ANY = st.text(st.characters() | st.sampled_from("\n\r\0\x1b%:,[](){}<>&'\"\\/\udcff\ufffe"), max_size=12)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None)
@given(st.from_regex(r"[^/.\s\0][^\0]{0,9}x", fullmatch=True), ANY, ANY, ANY.map(lambda label: f"h{label}"))
def test_any_text_stays_data(name: str, file: str, message: str, help_: str, host: str) -> None:
    one = finding(file, message=f"m{message}", help_=help_, hosts=(host,), related=message)
    read = READERS[name](renderer(name)(report_of(vm(file, one, one), hosts=(TWO_HOSTS[0]._replace(id=host),))))
    assert read.failures == []
    assert [(seen.line, seen.code) for seen in read.findings] == [(2, "TEAM033")] * 2
    shown = f"m{message}" if name == "json-lines" else printable(f"m{message}")
    assert [seen.message[: len(shown)] for seen in read.findings] == [shown] * 2


def test_a_hostile_domain_gives_no_commands(tmp_path: Path) -> None:
    """Values of a file, from its bytes to GitHub's runner."""
    folder = tmp_path / "files"
    folder.mkdir()
    alias = "ua-&#10;::error::x%0A::add-mask::y"
    (folder / "::warning::a,b.xml").write_text(STANDBY.replace("ua-uplink", alias))
    result = domlint(".", "--output-format", "github", "-q", cwd=folder)
    assert result.status == 1
    commands = workflow_commands(result.stdout)
    assert {name for name, _properties, _data in commands} <= {"error", "warning", "notice"}
    assert {properties["file"] for _name, properties, _data in commands} == {"::warning::a,b.xml"}
    assert any("::error::x%0A::add-mask::y" in data for _name, _properties, data in commands)


# What it costs.


def test_no_other_format_is_loaded() -> None:
    program = (
        "import atexit, sys; from domlint.cli import command\n"
        "atexit.register(lambda: print(*sys.modules))\n"
        "command(['examples/web1.xml', '-q'])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "domlint.reports.text" in loaded
    others = {f"domlint.reports.{name.replace('-', '_')}" for name in FORMATS} - {"domlint.reports.text"}
    rare = {"domlint.explain", "domlint.fingerprints", "domlint.reports.interchange", "json"}
    assert loaded & (others | rare) == set()


# Files of all kinds.

CORPUS = os.environ.get("DOMLINT_CORPUS")


@pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")
def test_each_format_has_all_findings_of_the_corpus(tmp_path: Path) -> None:
    assert CORPUS
    outputs = [f"--output-format={name}={tmp_path / name}" for name in (*READERS, "json")]
    hosts = ("--caps", f"new={CAPS}", "--caps", f"old={OLD_CAPS}")
    folders = ("wild", "libvirt/11.3.0/domains")
    result = domlint(*hosts, *outputs, "-q", *folders, cwd=Path(CORPUS), out=tmp_path)
    assert result.status == 1
    whole = json.loads((tmp_path / "json").read_text())
    expected = Counter((one["file"], one["line"], one["code"]) for one in whole["findings"])
    assert expected.total() >= 300
    for name, reader in READERS.items():
        read = reader((tmp_path / name).read_text())
        assert read.failures == []
        assert Counter((seen.file, seen.line, seen.code) for seen in read.findings) == expected, name
