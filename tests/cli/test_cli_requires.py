"""``domlint requires`` as a user has it: what it writes, and the status it leaves with."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command import CLEAN, EXAMPLES, FOREIGN, REPOSITORY, STANDBY, domlint

from domlint.version import VERSION

TABLE = """\
vm.xml: web1 (x86_64)

  line  needs                              capability           QEMU          libvirt
  4     the machine type q35               -                    4.2 or older  -
  9     virtio NICs                        virtio-net           4.2 or older  -
  10    failover of virtio NICs (teaming)  virtio-net.failover  4.2 or older  6.1

  needs libvirt 6.1, or newer; QEMU 4.2 has all of it (x86_64)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_text(STANDBY)
    return folder


def test_whole_table(folder: Path) -> None:
    result = domlint("requires", "vm.xml", cwd=folder)
    assert (result.status, result.stdout, result.stderr) == (0, TABLE, "")


def test_standard_input_has_a_name(folder: Path) -> None:
    result = domlint("requires", "-", "--stdin-filename", "vm.xml", cwd=folder, given=STANDBY.encode())
    assert (result.status, result.stdout, result.stderr) == (0, TABLE, "")
    assert domlint("requires", "-", cwd=folder, given=STANDBY.encode()).stdout.startswith("<stdin>: web1")


def test_a_directory_with_files_of_other_kinds(folder: Path) -> None:
    (folder / "other.xml").write_text(FOREIGN)
    (folder / "clean.xml").write_text(CLEAN)
    result = domlint("requires", ".", cwd=folder)
    assert (result.status, result.stderr) == (0, "")
    titles = [line for line in result.stdout.splitlines() if line.startswith("./")]
    assert titles == ["./clean.xml: web1 (x86_64)", "./vm.xml: web1 (x86_64)"]


def test_what_cannot_be_read_is_said_and_the_rest_is_done(folder: Path) -> None:
    (folder / "broken.xml").write_text("<domain>\n  <name>one</nam>\n</domain>\n")
    result = domlint("requires", "broken.xml", "missing.xml", "vm.xml", cwd=folder)
    assert result.status == 2
    assert result.stdout == TABLE
    lines = result.stderr.splitlines()
    assert [line.split(": ")[:3] for line in lines][1] == ["domlint", "error", "missing.xml"]
    assert lines[0].startswith("domlint: error: broken.xml:2: ")
    assert len(lines) == 2
    result.assert_clear()


def test_a_file_of_another_kind_is_no_failure(folder: Path) -> None:
    (folder / "other.xml").write_text(FOREIGN)
    result = domlint("requires", "other.xml", cwd=folder)
    assert (result.status, result.stdout) == (0, "")
    assert result.stderr.startswith("domlint: other.xml: ")


def test_no_files_at_all(tmp_path: Path) -> None:
    result = domlint("requires", ".", cwd=tmp_path)
    assert (result.status, result.stdout, result.stderr) == (0, "", "domlint: no XML file was found there\n")


def test_an_architecture_without_profiles_is_refused(folder: Path) -> None:
    result = domlint("requires", "vm.xml", "--arch", "vax", cwd=folder)
    assert result.status == 2
    assert "'vax' is none of x86_64, " in result.stderr


def test_json(folder: Path) -> None:
    (folder / "broken.xml").write_text("<domain>")
    result = domlint("requires", "vm.xml", "broken.xml", "--output-format", "json", "--arch", "s390x", cwd=folder)
    assert result.status == 2
    assert result.stdout.isascii()
    report = json.loads(result.stdout)
    assert report["failures"][0].pop("message")
    teaming = report["domains"][0]["requirements"].pop()
    nothing = {"at_least": None, "known": None, "gone": None, "depends": False}
    assert teaming == {
        "name": "interface-teaming",
        "subject": "interface",
        "needs": "failover of virtio NICs (teaming)",
        "flags": [["virtio-net.failover"]],
        "places": [
            {"file": "vm.xml", "line": 10, "column": 7, "xpath": "/domain/devices/interface/teaming"},
        ],
        "qemu": {"s390x": {**nothing, "known": "4.2.0", "exists": True, "words": "4.2 or older"}},
        "libvirt": {**nothing, "at_least": "6.1.0", "known": "6.1.0", "exists": True, "words": "6.1"},
        "source": teaming["source"],
    }
    assert [one["name"] for one in report["domains"][0].pop("requirements")] == ["machine-type", "interface-virtio"]
    assert report == {
        "version": 1,
        "tool": {"name": "domlint", "version": VERSION},
        "domains": [
            {
                "file": "vm.xml",
                "name": "web1",
                "machine": "q35",
                "architectures": ["s390x"],
                "is_of_qemu": True,
                "total": {
                    "s390x": {
                        "qemu": {**nothing, "exists": False, "words": "none known"},
                        "libvirt": {**nothing, "at_least": "6.1.0", "known": "6.1.0", "exists": True, "words": "6.1"},
                    }
                },
            }
        ],
        "failures": [{"file": "broken.xml", "line": 1}],
    }


def test_what_a_file_says_cannot_act_on_a_terminal(folder: Path) -> None:
    (folder / "vm.xml").write_text(STANDBY.replace("web1", "web\u202e1").replace("q35", "q\u009b35"))
    domlint("requires", "vm.xml", cwd=folder).assert_clear()


def test_colours_only_where_they_are_wanted(folder: Path) -> None:
    assert domlint("requires", "vm.xml", "--color", "never", cwd=folder).stdout == TABLE
    coloured = domlint("requires", "vm.xml", "--color", "always", cwd=folder, clear=False)
    assert "\x1b[" in coloured.stdout
    assert re.sub(r"\x1b\[\d*m", "", coloured.stdout) == TABLE


def test_the_documented_example_needs_what_the_document_shows() -> None:
    result = domlint("requires", EXAMPLES / "desktop1.xml", "--output-format", "json", cwd=REPOSITORY)
    total = json.loads(result.stdout)["domains"][0]["total"]["x86_64"]
    assert (total["qemu"]["at_least"], total["libvirt"]["at_least"]) == ("8.2.0", "10.4.0")
