"""What the fixes of rules make of a file: the very bytes, nothing else, and nothing that was not wrong before."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest
from domains import Run, network
from hypothesis import given, settings
from hypothesis import strategies as st
from test_teaming_properties import FILES, RUNS

from domlint.document import parse
from domlint.engine import FileReport, Plan, Source
from domlint.examples import example_hosts, example_networks, whole_document
from domlint.findings import Finding, Severity
from domlint.fixing import Fixed, apply, fix
from domlint.rule import Example, Fixable, Needs, Rule
from domlint.rules import catalogue
from domlint.versions import Version

GOLDEN = Path(__file__).parent / "golden" / "fixes"
RULES = list(catalogue())
BY_CODE = {rule.code: rule for rule in RULES}
SAFE_ELSEWHERE = {"SUP002", "TEAM010"}
UNSAFE_ELSEWHERE = {"SUP003"}
"""Rules of which other findings than that of the example have a fix that is safe, or one that is not."""


def plan_of(example: Example, strict: bool = False) -> Plan:
    libvirt = Version.parse(example.libvirt) if example.libvirt else None
    return Plan(
        catalogue(),
        example_hosts(example),
        example_networks(example),
        libvirt,
        strict=strict,
        not_ignorable=example.not_ignorable,
    )


def weighty(report: FileReport) -> set[str]:
    return {finding.code for finding in report.findings if finding.severity is not Severity.NOTE}


def assert_only_edited(before: bytes, after: bytes, findings: list[Finding]) -> None:
    """All bytes outside of the edits are there, in their order."""
    edits = sorted({edit for finding in findings if finding.remedy for edit in finding.remedy.edits})
    position, rest = 0, after
    for edit in sorted(edits, key=lambda edit: edit.offset):
        kept = before[position : edit.offset] + edit.text.encode()
        assert rest.startswith(kept)
        rest, position = rest[len(kept) :], edit.end_offset
    assert rest == before[position:]


def assert_holds(plan: Plan, source: Source, with_unsafe: bool) -> Fixed:
    """What holds of every file that is mended."""
    before = plan.check(source)
    for finding in before.findings:
        if finding.remedy is not None:
            declared = BY_CODE[finding.code].fixable
            assert declared is not None
            assert declared is Fixable.SAFE or not finding.remedy.is_safe
    once, done = apply(source.data, before.findings, with_unsafe)
    assert_only_edited(source.data, once, list(done))
    fixed = fix(plan, source, with_unsafe)
    assert fixed.report.crashes == before.crashes == ()
    if fixed.data != source.data:
        assert not parse(source.name, fixed.data).faults
        assert fixed.fixed
    assert weighty(fixed.report) <= weighty(before)
    again = fix(plan, source._replace(data=fixed.data), with_unsafe)
    assert (again.data, again.fixed) == (fixed.data, ())
    assert not any(one.remedy and (one.remedy.is_safe or with_unsafe) for one in fixed.report.findings)
    return fixed


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_bad_example_before_and_after(rule: Rule) -> None:
    plan = plan_of(rule.bad, Needs.STRICT in rule.needs)
    source = Source("example.xml", whole_document(rule.bad).encode())
    path = GOLDEN / f"{rule.code}.diff"
    fixed = assert_holds(plan, source, True)
    text = ""
    is_mended = fixed.data != source.data
    assert is_mended == (rule.fixable is not None) or rule.code in SAFE_ELSEWHERE | UNSAFE_ELSEWHERE
    if fixed.data != source.data:
        assert rule.code in {finding.code for finding in fixed.fixed}
        before, after = (data.decode().splitlines(keepends=True) for data in (source.data, fixed.data))
        kind = "unsafe" if fix(plan, source).data != fixed.data else "safe"
        assert rule.fixable is (Fixable.SAFE if kind == "safe" or rule.code in SAFE_ELSEWHERE else Fixable.UNSAFE)
        # The whole file is context.
        text = f"{kind}: " + "; ".join(one.remedy.words for one in fixed.fixed if one.remedy) + "\n"
        text += "".join(difflib.unified_diff(before, after, "before", "after", n=len(before)))
    if os.environ.get("DOMLINT_WRITE_GOLDEN"):
        path.unlink(missing_ok=True)
        if text:
            path.write_text(text)
    assert (path.read_text() if path.exists() else "") == text


def test_no_snapshot_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} <= {rule.code for rule in RULES}
    assert len(list(GOLDEN.iterdir())) >= 20


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_good_examples_stay(rule: Rule) -> None:
    data = whole_document(rule.good).encode()
    assert fix(plan_of(rule.good), Source("example.xml", data)).data == data


FIXABLE = [rule for rule in RULES if (GOLDEN / f"{rule.code}.diff").exists()]


@given(st.sampled_from(FIXABLE), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_other_line_ends_and_quotes(rule: Rule, end: str, tabs: bool, quotes: bool, with_unsafe: bool) -> None:
    text = whole_document(rule.bad).replace("\n", end)
    text = text.replace("  ", "\t") if tabs else text
    text = text.replace("'", '"') if quotes else text
    fixed = assert_holds(plan_of(rule.bad), Source("example.xml", text.encode()), with_unsafe)
    assert fixed.data.count(b"\n") == (fixed.data.count(b"\r\n") if end == "\r\n" else fixed.data.count(b"\n"))
    if with_unsafe:
        assert rule.code in {finding.code for finding in fixed.fixed}


@given(FILES, RUNS, st.booleans())
@settings(deadline=None, max_examples=150)
def test_what_holds_of_every_file(text: str, run: Run, with_unsafe: bool) -> None:
    libvirt = Version.parse(run.libvirt) if run.libvirt else None
    plan = Plan(catalogue(), run.hosts, [network(each) for each in run.networks], libvirt)
    assert_holds(plan, Source("vm.xml", text.encode()), with_unsafe)
