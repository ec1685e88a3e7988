"""What domlint says a host does with a domain, held against what a real one does: define it, start it, or refuse."""

from __future__ import annotations

import pytest
from host_variants import HOST_VARIANTS, HostVariant
from real_libvirt import define, findings, host_for, needs_libvirt, started

pytestmark = needs_libvirt


@pytest.mark.parametrize("variant", HOST_VARIANTS, ids=lambda variant: variant.name)
def test_host_does_as_predicted(variant: HostVariant) -> None:
    host = host_for(variant.arch)
    predicted = [finding for finding in findings(variant.text, host) if finding.outcome.value in ("define", "start")]
    answer = define(variant.text)
    done, error = "define", answer.error
    if not answer.is_refused:
        with started(variant.text) as error:
            done = "start" if error else "ok"
    assert (done, variant.outcome) == (variant.outcome, variant.outcome), error or "it runs"
    assert [(finding.outcome.value, finding.code) for finding in predicted] == (
        [(variant.outcome, variant.code)] if variant.code else []
    ), [finding.message for finding in predicted]
