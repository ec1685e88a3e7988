"""``domlint baseline``, and what a run says that is held against one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from command import CAPS, CLEAN, NO_CAPS_HINT, OLD_CAPS, STANDBY, Result, domlint

from domlint.reports import FORMATS

_NIC = STANDBY.split("<devices>\n")[1].split("  </devices>")[0]
TWICE = STANDBY.replace("  </devices>", _NIC.replace("ua-uplink", "ua-b") + "  </devices>")
"""A domain with two findings, TEAM037 in the lines 10 and 17."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "vms").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name in ("a.xml", "b.xml", "vms/c.xml"):
        (folder / name).write_text(STANDBY)
    (folder / "clean.xml").write_text(CLEAN)
    return folder


def written(folder: Path, *arguments: str | Path, file: str = "domlint-baseline.json") -> dict[str, int]:
    result = domlint("baseline", *arguments, cwd=folder)
    assert (result.status, result.stdout) == (0, "")
    files = json.loads((folder / file).read_text())["files"]
    return {name: sum(entry["count"] for entry in entries) for name, entries in files.items()}


def checked(folder: Path, *arguments: str | Path) -> Result:
    return domlint(".", "--output-format", "concise", *arguments, cwd=folder)


def test_only_what_is_new_is_told(folder: Path) -> None:
    assert written(folder, ".") == {"a.xml": 1, "b.xml": 1, "vms/c.xml": 1}
    same = checked(folder, "--baseline", "domlint-baseline.json")
    assert (same.status, same.stdout) == (0, "")
    assert same.stderr == (f"{NO_CAPS_HINT}domlint: No new findings (4 domains in 4 files checked, 3 old findings).\n")
    (folder / "a.xml").write_text(TWICE)
    (folder / "b.xml").write_text(CLEAN)
    (folder / "d.xml").write_text(STANDBY)
    (folder / "vms" / "c.xml").unlink()
    changed = checked(folder, "--baseline", "domlint-baseline.json")
    assert (changed.status, changed.findings) == (1, ["./a.xml:17:7: error[TEAM037]", "./d.xml:10:7: error[TEAM037]"])
    assert changed.stderr == (
        f"{NO_CAPS_HINT}domlint: Found 2 new errors (4 domains in 4 files checked, 1 old finding).\n"
        "domlint: 2 old findings are gone: domlint baseline, with the same options, brings "
        "domlint-baseline.json up to date.\n"
    )
    assert checked(folder, "--baseline", "domlint-baseline.json", "--fail-on", "note", "b.xml").status == 1
    assert domlint("b.xml", "--baseline", "domlint-baseline.json", cwd=folder).status == 0


def test_what_writing_says(folder: Path) -> None:
    first = domlint("baseline", ".", cwd=folder)
    assert first.stderr == "domlint: domlint-baseline.json: 3 findings of 3 files\n"
    before = os.stat(folder / "domlint-baseline.json").st_mtime_ns
    again = domlint("baseline", "vms", "b.xml", "a.xml", cwd=folder)
    assert again.stderr == "domlint: domlint-baseline.json: 3 findings of 3 files, as it was\n"
    assert os.stat(folder / "domlint-baseline.json").st_mtime_ns == before
    (folder / "a.xml").write_text(TWICE)
    (folder / "b.xml").write_text(CLEAN)
    other = domlint("baseline", ".", cwd=folder)
    assert other.stderr == "domlint: domlint-baseline.json: 3 findings of 2 files (1 added, 1 gone)\n"
    assert domlint("baseline", ".", "-q", cwd=folder).stderr == ""


