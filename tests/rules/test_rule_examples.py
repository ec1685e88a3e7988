"""Every rule's own examples: the bad one yields the rule's code at the marked lines, the good one nothing of it."""

from __future__ import annotations

import pytest

from domlint.engine import Plan, Source
from domlint.examples import example_hosts, example_networks, marked_lines, whole_document
from domlint.findings import Severity
from domlint.rule import Example, Needs, Rule
from domlint.rules import catalogue
from domlint.versions import Version

RULES = list(catalogue())


def check(example: Example, strict: bool = False):
    plan = Plan(
        catalogue(),
        example_hosts(example),
        example_networks(example),
        Version.parse(example.libvirt) if example.libvirt else None,
        strict=strict,
        not_ignorable=example.not_ignorable,
    )
    report = plan.check(Source("example.xml", whole_document(example).encode()))
    assert report.crashes == ()
    return report.findings


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_bad_example_yields_the_code_at_the_marked_lines(rule: Rule) -> None:
    findings = check(rule.bad, Needs.STRICT in rule.needs)
    lines = [finding.location.line for finding in findings if finding.code == rule.code]
    assert lines == marked_lines(rule.bad, rule.code)
    assert lines, "an example that marks no line tests nothing"
    others = {finding.code for finding in findings if finding.severity is not Severity.NOTE} - {rule.code}
    assert others == set(), "one mistake, one finding"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_good_example_is_clean(rule: Rule) -> None:
    findings = check(rule.good, Needs.STRICT in rule.needs)
    assert rule.code not in {finding.code for finding in findings}
    assert [finding for finding in findings if finding.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_rule_is_declared_in_full(rule: Rule) -> None:
    assert rule.documentation.count("\n\n") >= 1, "what it is, and what happens on the host"
    assert rule.summary.endswith(".")
    assert rule.source
    assert rule.name == rule.name.lower().replace("_", "-")
    assert whole_document(rule.bad) != whole_document(rule.good) or rule.bad != rule.good


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_findings_of_the_example_name_the_way_out(rule: Rule) -> None:
    for finding in check(rule.bad):
        if finding.code == rule.code and finding.code.startswith("TEAM"):
            assert finding.help
            assert "\n" not in finding.message
