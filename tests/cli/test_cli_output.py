"""What the command writes, whole, in each format.

The files in golden/ hold it. Where a change of it is meant, write them anew and read the difference before committing:

    DOMLINT_WRITE_GOLDEN=1 python -m pytest tests/cli/test_cli_output.py
    git diff tests/cli/golden
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from command import CAPS, CLEAN, NO_CAPS_HINT, OLD_CAPS, REPOSITORY, STANDBY, domlint

from domlint.reports import FORMATS
from domlint.version import VERSION

GOLDEN = Path(__file__).parent / "golden"
HOSTS = ("--caps", f"new={CAPS.relative_to(REPOSITORY)}", "--caps", f"old={OLD_CAPS.relative_to(REPOSITORY)}")
DOMAIN = "tests/cli/golden/vm.xml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_text(STANDBY)
    (folder / "clean.xml").write_text(CLEAN)
    return folder


@pytest.mark.parametrize("name", FORMATS)
def test_whole_output(name: str, tmp_path: Path) -> None:
    written = tmp_path / "out"
    result = domlint(DOMAIN, *HOSTS, "--output-format", f"{name}={written}", "-q", cwd=REPOSITORY, out=tmp_path)
    assert (result.status, result.stdout, result.stderr) == (1, "", "")
    text = written.read_text()
    golden = GOLDEN / f"vm.{name}"
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
    on_screen = domlint(DOMAIN, *HOSTS, "--output-format", name, "-q", cwd=REPOSITORY, out=tmp_path)
    assert on_screen.stdout == text


def test_json_is_as_contracted(folder: Path) -> None:
    """A whole report against one written by hand."""
    result = domlint("vm.xml", "--caps", f"host={CAPS}", "--output-format", "json", "--select", "TEAM037", cwd=folder)
    report = json.loads(result.stdout)
    assert report["findings"][0].pop("help")
    assert report == {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "hosts": [
            {
                "id": "host",
                "source": str(CAPS),
                "arch": "x86_64",
                "qemu": "7.2.22",
                "libvirt": "9.0.0",
                "kind": "qemucaps",
                "emulator": "/usr/bin/qemu-system-x86_64",
            }
        ],
        "findings": [
            {
                "code": "TEAM037",
                "name": "persistent-unpaired",
                "severity": "error",
                "outcome": "broken",
                "message": "no transient device names interface 'ua-uplink': the guest runs on this virtio NIC alone",
                "file": "vm.xml",
                "line": 10,
                "column": 7,
                "end_line": 10,
                "end_column": 35,
                "xpath": "/domain/devices/interface/teaming",
                "hosts": ["host"],
                "related": [],
                "fix": None,
                "url": "docs/rules.md#team037",
            }
        ],
        "matrix": [{"file": "vm.xml", "domain": "web1", "hosts": {"host": "broken"}}],
        "suppressed": [],
        "baseline": None,
        "failures": [],
        "summary": {"files": 1, "domains": 1, "errors": 1, "warnings": 0, "notes": 0, "suppressed": 0},
    }
    assert result.stderr == ""


def test_json_without_findings_is_the_same_object(folder: Path) -> None:
    result = domlint("clean.xml", "--output-format", "json", cwd=folder)
    assert result.status == 0
    assert json.loads(result.stdout) == {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "hosts": [],
        "findings": [],
        "matrix": [],
        "suppressed": [],
        "baseline": None,
        "failures": [],
        "summary": {"files": 1, "domains": 1, "errors": 0, "warnings": 0, "notes": 0, "suppressed": 0},
    }


def test_json_says_what_could_not_be_read(folder: Path) -> None:
    result = domlint("none.xml", "clean.xml", "--output-format", "json", cwd=folder)
    assert result.status == 2
    report = json.loads(result.stdout)
    assert report["failures"] == [{"file": "none.xml", "message": "No such file or directory"}]
    assert report["summary"]["files"] == 1


def test_several_formats_at_once(folder: Path) -> None:
    result = domlint(
        "vm.xml",
        *("--output-format", "concise"),
        *("--output-format", "json=out.json"),
        *("--output-format", "text=out.txt"),
        cwd=folder,
    )
    assert result.status == 1
    assert result.findings == ["vm.xml:10:7: error[TEAM037]"]
    assert json.loads((folder / "out.json").read_text())["summary"]["errors"] == 1
    text = (folder / "out.txt").read_text()
    assert "error[TEAM037] persistent-unpaired\n" in text
    assert text.endswith("Found 1 error (1 domain in 1 file checked).\n")
    assert "\x1b" not in text


def test_a_file_is_written_without_colours_even_if_they_are_wanted(folder: Path) -> None:
    domlint("vm.xml", "--output-format", "text=out.txt", "--color", "always", cwd=folder)
    assert "\x1b" not in (folder / "out.txt").read_text()


@pytest.mark.parametrize(
    "formats, words",
    [
        (("xml",), "'xml' is none of text, concise, json, json-lines, sarif, junit, github, gitlab, checkstyle"),
        (("=out",), "'' is none of text, concise, json, json-lines, sarif, junit, github, gitlab, checkstyle"),
        (("text", "json"), "only one format can go to standard output; write the others as FORMAT=FILE"),
        (("json=no/such/folder",), "no/such/folder: cannot be written: No such file or directory"),
        (("json=.",), ".: cannot be written: Is a directory"),
    ],
)
def test_formats_that_cannot_be_written(folder: Path, formats: tuple[str, ...], words: str) -> None:
    result = domlint("vm.xml", *(f"--output-format={name}" for name in formats), cwd=folder)
    assert result.status == 2
    assert words in " ".join(result.stderr.split())


def test_quiet(folder: Path) -> None:
    for option in ("-q", "--quiet"):
        result = domlint("vm.xml", option, cwd=folder)
        assert result.stderr == ""
        assert "Found" not in result.stdout
        clean = domlint("clean.xml", option, cwd=folder)
        assert (clean.status, clean.stdout, clean.stderr) == (0, "", "")
    failed = domlint("none.xml", "-q", cwd=folder)
    assert failed.status == 2
    assert failed.stderr == "domlint: error: none.xml: cannot be read: No such file or directory\n"


def test_without_caps_one_line_says_what_was_not_checked(folder: Path) -> None:
    assert domlint("clean.xml", cwd=folder).stderr == NO_CAPS_HINT
    assert domlint("clean.xml", "--caps", CAPS, cwd=folder).stderr == ""


def test_the_summary(folder: Path) -> None:
    result = domlint("vm.xml", "clean.xml", "--caps", CAPS, "--caps", f"other={CAPS}", cwd=folder)
    assert result.stdout.splitlines()[-2:] == [
        "Found 1 error (2 domains in 2 files checked against 2 hosts).",
        "1 of 2 VMs fails on at least one host.",
    ]
    concise = domlint("vm.xml", "--output-format", "concise", cwd=folder)
    assert concise.stderr == f"{NO_CAPS_HINT}domlint: Found 1 error (1 domain in 1 file checked).\n"


# Colours.


def on_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    variables = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "domlint", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**variables, "TERM": "xterm", **environment},
    )
    os.close(theirs)
    parts = []
    while select.select([ours], [], [], 20)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    assert process.wait(20) in (0, 1)
    return b"".join(parts).decode()


def test_colours_on_a_terminal(folder: Path) -> None:
    assert "\x1b[31m\x1b[1merror[TEAM037]\x1b[0m" in on_terminal(folder, "vm.xml")
    assert "\x1b" in on_terminal(folder, "explain", "TEAM037")
    assert "\x1b" in on_terminal(folder, "rules")
    assert "\x1b" not in on_terminal(folder, "vm.xml", "--color", "never")
    assert "\x1b" not in on_terminal(folder, "vm.xml", NO_COLOR="1")
    assert "\x1b" not in on_terminal(folder, "vm.xml", TERM="dumb")
    assert "\x1b" in on_terminal(folder, "vm.xml", NO_COLOR="")
    assert "\x1b" in on_terminal(folder, "vm.xml", "--color", "always", NO_COLOR="1")
    for name in ("concise", "json"):
        assert "\x1b" not in on_terminal(folder, "vm.xml", "--output-format", name)


def test_colours_elsewhere(folder: Path) -> None:
    assert "\x1b" not in domlint("vm.xml", cwd=folder).stdout
    assert "\x1b" not in domlint("vm.xml", "--color", "never", cwd=folder).stdout
    coloured = domlint("vm.xml", "--color", "always", cwd=folder, clear=False)
    assert "\x1b[31m\x1b[1merror[TEAM037]" in coloured.stdout
    plain = domlint("vm.xml", cwd=folder)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured.stdout) == plain.stdout


# Who reads the output may leave.


@pytest.mark.parametrize("options", [(), ("--output-format", "json"), ("--output-format", "concise")])
def test_a_closed_pipe_is_no_traceback(folder: Path, options: tuple[str, ...]) -> None:
    for number in range(300):
        (folder / f"{number}.xml").write_text(STANDBY)
    command = f'"{sys.executable}" -m domlint {" ".join(options)} . | head -1'
    ran = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert len(ran.stdout.splitlines()) == 1
    assert "Traceback" not in ran.stderr
    assert "bug in domlint" not in ran.stderr
    assert "BrokenPipe" not in ran.stderr


def test_a_closed_output(folder: Path) -> None:
    command = f'"{sys.executable}" -m domlint vm.xml >&-'
    ran = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode in (1, 2)
    assert "Traceback" not in ran.stderr
    assert "bug in domlint" not in ran.stderr


def test_a_full_disk(folder: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full")
    command = f'"{sys.executable}" -m domlint vm.xml >/dev/full'
    ran = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr
    assert "bug in domlint" not in ran.stderr
    assert ran.stderr.splitlines()[-1] == "domlint: error: the output cannot be written: No space left on device"
    written = domlint("vm.xml", "--output-format", "json=/dev/full", cwd=folder)
    assert written.status == 2
    assert "/dev/full: cannot be written: No space left on device" in written.stderr


# Help.


@pytest.mark.parametrize("arguments", [(), ("check",), ("upgrade",), ("explain",), ("rules",)])
def test_help_fits_a_narrow_terminal(arguments: tuple[str, ...], tmp_path: Path) -> None:
    for option in ("--help", "-h"):
        result = domlint(*arguments, option, cwd=tmp_path, environment={"COLUMNS": "80"}, out=tmp_path)
        assert result.status == 0
        assert result.stdout.startswith("Usage: domlint ")
        assert max(map(len, result.stdout.splitlines())) <= 80


def test_every_option_is_explained(tmp_path: Path) -> None:
    help_ = domlint("check", "--help", cwd=tmp_path, out=tmp_path).stdout
    options = "--caps --network --libvirt --select --ignore --fail-on --output-format --color --stdin-filename --jobs"
    for option in (*options.split(), "--require", "--matrix", "--isolated", "--quiet"):
        assert option in help_
    assert "Exit status:" in help_


def test_version(tmp_path: Path) -> None:
    result = domlint("--version", cwd=tmp_path, out=tmp_path)
    assert (result.status, result.stdout, result.stderr) == (0, f"domlint, version {VERSION}\n", "")


def test_without_arguments_the_help_is_shown(tmp_path: Path) -> None:
    result = domlint(cwd=tmp_path, out=tmp_path)
    assert result.status == 2
    assert "Usage: domlint" in result.stdout + result.stderr


# explain and rules.


def test_explain(folder: Path) -> None:
    for name in ("TEAM037", "team037", "persistent-unpaired"):
        result = domlint("explain", name, cwd=folder)
        assert result.status == 0
        assert result.stdout.startswith("TEAM037 persistent-unpaired\n")
        assert "Outcome:  broken" in result.stdout
        assert "Reported:" in result.stdout
        assert "Not reported:" in result.stdout


@pytest.mark.parametrize(
    "name, suggestion",
    [
        ("TAEM037", "did you mean TEAM037"),
        ("persistent-unpared", "did you mean persistent-unpaired"),
        ("xml1", "did you mean XML001"),
        ("quite-another", "(see: domlint rules)"),
        ("", "(see: domlint rules)"),
    ],
)
def test_explain_suggests(folder: Path, name: str, suggestion: str) -> None:
    result = domlint("explain", name, cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("domlint: error: no rule has the code, prefix or name ")
    assert suggestion in result.stderr


def test_rules(folder: Path) -> None:
    text = domlint("rules", cwd=folder)
    machine = domlint("rules", "--output-format", "json", cwd=folder)
    assert (text.status, machine.status) == (0, 0)
    rules = json.loads(machine.stdout)
    assert re.findall(r"^  ([A-Z]+\d+) ", text.stdout, re.MULTILINE) == [rule["code"] for rule in rules]
    assert {rule["outcome"] for rule in rules} <= {"define", "start", "broken", "migrate", "note"}
    assert {rule["severity"] for rule in rules} <= {"error", "warning", "note"}
    one = next(rule for rule in rules if rule["code"] == "XML001")
    assert one["name"] == "not-well-formed"
    assert all(one[key] for key in ("summary", "documentation", "source", "bad", "good", "url"))
    assert max(map(len, text.stdout.splitlines())) <= 80
