"""A run over many files: reads them, has the engine check each, and gathers one report."""

import os
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domlint.engine import Crash, FileReport, Plan, Source
from domlint.files import Input, Progress
from domlint.findings import Finding, Severity
from domlint.hosts import Host
from domlint.rule import Needs

POOL_PAYS_FROM: Final = 2000
"""The number of files from which a pool of processes is faster than one process (measured on two cores)."""


_MOST_PROCESSES: Final = 64


class Unread(NamedTuple):
    """A file that could not be read, and why."""

    file: str
    reason: str


class Report(NamedTuple):
    """What a run found: file by file, in the order given.

    ``comparing`` has the codes of the rules that ran and are about all hosts together. ``exit_status`` is what a
    command ends with; ``fail_on`` and ``require`` say what counts in that (see domlint.verdicts). A run that no command
    made has no exit status.
    """

    checked: tuple[FileReport, ...]
    unread: tuple[Unread, ...]
    hosts: tuple[Host, ...]
    comparing: frozenset[str] = frozenset()
    fail_on: Severity = Severity.WARNING
    require: str = "all"
    exit_status: int | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return tuple(finding for file in self.checked for finding in file.findings)

    @property
    def crashes(self) -> tuple[Crash, ...]:
        """All rules that failed, on each file."""
        return tuple(crash for file in self.checked for crash in file.crashes)

    @property
    def files(self) -> int:
        """The number of files that could be read."""
        return len(self.checked)

    @property
    def domains(self) -> int:
        """The number of domains in them."""
        return sum(file.is_domain for file in self.checked)

    def count(self, severity: Severity) -> int:
        """The number of findings of a severity."""
        return sum(finding.severity is severity for file in self.checked for finding in file.findings)

    @property
    def host_ids(self) -> tuple[str, ...]:
        """The labels of the hosts, each once: a host may have several emulators."""
        return tuple(dict.fromkeys(host.id for host in self.hosts))

    @property
    def is_complete(self) -> bool:
        """Tell whether all that was asked for could be done."""
        return not self.crashes and not self.unread


def run(plan: Plan, inputs: Sequence[Input], jobs: int = 0, progress: Progress | None = None) -> Report:
    """Lint files. ``jobs`` is the number of processes; 0 chooses one, or one per core for very many files."""
    checked: list[FileReport] = []
    unread: list[Unread] = []
    for number, outcome in enumerate(_outcomes(plan, inputs, jobs), 1):
        if isinstance(outcome, Unread):
            unread.append(outcome)
        else:
            checked.append(outcome)
        if progress is not None:
            progress(number, len(inputs))
    comparing = frozenset(rule.code for rule in plan.rules if Needs.ALL_HOSTS in rule.needs)
    return Report(tuple(checked), tuple(unread), plan.hosts, comparing)


def _outcomes(plan: Plan, inputs: Sequence[Input], jobs: int) -> Iterator[FileReport | Unread]:
    if jobs == 0:
        jobs = (os.cpu_count() or 1) if len(inputs) >= POOL_PAYS_FROM else 1
    if jobs > 1 and len(inputs) > 1 and hasattr(os, "fork"):
        return _in_pool(plan, inputs, min(jobs, len(inputs), _MOST_PROCESSES))
    return (_check(plan, item) for item in inputs)


def _in_pool(plan: Plan, inputs: Sequence[Input], jobs: int) -> Iterator[FileReport | Unread]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("fork")
    size = max(1, min(64, len(inputs) // (jobs * 4)))
    with ProcessPoolExecutor(jobs, context, _Worker.start, (plan,)) as pool:
        yield from pool.map(_Worker.check, inputs, chunksize=size)


class _Worker:
    """What a process of the pool keeps from one file to the next."""

    plan: Plan

    @classmethod
    def start(cls, plan: Plan) -> None:
        cls.plan = plan

    @classmethod
    def check(cls, item: Input) -> FileReport | Unread:
        return _check(cls.plan, item)


def _check(plan: Plan, item: Input) -> FileReport | Unread:
    try:
        data = item.read()
    except (OSError, ValueError) as error:
        return Unread(item.name, getattr(error, "strerror", None) or str(error))
    return plan.check(Source(item.name, data, item.from_directory))
