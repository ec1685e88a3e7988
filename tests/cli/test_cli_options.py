"""The command's options and exit statuses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from command import CAPS, CLEAN, FOREIGN, NO_CAPS_HINT, OLD_CAPS, STANDBY, Result, domlint

from domlint.cli import command
from domlint.domain import Context
from domlint.engine import Plan, Source
from domlint.findings import Outcome
from domlint.rule import Catalogue, Example, Problem, Problems, Spot, rule
from domlint.rules import catalogue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """vm.xml has an error, note.xml a note, clean.xml nothing."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "vm.xml").write_text(STANDBY)
    (folder / "note.xml").write_text(FOREIGN)
    (folder / "clean.xml").write_text(CLEAN)
    return folder


def concise(folder: Path, *arguments: str | Path, **options: object) -> Result:
    return domlint(*arguments, "--output-format", "concise", cwd=folder, **options)  # type: ignore[arg-type]


# check is the default.


@pytest.mark.parametrize(
    "arguments",
    [
        ("vm.xml", "--caps", "{caps}"),
        ("--caps", "{caps}", "vm.xml"),
        ("check", "vm.xml", "--caps", "{caps}"),
        ("check", "--caps", "{caps}", "vm.xml"),
        ("--caps={caps}", "vm.xml"),
        ("-q", "vm.xml", "--caps", "{caps}"),
    ],
)
def test_check_by_default(folder: Path, arguments: tuple[str, ...]) -> None:
    result = concise(folder, *(argument.format(caps=CAPS) for argument in arguments))
    assert result.status == 1
    assert result.findings == ["vm.xml:10:7: error[TEAM037]"]


def test_a_file_called_like_a_command(folder: Path) -> None:
    shutil.copy(folder / "vm.xml", folder / "rules")
    assert concise(folder, "./rules").findings == ["./rules:10:7: error[TEAM037]"]
    assert concise(folder, "check", "rules").findings == ["rules:10:7: error[TEAM037]"]


# Exit statuses.


@pytest.mark.parametrize(
    "arguments, status",
    [
        (("clean.xml",), 0),
        (("note.xml",), 0),
        (("vm.xml",), 1),
        (("clean.xml", "vm.xml"), 1),
        (("vm.xml", "--fail-on", "error"), 1),
        (("vm.xml", "--fail-on", "note"), 1),
        (("note.xml", "--fail-on", "note"), 1),
        (("note.xml", "--fail-on", "warning"), 0),
        (("clean.xml", "--fail-on", "note"), 0),
        (("vm.xml", "none.xml"), 2),
        (("none.xml",), 2),
        (("vm.xml", "--ignore", "TEAM"), 0),
        (("vm.xml", "--fail-on", "never"), 2),
        (("vm.xml", "--color", "sometimes"), 2),
        (("vm.xml", "--jobs", "x"), 2),
        (("vm.xml", "--jobs", "-1"), 2),
        (("vm.xml", "--libvirt", "new"), 2),
        (("vm.xml", "--caps"), 2),
        (("vm.xml", "--no-such-option"), 2),
        (("--caps", str(CAPS)), 2),
        (("check",), 2),
        (("explain",), 2),
        (("rules", "x"), 2),
    ],
)
def test_exit_status(folder: Path, arguments: tuple[str, ...], status: int) -> None:
    assert domlint(*arguments, cwd=folder).status == status


@pytest.mark.parametrize("fail_on, status", [("error", 0), ("warning", 1), ("note", 1)])
def test_fail_on_a_warning(folder: Path, fail_on: str, status: int) -> None:
    """A host that does not run guests of this architecture is a warning."""
    (folder / "arm.xml").write_text(CLEAN.replace("x86_64", "aarch64"))
    result = concise(folder, "arm.xml", "--caps", CAPS, "--fail-on", fail_on)
    assert [finding.split(": ")[1] for finding in result.findings] == ["warning[HOST001]"]
    assert result.status == status


# --select and --ignore.


