"""The run over files that several commands make, and what is said of what failed in it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from domlint.commands.console import EXIT_FAILURE, complain, hint

if TYPE_CHECKING:
    from domlint.engine import Plan
    from domlint.files import Input, Progress
    from domlint.run import Report

_PROGRESS_FROM: Final = 200
"""Files from which a bar on the terminal shows how far the run is."""


def lint(plan: Plan, paths: Iterable[str], stdin_filename: str, jobs: int, quiet: bool) -> Report:
    """Check the files that the command line names."""
    from domlint.files import inputs_of
    from domlint.run import run

    inputs = list(inputs_of(paths, stdin_filename))
    return run(plan, inputs, jobs, None if quiet else _progress(inputs))


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


def _progress(inputs: Sequence[Input]) -> Progress | None:
    if len(inputs) < _PROGRESS_FROM or not sys.stderr.isatty():
        return None
    from domlint.reports.progress import progress_bar

    return progress_bar()
