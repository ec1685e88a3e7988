"""Failover pairs in every form: who is refused, and who is not, held against a real libvirt.

See real_libvirt.py for how to name one.
"""

from __future__ import annotations

import pytest
from real_libvirt import define, findings, host_for, needs_libvirt, refusals
from variants import VARIANTS, Variant

pytestmark = needs_libvirt


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
