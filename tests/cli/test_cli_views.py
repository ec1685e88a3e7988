"""What stands in place of the findings, or beside them: --statistics, --show-source, and domlint explain of several."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import CAPS, NO_CAPS_HINT, REPOSITORY, STANDBY, domlint

EXAMPLES = ("examples", "--caps", "examples/caps", "--network", "examples/networks")

COUNTED = """\
2  TEAM001  [ ] failover-capability-missing
1  TEAM033  [*] partner-not-found
1  TEAM053  [*] transient-on-root-complex
"""

WITHOUT_SOURCE = """\
vm.xml:10:7: error[TEAM037] persistent-unpaired
  no transient device names interface 'ua-uplink': the guest runs on this virtio NIC alone
  help: """


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_text(STANDBY)
    (folder / "clean.xml").write_text(STANDBY.replace("      <teaming type='persistent'/>\n", ""))
    return folder


def test_statistics_replace_the_findings(tmp_path: Path) -> None:
    result = domlint(*EXAMPLES, "--select", "TEAM", "--statistics", cwd=REPOSITORY, out=tmp_path)
    found, *_verdict, fixable = result.stdout.removeprefix(COUNTED).splitlines()
    assert (result.status, result.stdout[: len(COUNTED)], result.stderr) == (1, COUNTED, "")
    assert found == "Found 4 errors (4 domains in 8 files checked against 3 hosts)."
    assert fixable == "2 can be fixed with --fix."


def test_statistics_say_what_can_be_fixed(folder: Path) -> None:
    """Safely, only with --unsafe-fixes, or not at all; without any fix there are no marks."""
    text = STANDBY.replace("ua-uplink", "uplink").replace("<vcpu>", "<vpcu>")
    (folder / "vm.xml").write_text(text.replace("<os>", "<vpcu>1</vpcu>\n  <os>"))
    rows = {"TEAM031": "[*]", "TEAM037": "[ ]", "SCHEMA001": "[-]"}
    result = domlint("vm.xml", "--statistics", "--select", ",".join(rows), cwd=folder)
    assert {line.split()[1]: line[14:17] for line in result.stdout.splitlines()[:3]} == rows
    assert result.stdout.endswith("\n1 can be fixed with --fix, 1 more with --unsafe-fixes.\n")
    result = domlint("vm.xml", "--statistics", "--select", "TEAM037", cwd=folder)
    assert result.stdout.splitlines()[0] == "1  TEAM037  persistent-unpaired"


@pytest.mark.parametrize("name", ["text", "concise"])
def test_statistics_count_what_the_summary_counts(name: str, tmp_path: Path) -> None:
    result = domlint(*EXAMPLES, "--statistics", "--output-format", name, cwd=REPOSITORY, out=tmp_path)
    rows = [line.split() for line in result.stdout.splitlines() if re.match(r" *\d+  [A-Z]+\d+ ", line)]
    counts = [int(row[0]) for row in rows]
    codes = [row[1] for row in rows]
    summary = re.search(r"Found (\d+) errors and (\d+) warnings", result.stdout + result.stderr)
    assert summary is not None
    assert sum(counts) == sum(map(int, summary.groups()))
    assert counts == sorted(counts, reverse=True)
    assert len(set(codes)) == len(codes) > 5


def test_statistics_of_nothing(folder: Path) -> None:
    result = domlint("clean.xml", "--statistics", cwd=folder)
    assert (result.status, result.stdout) == (0, "No findings (1 domain in 1 file checked).\n")


@pytest.mark.parametrize("option", ["--statistics", "--no-show-source"])
def test_formats_for_programs_are_as_they_were(option: str, folder: Path) -> None:
    for name in ("json", "sarif", "gitlab"):
        plain = domlint("vm.xml", "--output-format", name, cwd=folder).stdout
        assert domlint("vm.xml", "--output-format", name, option, cwd=folder).stdout == plain
    assert json.loads(domlint("vm.xml", "--output-format", "json", option, cwd=folder).stdout)["findings"]


def test_statistics_and_matrix_exclude_each_other(folder: Path) -> None:
    result = domlint("vm.xml", "--caps", CAPS, "--statistics", "--matrix", cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert "leave out one" in result.stderr


def test_without_source(folder: Path) -> None:
    result = domlint("vm.xml", "--no-show-source", cwd=folder)
    assert (result.status, result.stderr) == (1, NO_CAPS_HINT)
    assert result.stdout.startswith(WITHOUT_SOURCE)
    assert "<teaming type='persistent'/>\n" not in result.stdout
    assert "^" not in result.stdout


def test_show_source_is_the_default(folder: Path) -> None:
    assert domlint("vm.xml", "--show-source", cwd=folder).stdout == domlint("vm.xml", cwd=folder).stdout
    assert "  10 |       <teaming type='persistent'/>\n" in domlint("vm.xml", cwd=folder).stdout


# explain.

TEAM00 = """\
Failover pairs: a virtio NIC teamed with an assigned one

  TEAM001   error    define   failover-capability-missing
      """


@pytest.mark.parametrize("selector", ["TEAM00", "team00"])
def test_a_beginning_of_codes_is_explained(selector: str, folder: Path) -> None:
    result = domlint("explain", selector, cwd=folder)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout.startswith(TEAM00)
    assert set(re.findall(r"^  ([A-Z]+\d\d)\d ", result.stdout, re.MULTILINE)) == {"TEAM00"}
    assert result.stdout.endswith("\n\ndomlint explain CODE tells what a rule is about, and shows examples.\n")


def test_all_rules_are_explained_in_a_sentence_each(folder: Path) -> None:
    rules = json.loads(domlint("rules", "--output-format", "json", cwd=folder).stdout)
    text = domlint("explain", "ALL", cwd=folder).stdout
    assert [line.strip() for line in re.findall(r"^      (.*)$", text, re.MULTILINE)] == [
        rule["summary"] for rule in rules
    ]


def test_a_family_of_one_rule_is_an_overview_too(folder: Path) -> None:
    rules = json.loads(domlint("rules", "--output-format", "json", cwd=folder).stdout)
    beginning = next(rule["code"][:-1] for rule in rules if sum(rule["code"][:-1] in one["code"] for one in rules) == 1)
    text = domlint("explain", beginning, cwd=folder).stdout
    assert "Reported:" not in text
    assert f"  {beginning}" in text


@pytest.mark.parametrize("name, suggestion", [("TEM", "TEAM"), ("TEAMS", "TEAM"), ("teem", "TEAM"), ("DSIK", "DISK")])
def test_families_are_suggested(name: str, suggestion: str, folder: Path) -> None:
    result = domlint("explain", name, cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert f"did you mean {suggestion}" in result.stderr