@pytest.mark.parametrize(
    "options, codes",
    [
        ((), ["TEAM001", "TEAM037"]),
        (("--select", "TEAM037"), ["TEAM037"]),
        (("--select", "team037"), ["TEAM037"]),
        (("--select", "persistent-unpaired"), ["TEAM037"]),
        (("--select", "TEAM0"), ["TEAM001", "TEAM037"]),
        (("--select", "TEAM001,TEAM037"), ["TEAM001", "TEAM037"]),
        (("--select", "TEAM001", "--select", "TEAM037"), ["TEAM001", "TEAM037"]),
        (("--select", " TEAM001 , "), ["TEAM001"]),
        (("--select", "XML"), []),
        (("--select", "ALL"), ["TEAM001", "TEAM037"]),
        (("--ignore", "TEAM037"), ["TEAM001"]),
        (("--ignore", "TEAM"), []),
        (("--ignore", "ALL"), []),
        (("--ignore", "failover-capability-missing"), ["TEAM037"]),
        (("--select", "TEAM", "--ignore", "TEAM001"), ["TEAM037"]),
        (("--select", "TEAM001", "--ignore", "TEAM"), ["TEAM001"]),
        (("--select", "TEAM037", "--ignore", "TEAM037"), []),
        (("--select", "persistent-unpaired", "--ignore", "TEAM037"), ["TEAM037"]),
    ],
)
def test_select_and_ignore(folder: Path, options: tuple[str, ...], codes: list[str]) -> None:
    result = concise(folder, "vm.xml", "--caps", OLD_CAPS, *options)
    assert [finding.split("[")[1].rstrip("]") for finding in result.findings] == codes
    assert result.status == bool(codes)


@pytest.mark.parametrize("option", ["--select", "--ignore"])
@pytest.mark.parametrize(
    "selector, words",
    [
        ("TAEM037", "no rule has the code, prefix or name 'TAEM037'; did you mean TEAM037"),
        ("persistent-unpared", "did you mean persistent-unpaired"),
        ("TEAM037,NOPE123", "no rule has the code, prefix or name 'NOPE123' (see: domlint rules)"),
        ("Q", "no rule has the code, prefix or name 'Q' (see: domlint rules)"),
    ],
)
def test_unknown_selectors(folder: Path, option: str, selector: str, words: str) -> None:
    result = concise(folder, "vm.xml", option, selector)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith("domlint: error: ")
    assert words in result.stderr


# Standard input.


def test_standard_input(folder: Path) -> None:
    result = concise(folder, "-", given=STANDBY.encode())
    assert result.findings == ["<stdin>:10:7: error[TEAM037]"]
    named = concise(folder, "-", "--stdin-filename", "virsh/web1.xml", given=STANDBY.encode())
    assert named.findings == ["virsh/web1.xml:10:7: error[TEAM037]"]
    both = concise(folder, "clean.xml", "-", "vm.xml", "-", given=STANDBY.encode())
    assert both.findings == ["<stdin>:10:7: error[TEAM037]", "vm.xml:10:7: error[TEAM037]"]
    empty = concise(folder, "-", given=b"")
    assert empty.findings == ["<stdin>:1:1: error[XML001]"]
    foreign = concise(folder, "-", given=FOREIGN.encode())
    assert foreign.findings == ["<stdin>:1:1: note[XML002]"]


# --caps.


def test_several_hosts_merge_equal_findings(folder: Path) -> None:
    result = concise(folder, "vm.xml", "--caps", f"new={CAPS}", "--caps", f"old={OLD_CAPS}", "--caps", f"two={CAPS}")
    assert [(line.split(" ")[1], line.rsplit(" (on ")[1]) for line in result.stdout.splitlines()] == [
        ("warning[HOST012]", "all 3 hosts)"),
        ("error[TEAM001]", "1 of 3 hosts: old)"),
        ("error[TEAM037]", "all 3 hosts)"),
    ]
    text = domlint("vm.xml", "--caps", f"new={CAPS}", "--caps", f"old={OLD_CAPS}", cwd=folder).stdout
    assert "  on 1 of 2 hosts: old\n" in text
    assert "  on both hosts\n" in text


