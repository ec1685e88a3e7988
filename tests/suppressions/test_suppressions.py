"""What a file says shall not be told: what is understood, what it covers, and what comes of it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import domlint
from domlint.document import Document, parse
from domlint.engine import FileReport, Plan, Source
from domlint.examples import example_host
from domlint.findings import Finding, Location, Outcome, Severity
from domlint.rule import Example, Problems, rule
from domlint.rules import catalogue, modules, names
from domlint.selector import Selectors, parse_selector
from domlint.suppressing import Applied, apply
from domlint.suppressions import Misunderstood, Said, Suppression, suppressions_of

ROOT = Path(__file__).parents[2]

NIC = """\
    <interface type='bridge'>
      <source bridge='br0'/>
      <model type='virtio'/>
      <teaming type='persistent'/>
      <alias name='ua-a'/>
    </interface>
"""
"""An interface with one finding, TEAM037, at its <teaming>."""


def vm(*devices: str, metadata: str = "", before: str = "") -> str:
    return (
        f"{before}<domain type='kvm'>\n  <name>vm</name>\n{metadata}  <memory unit='MiB'>64</memory>\n"
        "  <vcpu>1</vcpu>\n"
        "  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
        f"  <devices>\n{''.join(devices)}  </devices>\n</domain>\n"
    )


def linted(text: str | bytes, plan: Plan | None = None) -> FileReport:
    data = text.encode() if isinstance(text, str) else text
    report = (plan or Plan(modules(codes=[*SUP, "TEAM037"]))).check(Source("vm.xml", data))
    assert report.crashes == ()
    return report


SUP = [code for code in names().by_code if code.startswith("SUP")]


def told(report: FileReport) -> list[tuple[int, str]]:
    return [(finding.location.line, finding.code) for finding in report.findings]


def hidden(report: FileReport) -> list[tuple[int, str]]:
    return [(one.finding.location.line, one.finding.code) for one in report.suppressed]


# Comments.

BEFORE = "    <!-- domlint: ignore[TEAM037] planned -->\n"


def test_nothing_is_suppressed_without_a_word() -> None:
    report = linted(vm(NIC, "    <!-- ignore[TEAM037] -->\n", NIC))
    assert told(report) == [(10, "TEAM037"), (17, "TEAM037")]
    assert hidden(report) == []


def test_before_an_element_it_covers_all_that_is_in_it_and_nothing_else() -> None:
    report = linted(vm(BEFORE, NIC, NIC))
    assert told(report) == [(17, "TEAM037")]
    (one,) = report.suppressed
    assert (one.kind, one.reason, one.by.line, one.by.column) == ("comment", "planned", 7, 5)
    assert one.finding == linted(vm(" " * (len(BEFORE) - 1) + "\n", NIC, NIC)).findings[0]


@pytest.mark.parametrize(
    "between",
    ["", "\n\n", "    <!-- another -->\n", "    <!-- domlint: ignore[TEAM031] -->\n", "    <?pi x?>\n", "text\n"],
)
def test_what_may_stand_between_the_comment_and_its_element(between: str) -> None:
    report = linted(vm(BEFORE, between, NIC))
    assert [code for _line, code in told(report)] == []
    assert len(report.suppressed) == 1


@pytest.mark.parametrize("before", [BEFORE, f"<?xml version='1.0'?>\n{BEFORE.strip()}\n\n<!-- x -->\n", BEFORE.strip()])
def test_before_the_root_it_covers_the_whole_domain(before: str) -> None:
    report = linted(vm(NIC, NIC, before=before))
    assert told(report) == []
    assert len(report.suppressed) == 2


@pytest.mark.parametrize(
    "tag, count",
    [
        ("<teaming type='persistent'/> <!-- domlint: ignore[TEAM037] -->", 1),
        ("<teaming type='persistent'/><!-- domlint: ignore[TEAM037] --> ", 1),
        ("<teaming\n type='persistent'\n/> <!-- domlint: ignore[TEAM037] -->", 1),
        ("<teaming type='persistent'> <!-- domlint: ignore[TEAM037] --></teaming>", 1),
        ("<teaming type='persistent'/> <!-- domlint: ignore[TEAM037]\n over two lines -->", 1),
        ("<teaming type='persistent'/>\n<!-- domlint: ignore[TEAM037] -->", 0),
        ("<!-- domlint: ignore[TEAM037] --> <teaming type='persistent'/>", 1),
        ("<model type='virtio'/> <!-- domlint: ignore[TEAM037] --> <teaming type='persistent'/>", 1),
        ("<model type='virtio'/> <!-- domlint: ignore[TEAM037] -->\n <teaming type='persistent'/>", 0),
    ],
)
def test_behind_something_it_covers_its_line(tag: str, count: int) -> None:
    report = linted(vm(NIC.replace("<teaming type='persistent'/>", tag), NIC))
    assert len(report.suppressed) == count
    assert [code for _line, code in told(report)].count("TEAM037") == 2 - count
    assert [code for _line, code in told(report)].count("SUP001") == 1 - count


@pytest.mark.parametrize("place", ["before", "inside", "behind"])
def test_of_a_file_it_covers_everything_wherever_it_stands(place: str) -> None:
    comment = "<!--domlint:ignore-file[TEAM037]-->"
    text = vm(NIC, f"{comment}\n" if place == "inside" else "", NIC, before=comment if place == "before" else "")
    report = linted(text + (comment if place == "behind" else ""))
    assert told(report) == []
    assert len(report.suppressed) == 2


@pytest.mark.parametrize(
    "name", ["TEAM037", "team037", "TEAM", "T", "persistent-unpaired", "Persistent-Unpaired", "ALL"]
)
@pytest.mark.parametrize("form", ["[{}]", "[TEAM031,{}]", "[ {} , ]", "[{}] a [reason] - .", "\n  [\n{}\n]\n"])
def test_names_of_rules(name: str, form: str) -> None:
    report = linted(vm(f"    <!--domlint : ignore{form.format(name)}-->\n", NIC))
    assert told(report) == []
    assert len(report.suppressed) == 1


def test_the_nearest_counts() -> None:
    """Several cover the finding: what is told is the reason of the one that is nearest, and none of them is unused."""
    inner = NIC.replace("<teaming", "<!-- domlint: ignore[TEAM] 3 -->\n<teaming").replace(
        "'persistent'/>", "'persistent'/> <!-- domlint: ignore[ALL] 4 -->"
    )
    comments = "<!-- domlint: ignore-file[TEAM037] 1 -->\n<!-- domlint: ignore[persistent-unpaired] 2 -->\n"
    for count, text in enumerate((vm(comments, NIC), vm(comments, inner.replace("4", "")), vm(comments, inner)), 2):
        report = linted(text)
        assert told(report) == []
        assert [one.reason for one in report.suppressed] == ["" if count == 3 else str(count)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    declared = (
        encoding if encoding in ("iso-8859-1", "cp1252") else encoding.removesuffix("-sig").removesuffix("-le")[:6]
    )
    text = vm("    <!-- é --> <!-- domlint: ignore[TEAM037] -->\n", NIC, BEFORE, NIC, before="<?xml version='1.0'?>\n")
    if not encoding.startswith("utf-16-"):
        text = text.replace("'?>", f"' encoding='{declared}'?>")
    data = text.replace("\n", end).encode(encoding)
    report = linted(data)
    assert len(report.suppressed) == 1
    assert [code for _line, code in told(report)] == ["SUP001", "TEAM037"]
    place = report.suppressed[0].by
    cut = data[place.offset : place.end_offset].decode("utf-8" if encoding == "utf-8-sig" else encoding)
    assert cut == BEFORE.strip()


# What is not understood, not known, or suppresses nothing.


NAMELESS = "SUP003 it does not say which rules: a code, the beginning of codes, or a name, in brackets"


@pytest.mark.parametrize(
    "comment, expected",
    [
        ("domlint: ignore", NAMELESS),
        ("domlint: ignore TEAM037", NAMELESS),
        ("domlint: ignore[]", NAMELESS),
        ("domlint: ignore[ , ]", NAMELESS),
        ("domlint: ignore[TEAM037", NAMELESS),
        ("domlint:", "SUP003 '' is none of ignore and ignore-file"),
        ("domlint: ingore[TEAM037]", "SUP003 'ingore' is none of ignore and ignore-file"),
        ("domlint: disable=TEAM037", "SUP003 'disable' is none of ignore and ignore-file"),
        ("domlint: ignore[TAEM037]", "SUP002 no rule has the code, prefix or name 'TAEM037'"),
        ("domlint: ignore[TEAM031]", None),
        ("domlint: ignore[SUP001]", "SUP003 SUP001 is about suppressions themselves, and cannot be suppressed by one"),
        ("domlint: ignore[\x7f]", "SUP002 no rule has the code, prefix or name '\x7f'"),
        ("see docs of domlint: ignore", None),
        ("domlint", None),
        ("domlinter: ignore", None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_comment(comment: str, expected: str | None) -> None:
    report = linted(vm(f"    <!-- {comment} -->\n", NIC.replace("persistent", "x")))
    assert [f"{finding.code} {finding.message}" for finding in report.findings] == [expected] * (expected is not None)


@pytest.fixture(scope="module")
def whole() -> Plan:
    return Plan(catalogue(), [example_host("qemu-8.2")])


def findings_of(text: str, plan: Plan) -> list[str]:
    report = linted(text, plan)
    return [
        f"{finding.location.line}:{finding.location.column}-{finding.location.end_column} {finding.code} "
        f"{finding.severity.value}: {finding.message} | {finding.help}"
        for finding in report.findings
        if finding.code.startswith("SUP")
    ]


def test_what_suppresses_nothing_is_told_where_it_stands(whole: Plan) -> None:
    text = vm(
        "    <!-- domlint: ignore[TEAM037,TEAM031, XML] é -->\n",
        NIC,
        "    <!-- domlint: ignore[TEAM031,persistent-shared] -->\n",
        NIC.replace("ua-a", "ua-b"),
        "    <!-- domlint: ignore[TEAM037] -->\n",
    )
    assert findings_of(text, whole) == [
        "7:34-41 SUP001 note: nothing is found here that TEAM031 would suppress | remove TEAM031 from the comment",
        "7:43-46 SUP001 note: nothing is found here that XML would suppress | remove XML from the comment",
        "14:5-56 SUP001 note: nothing is found here that TEAM031 or persistent-shared would suppress | "
        "remove the comment",
        "21:5-38 SUP001 note: the comment suppresses nothing: no element follows it | remove the comment",
    ]


@pytest.mark.parametrize(
    "name, plan, is_told",
    [
        ("TEAM031", Plan(catalogue()), True),
        ("TEAM031", Plan(modules()), True),
        ("TEAM031", Plan(modules(codes=[*SUP, "TEAM031"])), True),
        ("TEAM031", Plan(modules(codes=[*SUP, "TEAM037"])), False),
        ("TEAM031", Plan(catalogue().select(["SUP"])), False),
        ("TEAM001", Plan(modules()), False),
        ("TEAM001", Plan(modules(), [example_host("qemu-8.2")]), True),
        ("HOST012", Plan(modules(), [example_host("qemu-8.2")]), False),
        ("HOST012", Plan(modules(), [example_host("qemu-8.2"), example_host("qemu-6.2")]), True),
        ("HOST101", Plan(modules(), [example_host("qemu-8.2")]), False),
        ("SCHEMA012", Plan(modules()), False),
        ("SCHEMA012", Plan(modules(), strict=True), True),
        ("ALL", Plan(modules()), False),
    ],
)
def test_of_rules_that_were_not_asked_nothing_is_said(name: str, plan: Plan, is_told: bool) -> None:
    found = findings_of(vm(f"    <!-- domlint: ignore[{name}] -->\n", "    <memballoon model='none'/>\n"), plan)
    assert len(found) == is_told


def test_a_rule_that_failed_may_have_found_something() -> None:
    @rule("TEAM037", "persistent-unpaired", outcome=Outcome.NOTE, on=".", bad=Example(""), good=Example(""))
    def failing(_context: object, _element: object) -> Problems:
        """Fail."""
        raise RuntimeError
        yield

    own = [one for one in catalogue() if one.code.startswith("SUP")]
    report = Plan([*own, failing]).check(Source("vm.xml", vm(BEFORE, NIC).encode()))
    assert [crash.code for crash in report.crashes] == ["TEAM037"]
    assert report.findings == ()


# Rules that may not be suppressed.


def test_not_ignorable() -> None:
    plan = Plan(catalogue().select(["TEAM037", "TEAM031", "SUP"]), not_ignorable=["TEAM037"])
    text = vm("    <!-- domlint: ignore[TEAM031,TEAM0] -->\n", NIC, "    <!-- domlint: ignore[TEAM037] -->\n", "<x/>\n")
    report = linted(text, plan)
    assert told(report) == [(7, "SUP001"), (7, "SUP004"), (11, "TEAM037"), (14, "SUP004")]
    assert hidden(report) == []
    assert [finding.message for finding in report.findings if finding.code == "SUP004"] == [
        "TEAM0 (TEAM037) is not suppressed: the configuration says that nothing may suppress it",
        "TEAM037 is not suppressed: the configuration says that nothing may suppress it",
    ]


def test_without_suppressions_everything_is_told_and_nothing_of_them() -> None:
    text = vm(BEFORE, NIC, "    <!-- domlint: ingore -->\n")
    report = linted(text, Plan(catalogue(), with_suppressions=False))
    assert [code for _line, code in told(report)] == ["TEAM037"]
    assert [one.code for one in domlint.check(text.encode(), suppressions=False)] == ["TEAM037"]
    assert [one.code for one in domlint.check(text.encode())] == ["SUP003"]


# Metadata.


def metadata(inner: str) -> str:
    return (
        f"<metadata><domlint:suppressions xmlns:domlint='urn:domlint:1'>\n{inner}\n</domlint:suppressions></metadata>\n"
    )


@pytest.mark.parametrize(
    "inner, lines",
    [
        ("<domlint:ignore rules='TEAM037'/>", [13, 19]),
        ("<ignore rules='TEAM037'/>", [13, 19]),
        ("<domlint:ignore rules=' TEAM031 , TEAM '/>", [13, 19]),
        ("<domlint:ignore rules='TEAM037' at=\"devices/interface[alias/@name='ua-b']\"/>", [19]),
        ("<domlint:ignore rules='TEAM037' at=\"devices/interface[alias/@name=('ua-a', 'ua-b')]/teaming\"/>", [13, 19]),
        ("<domlint:ignore rules='TEAM037' at='devices/*'/>", [13, 19]),
        ("<domlint:ignore rules='TEAM037' at='.'/>", [13, 19]),
        ("<domlint:ignore rules='TEAM037' at='devices/disk'/>", []),
        ("<domlint:ignore rules='TEAM037' at='cpu'/><domlint:ignore rules='TEAM037' at='devices'/>", [13, 19]),
        ("<!-- a comment --> text", []),
    ],
)
def test_metadata(inner: str, lines: list[int]) -> None:
    report = linted(vm(NIC, NIC.replace("ua-a", "ua-b"), metadata=metadata(inner)))
    assert hidden(report) == [(line, "TEAM037") for line in lines]
    assert [line for line, code in told(report) if code == "TEAM037"] == [
        line for line in (13, 19) if line not in lines
    ]
    assert {one.kind for one in report.suppressed} <= {"metadata"}


@pytest.mark.parametrize(
    "inner, expected",
    [
        ("<domlint:ignore/>", "4:1 it does not say which rules: codes, beginnings of codes, or names, with "
         "commas between them | write <domlint:ignore rules='CODE' reason='...'/>"),
        ("<domlint:ignore rules=','/>", "4:1 it does not say which rules: codes, beginnings of codes, or names, with "
         "commas between them | write <domlint:ignore rules='CODE' reason='...'/>"),
        ("<domlint:ignore rule='TEAM037'/>", "4:17 'rule' is none of rules, at, reason | "
         "write <domlint:ignore rules='CODE' reason='...'/>"),
        ("<domlint:ignored/>", "4:1 'ignored' says nothing here | write <domlint:ignore>"),
        ("<other:ignore xmlns:other='urn:o'/>", "4:1 'ignore' says nothing here | write <domlint:ignore>"),
        ("<domlint:ignore rules='TEAM037' at='devices['/>", "4:33 it does not say where: 'devices[', character 9: "
         "expected a name or a number | write it like devices/interface[alias/@name='ua-uplink']"),
        ("<domlint:ignore rules='TEAM037' at='//x'/>", "4:33 it does not say where: '//x', character 1: expected "
         "a name or a number | write it like devices/interface[alias/@name='ua-uplink']"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_metadata(inner: str, expected: str) -> None:
    report = linted(vm(metadata=metadata(inner)))
    (finding,) = report.findings
    assert finding.code == "SUP003"
    assert f"{finding.location.line}:{finding.location.column} {finding.message} | {finding.help}" == expected


def test_libvirt_keeps_the_first_element_of_a_namespace() -> None:
    one = "<domlint:suppressions xmlns:domlint='urn:domlint:1'><ignore rules='{}'/></domlint:suppressions>"
    text = vm(NIC, metadata=f"<metadata>{one.format('TEAM031')}<x xmlns='urn:x'/>{one.format('TEAM037')}</metadata>\n")
    report = linted(text)
    assert told(report) == [(3, "SUP003"), (11, "TEAM037")]
    assert report.findings[0].message == (
        "libvirt keeps only the first element of a namespace in <metadata>, and drops this one"
    )
    other = vm(metadata="<metadata><domlint:ignore rules='TEAM' xmlns:domlint='urn:domlint:1'/></metadata>\n")
    assert [finding.help for finding in linted(other).findings] == ["write <domlint:suppressions>"]


def test_names_in_metadata_have_places(whole: Plan) -> None:
    text = vm(NIC, metadata=metadata("<domlint:ignore rules='TEAM037,TEAM031, TEAM&#48;33'/>"))
    assert findings_of(text, whole) == [
        # What is written with a reference has no place of its own.
        "4:17-53 SUP001 note: nothing is found here that TEAM033 would suppress | remove TEAM033 from the element",
        "4:32-39 SUP001 note: nothing is found here that TEAM031 would suppress | remove TEAM031 from the element",
    ]
    selecting = vm(NIC, metadata=metadata("<domlint:ignore rules='TEAM037' at='devices/disk'/>"))
    assert findings_of(selecting, whole) == [
        "4:1-52 SUP001 note: the element suppresses nothing: at selects no element | remove the element"
    ]


def test_networks_have_metadata_and_comments_too() -> None:
    network = "<network>\n<name>n</name>\n{}<!-- domlint: ignore[SCHEMA] -->\n<nonsense/>\n</network>"
    report = linted(network.format(""), Plan(catalogue()))
    assert [one.finding.code for one in report.suppressed] != []
    assert told(report) == []
    report = linted(
        network.format(metadata("<ignore rules='TEAM037'/>")), Plan(catalogue(), [example_host("qemu-8.2")])
    )
    assert [finding.code for finding in report.findings if finding.code != "SUP001"] == []


def test_foreign_and_broken_files() -> None:
    note = linted("<!-- domlint: ignore[XML002] --><project/>", Plan(catalogue()))
    assert (note.findings, len(note.suppressed)) == ((), 1)
    broken = linted("<!-- domlint: ignore-file[XML001] --><domain><a></domain>", Plan(catalogue()))
    assert [finding.code for finding in broken.findings] == ["XML001"]
    assert broken.suppressed == ()


# Properties.

_NAMES = ("TEAM037", "TEAM", "persistent-unpaired", "ALL", "TEAM031", "NOPE")
_MEANT = _NAMES[:4]


@st.composite
def _files(draw: st.DrawFn) -> tuple[str, list[bool]]:
    """A file, and for each of its interfaces whether its finding is suppressed."""
    parts, covered = [], []
    everywhere = False
    for _ in range(draw(st.integers(1, 4))):
        is_covered = False
        nic = NIC
        for _ in range(draw(st.integers(0, 2))):
            name = draw(st.sampled_from(_NAMES))
            form = draw(st.sampled_from(["before", "inside", "line", "wrong line", "file"]))
            comment = f"<!-- domlint: ignore[{name}] -->"
            if form == "before":
                nic = f"    {comment}\n{nic}"
            elif form == "inside":
                nic = nic.replace("      <teaming", f"      {comment}\n      <teaming")
            elif form == "line":
                nic = nic.replace("'persistent'/>", f"'persistent'/> {comment}")
            elif form == "wrong line":
                nic = nic.replace("'virtio'/>", f"'virtio'/> {comment}")
            else:
                nic += f"    <!-- domlint: ignore-file[{name}] -->\n"
            is_covered |= name in _MEANT and form in ("before", "inside", "line")
            everywhere |= name in _MEANT and form == "file"
        parts.append(nic)
        covered.append(is_covered)
    return vm(*parts), [one or everywhere for one in covered]


@settings(max_examples=150, deadline=None)
@given(_files())
def test_what_is_suppressed_is_what_is_covered(file: tuple[str, list[bool]]) -> None:
    text, covered = file
    report = linted(text)
    places = [finding.location.offset for finding, _by in report.everything if finding.code == "TEAM037"]
    silent = {one.finding.location.offset for one in report.suppressed}
    assert [place in silent for place in places] == covered
    plain = linted(text, Plan(modules(codes=["TEAM037"]), with_suppressions=False)).findings
    assert tuple(one for one, _by in report.everything if one.code == "TEAM037") == plain


def _place(line: int, offset: int) -> Location:
    return Location("vm.xml", line, 1, line, 2, offset, offset + 1)


_SPANS = st.lists(
    st.sampled_from([(0, 100), (10, 50), (10, 20), (20, 30), (30, 50), (60, 90), (60, 61), (99, 100)]), max_size=3
)
_SAID = st.builds(
    lambda code, line, spans, offset: Suppression(
        "comment",
        tuple(domlint.suppressions.Name(one, _place(1, offset)) for one in code),  # type: ignore[attr-defined]
        "",
        _place(1, offset),
        line,
        None if line is not None else tuple(spans) if spans is not None else None,
    ),
    st.lists(st.sampled_from(["TEAM037", "TEAM", "ALL", "HOST", "NOPE"]), min_size=1, max_size=2),
    st.none() | st.integers(1, 4),
    st.none() | _SPANS,
    st.integers(0, 100),
)
_FOUND = st.builds(
    lambda code, line, height, offset: Finding(
        code, "x", Severity.NOTE, Outcome.NOTE, "m", _place(line, offset)._replace(end_line=line + height)
    ),
    st.sampled_from(["TEAM037", "TEAM031", "HOST001"]),
    st.integers(1, 4),
    st.integers(0, 2),
    st.integers(0, 110),
)


def _covers(suppression: Suppression, finding: Finding) -> bool:
    location = finding.location
    if suppression.line is not None:
        return location.line <= suppression.line <= location.end_line
    return suppression.spans is None or any(start <= location.offset < end for start, end in suppression.spans)


def _applied(said: Sequence[Said], findings: Sequence[Finding], not_ignorable: Sequence[str]) -> Applied:
    return apply(said, findings, names(), not_ignorable, lambda _code: True)


@settings(max_examples=300, deadline=None)
@given(st.lists(_SAID, max_size=6), st.lists(_FOUND, max_size=6, unique=True), st.sampled_from([[], ["TEAM037"]]))
def test_the_sweep_finds_what_asking_each_finds(
    said: list[Suppression], findings: list[Finding], not_ignorable: list[str]
) -> None:
    applied = _applied(said, findings, not_ignorable)

    def means(name: str, finding: Finding) -> bool:
        return name == "ALL" or (name != "NOPE" and finding.code.startswith(name))

    expected = {
        finding
        for finding in findings
        if finding.code not in not_ignorable
        and any(means(name.text, finding) and _covers(one, finding) for one in said for name in one.names)
    }
    assert set(applied.suppressed) == expected
    idle = [(unused.suppression, name) for unused in applied.unused for name in unused.names]
    for one in said:
        for name in one.names:
            does_something = any(means(name.text, finding) and _covers(one, finding) for finding in findings)
            is_refused = any((refused.suppression, refused.name) == (one, name) for refused in applied.refused)
            if does_something or is_refused:
                assert (one, name) not in idle
            else:
                assert ((one, name) in idle) == (name.text != "NOPE" or one.spans == ())


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs", "Cc"]), max_size=40))
def test_any_comment_is_understood_or_told(text: str) -> None:
    comment = text.replace("--", "- ").removesuffix("-")
    document = parse("vm.xml", vm(f"<!--domlint:{comment}-->\n", NIC).encode())
    said = suppressions_of(document)
    assert len(said) == 1
    for one in said:
        assert isinstance(one, (Suppression, Misunderstood))
        assert one.location.line == 7


# Cost.


def test_files_without_the_word_are_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domlint.suppressions.suppressions_of", lambda _document: pytest.fail("it was read"))
    assert told(linted(vm(NIC, "<!-- lint: ignore[TEAM037] -->\n"))) == [(10, "TEAM037")]
    assert not Document("vm.xml", b"<domlint", None).may_suppress


MANY = {
    "comments": lambda: vm("<!--domlint:ignore[T]-->\n" * 30_000, NIC),
    "comments, each before an element": lambda: vm("<!--domlint:ignore[TEAM037]-->\n<x/>" * 15_000, NIC * 500),
    "names": lambda: vm(f"<!--domlint:ignore[{'TEAM037,' * 30_000}]-->", NIC * 500),
    "unknown names": lambda: vm(f"<!--domlint:ignore[{','.join(f'X{n}' for n in range(2_000))}]-->", NIC),
    "findings": lambda: vm("<!--domlint:ignore[TEAM037]-->" * 2_000, "<x>", NIC * 2_000, "</x>", NIC * 2_000),
    "levels": lambda: vm("<!--domlint:ignore[TEAM]--><x>" * 200, NIC, "</x>" * 200),
    "elements in metadata": lambda: vm(
        NIC * 500, metadata=metadata("<ignore rules='TEAM' at='devices/interface'/>" * 20_000)
    ),
    "a reason": lambda: vm(f"<!--domlint:ignore[TEAM037] {'x ' * 2_000_000}-->", NIC),
}


@pytest.mark.parametrize("kind", MANY)
def test_very_many(kind: str) -> None:
    text = MANY[kind]()
    start = time.monotonic()
    report = linted(text)
    assert time.monotonic() - start < 20
    assert all(len(finding.message) <= 2_100 for finding in report.findings)


# The documentation.


def test_the_documented_places_are_selectors() -> None:
    text = (ROOT / "docs" / "suppressions.md").read_text()
    rows = re.findall(r"^\| `([^`<]+)` \| (?:the|two|any|USB)", text, re.MULTILINE)
    assert len(rows) >= 5
    root = parse("vm.xml", vm(NIC.replace("ua-a", "ua-data"), "<controller type='usb'/>", "<cpu/>").encode()).domain
    assert root is not None
    found = {row: len(list(Selectors([(parse_selector(row), None)]).select(root))) for row in rows}
    assert found["devices/*[alias/@name='ua-data']"] == 1
    assert found["devices/controller[@type='usb'][not(address)]"] == 1
