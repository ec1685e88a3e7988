"""Every rule for failover against whole files: what it must find, where, and what it must leave alone."""

from __future__ import annotations

import pytest
from domains import FORMS, POOLED, RULES, STANDBY, Bad, Near, Run, host, marks, places, vm
from team_cases import BAD, NEAR

from domlint.findings import Finding, Severity


def variants(cases):
    return [
        pytest.param(case, form, id=f"{case.code}-{case.name}-{form}".replace(" ", "_"))
        for case in cases
        for form in case.forms
    ]


def is_of_interest(finding: Finding, case: Bad | Near) -> bool:
    """Notes of other rules are no mistakes."""
    return finding.code == case.code or (finding.severity is not Severity.NOTE and finding.code not in case.also)


@pytest.mark.parametrize("case, form", variants(BAD))
def test_the_mistake_is_found_where_it_is_and_nothing_else(case: Bad, form: str) -> None:
    text = FORMS[form](case.text)
    findings = [finding for finding in case.run.findings(text) if is_of_interest(finding, case)]
    assert marks(text), "a case that marks no line tests nothing"
    assert places(findings) == marks(text)
    for finding in findings:
        assert (finding.outcome, finding.severity) == (case.outcome, case.severity)


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.code}-{case.name}") for case in BAD])
def test_the_finding_names_what_is_wrong_and_the_way_out(case: Bad) -> None:
    found = [finding for finding in case.run.findings(case.text) if finding.code == case.code]
    said = " ".join(f"{finding.message} {finding.help}" for finding in found)
    assert [words for words in case.says if words not in said] == [], said
    assert all(finding.help for finding in found)
    assert case.says


@pytest.mark.parametrize("case, form", variants(NEAR))
def test_what_only_looks_like_it_is_left_alone(case: Near, form: str) -> None:
    findings = [finding for finding in case.run.findings(FORMS[form](case.text)) if is_of_interest(finding, case)]
    assert findings == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_its_cases(rule) -> None:
    assert [case for case in BAD if case.code == rule.code], "files with this mistake"
    assert [case for case in NEAR if case.code == rule.code], "files without it"


def test_no_case_is_there_twice() -> None:
    for cases in (BAD, NEAR):
        names = [(case.code, case.name) for case in cases]
        assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    "code, text, run",
    [
        ("TEAM001", vm(STANDBY, POOLED), Run((host(qemu="4.1.0", libvirt="7.0.0"),))),
        ("TEAM003", vm(STANDBY, POOLED), Run(libvirt="6.0.0")),
        ("TEAM027", vm(STANDBY, POOLED, kind="xen"), Run()),
    ],
)
def test_what_concerns_every_teaming_is_said_once_and_names_the_others(code: str, text: str, run: Run) -> None:
    (finding,) = [one for one in run.findings(text) if one.severity is not Severity.NOTE]
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "<teaming" in line]
    assert finding.code == code
    assert [finding.location.line, *(one.location.line for one in finding.related)] == lines


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.code}-{case.name}") for case in BAD])
def test_what_else_a_finding_points_at_is_somewhere_else(case: Bad) -> None:
    for finding in case.run.findings(case.text):
        for related in finding.related:
            assert related.message
            assert related.location.line in range(1, case.text.count("\n") + 1)
            assert related.location != finding.location