def test_findings_that_differ_by_host_stay_apart(folder: Path) -> None:
    older = OLD_CAPS.read_text().replace("4001000", "4000000")
    (folder / "older.xml").write_text(older)
    result = concise(folder, "vm.xml", "--select", "TEAM001", "--caps", f"a={OLD_CAPS}", "--caps", "b=older.xml")
    assert [line.rsplit(": ")[-1] for line in result.stdout.splitlines()] == ["b)", "a)"]


def host_ids(result: Result) -> list[str]:
    return [host["id"] for host in json.loads(result.stdout)["hosts"]]


def test_labels(folder: Path) -> None:
    def ids(*caps: str) -> list[str]:
        options = [option for path in caps for option in ("--caps", path)]
        return host_ids(domlint("clean.xml", *options, "--output-format", "json", cwd=folder))

    shutil.copy(CAPS, folder / "a=b.xml")
    (folder / "one").mkdir()
    shutil.copy(CAPS, folder / "one" / "host.xml")
    shutil.copy(CAPS, folder / "host.xml")
    assert ids(str(CAPS)) == ["debian-12-x86_64"]
    assert ids(f"compute={CAPS}") == ["compute"]
    assert ids(f"Compute 1={CAPS}") == ["Compute 1"]
    assert ids("a=b.xml") == ["a=b"]
    assert ids("x=a=b.xml") == ["x"]
    assert ids("host.xml", "one/host.xml") == ["host.xml", "one/host.xml"]
    assert ids("host.xml", "x=one/host.xml") == ["host", "x"]
    assert ids("host.xml", "host.xml") == ["host"]


def test_a_label_for_two_files_of_one_emulator(folder: Path) -> None:
    result = domlint("clean.xml", "--caps", f"a={CAPS}", "--caps", f"a={OLD_CAPS}", cwd=folder)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr == (
        f"domlint: error: {OLD_CAPS}: this file cannot be of the host 'a' as well: it is of the emulator "
        f"'/usr/bin/qemu-system-x86_64' for 'x86_64', and so is {CAPS}\n"
        "help: give each host a label of its own, --caps LABEL=PATH, or make the older file again\n"
    )


def test_a_directory_of_hosts(folder: Path) -> None:
    hosts = folder / "hosts" / "deep"
    hosts.mkdir(parents=True)
    shutil.copy(CAPS, hosts / "b.xml")
    shutil.copy(OLD_CAPS, hosts.parent / "a.xml")
    (hosts / "vm.xml").write_text(CLEAN)
    (hosts / "notes.txt").write_text("<qemuCaps")
    result = domlint("clean.xml", "--caps", "hosts", "--output-format", "json", cwd=folder)
    assert sorted(host_ids(result)) == ["a", "deep"]


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "caps.xml: no such file\n"),
        ("", "caps.xml: the file is empty"),
        ("<qemuCaps><arch>x86_64</qemuCaps>", "caps.xml:1: not well-formed XML"),
        (CLEAN, "caps.xml:1: this is a domain, not a host"),
        ("<qemuCaps/>", "caps.xml: the file is damaged: the architecture (<arch>) is missing\n"),
        (FOREIGN, "caps.xml:1: the root element is 'inventory', that of no capability file"),
    ],
)
def test_missing_and_damaged_hosts(folder: Path, content: str | None, words: str) -> None:
    if content is not None:
        (folder / "caps.xml").write_text(content)
    for spec in ("caps.xml", "label=caps.xml"):
        result = domlint("vm.xml", "--caps", CAPS, "--caps", spec, cwd=folder)
        assert (result.status, result.stdout) == (2, "")
        assert result.stderr.startswith(f"domlint: error: {words}")


def test_a_directory_without_hosts(folder: Path) -> None:
    (folder / "empty").mkdir()
    result = domlint("vm.xml", "--caps", "empty", cwd=folder)
    assert (result.status, result.stderr) == (
        2,
        "domlint: error: empty: no capabilities file is in this directory\n",
    )


# --network and --libvirt.


def network(mode: str, name: str = "default") -> str:
    return f"<network><name>{name}</name><forward mode='{mode}'/></network>"


