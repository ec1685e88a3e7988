"""Every verdict "libvirt refuses the definition", and every silence about it, held against a real libvirt.

See real_libvirt.py for how to name one.
"""

from __future__ import annotations

import pytest
from real_libvirt import define, findings, host_for, needs_libvirt, probed_machine, refusals
from variants import VARIANTS, Variant

from domlint.examples import example_networks, whole_document
from domlint.rule import Example, Rule
from domlint.rules import catalogue

pytestmark = needs_libvirt

RULES = [rule for rule in catalogue() if rule.code.startswith("TEAM")]

OF_ANOTHER_DRIVER = {
    ("TEAM027", "bad"): "a domain of Xen: its driver accepts it, the QEMU driver knows no such machine and refuses it",
}
"""Examples whose verdict another libvirt driver gives, and why."""


@pytest.mark.parametrize("kind", ["bad", "good"])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_example_is_refused_as_predicted(rule: Rule, kind: str) -> None:
    example: Example = getattr(rule, kind)
    host = host_for(example.arch)
    example = example._replace(
        machine=probed_machine(example.machine, host), type="qemu" if example.type == "kvm" else example.type
    )
    text = whole_document(example)
    answer = define(text)
    if (rule.code, kind) in OF_ANOTHER_DRIVER:
        assert answer.is_refused
        return
    predicted = [f"{finding.code}: {finding.message}" for finding in refusals(text, host, example_networks(example))]
    assert answer.is_refused == bool(predicted), f"libvirt: {answer.error or 'defines it'}; domlint: {predicted}"


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variant_is_refused_as_predicted(variant: Variant) -> None:
    predicted = [f"{finding.code}: {finding.message}" for finding in refusals(variant.text, host_for("x86_64"))]
    assert variant.is_refused == bool(predicted), predicted


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_variant_is_refused_by_libvirt_as_listed(variant: Variant) -> None:
    answer = define(variant.text)
    assert answer.is_refused == variant.is_refused, answer.error or "libvirt defines it"


@pytest.mark.parametrize("form", ["pooled", "by_address", "plain"])
@pytest.mark.parametrize("order", ["documented pair", "transient first"])
def test_documented_pair_has_no_finding_of_weight(form: str, order: str) -> None:
    (variant,) = (variant for variant in VARIANTS if variant.name == f"{form}: {order}")
    outcomes = {finding.outcome.value for finding in findings(variant.text, host_for("x86_64"))}
    assert outcomes <= {"note"}
