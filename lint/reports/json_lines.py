"""json-lines: the JSON report with a line for each finding, for programs that read a line at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from domlint.reports.json import as_object
from domlint.run import Report


def render(report: Report, _columns: int | None = None) -> str:
    """Write an object in each line, in ASCII.

    ``type`` says which it is: run, finding, suppressed, matrix (how one VM fares on each host), failure or, at last,
    summary.
    """
    return "".join(f"{json.dumps(line)}\n" for line in _objects(as_object(report)))


def _objects(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    findings, failures, summary = whole.pop("findings"), whole.pop("failures"), whole.pop("summary")
    matrix, suppressed = whole.pop("matrix"), whole.pop("suppressed")
    yield {"type": "run", **whole}
    for finding in findings:
        yield {"type": "finding", **finding}
    for one in suppressed:
        yield {"type": "suppressed", **one}
    for row in matrix:
        yield {"type": "matrix", **row}
    for failure in failures:
        yield {"type": "failure", **failure}
    yield {"type": "summary", **summary}