def test_networks(folder: Path) -> None:
    """The standby is on a network: one that hands out host devices is no network for it."""
    (folder / "nets").mkdir()
    (folder / "nets" / "pool.xml").write_text(network("hostdev"))
    (folder / "nets" / "vm.xml").write_text(CLEAN)
    (folder / "bridge.xml").write_text(network("bridge"))
    without = concise(folder, "vm.xml")
    bridge = concise(folder, "vm.xml", "--network", "bridge.xml")
    assert bridge.findings == without.findings == ["vm.xml:10:7: error[TEAM037]"]
    for path in ("nets", "nets/pool.xml"):
        pool = concise(folder, "vm.xml", "--network", path)
        assert pool.status == 1
        assert pool.findings != without.findings


def test_two_networks_of_one_name(folder: Path) -> None:
    (folder / "a.xml").write_text(network("hostdev"))
    (folder / "b.xml").write_text(network("bridge"))
    shutil.copy(folder / "a.xml", folder / "same.xml")
    result = domlint("vm.xml", "--network", "a.xml", "--network", "b.xml", cwd=folder)
    assert (result.status, result.stderr) == (
        2,
        "domlint: error: b.xml: network 'default' is also defined by a.xml\n",
    )
    assert domlint("clean.xml", "--network", "a.xml", "--network", "same.xml", cwd=folder).status == 0


def test_libvirt(folder: Path) -> None:
    """A libvirt before 6.1.0 does not read <teaming>."""
    result = concise(folder, "vm.xml", "--libvirt", "6.0.0")
    assert [finding.split(" ")[1] for finding in result.findings] == ["error[TEAM003]"]
    for version in ("6.1", "6.1.0", "v10.0.0"):
        assert concise(folder, "vm.xml", "--libvirt", version).findings == ["vm.xml:10:7: error[TEAM037]"]


def test_isolated_is_accepted(folder: Path) -> None:
    assert concise(folder, "vm.xml", "--isolated").findings == ["vm.xml:10:7: error[TEAM037]"]


# Directories.


