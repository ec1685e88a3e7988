"""domlint upgrade: what becomes of each VM, how it is told, and the exit status."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from click import unstyle
from command import CAPS, CLEAN, EXAMPLES, OLD_CAPS, STANDBY, domlint
from reports import finding, report, vm

from domlint.engine import FileReport
from domlint.findings import Finding, Outcome, Severity
from domlint.matrix import Status
from domlint.reports.upgrade import render_json, render_text, summary_line
from domlint.upgrade import Fate, Upgrade, upgrade

GOLDEN = Path(__file__).parent / "golden"


def compared(*found: Finding, fitting: str = "on", is_domain: bool = True) -> Upgrade:
    return both("on", vm("vm.xml", fitting, *found, is_domain=is_domain))


def both(hosts: Sequence[str], *files: FileReport) -> Upgrade:
    """VMs on two hosts; TEST900 is a rule that compares them."""
    return upgrade(report(hosts, *files)._replace(comparing=frozenset({"TEST900"})))


NOTE, WARNING, BROKEN, REFUSED = Outcome.NOTE, Outcome.MIGRATE, Outcome.BROKEN, Outcome.DEFINE


@pytest.mark.parametrize(
    "found, fate",
    [
        # Each finding is an outcome and the hosts it is on: o is the old one, n the new one.
        ([], Fate.UNCHANGED),
        ([(NOTE, "on"), (WARNING, "on"), (BROKEN, "on")], Fate.UNCHANGED),
        ([(REFUSED, "n")], Fate.BREAK),
        ([(BROKEN, "n")], Fate.BREAK),
        ([(REFUSED, "n"), (BROKEN, "o")], Fate.BREAK),
        ([(REFUSED, "n"), (BROKEN, "on"), (NOTE, "o")], Fate.BREAK),
        ([(WARNING, "n")], Fate.WORSE),
        ([(WARNING, "n"), (BROKEN, "on")], Fate.WORSE),
        ([(WARNING, "n"), (BROKEN, "o")], Fate.WORSE),
        ([(NOTE, "n")], Fate.NOTED),
        ([(NOTE, "n"), (WARNING, "o")], Fate.NOTED),
        ([(NOTE, "o")], Fate.MENDED),
        ([(WARNING, "o")], Fate.MENDED),
        ([(BROKEN, "o")], Fate.MENDED),
        ([(REFUSED, "o")], Fate.MENDED),
        ([(REFUSED, "o"), (WARNING, "n")], Fate.MENDED),
        ([(REFUSED, "o"), (BROKEN, "on")], Fate.MENDED),
        ([(REFUSED, "on")], Fate.NEITHER),
        ([(REFUSED, "on"), (BROKEN, "n")], Fate.NEITHER),
        ([(REFUSED, "")], Fate.NEITHER),
    ],
)
def test_fate(found: list[tuple[Outcome, str]], fate: Fate) -> None:
    findings = (finding(outcome, hosts, line=line) for line, (outcome, hosts) in enumerate(found))
    assert compared(*findings).vms[0].fate is fate


@pytest.mark.parametrize(
    "fitting, found, fate",
    [
        ("o", [], Fate.BREAK),
        ("o", [(NOTE, "o"), (WARNING, "o"), (BROKEN, "o")], Fate.BREAK),
        ("o", [(REFUSED, "o")], Fate.NEITHER),
        ("n", [], Fate.MENDED),
        ("n", [(WARNING, "n"), (BROKEN, "n")], Fate.MENDED),
        ("n", [(REFUSED, "n")], Fate.NEITHER),
        ("", [], Fate.NEITHER),
        ("", [(WARNING, "on")], Fate.NEITHER),
    ],
)
def test_fate_without_an_emulator(fitting: str, found: list[tuple[Outcome, str]], fate: Fate) -> None:
    result = compared(*(finding(outcome, hosts) for outcome, hosts in found), fitting=fitting).vms[0]
    assert result.fate is fate
    assert result.gained == result.lost == ()


def test_fate_of_what_is_no_domain() -> None:
    assert compared(finding(REFUSED, "on"), is_domain=False).vms[0].fate is Fate.NEITHER
    assert compared(finding(NOTE, "on", severity=Severity.ERROR), is_domain=False).vms[0].fate is Fate.NEITHER
    assert compared(finding(NOTE, "on"), is_domain=False).vms == ()


def test_other_words_for_the_same_thing_are_no_change() -> None:
    same = [finding(BROKEN, "o", message="QEMU 6.2 has none"), finding(BROKEN, "n", message="QEMU 7.2 has none")]
    assert compared(*same).vms[0].fate is Fate.UNCHANGED
    assert compared(*same, finding(BROKEN, "n", message="a second one")).vms[0].fate is Fate.BREAK
    for other in (finding(BROKEN, "n", line=2), finding(BROKEN, "n", code="TEST002"), finding(REFUSED, "n")):
        assert compared(same[0], other).vms[0].fate is Fate.BREAK


def test_what_the_hosts_make_different() -> None:
    differing = finding(WARNING, "on", code="TEST900")
    alone = compared(differing).vms[0]
    assert (alone.fate, alone.old, alone.new) == (Fate.CHANGE, Status.OK, Status.OK)
    assert (alone.gained, alone.differing, alone.lost) == ((), (differing,), ())
    assert compared(differing, finding(NOTE, "n")).vms[0].fate is Fate.CHANGE
    assert compared(differing, finding(WARNING, "n")).vms[0].fate is Fate.WORSE
    assert compared(differing, finding(REFUSED, "n")).vms[0].fate is Fate.BREAK
    assert compared(differing, finding(REFUSED, "o")).vms[0].fate is Fate.MENDED


@pytest.mark.parametrize(
    "found, failing",
    [
        ([], []),
        ([(NOTE, "n")], ["note"]),
        ([(WARNING, "n")], ["warning", "note"]),
        ([(BROKEN, "n")], ["error", "warning", "note"]),
        ([(REFUSED, "n")], ["error", "warning", "note"]),
        ([(REFUSED, "on")], []),
        ([(REFUSED, "on"), (BROKEN, "n")], []),
        ([(REFUSED, "o"), (BROKEN, "n")], []),
        ([(BROKEN, "on")], []),
        ([(BROKEN, "on"), (WARNING, "n")], ["warning", "note"]),
    ],
)
def test_what_counts_for_the_exit_status(found: list[tuple[Outcome, str]], failing: list[str]) -> None:
    result = compared(*(finding(outcome, hosts, line=line) for line, (outcome, hosts) in enumerate(found)))
    assert [severity.value for severity in Severity if result.vms[0].is_worse(severity)] == failing


def test_a_lost_emulator_counts_for_any_exit_status() -> None:
    for fitting, expected in (("o", True), ("n", False), ("", False)):
        assert compared(fitting=fitting).vms[0].is_worse(Severity.ERROR) is expected


def many() -> Upgrade:
    """VMs with every fate, several of some."""
    hosts = ("debian-12", "debian-13")
    old, new = hosts[:1], hosts[1:]
    gone = finding(
        Outcome.DEFINE, new, line=5, message="machine 'pc-i440fx-2.3' is gone", code="TEST001", help_="name it"
    )
    warned = finding(Outcome.MIGRATE, new, line=9, message="it cannot migrate")
    differs = finding(Outcome.MIGRATE, hosts, line=4, message="q35 is another machine", code="TEST900")
    files = [
        vm("vms/ok.xml", hosts),
        vm("vms/old1.xml", hosts, gone),
        vm("vms/old2.xml", hosts, gone, warned),
        vm("vms/old3.xml", hosts, gone._replace(message="another machine")),
        vm("vms/arm.xml", old),
        vm("vms/riscv.xml", new),
        vm("vms/warned.xml", hosts, warned),
        vm("vms/alias.xml", hosts, differs),
        vm("vms/noted.xml", hosts, finding(Outcome.NOTE, new, message="worth knowing")),
        vm("vms/mended1.xml", hosts, finding(Outcome.BROKEN, old, line=7)),
        vm("vms/mended2.xml", hosts, finding(Outcome.DEFINE, old, line=8), warned),
        vm("vms/never.xml", hosts, finding(Outcome.START, hosts)),
        vm("vms/half.xml", (), finding(Outcome.DEFINE, hosts), is_domain=False),
        vm("vms/same.xml", hosts, finding(Outcome.BROKEN, hosts)),
    ]
    lined = (file._replace(lines=((5, "    <type machine='pc-i440fx-2.3'>hvm</type>"),)) for file in files)
    return both(hosts, *lined)


@pytest.mark.parametrize("name, columns", [("upgrade", None), ("upgrade-narrow", 60)])
def test_the_text_whole(name: str, columns: int | None) -> None:
    text = unstyle(render_text(many(), columns))
    golden = GOLDEN / f"{name}.text"
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
    assert max(map(len, text.splitlines())) <= (columns or 100)


def test_the_summary() -> None:
    assert summary_line(many()) == "4 of 10 VMs that run on debian-12 would break on debian-13."
    assert summary_line(compared()) == "The one VM that runs on o would run on n."
    assert summary_line(compared(finding(REFUSED, "n"))) == "The one VM that runs on o would break on n."
    assert summary_line(compared(finding(REFUSED, "o"))) == "No VM runs on o."
    assert summary_line(both("on")) == "No VM was found."
    two = both("on", vm("a.xml", "on"), vm("b.xml", "on"))
    assert summary_line(two) == "All 2 VMs that run on o would run on n."


def test_json_is_as_contracted() -> None:
    value = json.loads(render_json(many()))
    assert list(value) == ["version", "tool", "old", "new", "domains", "failures", "summary"]
    assert (value["version"], value["old"]["id"], value["new"]["id"]) == (1, "debian-12", "debian-13")
    assert value["failures"] == []
    assert value["summary"] == {
        "files": 14,
        "domains": 13,
        "break": 4,
        "worse": 1,
        "change": 1,
        "noted": 1,
        "mended": 3,
        "neither": 2,
        "unchanged": 2,
    }
    by_file = {one["file"]: one for one in value["domains"]}
    assert list(by_file["vms/ok.xml"].items()) == [
        ("file", "vms/ok.xml"),
        ("domain", None),
        ("fate", "unchanged"),
        ("old", "ok"),
        ("new", "ok"),
        ("gained", []),
        ("differing", []),
        ("lost", []),
    ]
    mended = by_file["vms/mended2.xml"]
    assert (mended["fate"], mended["old"], mended["new"]) == ("mended", "refused", "warnings")
    assert [(one["code"], one["line"], one["hosts"]) for one in mended["lost"]] == [("TEST001", 8, ["debian-12"])]
    assert [one["line"] for one in mended["gained"]] == [9]
    assert [one["line"] for one in by_file["vms/alias.xml"]["differing"]] == [4]
    assert by_file["vms/arm.xml"]["new"] == "no-emulator"


def test_names_from_files_cannot_act_on_the_terminal() -> None:
    hosts = ("old\x1b[2J", "new\u202e\n")
    files = [
        vm("a\x1b]0;x\x07.xml", hosts, finding(REFUSED, hosts[1:], message="no '\x9b' here")),
        vm("b\n.xml", hosts, finding(REFUSED, hosts[:1])),
        vm("c\x00.xml", hosts, finding(REFUSED, hosts)),
        vm("d\x85.xml", hosts[:1]),
    ]
    result = both(hosts, *files)
    text = unstyle(render_text(result))
    assert all(line.isprintable() for line in text.splitlines())
    assert "new\\u202e\\n has no emulator for it" in text
    assert summary_line(result) == "2 of 2 VMs that run on old\\x1b[2J would break on new\\u202e\\n."
    assert render_json(result).isascii()


# The command.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """pair.xml is refused on the old host; bad.xml does not work on either; clean.xml runs on both."""
    folder = tmp_path / "files"
    (folder / "old").mkdir(parents=True)
    (folder / "new").mkdir()
    (folder / "vms").mkdir()
    shutil.copy(OLD_CAPS, folder / "old" / "host.xml")
    shutil.copy(CAPS, folder / "new" / "host.xml")
    shutil.copy(EXAMPLES / "caps" / "debian-12-i686.xml", folder / "i686.xml")
    for name, text in (("pair", (EXAMPLES / "web2.xml").read_text()), ("bad", STANDBY), ("clean", CLEAN)):
        (folder / "vms" / f"{name}.xml").write_text(text.replace("'q35'", "'pc-q35-4.1'"))
    (folder / "alias.xml").write_text(CLEAN)
    return folder


OLD, NEW = "old/host.xml", "new/host.xml"


def test_hosts_of_one_name_are_called_old_and_new(folder: Path) -> None:
    result = domlint("upgrade", OLD, NEW, "vms", cwd=folder)
    assert (result.status, result.stderr) == (0, "")
    assert result.stdout == (
        "Mended by new: 2 VMs\n"
        "\n"
        "error[TEAM001] failover-capability-missing is gone\n"
        "  vms/bad.xml:10, vms/pair.xml:19\n"
        "\n"
        "Unchanged: 1 VM\n"
        "\n"
        "The one VM that runs on old would run on new.\n"
    )
    named = domlint("upgrade", "bullseye=old/host.xml", "bookworm=new/host.xml", "vms", "-q", cwd=folder)
    assert named.stdout == result.stdout.replace("by new", "by bookworm").rsplit("The one", 1)[0]
    directories = domlint("upgrade", "old", "new", "vms", cwd=folder)
    assert directories.stdout == result.stdout.replace("by new", "by new")


@pytest.mark.parametrize(
    "arguments, status",
    [
        ((OLD, NEW, "vms"), 0),
        ((NEW, OLD, "vms"), 1),
        ((NEW, OLD, "vms/clean.xml"), 0),
        ((NEW, OLD, "vms", "--ignore", "TEAM001"), 0),
        ((NEW, OLD, "vms", "--select", "TEAM001"), 1),
        ((NEW, OLD, "vms", "--fail-on", "note"), 1),
        ((NEW, NEW, "vms"), 0),
        ((OLD, NEW, "alias.xml"), 0),
        ((OLD, NEW, "alias.xml", "--fail-on", "warning"), 1),
        ((NEW, "i686.xml", "vms"), 1),
        (("i686.xml", NEW, "vms"), 0),
        ((OLD, NEW, "vms", "none.xml"), 2),
        ((OLD, NEW), 2),
        ((OLD,), 2),
        ((OLD, "none.xml", "vms"), 2),
        ((OLD, "vms/clean.xml", "vms"), 2),
        ((OLD, NEW, "vms", "--output-format", "concise"), 2),
        ((OLD, NEW, "vms", "--libvirt", "9.0.0"), 2),
        ((OLD, NEW, "vms", "--caps", NEW), 2),
        ((OLD, NEW, "vms", "--network", "none.xml"), 2),
        ((OLD, NEW, "vms", "--select", "NONE"), 2),
    ],
)
def test_exit_status(folder: Path, arguments: tuple[str, ...], status: int) -> None:
    result = domlint("upgrade", *arguments, cwd=folder)
    assert result.status == status
    assert bool(result.stderr) == (status == 2)


def test_a_machine_that_the_hosts_make_different(folder: Path) -> None:
    result = domlint("upgrade", OLD, NEW, "alias.xml", cwd=folder)
    assert result.stdout.startswith(
        "Would change from old to new: 1 VM\n\nalias.xml:4:27: warning[HOST012] machine-differs\n"
    )
    assert result.stdout.endswith("The one VM that runs on old would run on new.\n")


def test_a_directory_of_several_hosts_is_none_to_upgrade(folder: Path) -> None:
    shutil.copy(CAPS, folder / "new" / "other.xml")
    result = domlint("upgrade", OLD, "new", "vms", cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr == "domlint: error: new: 2 hosts are described here, an upgrade is of one: host, other\n"


def test_a_host_with_several_emulators_is_one_host(folder: Path) -> None:
    (folder / "cache").mkdir()
    for number, name in enumerate(("debian-12-i686.xml", "debian-12-x86_64.xml")):
        shutil.copy(EXAMPLES / "caps" / name, folder / "cache" / f"{number:064x}.xml")
    result = domlint("upgrade", OLD, "cache", "vms", "--output-format", "json", cwd=folder)
    assert result.status == 0
    value = json.loads(result.stdout)
    assert (value["old"]["id"], value["new"]["id"], len(value["new"]["emulators"])) == ("host", "cache", 2)


def test_formats_and_files(folder: Path) -> None:
    arguments = ("upgrade", NEW, OLD, "vms", "--output-format=text=a.txt", "--output-format=json=a.json")
    result = domlint(*arguments, cwd=folder)
    assert (result.status, result.stdout, result.stderr) == (1, "", "")
    assert (folder / "a.txt").read_text() == domlint("upgrade", NEW, OLD, "vms", cwd=folder).stdout
    assert json.loads((folder / "a.json").read_text())["summary"]["break"] == 2


def test_standard_input(folder: Path) -> None:
    data = (EXAMPLES / "web2.xml").read_bytes()
    result = domlint("upgrade", NEW, OLD, "-", "--stdin-filename", "web2.xml", cwd=folder, given=data)
    assert result.status == 1
    assert "web2.xml:19:7: error[TEAM001] failover-capability-missing\n" in result.stdout


def test_no_file_and_no_vm(folder: Path) -> None:
    (folder / "empty").mkdir()
    result = domlint("upgrade", OLD, NEW, "empty", cwd=folder)
    assert (result.status, result.stdout) == (0, "No VM was found.\n")
    assert result.stderr == "domlint: no XML file was found there\n"
