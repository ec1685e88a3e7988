"""Baselines: what is known again, what is new, what is gone; and the file that says so."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domlint.baseline import Baseline, BaselineError, Entry, baseline_of, compare, differences, read_baseline, text_of
from domlint.engine import FileReport, Plan, Source
from domlint.examples import example_host
from domlint.findings import Finding, Location, Outcome, Severity
from domlint.rules import modules
from domlint.writing import replace_file

HEAD = "<domain type='kvm'>\n  <name>vm</name>\n  <memory unit='MiB'>64</memory>\n"
OS = "  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
NIC = """\
    <interface type='bridge'>
      <source bridge='br0'/>
      <model type='virtio'/>
      <teaming type='persistent'/>
      <alias name='ua-{name}'/>
    </interface>
"""
"""An interface with one finding, TEAM037."""


def vm(*devices: str, head: str = HEAD) -> str:
    return f"{head}{OS}  <devices>\n{''.join(devices)}  </devices>\n</domain>\n"


def linted(text: str, name: str = "vm.xml", hosts: tuple[str, ...] = ()) -> FileReport:
    report = Plan(modules(), [example_host(host) for host in hosts]).check(Source(name, text.encode()))
    assert report.crashes == ()
    return report


def held(report: FileReport, baseline: Baseline) -> tuple[FileReport, int, int]:
    """A report held against a baseline, and how many findings are old and gone."""
    (compared,), result = compare([report], lambda _file: baseline, lambda _report, _code: True)
    assert result.paths == (baseline.path,)
    return compared, result.old, result.gone


A, B = NIC.format(name="a"), NIC.format(name="b")
OLD = linted(vm(A))


@pytest.mark.parametrize(
    "text",
    [
        vm(A),
        vm("    <!-- a comment -->\n\n", A),
        vm("    <disk type='file'><source file='/x'/><target dev='vda' bus='virtio'/></disk>\n", A),
        vm("    <interface type='bridge'><source bridge='br1'/><model type='virtio'/></interface>\n", A),
        vm(A.replace("br0", "br7")),
        vm(A.replace("'", '"')),
        vm(A.replace("      <", "   \t  <")),
        vm(A, head=HEAD.replace("64", "128").replace("<name>vm", "<name>other")),
        vm(A).replace("\n", "\r\n"),
    ],
)
def test_unrelated_edits_wake_nothing(text: str) -> None:
    report, old, gone = held(linted(text), baseline_of("b.json", [OLD]))
    assert (report.findings, old, gone) == ((), len(OLD.findings), 0)
    assert [finding.code for finding in report.old] == [finding.code for finding in OLD.findings]


def test_what_is_new_and_what_is_gone() -> None:
    baseline = baseline_of("b.json", [OLD])
    report, old, gone = held(linted(vm(A, B)), baseline)
    assert [finding.message for finding in report.findings] == [
        "no transient device names interface 'ua-b': the guest runs on this virtio NIC alone"
    ]
    assert (old, gone) == (1, 0)
    mended, old, gone = held(linted(vm(A.replace("      <teaming type='persistent'/>\n", ""))), baseline)
    assert (mended.findings, mended.old, old, gone) == ((), (), 0, 1)
    other, old, gone = held(linted(vm(B)), baseline)
    assert ([finding.code for finding in other.findings], old, gone) == (["TEAM037"], 0, 1)


def test_alike_findings_are_counted_and_the_last_are_new() -> None:
    twins = linted(vm(A, A))
    places = [finding.location.line for finding in twins.findings if finding.code == "TEAM037"]
    assert len(places) == 2
    report, old, gone = held(twins, baseline_of("b.json", [OLD]))
    assert [finding.location.line for finding in report.findings if finding.code == "TEAM037"] == places[1:]
    one, old, gone = held(OLD, baseline_of("b.json", [twins]))
    assert (one.findings, old) == ((), 1)
    assert gone == len(twins.findings) - 1


def test_another_host_wakes_nothing_that_was_found_before() -> None:
    """On another host the same mistake is told in other words, at the same place."""
    text = vm(A).replace("pc-q35-7.2", "pc-q35-9.9")
    one, two = linted(text, hosts=("qemu-8.2",)), linted(text, hosts=("qemu-8.2", "qemu-6.2"))
    assert len(two.findings) > len(one.findings), "HOST010, in other words for the second host"
    report, _old, gone = held(two, baseline_of("b.json", [one]))
    assert ([finding.code for finding in report.findings if finding.code != "HOST012"], gone) == ([], 0)


def test_a_moved_file_is_a_new_one() -> None:
    report, old, gone = held(linted(vm(A), "moved.xml"), baseline_of("b.json", [OLD]))
    assert (len(report.findings), old) == (len(OLD.findings), 0)
    assert gone == len(OLD.findings), "and the old one is not there"


def test_of_rules_that_were_not_asked_and_files_that_were_not_linted_nothing_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.xml", "b.xml"):
        Path(name).write_text(vm(A))
    baseline = baseline_of("b.json", [linted(vm(A), name) for name in ("a.xml", "b.xml", "none.xml")])
    clean = linted(vm(), "a.xml")
    for asked, gone in (["TEAM037"], 2), (["TEAM031"], 1):
        _reports, compared = compare([clean], lambda _file: baseline, lambda _report, code, own=asked: code in own)
        assert compared.gone == gone, "that of none.xml, which is not there, in any case"


def test_files_without_a_baseline_are_left_alone() -> None:
    reports, compared = compare([OLD], lambda _file: None, lambda _report, _code: True)
    assert (reports, compared) == ([OLD], ((), 0, 0))


# Any findings.

_FINDING = st.builds(
    lambda code, name, line, words: Finding(
        code, "x", Severity.ERROR, Outcome.BROKEN, f"'{name}' is wrong{words}", Location("vm.xml", line, 1, line, 9)
    ),
    st.sampled_from(["A001", "B001"]),
    st.sampled_from(["x", "y"]),
    st.integers(1, 4),
    st.sampled_from(["", " on QEMU 4.2"]),
)
_REPORT = st.lists(_FINDING, max_size=8, unique=True).map(
    lambda found: FileReport(
        "vm.xml", tuple(sorted(found, key=lambda one: one.location.line)), (), True,
        tuple((line, "<a b='c'/>") for line in range(1, 5)),
    )
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(_REPORT, _REPORT)
def test_old_and_new_and_gone_add_up(before: FileReport, after: FileReport) -> None:
    baseline = baseline_of("b.json", [before])
    report, old, gone = held(after, baseline)
    assert sorted((*report.findings, *report.old)) == sorted(after.findings)
    assert old == len(report.old)
    again = baseline_of("b.json", [after])
    assert differences(baseline, again)[1] == gone
    assert (differences(baseline, again)[0] == 0) == (report.findings == ())
    assert held(before, baseline)[1:] == (len(before.findings), 0)
    assert differences(baseline, baseline) == (0, 0)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text('ab.\udcff\n"é', min_size=3, max_size=6), _REPORT, max_size=4))
def test_what_is_written_is_read_again(files: dict[str, FileReport]) -> None:
    reports = [report._replace(file=name) for name, report in files.items()]
    baseline = baseline_of("b.json", reports)
    text = text_of(baseline)
    assert text.isascii()
    assert text_of(baseline_of("b.json", reports[::-1])) == text
    with tempfile.NamedTemporaryFile() as file:
        file.write(text)
        file.flush()
        assert read_baseline(file.name).files == baseline.files


def test_the_order_of_files_makes_no_difference() -> None:
    reports = [linted(vm(A), f"{name}.xml") for name in "cab"]
    text = text_of(baseline_of("b.json", reports))
    assert text == text_of(baseline_of("b.json", reports[::-1]))
    assert list(json.loads(text)["files"]) == ["a.xml", "b.xml", "c.xml"]


def test_paths_count_from_the_folder_of_the_baseline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vms").mkdir()
    monkeypatch.chdir(tmp_path)
    inside = baseline_of("vms/b.json", [linted(vm(A), "vms/a.xml"), linted(vm(A), "b.xml")])
    assert list(inside.files) == ["../b.xml", "a.xml"]
    monkeypatch.chdir(tmp_path / "vms")
    again = baseline_of(str(tmp_path / "vms" / "b.json"), [linted(vm(A), "a.xml"), linted(vm(A), "../b.xml")])
    assert text_of(again) == text_of(inside)


def test_whole_text() -> None:
    entry = Entry("A001", "/domain/x", "00ff", "some-rule", 2)
    baseline = Baseline("b.json", {"a.xml": (entry, entry._replace(code="B001")), 'b"é.xml': (entry,)})
    assert text_of(baseline).decode() == (
        "{\n"
        '  "version": 1,\n'
        '  "fingerprints": "domlint/v1",\n'
        '  "files": {\n'
        '    "a.xml": [\n'
        '      {"code": "A001", "name": "some-rule", "element": "/domain/x", "count": 2, "fingerprint": "00ff"},\n'
        '      {"code": "B001", "name": "some-rule", "element": "/domain/x", "count": 2, "fingerprint": "00ff"}\n'
        "    ],\n"
        '    "b\\"\\u00e9.xml": [\n'
        '      {"code": "A001", "name": "some-rule", "element": "/domain/x", "count": 2, "fingerprint": "00ff"}\n'
        "    ]\n"
        "  }\n"
        "}\n"
    )
    assert text_of(Baseline("b.json", {})) == b'{\n  "version": 1,\n  "fingerprints": "domlint/v1",\n  "files": {}\n}\n'


def test_entries_that_a_merge_has_made_two_of_are_added() -> None:
    baseline = baseline_of("b.json", [OLD])
    twice = baseline._replace(files={name: (*entries, *entries) for name, entries in baseline.files.items()})
    assert held(linted(vm(A, A)), twice)[1] == 2


# Files that are none.

WHOLE = {"version": 1, "fingerprints": "domlint/v1", "files": {}}
ENTRY = {"code": "A", "name": "", "element": "", "fingerprint": "", "count": 1}
DAMAGED = "this baseline is damaged, where it speaks of a\nhelp: domlint baseline writes it anew"


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "no such file\nhelp: domlint baseline writes one"),
        ("", "this is no baseline: it is not well-formed JSON"),
        ("[" * 100_000, "this is no baseline: it is not well-formed JSON"),
        ("<domain/>", "this is no baseline: it is not well-formed JSON"),
        ("[]", "this is no baseline: domlint baseline has not written it"),
        ('{"findings": []}', "this is no baseline: domlint baseline has not written it"),
        (json.dumps({**WHOLE, "files": []}), "this is no baseline: domlint baseline has not written it"),
        (json.dumps({**WHOLE, "version": 2}), "this baseline is of another version of domlint\n"
         "help: domlint baseline writes it anew"),
        (json.dumps({**WHOLE, "fingerprints": "domlint/v0"}), "this baseline is of another version of domlint\n"
         "help: domlint baseline writes it anew"),
        (json.dumps({**WHOLE, "files": {"\x1b[31m": {}}}), "this baseline is damaged, where it speaks of \\x1b[31m\n"
         "help: domlint baseline writes it anew"),
        (json.dumps({**WHOLE, "files": {"a": [{**ENTRY, "count": 0}]}}), DAMAGED),
        (json.dumps({**WHOLE, "files": {"a": [{**ENTRY, "count": True}]}}), DAMAGED),
        (json.dumps({**WHOLE, "files": {"a": [{**ENTRY, "code": 1}]}}), DAMAGED),
        (json.dumps({**WHOLE, "files": {"a": [ENTRY, "x"]}}), DAMAGED),
    ],
)  # fmt: skip
def test_files_that_are_no_baseline(tmp_path: Path, content: str | None, message: str) -> None:
    path = str(tmp_path / "b.json")
    if content is not None:
        Path(path).write_text(content)
    with pytest.raises(BaselineError) as caught:
        read_baseline(path)
    assert str(caught.value) == f"{path}: {message}"


# Writing.


def test_a_file_is_replaced_only_where_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert replace_file(str(path), b"one")
    before = path.stat()
    assert stat.S_IMODE(before.st_mode) == 0o666 & ~_umask()
    assert not replace_file(str(path), b"one")
    assert path.stat() == before
    assert replace_file(str(path), b"two")
    assert (path.read_bytes(), path.stat().st_ino == before.st_ino) == (b"two", False)
    assert os.listdir(tmp_path) == ["a"]


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444])
def test_mode_and_owner_stay(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    assert replace_file(str(path), b"two")
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"one")
    (tmp_path / "link").symlink_to("real")
    assert replace_file(str(tmp_path / "link"), b"two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"two"
    (tmp_path / "dangling").symlink_to("new")
    assert replace_file(str(tmp_path / "dangling"), b"three")
    assert (tmp_path / "new").read_bytes() == b"three"


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        replace_file(str(path), b"two")
    assert path.read_bytes() == b"one"
    assert os.listdir(tmp_path) == ["a"]
    monkeypatch.undo()
    with pytest.raises(OSError):
        replace_file(str(tmp_path / "none" / "a"), b"")
    with pytest.raises(IsADirectoryError):
        replace_file(str(tmp_path), b"")
    with pytest.raises(ValueError, match="null"):
        replace_file("a\0b", b"")


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    try:
        assert replace_file(f"/dev/fd/{writing}", b"bytes")
        assert os.read(reading, 100) == b"bytes"
    finally:
        os.close(reading)
        os.close(writing)
