"""Suppressions, from the file to each report.

The files in golden/ hold whole outputs; see test_cli_output.py for how to write them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command import CAPS, REPOSITORY, STANDBY, domlint
from format_readers import READERS

from domlint.reports import FORMATS

GOLDEN = Path(__file__).parent / "golden"
SHOWN = "docs/suppressions/web1.xml"

IGNORED = STANDBY.replace("<devices>", "<devices>\n    <!-- domlint: ignore[TEAM037] {reason} -->")
"""A domain with one finding, which is suppressed."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_text(IGNORED.format(reason="planned"))
    return folder


@pytest.mark.parametrize("name", FORMATS)
def test_whole_output(name: str, tmp_path: Path) -> None:
    result = domlint(SHOWN, "--caps", "host=debian-12", "--output-format", name, cwd=REPOSITORY, out=tmp_path)
    assert result.status == 1
    golden = GOLDEN / f"suppressed.{name}"
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_text(result.stdout)
    assert result.stdout == golden.read_text()
    if name in READERS:
        assert [seen.code for seen in READERS[name](result.stdout).findings] == ["SUP001", "SUP002"]


def test_what_is_suppressed_counts_for_nothing(folder: Path) -> None:
    result = domlint("vm.xml", "--caps", CAPS, cwd=folder)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == "No findings (1 domain in 1 file checked against 1 host, 1 finding suppressed).\n"
    matrix = domlint("vm.xml", "--caps", f"host={CAPS}", "--matrix", "-q", cwd=folder)
    assert matrix.stdout.split()[-1] == "ok"
    for name in ("json", "json-lines"):
        text = domlint("vm.xml", "--output-format", name, cwd=folder).stdout
        objects = [json.loads(line) for line in text.splitlines()] if name == "json-lines" else [json.loads(text)]
        (one,) = [each for each in objects if each.get("type") == "suppressed"] or objects[0]["suppressed"]
        assert (one["code"], one["line"], one["suppression"]) == (
            "TEAM037",
            11,
            {"kind": "comment", "file": "vm.xml", "line": 6, "column": 5, "end_line": 6, "end_column": 46,
             "reason": "planned"},
        )  # fmt: skip


def test_no_suppressions(folder: Path) -> None:
    result = domlint("vm.xml", "--caps", CAPS, "--no-suppressions", "--output-format", "concise", "-q", cwd=folder)
    assert (result.status, result.findings) == (1, ["vm.xml:11:7: error[TEAM037]"])
    arguments = ("upgrade", "debian-12", "debian-13", "vm.xml", "--output-format", "json")
    for more, count in ((), 0), (("--no-suppressions",), 1):
        (vm,) = json.loads(domlint(*arguments, *more, cwd=folder).stdout)["domains"]
        assert vm["old"] == ("broken" if count else "ok")


def test_a_configuration_may_forbid_it(folder: Path) -> None:
    (folder / "gate.toml").write_text('not-ignorable = ["persistent-unpaired"]\n')
    result = domlint("vm.xml", "--config", "gate.toml", "--output-format", "concise", "-q", cwd=folder)
    assert result.stdout == (
        "vm.xml:6:26: warning[SUP004] TEAM037 is not suppressed: the configuration says that nothing may suppress it\n"
        "vm.xml:11:7: error[TEAM037] no transient device names interface 'ua-uplink': the guest runs on this virtio "
        "NIC alone\n"
    )


def test_rules_about_suppressions_can_be_turned_off(folder: Path) -> None:
    (folder / "vm.xml").write_text(IGNORED.format(reason="") + "<!-- domlint: ingore -->")
    for arguments, count in ((), 1), (("--ignore", "SUP"), 0), (("--select", "TEAM"), 0), (("--select", "SUP003"), 1):
        result = domlint("vm.xml", "--output-format", "concise", "-q", *arguments, cwd=folder)
        assert len(result.findings) == count


HOSTILE = [
    "]]> \" ' & ::error::x %0A <script>alert(1)</script> {0} [a](b) \\",
    "\u202e right to left",
    "a\n::error file=x::y\n##vso[task]",
    "a\u2028::error::b\u0085c",
    "x" * 5000,
]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("reason", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_reason_stays_data(folder: Path, name: str, reason: str) -> None:
    text = IGNORED.format(reason=reason)
    text = text.replace("TEAM037]", f"TEAM037,{reason[:40].replace(',', '').replace(']', '')}]")
    (folder / "vm.xml").write_text(text)
    result = domlint("vm.xml", "--output-format", name, "-q", cwd=folder)
    assert result.status == 1, "no rule is called so"
    if name in READERS:
        (seen,) = READERS[name](result.stdout).findings
        assert seen.code == "SUP002"
    if name == "json":
        (one,) = json.loads(result.stdout)["suppressed"]
        assert one["suppression"]["reason"] == " ".join(reason.split())
