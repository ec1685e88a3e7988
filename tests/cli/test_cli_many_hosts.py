"""Many hosts: which ones a finding is told to be on, the table of VMs and hosts, and what counts for the exit status.

The files golden/matrix-*.txt hold tables whole; see test_cli_output.py for how to write them anew.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from click import unstyle
from command import CAPS, CLEAN, EXAMPLES, OLD_CAPS, STANDBY, domlint
from reports import cluster, finding, report, vm

from domlint.findings import Outcome, Severity
from domlint.matrix import Cell, Status, cells, matrix
from domlint.reports.matrix import render as render_matrix
from domlint.reports.summary import summary_lines
from domlint.reports.text import render as render_text
from domlint.reports.words import hosts_in_words
from domlint.verdicts import REQUIREMENTS, passes

GOLDEN = Path(__file__).parent / "golden"

ABC = tuple("abcdefghijkl")


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


# On which hosts.


@pytest.mark.parametrize(
    "given, fitting, found, words",
    [
        ("a", "a", "a", ""),
        ("", "", "", ""),
        ("ab", "ab", "ab", "both hosts"),
        ("ab", "ab", "b", "1 of 2 hosts: b"),
        ("abc", "abc", "abc", "all 3 hosts"),
        ("abc", "abc", "ca", "2 of 3 hosts: a, c"),
        (ABC, ABC, ABC, "all 12 hosts"),
        (ABC, ABC, "abc", "3 of 12 hosts: a, b, c"),
        (ABC, ABC, "abcdefg", "7 of 12 hosts: a, b, c, d, e, f, g"),
        (ABC, ABC, ABC[4:], "8 of 12 hosts: all but a, b, c, d"),
        (ABC, ABC, ABC[:11], "11 of 12 hosts: all but l"),
        ("abcdef", "abcdef", "abcde", "5 of 6 hosts: a, b, c, d, e"),
        (ABC, "abc", "abc", "all 3 hosts it fits"),
        (ABC, "abc", "c", "1 of the 3 hosts it fits: c"),
        (ABC, "ab", "ab", "both hosts it fits"),
        (ABC, "ab", "a", "1 of the 2 hosts it fits: a"),
        (ABC, "f", "f", "the only host it fits: f"),
        (ABC, "", ABC, ""),
        (ABC, "", "ab", "2 of 12 hosts: a, b"),
    ],
)
def test_hosts_in_words(given: Sequence[str], fitting: Sequence[str], found: Sequence[str], words: str) -> None:
    assert hosts_in_words(found, vm("vm.xml", tuple(fitting)), tuple(given)) == words


def test_very_many_hosts_are_cut() -> None:
    labels = [f"h{number}" for number in range(40)]

    def words(found: Sequence[str]) -> str:
        return hosts_in_words(found, vm("vm.xml", labels), labels)

    assert words(labels) == "all 40 hosts"
    assert words(labels[:11]) == "11 of 40 hosts: h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10"
    assert words(labels[:20]) == "20 of 40 hosts: h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 and 10 more"
    assert words(labels[13:]) == "27 of 40 hosts: all but h0, h1, h2, h3, h4, h5, h6, h7, h8, h9 and 3 more"


def test_what_differs_in_words_only_is_told_once() -> None:
    labels = "abcd"
    others = [finding(Outcome.DEFINE, host, message=f"no such machine on {host}") for host in labels]
    text = unstyle(render_text(report(labels, vm("vm.xml", labels, *others))))
    assert text == (
        "vm.xml:1:3: error[TEST001] test\n"
        "  no such machine on a\n"
        "  on 1 of 4 hosts: a\n"
        "  no such machine on b\n"
        "  on 1 of 4 hosts: b\n"
        "  in other words on 2 of 4 hosts: c, d\n"
        "\n"
    )


def test_one_message_with_ways_out_that_differ() -> None:
    labels = "abcde"
    helps = {"a": "take x", "b": "take y", "c": "take x", "d": "take z"}
    others = [finding(Outcome.DEFINE, host, message="it is missing", help_=help_) for host, help_ in helps.items()]
    text = unstyle(render_text(report(labels, vm("vm.xml", labels, *others))))
    assert text == (
        "vm.xml:1:3: error[TEST001] test\n"
        "  it is missing\n"
        "  on 4 of 5 hosts: a, b, c, d\n"
        "  help: take x (on 2 of 5 hosts: a, c)\n"
        "  help: take y (on 1 of 5 hosts: b)\n"
        "  help: in other words on 1 of 5 hosts: d\n"
        "\n"
    )
    one = [finding(Outcome.DEFINE, host, message=f"on {host}", help_="mend it") for host in "ab"]
    assert unstyle(render_text(report("ab", vm("vm.xml", "ab", *one)))).splitlines()[-2] == "  help: mend it"
    lone = [one[0], finding(Outcome.DEFINE, "b", message="no way out")]
    text = unstyle(render_text(report("ab", vm("vm.xml", "ab", *lone))))
    assert text.splitlines()[-2] == "  help: mend it (on 1 of 2 hosts: a)"


@pytest.mark.parametrize("told_once, count", [(True, "1 error"), (False, "4 errors")])
def test_the_summary_counts_what_is_told(told_once: bool, count: str) -> None:
    found = [finding(Outcome.DEFINE, host, message=f"no such machine on {host}") for host in "abcd"]
    lines = summary_lines(report("abcd", vm("vm.xml", "abcd", *found)), told_once)
    assert lines == [f"Found {count} (1 domain in 1 file checked against 4 hosts)."]


@pytest.mark.parametrize(
    "second",
    [
        finding(Outcome.DEFINE, "b", message="two", line=2),
        finding(Outcome.START, "b", message="two"),
        finding(Outcome.DEFINE, "ab", message="two"),
    ],
    ids=["line", "outcome", "the same host"],
)
def test_what_differs_in_more_than_words_stays_apart(second: object) -> None:
    text = unstyle(render_text(report("ab", vm("vm.xml", "ab", finding(Outcome.DEFINE, "a", message="one"), second))))
    assert text.count("error[TEST001]") == 2


# Statuses.

ARM = CLEAN.replace("x86_64", "aarch64")


def on_a_machine_of_both(domain: str) -> str:
    """The domain with a machine that both hosts have, rather than an alias that each resolves to another."""
    return domain.replace("machine='q35'", "machine='pc-q35-4.1'")


@pytest.mark.parametrize(
    "found, expected",
    [
        ([], Cell(Status.OK)),
        ([finding(Outcome.NOTE, "h")], Cell(Status.OK)),
        ([finding(Outcome.MIGRATE, "h")], Cell(Status.WARNINGS, 1)),
        ([finding(Outcome.MIGRATE, "h"), finding(Outcome.MIGRATE, "h", line=2)], Cell(Status.WARNINGS, 2)),
        ([finding(Outcome.BROKEN, "h")], Cell(Status.BROKEN)),
        ([finding(Outcome.DEFINE, "h")], Cell(Status.REFUSED)),
        ([finding(Outcome.START, "h")], Cell(Status.REFUSED)),
        ([finding(Outcome.START, "h"), finding(Outcome.BROKEN, "h")], Cell(Status.REFUSED)),
        ([finding(Outcome.BROKEN, "h"), finding(Outcome.MIGRATE, "h")], Cell(Status.BROKEN, 1)),
        ([finding(Outcome.DEFINE, "h", severity=Severity.NOTE)], Cell(Status.OK)),
        ([finding(Outcome.DEFINE, "h", severity=Severity.WARNING)], Cell(Status.WARNINGS, 1)),
        ([finding(Outcome.NOTE, "h", severity=Severity.ERROR)], Cell(Status.BROKEN)),
        ([finding(Outcome.DEFINE, "i")], Cell(Status.OK)),
        ([finding(Outcome.DEFINE, ())], Cell(Status.REFUSED)),
    ],
)
def test_status(found: list, expected: Cell) -> None:
    assert cells(vm("vm.xml", "hi", *found), "hi")["h"] == expected


def test_status_without_an_emulator() -> None:
    assert cells(vm("vm.xml", "", finding(Outcome.NOTE, "h", severity=Severity.WARNING)), "h")["h"] == Cell(
        Status.NO_EMULATOR
    )
    assert cells(vm("vm.xml", "", finding(Outcome.BROKEN, "h")), "h")["h"].status is Status.NO_EMULATOR
    assert cells(vm("vm.xml", "", finding(Outcome.DEFINE, "h")), "h")["h"].status is Status.REFUSED


def test_status_of_what_is_no_domain() -> None:
    broken = vm("vm.xml", "", finding(Outcome.DEFINE, "h"), is_domain=False)
    unread = vm("vm.xml", "", finding(Outcome.NOTE, "h", severity=Severity.ERROR), is_domain=False)
    foreign = vm("vm.xml", "", finding(Outcome.NOTE, "h"), is_domain=False)
    assert [row.hosts["h"].status for row in matrix([broken, unread, foreign], "h")] == [
        Status.REFUSED,
        Status.NOT_READ,
    ]


# The table.


@pytest.mark.parametrize(
    "name, count, kinds, columns",
    [
        ("1", 1, 1, None),
        ("3", 3, 2, None),
        ("3-narrow", 3, 2, 60),
        ("12", 12, 3, None),
        ("12-narrow", 12, 3, 80),
        ("12-wide", 12, 3, 120),
        ("12-all-different-narrow", 13, 12, 80),
        ("12-all-different-wide", 13, 12, 160),
        ("40", 40, 3, None),
        ("40-all-different-narrow", 41, 40, 80),
        ("40-all-different-wide", 41, 40, 120),
    ],
)
def test_the_table(name: str, count: int, kinds: int, columns: int | None) -> None:
    text = unstyle(render_matrix(cluster(count, kinds), columns))
    golden = GOLDEN / f"matrix-{name}.txt"
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
    assert max(map(len, text.splitlines())) <= (columns or 100)
    assert all(line == line.rstrip() for line in text.splitlines())


def test_names_from_files_cannot_act_on_the_terminal_nor_break_the_table() -> None:
    labels = ["evil\x1b[31m\nhost", "家" * 30, "x" * 3000, "rtl\u202eevil"]
    files = [
        vm("vms/\x1b]0;title\x07.xml", labels, domain="na\nme\u2028\x9b"),
        vm("vms/" + "家" * 80 + ".xml", labels, finding(Outcome.DEFINE, labels[:1]), domain="d" * 5000),
    ]
    for columns in (None, 40, 80, 200):
        text = unstyle(render_matrix(report(labels, *files), columns))
        assert all(line.isprintable() for line in text.splitlines())
        heads, first, second = text.splitlines()[:3]
        assert heads.startswith("VM")
        assert "ok" in first
        assert "ref" in second
        assert max(map(len, text.splitlines())) <= (columns or 100)
    assert render_matrix(report(labels), None) == ""


def test_the_colours_of_the_table_tell_nothing_that_is_not_written() -> None:
    text = render_matrix(cluster(3))
    assert "\x1b[32mok" in text
    assert "\x1b[31m\x1b[1mrefused" in text
    lines = unstyle(text).splitlines()
    assert len({line[28:40].strip() for line in lines[1:8]}) >= 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """old.xml fails on the host old, both.xml on both, arm.xml fits neither; clean.xml runs, broken.xml is none."""
    folder = tmp_path / "files"
    folder.mkdir()
    both = on_a_machine_of_both(STANDBY.replace("ua-uplink", "uplink"))
    (folder / "old.xml").write_text(on_a_machine_of_both((EXAMPLES / "web2.xml").read_text()))
    (folder / "alias.xml").write_text(CLEAN)
    (folder / "both.xml").write_text(both)
    (folder / "clean.xml").write_text(on_a_machine_of_both(CLEAN))
    (folder / "arm.xml").write_text(ARM)
    (folder / "broken.xml").write_text("<domain>")
    (folder / "foreign.xml").write_text("<project/>")
    shutil.copy(CAPS, folder / "new.caps")
    shutil.copy(OLD_CAPS, folder / "old.caps")
    return folder


HOSTS = ("--caps", "new=new.caps", "--caps", "old=old.caps")


def test_the_table_in_place_of_the_findings(folder: Path) -> None:
    files = ("clean.xml", "old.xml", "both.xml", "arm.xml", "broken.xml", "foreign.xml")
    result = domlint(*files, *HOSTS, "--matrix", cwd=folder)
    assert result.stdout == (
        "VM                new      old\n"
        "clean.xml (web1)  ok       ok\n"
        "old.xml (web2)    ok       refused\n"
        "both.xml (web1)   broken   refused\n"
        "arm.xml (web1)    -        -\n"
        "broken.xml        refused  refused\n"
        "\n"
        "broken   it runs, but something that was asked for does not work\n"
        "refused  libvirt or QEMU refuses it\n"
        "-        the host has no emulator for it\n"
        "\n"
        "Found 5 errors, 1 warning and 2 notes (4 domains in 6 files checked against 2 hosts).\n"
        "4 of 5 VMs fail on at least one host.\n"
        "1 can be fixed with --fix.\n"
    )
    assert (result.status, result.stderr) == (1, "")
    quiet = domlint(*files, *HOSTS, "--matrix", "-q", "--output-format", "text=out.txt", cwd=folder)
    assert quiet.stdout == ""
    assert result.stdout.startswith((folder / "out.txt").read_text())
    for format_ in ("json", "concise"):
        plain, with_option = (
            domlint(*files, *HOSTS, "--output-format", format_, *option, cwd=folder) for option in ((), ("--matrix",))
        )
        assert plain == with_option._replace(seconds=plain.seconds)


def test_the_table_in_json(folder: Path) -> None:
    result = domlint("old.xml", "arm.xml", "broken.xml", "foreign.xml", *HOSTS, "--output-format=json", cwd=folder)
    assert json.loads(result.stdout)["matrix"] == [
        {"file": "old.xml", "domain": "web2", "hosts": {"new": "ok", "old": "refused"}},
        {"file": "arm.xml", "domain": "web1", "hosts": {"new": "no-emulator", "old": "no-emulator"}},
        {"file": "broken.xml", "domain": None, "hosts": {"new": "refused", "old": "refused"}},
    ]


def test_the_table_needs_hosts(folder: Path) -> None:
    result = domlint("clean.xml", "--matrix", cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == "Error: --matrix is about hosts: give some with --caps"


def test_the_table_without_a_vm(folder: Path) -> None:
    result = domlint("foreign.xml", *HOSTS, "--matrix", cwd=folder)
    assert (result.status, result.stdout) == (0, "Found 1 note (0 domains in 1 file checked against 2 hosts).\n")


# --fail-on and --require.


@pytest.mark.parametrize(
    "fitting, found, passing",
    [
        # Each finding is a severity and its hosts; ``passing`` are the demands that are met.
        ("ab", [], "error/all warning/all note/all error/any warning/any note/any"),
        ("ab", [(NOTE, "ab")], "error/all warning/all error/any warning/any"),
        ("ab", [(NOTE, "a")], "error/all warning/all error/any warning/any note/any"),
        ("ab", [(WARNING, "a")], "error/all error/any warning/any note/any"),
        ("ab", [(ERROR, "a")], "error/any warning/any note/any"),
        ("ab", [(ERROR, "ab")], ""),
        ("ab", [(ERROR, "a"), (ERROR, "b")], ""),
        ("ab", [(ERROR, "a"), (WARNING, "b")], "error/any"),
        ("ab", [(ERROR, "a"), (NOTE, "b")], "error/any warning/any"),
        ("ab", [(ERROR, "")], ""),
        ("ab", [(WARNING, "ab"), (ERROR, "b")], "error/any"),
        ("a", [(ERROR, "a")], ""),
        # It fits neither host: what was found at all decides, such as HOST001, a warning.
        ("", [], "error/all warning/all note/all error/any warning/any note/any"),
        ("", [(WARNING, "ab")], "error/all error/any"),
        ("", [(ERROR, "a")], ""),
    ],
)
def test_what_passes(fitting: str, found: list[tuple[Severity, str]], passing: str) -> None:
    findings = [
        finding(Outcome.NOTE, hosts, severity=severity, line=line) for line, (severity, hosts) in enumerate(found)
    ]
    file = vm("vm.xml", fitting, *findings)
    demands = [(fail_on, require) for require in REQUIREMENTS for fail_on in (ERROR, WARNING, NOTE)]
    met = [f"{fail_on.value}/{require}" for fail_on, require in demands if passes(file, fail_on, require)]
    assert sorted(met) == sorted(passing.split())


def test_what_differs_between_hosts_does_not_count_where_one_will_do() -> None:
    file = vm("vm.xml", "ab", finding(Outcome.MIGRATE, "ab", code="HOST999"), finding(Outcome.DEFINE, "a"))
    assert not passes(file, WARNING, "any")
    assert passes(file, WARNING, "any", {"HOST999"})
    assert not passes(file, WARNING, "all", {"HOST999"})
    lone = vm("vm.xml", "", finding(Outcome.MIGRATE, "ab", code="HOST999"))
    assert not passes(lone, WARNING, "any", {"HOST999"})


@pytest.mark.parametrize("is_domain", [True, False])
def test_what_holds_without_a_host_counts_with_any(is_domain: bool) -> None:
    file = vm("vm.xml", (), finding(Outcome.DEFINE, "ab"), is_domain=is_domain)
    assert not passes(file, WARNING, "any")


@pytest.mark.parametrize(
    "files, options, status, words",
    [
        (("clean.xml",), ("--require", "all"), 0, ""),
        (("clean.xml",), ("--require", "any"), 0, "The VM does not fail on every host."),
        (("old.xml",), (), 1, ""),
        (("old.xml",), ("--require", "all"), 1, ""),
        (("old.xml",), ("--require", "any"), 0, "The VM does not fail on every host."),
        (("both.xml",), ("--require", "any"), 1, "The VM fails on every host."),
        (("arm.xml",), ("--require", "any"), 1, "The VM fails on every host."),
        (("arm.xml",), ("--require", "any", "--fail-on", "error"), 0, "The VM does not fail on every host."),
        (("arm.xml",), ("--fail-on", "error"), 0, ""),
        (("broken.xml",), ("--require", "any", "--fail-on", "error"), 1, "The VM fails on every host."),
        (("foreign.xml",), ("--require", "any"), 0, ""),
        (("clean.xml", "old.xml"), ("--require", "any"), 0, "No VM fails on every host."),
        (("clean.xml", "old.xml"), (), 1, "1 of 2 VMs fails on at least one host."),
        (("clean.xml", "old.xml", "both.xml"), ("--require", "any"), 1, "1 of 3 VMs fails on every host."),
        (("arm.xml", "old.xml", "both.xml"), ("--require", "any"), 1, "2 of 3 VMs fail on every host."),
        (("alias.xml",), (), 1, ""),
        (("alias.xml",), ("--require", "any"), 0, "The VM does not fail on every host."),
        (("both.xml", "none.xml"), ("--require", "any"), 2, "The VM fails on every host."),
    ],
)
def test_require(folder: Path, files: tuple[str, ...], options: tuple[str, ...], status: int, words: str) -> None:
    result = domlint(*files, *HOSTS, *options, cwd=folder)
    assert result.status == status
    lines = result.stdout.splitlines()
    found = next(number for number, line in enumerate(lines) if line.endswith("against 2 hosts)."))
    assert [line for line in lines[found + 1 :] if not line.endswith("--fix.")] == ([words] if words else [])


def test_require_with_less_than_two_hosts_is_as_without(folder: Path) -> None:
    for caps in ((), HOSTS[2:]):
        results = [domlint("old.xml", *caps, *option, cwd=folder) for option in ((), ("--require", "any"))]
        assert results[0] == results[1]._replace(seconds=results[0].seconds)


def test_the_summary_counts_vms() -> None:
    assert summary_lines(cluster(12))[1:] == ["5 of 7 VMs fail on at least one host."]
    assert summary_lines(cluster(1))[1:] == []
    assert summary_lines(report("ab", vm("vm.xml", "ab"))) == [
        "No findings (1 domain in 1 file checked against 2 hosts)."
    ]