def test_what_was_known_of_other_files_is_kept_as_long_as_they_are_there(folder: Path) -> None:
    assert written(folder, ".") == {"a.xml": 1, "b.xml": 1, "vms/c.xml": 1}
    (folder / "a.xml").write_text(TWICE)
    assert written(folder, "clean.xml") == {"a.xml": 1, "b.xml": 1, "vms/c.xml": 1}
    assert written(folder, "a.xml") == {"a.xml": 2, "b.xml": 1, "vms/c.xml": 1}
    (folder / "vms" / "c.xml").unlink()
    (folder / "b.xml").write_text(CLEAN)
    told = domlint("baseline", "b.xml", cwd=folder)
    assert told.stderr == "domlint: domlint-baseline.json: 2 findings of 1 file (0 added, 2 gone)\n"
    shown = domlint("baseline", "clean.xml", "--output", "-", cwd=folder)
    assert json.loads(shown.stdout)["files"] == {}


def test_the_file_may_be_elsewhere_or_standard_output(folder: Path) -> None:
    assert written(folder, ".", "-o", "vms/known.json", file="vms/known.json") == {
        "../a.xml": 1, "../b.xml": 1, "c.xml": 1
    }  # fmt: skip
    inside = domlint("../a.xml", "c.xml", "--baseline", "known.json", cwd=folder / "vms", out=folder.parent)
    assert inside.status == 0
    shown = domlint("baseline", ".", "--output", "-", cwd=folder)
    assert list(json.loads(shown.stdout)["files"]) == ["a.xml", "b.xml", "vms/c.xml"]
    assert not (folder / "domlint-baseline.json").exists()


def test_options_count_for_it(folder: Path) -> None:
    caps = ("--caps", OLD_CAPS)
    assert written(folder, "a.xml", *caps) == {"a.xml": 2}
    assert written(folder, "a.xml", *caps, "--select", "TEAM037") == {"a.xml": 1}
    result = domlint("a.xml", *caps, "--baseline", "domlint-baseline.json", "--output-format", "concise", cwd=folder)
    assert result.findings == ["a.xml:10:7: error[TEAM001]"]
    fewer = domlint("a.xml", *caps, "--baseline", "domlint-baseline.json", "--select", "TEAM001", "-q", cwd=folder)
    assert "gone" not in fewer.stdout
    (folder / "a.xml").write_text(STANDBY.replace("<devices>", "<devices><!-- domlint: ignore[TEAM037] -->"))
    assert written(folder, "a.xml") == {"a.xml": 2}, "the comment is behind something in its line: it is unused"
    (folder / "a.xml").write_text(STANDBY.replace("<devices>", "<devices>\n<!-- domlint: ignore[TEAM037] -->"))
    assert written(folder, "a.xml") == {}
    assert written(folder, "a.xml", "--no-suppressions") == {"a.xml": 1}


def test_a_configuration_names_it(folder: Path) -> None:
    (folder / "domlint.toml").write_text('baseline = "known.json"\n')
    missing = checked(folder)
    assert (missing.status, missing.stdout) == (2, "")
    assert missing.stderr == "domlint: error: known.json: no such file\nhelp: domlint baseline writes one\n"
    assert written(folder, ".", file="known.json") == {"a.xml": 1, "b.xml": 1, "vms/c.xml": 1}
    assert checked(folder).status == 0
    assert domlint("c.xml", cwd=folder / "vms", out=folder.parent).status == 0
    assert checked(folder, "--no-baseline").status == 1
    assert checked(folder, "--isolated").status == 1
    (folder / "vms" / "domlint.toml").write_text('baseline = "own.json"\n')
    assert written(folder, ".", file="known.json") == {"a.xml": 1, "b.xml": 1}
    assert list(json.loads((folder / "vms" / "own.json").read_text())["files"]) == ["c.xml"]
    report = json.loads(domlint(".", "--output-format", "json", cwd=folder).stdout)
    assert report["baseline"] == {"files": ["known.json", "vms/own.json"], "old": 3, "gone": 0}


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_tells_what_is_old(folder: Path, name: str) -> None:
    written(folder, ".")
    (folder / "a.xml").write_text(TWICE)
    result = domlint("a.xml", "b.xml", "--baseline", "domlint-baseline.json", "--output-format", name, "-q", cwd=folder)
    assert result.status == 1
    assert "ua-b" in result.stdout
    assert "interface 'ua-uplink'" not in result.stdout
    report = domlint("b.xml", "--baseline", "domlint-baseline.json", "--output-format", name, "-q", cwd=folder)
    assert report.status == 0
    assert "TEAM037" not in report.stdout


