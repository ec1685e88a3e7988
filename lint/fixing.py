"""Mending a file: edits that do not get in each other's way, round after round, as long as something can be mended."""

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple, TypeAlias

from domlint.document import parse
from domlint.engine import FileReport, Plan, Source
from domlint.findings import Edit, Finding, Remedy, Severity

MOST_ROUNDS: Final = 20
"""After which what two rules do and undo is left as it is."""

_MOST_CHECKS: Final = 200
"""How often one file is checked. With very many fixes of which some are refused, what is left by then stays."""


class Fixed(NamedTuple):
    """A file that was mended.

    ``data`` are its new bytes, ``fixed`` the findings that are gone with them, ``report`` what is found in it now. A
    finding that could not be mended, although there was a remedy, has none in the report.
    """

    data: bytes
    fixed: tuple[Finding, ...]
    report: FileReport


Told: TypeAlias = Callable[[FileReport], FileReport]
"""Makes of a report one without the findings that are not told."""

_Key: TypeAlias = tuple[str, str, str]
"""What a finding is known by from one round to the next: its code, the path of the element, and the message."""


def fix(plan: Plan, source: Source, with_unsafe: bool = False, told: Told | None = None) -> Fixed:
    """Mend what can be mended in a file; with ``with_unsafe``, also where that changes what the guest sees.

    A remedy is left out where a warning or an error would be found afterwards that was not found before, or where what
    it is for would still be found. ``told`` makes of a report one without what shall stay as it is.
    """
    data = source.data
    fixed: tuple[Finding, ...] = ()
    report = plan.check(source)
    mender = _Mender(plan, source, with_unsafe, told)
    seen = {data}
    for _round in range(MOST_ROUNDS):
        step = mender.step(data, report)
        if step is None or step.data in seen:
            break
        seen.add(step.data)
        data, report = step.data, step.report
        fixed = (*fixed, *step.fixed)
    left = tuple(one._replace(remedy=None) if one.remedy_for(with_unsafe) else one for one in report.findings)
    return Fixed(data, fixed, report._replace(findings=left))


class _Mender:
    """What is kept of one file from round to round: which remedies were tried in vain, and how many checks are left."""

    def __init__(self, plan: Plan, source: Source, with_unsafe: bool, told: Told | None) -> None:
        self._plan = plan
        self._told = told
        self._source = source
        self._with_unsafe = with_unsafe
        self._refused: set[_Key] = set()
        self._checks = _MOST_CHECKS

    def step(self, data: bytes, report: FileReport) -> Fixed | None:
        """Mend as much at once as can be; None where nothing can."""
        offered = self._offered(report)
        while offered and self._checks:
            mended, done = apply(data, offered, self._with_unsafe)
            after = self._check(mended)
            if after is not None and _is_better(report, after, done):
                return Fixed(mended, done, after)
            if len(done) == 1:
                self._refused.add(_key(done[0]))
                offered = self._offered(report)
            else:
                offered = list(done[: len(done) // 2])
        return None

    def _offered(self, report: FileReport) -> list[Finding]:
        return [
            finding
            for finding in (report if self._told is None else self._told(report)).findings
            if finding.remedy_for(self._with_unsafe) is not None and _key(finding) not in self._refused
        ]

    def _check(self, data: bytes) -> FileReport | None:
        """What is found in the file when it has these bytes; None where they are not well-formed."""
        self._checks -= 1
        if parse(self._source.name, data).faults:
            return None
        return self._plan.check(self._source._replace(data=data))


def _key(finding: Finding) -> _Key:
    return finding.code, finding.location.xpath, finding.message


def _is_better(before: FileReport, after: FileReport, done: Iterable[Finding]) -> bool:
    """Tell whether what was mended is gone, and nothing as grave as a warning is there that was not."""
    if len(after.crashes) > len(before.crashes):
        return False
    mended = _counted(done)
    allowed = _counted(before.findings)
    allowed.subtract(mended)
    weighty = {finding.code for finding in after.findings if finding.severity is not Severity.NOTE}
    return all(
        count <= allowed[code] for code, count in _counted(after.findings).items() if code in weighty or code in mended
    )


def _counted(findings: Iterable[Finding]) -> Counter[str]:
    """The places that findings of each code are at: one may be told of several hosts in different words."""
    places = {(finding.code, finding.location.offset, finding.location.xpath) for finding in findings}
    return Counter(code for code, _offset, _xpath in places)


def apply(data: bytes, findings: Iterable[Finding], with_unsafe: bool = False) -> tuple[bytes, tuple[Finding, ...]]:
    """The bytes of a file with the remedies of findings, and the findings whose remedy is in them.

    Where two overlap, the first in the file is taken, and of two at one place the safe one.
    """
    offered = [(finding, remedy) for finding in findings if (remedy := finding.remedy_for(with_unsafe)) is not None]
    offered.sort(key=lambda pair: (_begin(pair[1]), not pair[1].is_safe))
    taken = _Taken()
    done = [finding for finding, remedy in offered if taken.take(remedy.edits)]
    pieces = []
    behind = len(data)
    for edit in sorted(taken.edits, key=lambda edit: (edit.offset, edit.end_offset, edit.text), reverse=True):
        pieces += [data[edit.end_offset : behind], edit.text.encode()]
        behind = edit.offset
    pieces.append(data[:behind])
    return b"".join(reversed(pieces)), tuple(done)


class _Taken:
    """Edits that do not touch each other, by where they begin."""

    def __init__(self) -> None:
        self.edits: set[Edit] = set()
        self._sorted: list[tuple[int, int]] = []

    def take(self, edits: Sequence[Edit]) -> bool:
        """Take edits that belong together, unless one of them touches another one: tell whether they were."""
        new = [edit for edit in edits if edit not in self.edits]
        if any(self._touches(edit) for edit in new):
            return False
        self.edits.update(new)
        for edit in new:
            insort(self._sorted, (edit.offset, edit.end_offset))
        return True

    def _touches(self, edit: Edit) -> bool:
        """Tell whether an edit touches one that is taken: two insertions at one place would, too."""
        at = bisect_right(self._sorted, edit.end_offset, key=lambda span: span[0])
        return at > 0 and self._sorted[at - 1][1] >= edit.offset


def _begin(remedy: Remedy) -> int:
    return min(edit.offset for edit in remedy.edits)
