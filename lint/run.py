"""A run over many files: reads them, has the engine check each, and gathers one report."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.engine import Crash, FileReport, Plan, Source
from domlint.files import Input, Progress
from domlint.findings import Finding, Severity, Suppressed
from domlint.hosts import Host
from domlint.rule import Needs
from domlint.verdicts import Demand, passes

if TYPE_CHECKING:
    from domlint.baseline import Compared

POOL_PAYS_FROM: Final = 2000
"""The number of files from which a pool of processes is faster than one process (measured on two cores)."""


_MOST_PROCESSES: Final = 64

_MOST_AT_ONCE: Final = 32
"""Files that one step after the other is done with: what a step needs is at hand in the processor then. Of more files,
their trees would not be."""

_MOST_BYTES_AT_ONCE: Final = 1024 * 1024
"""Bytes of files that are held at once, but for the last one."""


class Task(NamedTuple):
    """A file, what is done with it, and what is too much for it."""

    plan: Plan
    input: Input
    demand: Demand = Demand()


class Unread(NamedTuple):
    """A file that could not be read, and why."""

    file: str
    reason: str


class Report(NamedTuple):
    """What a run found: file by file, in the order given.

    ``comparing`` has the codes of the rules that ran and are about all hosts together. ``exit_status`` is what a
    command ends with; ``fail_on`` and ``require`` say what counts in that (see domlint.verdicts), and ``demands`` has
    the files, by name, of which something else is asked. ``compared`` is what came of holding it against baselines,
    None where there were none. A run that no command made has no exit status.
    """

    checked: tuple[FileReport, ...]
    unread: tuple[Unread, ...]
    hosts: tuple[Host, ...]
    comparing: frozenset[str] = frozenset()
    fail_on: Severity = Severity.WARNING
    require: str = "all"
    exit_status: int | None = None
    demands: Mapping[str, Demand] = MappingProxyType({})
    compared: "Compared | None" = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return tuple(finding for file in self.checked for finding in file.findings)

    @property
    def suppressed(self) -> tuple[Suppressed, ...]:
        """All findings that the files say shall not be told."""
        return tuple(one for file in self.checked for one in file.suppressed)

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

    def hosts_of(self, file: FileReport) -> tuple[str, ...]:
        """The labels of the hosts that a file was held against."""
        return self.host_ids if file.against is None else file.against

    def demand_of(self, file: FileReport) -> Demand:
        """What is too much for a file."""
        return self.demands.get(file.file) or Demand(self.fail_on, self.require)

    def passes(self, file: FileReport) -> bool:
        """Tell whether what was found in a file is not too much."""
        return passes(file, *self.demand_of(file), self.comparing)

    @property
    def is_complete(self) -> bool:
        """Tell whether all that was asked for could be done."""
        return not self.crashes and not self.unread


def run(tasks: Sequence[Task], hosts: Iterable[Host], jobs: int = 0, progress: Progress | None = None) -> Report:
    """Lint files, each by its plan.

    ``hosts`` are those of all plans, in the order of the report. ``jobs`` is the number of processes; 0 chooses one, or
    one per core for very many files.
    """
    checked: list[FileReport] = []
    unread: list[Unread] = []
    hosts = tuple(hosts)
    all_ids = {host.id for host in hosts}
    demand = tasks[0].demand if tasks else Demand()
    for number, (task, outcome) in enumerate(zip(tasks, _outcomes(tasks, jobs), strict=True), 1):
        if isinstance(outcome, Unread):
            unread.append(outcome)
        else:
            against = task.plan.host_ids
            checked.append(outcome if len(against) == len(all_ids) else outcome._replace(against=against))
        if progress is not None:
            progress(number, len(tasks))
    comparing = frozenset(rule.code for plan in _plans(tasks) for rule in plan.rules if Needs.ALL_HOSTS in rule.needs)
    demands = {task.input.name: task.demand for task in tasks if task.demand != demand}
    return Report(tuple(checked), tuple(unread), hosts, comparing, *demand, demands=demands)


def _plans(tasks: Iterable[Task]) -> list[Plan]:
    """The plans, each once."""
    return list({id(task.plan): task.plan for task in tasks}.values())


def _outcomes(tasks: Sequence[Task], jobs: int) -> Iterator[FileReport | Unread]:
    if jobs == 0:
        jobs = (os.cpu_count() or 1) if len(tasks) >= POOL_PAYS_FROM else 1
    if jobs > 1 and len(tasks) > 1 and hasattr(os, "fork"):
        return _in_pool(tasks, min(jobs, len(tasks), _MOST_PROCESSES))
    return chain.from_iterable(_check(plan, items) for plan, items in _batches(tasks, _MOST_AT_ONCE))


def _batches(tasks: Iterable[Task], size: int) -> Iterator[tuple[Plan, list[Input]]]:
    """The files, some at a time that have the same plan."""
    for _plan, alike in groupby(tasks, key=lambda task: id(task.plan)):
        while batch := list(islice(alike, size)):
            yield batch[0].plan, [task.input for task in batch]


def _in_pool(tasks: Sequence[Task], jobs: int) -> Iterator[FileReport | Unread]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("fork")
    size = max(1, min(_MOST_AT_ONCE, len(tasks) // (jobs * 4)))
    plans = _plans(tasks)
    numbers = {id(plan): number for number, plan in enumerate(plans)}
    work = [(numbers[id(plan)], items) for plan, items in _batches(tasks, size)]
    with ProcessPoolExecutor(jobs, context, _Worker.start, (plans,)) as pool:
        yield from chain.from_iterable(pool.map(_Worker.check, work))


class _Worker:
    """What a process of the pool keeps from one batch to the next."""

    plans: Sequence[Plan]

    @classmethod
    def start(cls, plans: Sequence[Plan]) -> None:
        cls.plans = plans

    @classmethod
    def check(cls, work: tuple[int, list[Input]]) -> list[FileReport | Unread]:
        number, items = work
        return list(_check(cls.plans[number], items))


def _check(plan: Plan, items: Iterable[Input]) -> Iterator[FileReport | Unread]:
    """Lint files by the same plan: as many at once as are not too large together."""
    read: list[Source | Unread] = []
    size = 0
    for item in items:
        source = _read(item)
        read.append(source)
        size += 0 if isinstance(source, Unread) else len(source.data)
        if size >= _MOST_BYTES_AT_ONCE:
            yield from _check_all(plan, read)
            read, size = [], 0
    yield from _check_all(plan, read)


def _read(item: Input) -> Source | Unread:
    try:
        return Source(item.name, item.read(), item.from_directory)
    except (OSError, ValueError) as error:
        return Unread(item.name, getattr(error, "strerror", None) or str(error))


def _check_all(plan: Plan, read: Iterable[Source | Unread]) -> list[FileReport | Unread]:
    reports = iter(plan.check_all([source for source in read if isinstance(source, Source)]))
    return [source if isinstance(source, Unread) else next(reports) for source in read]