def test_the_matrix_shows_how_vms_fare_all_the_same(folder: Path) -> None:
    written(folder, ".", "--caps", CAPS)
    arguments = ("a.xml", "--caps", f"host={CAPS}", "--baseline", "domlint-baseline.json")
    assert "broken" in domlint(*arguments, "--matrix", cwd=folder).stdout
    report = json.loads(domlint(*arguments, "--output-format", "json", cwd=folder).stdout)
    assert report["matrix"] == [{"file": "a.xml", "domain": "web1", "hosts": {"host": "broken"}}]
    assert (report["findings"], report["summary"]["errors"]) == ([], 0)


def test_what_cannot_be_read_keeps_it_from_being_written(folder: Path) -> None:
    result = domlint("baseline", "a.xml", "none.xml", cwd=folder)
    assert (result.status, result.stderr) == (
        2,
        "domlint: error: none.xml: cannot be read: No such file or directory\n",
    )
    assert not (folder / "domlint-baseline.json").exists()


def test_nothing_else_is_overwritten(folder: Path) -> None:
    before = (folder / "a.xml").read_bytes()
    result = domlint("baseline", ".", "-o", "a.xml", cwd=folder)
    assert (result.status, result.stderr) == (
        2,
        "domlint: error: a.xml: this is no baseline: it is not well-formed JSON; it is not overwritten\n"
        "help: remove it, or give another file with -o\n",
    )
    assert (folder / "a.xml").read_bytes() == before
    (folder / "old.json").write_text('{"version": 0, "fingerprints": "x", "files": {}}')
    assert written(folder, "a.xml", "-o", "old.json", file="old.json") == {"a.xml": 1}
    nowhere = domlint("baseline", ".", "-o", "none/b.json", cwd=folder)
    assert (nowhere.status, nowhere.stderr) == (
        2,
        "domlint: error: none/b.json: cannot be written: No such file or directory\n",
    )


def test_standard_input(folder: Path) -> None:
    written(folder, ".")
    arguments = ("-", "--stdin-filename", "vms/c.xml", "--baseline", "domlint-baseline.json")
    assert domlint(*arguments, cwd=folder, given=STANDBY.encode()).status == 0
    assert domlint(*arguments, cwd=folder, given=TWICE.encode()).status == 1


def test_processes_make_no_difference(folder: Path) -> None:
    written(folder, ".")
    one = (folder / "domlint-baseline.json").read_bytes()
    written(folder, ".", "--jobs", "2")
    assert (folder / "domlint-baseline.json").read_bytes() == one
    (folder / "b.xml").write_text(CLEAN)
    same = [checked(folder, "--baseline", "domlint-baseline.json", "--jobs", jobs) for jobs in ("1", "2")]
    assert same[0][:3] == same[1][:3]
    assert "1 old finding is gone" in same[0].stderr


def test_names_that_are_hostile(folder: Path) -> None:
    name = b"x\xff\x1b[31m\n.xml"
    path = os.fsencode(folder) + b"/" + name
    Path(os.fsdecode(path)).write_text(STANDBY)
    assert os.fsdecode(name) in written(folder, ".")
    assert checked(folder, "--baseline", "domlint-baseline.json").status == 0
    os.rename(folder / "domlint-baseline.json", folder / "\x1b[31m.json")
    gone = domlint("clean.xml", "--baseline", "\x1b[31m.json", cwd=folder)
    assert gone.status == 0
    os.unlink(path)
    gone = domlint("clean.xml", "--baseline", "\x1b[31m.json", cwd=folder)
    assert "1 old finding is gone: domlint baseline, with the same options, brings \\x1b[31m.json" in gone.stdout