def tree(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(STANDBY)


def linted(result: Result) -> list[str]:
    return [line.split(":")[0] for line in result.stdout.splitlines()]


def test_a_directory_is_walked_for_libvirt_documents(tmp_path: Path) -> None:
    top = tmp_path / "top"
    tree(top, "b.xml", "a/z.xml", "a/b/c.xml", ".hidden/h.xml", ".git/g.xml", "x.txt", "X.XML", "a/.xml")
    (top / "pom.xml").write_text(FOREIGN)
    (top / "broken.xml").write_text("<html><p></html>")
    (top / "snapshot.xml").write_text(f"<domainsnapshot>{STANDBY}</domainsnapshot>")
    (top / "network.xml").write_text(network("nat"))
    (top / "near.xml").write_text("<domian/>")
    result = concise(top, ".", out=tmp_path)
    assert result.status == 1
    assert linted(result) == [
        "./b.xml",
        "./near.xml",
        "./snapshot.xml",
        "./.hidden/h.xml",
        "./a/.xml",
        "./a/z.xml",
        "./a/b/c.xml",
    ]
    assert result.stderr.endswith("(6 domains in 10 files checked).\n")


def test_what_is_named_is_linted_whatever_it_is_called(tmp_path: Path) -> None:
    tree(tmp_path / "top", "vm.txt", "vm")
    (tmp_path / "top" / "pom.xml").write_text(FOREIGN)
    result = concise(tmp_path / "top", "vm.txt", "vm", "pom.xml", out=tmp_path)
    assert linted(result) == ["vm.txt", "vm", "pom.xml"]


def test_a_file_is_linted_once(tmp_path: Path) -> None:
    top = tmp_path / "top"
    tree(top, "a.xml", "sub/b.xml")
    (top / "sub" / "link.xml").symlink_to("../a.xml")
    os.link(top / "a.xml", top / "sub" / "hard.xml")
    (top / "pom.xml").write_text(FOREIGN)
    same = concise(top, "a.xml", "./a.xml", "sub/../a.xml", str(top / "a.xml"), "sub/link.xml", out=tmp_path)
    assert linted(same) == ["a.xml"]
    assert linted(concise(top, "a.xml", ".", "sub", out=tmp_path)) == ["a.xml", "./sub/b.xml"]
    assert linted(concise(top, "sub", "a.xml", out=tmp_path)) == ["sub/b.xml", "sub/hard.xml"]
    assert linted(concise(top, ".", "pom.xml", out=tmp_path)) == ["./a.xml", "./pom.xml", "./sub/b.xml"], "it was named"
    assert len(linted(concise(top, "none.xml", "none.xml", "a.xml", out=tmp_path))) == 1


def test_an_empty_directory(tmp_path: Path) -> None:
    (tmp_path / "top").mkdir()
    result = domlint(".", cwd=tmp_path / "top", out=tmp_path)
    assert (result.status, result.stdout) == (0, "No findings (0 domains in 0 files checked).\n")
    assert result.stderr == f"{NO_CAPS_HINT}domlint: no XML file was found there\n"


IGNORING = [
    pytest.param({".gitignore": "*.xml"}, [], id="all"),
    pytest.param({".gitignore": "b.xml"}, ["a.xml", "sub/a.xml", "sub/deep/a.xml"], id="by name, at any depth"),
    pytest.param({".gitignore": "/b.xml"}, ["a.xml", "sub/a.xml", "sub/b.xml", "sub/deep/a.xml"], id="anchored"),
    pytest.param({".gitignore": "sub/"}, ["a.xml", "b.xml"], id="a folder"),
    pytest.param({".gitignore": "a.xml/"}, None, id="a folder's pattern is none for files"),
    pytest.param({".gitignore": "# b.xml\n\n \n"}, None, id="comments"),
    pytest.param({".gitignore": "*.xml\n!a.xml"}, ["a.xml", "sub/a.xml", "sub/deep/a.xml"], id="negation"),
    pytest.param({".gitignore": "sub/\n!sub/a.xml"}, ["a.xml", "b.xml"], id="nothing in an ignored folder comes back"),
    pytest.param({"sub/.gitignore": "a.xml"}, ["a.xml", "b.xml", "sub/b.xml"], id="nested"),
    pytest.param(
        {".gitignore": "a.xml", "sub/.gitignore": "!a.xml"},
        ["b.xml", "sub/a.xml", "sub/b.xml", "sub/deep/a.xml"],
        id="nested negation",
    ),
    pytest.param({"sub/.gitignore": "/deep/*.xml"}, ["a.xml", "b.xml", "sub/a.xml", "sub/b.xml"], id="nested anchored"),
    pytest.param({".gitignore": "**/deep/**"}, ["a.xml", "b.xml", "sub/a.xml", "sub/b.xml"], id="stars"),
    pytest.param({".gitignore": "!\n\\\n[z-a]\nb.xml"}, ["a.xml", "sub/a.xml", "sub/deep/a.xml"], id="no patterns"),
    pytest.param({".gitignore": "b.xml\r\n"}, ["a.xml", "sub/a.xml", "sub/deep/a.xml"], id="CRLF"),
    pytest.param({".gitignore": "\udcff\nb.xml"}, ["a.xml", "sub/a.xml", "sub/deep/a.xml"], id="not UTF-8"),
]


@pytest.mark.parametrize("ignoring, expected", IGNORING)
def test_gitignore(tmp_path: Path, ignoring: dict[str, str], expected: list[str] | None) -> None:
    top = tmp_path / "top"
    names = ["a.xml", "b.xml", "sub/a.xml", "sub/b.xml", "sub/deep/a.xml"]
    tree(top, *names)
    for name, text in ignoring.items():
        (top / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    expected = names if expected is None else expected
    assert sorted(linted(concise(top, ".", out=tmp_path))) == [f"./{name}" for name in expected]
    if shutil.which("git") and "\\" not in "".join(ignoring.values()):
        subprocess.run(["git", "init", "-q"], cwd=top, check=True)
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "--", "*.xml"],
            cwd=top,
            check=True,
            capture_output=True,
            text=True,
        )
        assert listed.stdout.split() == expected, "git itself says so"
        assert sorted(linted(concise(top, ".", out=tmp_path))) == [f"./{name}" for name in expected]


