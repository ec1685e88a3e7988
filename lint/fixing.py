"""Mending a file: edits that do not get in each other's way, round after round, as long as something can be mended."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from domlint.document import parse
from domlint.engine import FileReport, Plan, Source
from domlint.findings import Edit, Finding, Remedy

MOST_ROUNDS: Final = 20
"""After which what two rules do and undo is left as it is."""


class Fixed(NamedTuple):
    """A file that was mended.

    ``data`` are its new bytes, ``fixed`` the findings that are gone with them, ``report`` what is found in it now.
    """

    data: bytes
    fixed: tuple[Finding, ...]
    report: FileReport


def fix(plan: Plan, source: Source, with_unsafe: bool = False) -> Fixed:
    """Mend what can be mended in a file; with ``with_unsafe``, also where that changes what the guest sees.

    What is not well-formed afterwards, or comes back to what it was before, is left as it was in the round before.
    """
    data = source.data
    fixed: tuple[Finding, ...] = ()
    report = plan.check(source)
    seen = {data}
    for _round in range(MOST_ROUNDS):
        mended, done = apply(data, report.findings, with_unsafe)
        if not done or mended in seen or _is_damaged(source.name, mended):
            break
        seen.add(mended)
        data = mended
        fixed = (*fixed, *done)
        report = plan.check(source._replace(data=data))
    return Fixed(data, fixed, report)


def apply(data: bytes, findings: Iterable[Finding], with_unsafe: bool = False) -> tuple[bytes, tuple[Finding, ...]]:
    """The bytes of a file with the remedies of findings, and the findings whose remedy is in them.

    Where two overlap, the first in the file is taken, and of two at one place the safe one.
    """
    offered = [
        (finding, finding.remedy)
        for finding in findings
        if finding.remedy is not None and (finding.remedy.is_safe or with_unsafe)
    ]
    offered.sort(key=lambda pair: (_begin(pair[1]), not pair[1].is_safe))
    taken: set[Edit] = set()
    done = []
    for finding, remedy in offered:
        new = [edit for edit in remedy.edits if edit not in taken]
        if not any(_overlap(edit, other) for edit in new for other in taken):
            taken.update(new)
            done.append(finding)
    for edit in sorted(taken, key=lambda edit: (edit.offset, edit.end_offset, edit.text), reverse=True):
        data = data[: edit.offset] + edit.text.encode() + data[edit.end_offset :]
    return data, tuple(done)


def _begin(remedy: Remedy) -> int:
    return min(edit.offset for edit in remedy.edits)


def _overlap(one: Edit, other: Edit) -> bool:
    """Tell whether two edits touch: two insertions at one place would, too."""
    return one.offset <= other.end_offset and other.offset <= one.end_offset


def _is_damaged(name: str, data: bytes) -> bool:
    return bool(parse(name, data).faults)
