"""The run over files that several commands make, and what is said of what failed in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from domlint.commands.console import EXIT_FAILURE, complain, hint
from domlint.commands.options import failing

if TYPE_CHECKING:
    from domlint.baseline import Baseline
    from domlint.engine import FileReport
    from domlint.files import Progress
    from domlint.planning import Planner
    from domlint.run import Report, Task

_PROGRESS_FROM: Final = 200
"""Files from which a bar on the terminal shows how far the run is."""


def lint(planner: Planner, paths: Sequence[str], stdin_filename: str, jobs: int, quiet: bool) -> Report:
    """Check the files that the command line names."""
    return lint_tasks(planner, tasks_of(planner, paths, stdin_filename), jobs, quiet)


def tasks_of(planner: Planner, paths: Sequence[str], stdin_filename: str) -> list[Task]:
    """What is to be done with the files that the command line names."""
    with failing():
        return planner.tasks(paths, stdin_filename)


def lint_tasks(planner: Planner, tasks: Sequence[Task], jobs: int, quiet: bool) -> Report:
    """Check files, each as its task says."""
    from domlint.run import run

    return run(tasks, planner.hosts, jobs, None if quiet else _progress(tasks))


def newness(planner: Planner, tasks: Sequence[Task]) -> Callable[[Report], Report]:
    """What makes of a report one without the findings that a baseline knows."""
    with failing():
        baselines = planner.baselines(tasks)
        if not baselines:
            return lambda report: report
        from domlint.baseline import compare, read_baseline

        read = {path: read_baseline(path) for path in dict.fromkeys(baselines.values())}
    plans = {task.input.name: task.plan for task in tasks}

    def baseline_of(file: str) -> Baseline | None:
        return read.get(baselines.get(file, ""))

    def is_asked(file: FileReport, code: str) -> bool:
        return plans[file.file].is_asked(code, bool(file.hosts))

    def only_new(report: Report) -> Report:
        checked, compared = compare(report.checked, baseline_of, is_asked)
        return report._replace(checked=tuple(checked), compared=compared)

    return only_new


def tell_what_failed(report: Report, quiet: bool) -> None:
    """Say what could not be done, and end the run where something could not."""
    for unread in report.unread:
        complain(f"{unread.file}: cannot be read: {unread.reason}")
    for crash in report.crashes:
        complain(f"rule {crash.code} failed on {crash.file} ({crash.error}); this is a bug in domlint")
    if not report.checked and not report.unread and not quiet:
        hint("no XML file was found there")
    if not report.is_complete:
        sys.exit(EXIT_FAILURE)


def _progress(tasks: Sequence[Task]) -> Progress | None:
    if len(tasks) < _PROGRESS_FROM or not sys.stderr.isatty():
        return None
    from domlint.reports.progress import progress_bar

    return progress_bar()