def test_gitignore_of_folders_above(tmp_path: Path) -> None:
    top = tmp_path / "top"
    tree(top, "repo/sub/a.xml", "repo/sub/b.xml", "repo/sub/deep/c.xml")
    (top / "repo" / ".gitignore").write_text("b.xml\n/sub/deep/\n")
    (top / ".gitignore").write_text("a.xml\n")
    sub = top / "repo" / "sub"
    assert linted(concise(sub, ".", out=tmp_path)) == ["./a.xml", "./b.xml", "./deep/c.xml"], "no repository"
    (top / "repo" / ".git").mkdir()
    assert linted(concise(sub, ".", out=tmp_path)) == ["./a.xml"], "the repository ends at its top"
    assert linted(concise(sub, "b.xml", out=tmp_path)) == ["b.xml"], "whoever names a file wants it"
    assert linted(concise(sub, "deep", out=tmp_path)) == ["deep/c.xml"], "or a folder"
    assert linted(concise(top, "repo/sub", out=tmp_path)) == ["repo/sub/a.xml"]


# --jobs.


@pytest.mark.parametrize("name", ["text", "json"])
def test_processes_make_no_difference(tmp_path: Path, name: str) -> None:
    top = tmp_path / "top"
    tree(top, *(f"{number:03}.xml" for number in range(60)))
    (top / "030.xml").write_text("<domain><a></domain>")
    (top / "031.xml").write_text(FOREIGN)
    (top / "032.xml").write_text(CLEAN)
    files = [f"{number:03}.xml" for number in range(62)]
    one, two, many = (
        domlint(*files, "--caps", CAPS, "--jobs", jobs, "--output-format", name, cwd=top, out=tmp_path, memory=1 << 34)
        for jobs in ("1", "2", "1000")
    )
    assert one.status == two.status == 2, "two files are not there"
    assert (one.stdout, one.stderr) == (two.stdout, two.stderr) == (many.stdout, many.stderr)
    assert "030.xml" in one.stdout


# A rule that fails.


def _failing(document: str = CLEAN) -> Catalogue:
    example = Example("", document=document)

    @rule("ZZZ001", "failing", outcome=Outcome.NOTE, on="devices/interface", bad=example, good=example)
    def failing(_context: Context, element: object) -> Problems:
        """Fail after a first finding.

        For tests.
        """
        yield Problem(Spot(element), "said before it failed")  # type: ignore[arg-type]
        raise RuntimeError("out of \x1b[31mluck")

    return Catalogue([*catalogue(), failing])


def test_a_rule_that_fails_does_not_keep_the_others_from_speaking(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domlint.planning.modules", lambda *_: tuple(_failing()))
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(command, ["vm.xml", "clean.xml", "--output-format", "concise"])
    assert result.exit_code == 2
    assert [line.split(" ")[1] for line in result.stdout.splitlines()] == [
        "note[ZZZ001]",
        "error[TEAM037]",
        "note[ZZZ001]",
    ]
    for name in ("vm.xml", "clean.xml"):
        words = f"rule ZZZ001 failed on {name} (RuntimeError: out of \\x1b[31mluck); this is a bug in domlint"
        assert f"domlint: error: {words}\n" in result.stderr
    machine = CliRunner().invoke(command, ["vm.xml", "--output-format", "json"])
    assert machine.exit_code == 2
    assert json.loads(machine.stdout)["failures"] == [
        {"file": "vm.xml", "code": "ZZZ001", "message": "RuntimeError: out of \x1b[31mluck"}
    ]


def test_a_rule_that_fails_is_named_once_for_each_file() -> None:
    two = CLEAN.replace("</devices>", "<interface type='user'/></devices>")
    report = Plan(_failing()).check(Source("vm.xml", two.encode()))
    assert [(crash.code, crash.file) for crash in report.crashes] == [("ZZZ001", "vm.xml")]
    assert len(report.findings) == 2


def test_an_interrupt_ends_with_the_status_that_shells_expect(folder: Path) -> None:
    import os
    import signal
    import subprocess
    import sys
    import time

    os.mkfifo(folder / "never.xml")
    # What a shell starts in the background inherits that interrupts are ignored.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from domlint.__main__ import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "never.xml")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _output, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert b"Traceback" not in errors
