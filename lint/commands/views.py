"""What ``domlint check`` shows people in place of findings with their lines: options, and the report of each."""

from collections.abc import Callable
from typing import Any, NamedTuple

import click


class View(NamedTuple):
    """What the options ask for."""

    matrix: bool = False
    statistics: bool = False
    show_source: bool = True

    def report_for(self, name: str) -> str:
        """The report that is written for a format: another one where that is for people and the view says so."""
        if name == "text" and self.matrix:
            return "matrix"
        if name in ("text", "concise") and self.statistics:
            return "statistics"
        if name == "text" and not self.show_source:
            return "text-alone"
        return name


def view_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say how findings are shown: ``--matrix``, ``--statistics``, ``--show-source``."""
    for option in (
        click.option(
            "--show-source/--no-show-source",
            default=True,
            help="Show the line that a finding is about (text), or leave it out.",
        ),
        click.option(
            "--statistics",
            is_flag=True,
            help="In place of the findings, count them by rule, the most first (text, concise).",
        ),
        click.option(
            "--matrix",
            is_flag=True,
            help="In place of the findings, show a table of how each VM fares on each host (text).",
        ),
    ):
        command = option(command)
    return command


def view_of(matrix: bool, statistics: bool, show_source: bool) -> View:
    """The view that options ask for. Raises click.UsageError where they exclude each other."""
    if matrix and statistics:
        raise click.UsageError("--matrix and --statistics both stand in place of the findings: leave out one")
    return View(matrix, statistics, show_source)
