"""``domlint baseline``: write down what is found today, so that only what comes later is told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from domlint.commands import completing, options
from domlint.commands.console import EXIT_CLEAN, fail, hint
from domlint.commands.linting import lint_tasks, tasks_of, tell_what_failed

if TYPE_CHECKING:
    from domlint.engine import FileReport


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completing.files)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The file to write, - for standard output. Default: what the configuration names, or domlint-baseline.json.",
)
@options.given_options(with_baseline=False)
@options.stdin_option
@options.jobs_option
@options.suppressions_option
@options.strict_option
@options.quiet_option
def baseline(
    paths: tuple[str, ...],
    output: str | None,
    stdin_filename: str,
    jobs: int,
    no_suppressions: bool,
    strict_schema: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Write all present findings to a file: domlint check --baseline FILE then tells only others.

    Takes the paths and options of domlint check. The file has what is found in these paths, and keeps what it had of
    files that are not among them.

    Exit status: 0, or 2 where a file could not be read or written.
    """
    from domlint.baseline import DEFAULT_NAME, baseline_of, text_of
    from domlint.planning import Planner

    planner = Planner(options.lookup_of(given), strict=strict_schema, with_suppressions=not no_suppressions)
    tasks = tasks_of(planner, paths, stdin_filename)
    report = lint_tasks(planner, tasks, jobs, quiet)
    tell_what_failed(report, quiet)
    named = {} if output is not None else planner.baselines(tasks)
    groups: dict[str, list[FileReport]] = {} if named else {output or DEFAULT_NAME: []}
    for file in report.checked:
        groups.setdefault(output or named.get(file.file, DEFAULT_NAME), []).append(file)
    for path, files in groups.items():
        if path == "-":
            click.echo(text_of(baseline_of(DEFAULT_NAME, files)), nl=False)
        else:
            _write(path, files, [file.file for file in report.checked], quiet)
    sys.exit(EXIT_CLEAN)


def _write(path: str, files: list[FileReport], linted: list[str], quiet: bool) -> None:
    from domlint.baseline import baseline_of, differences, read_if_there, text_of, updated
    from domlint.reports.words import counted
    from domlint.writing import replace_file

    new = baseline_of(path, files)
    with options.failing():
        old = read_if_there(path)
    if old is not None:
        new = updated(old, new, linted)
    try:
        is_changed = replace_file(path, text_of(new))
    except (OSError, ValueError) as error:
        fail(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}")
    if quiet:
        return
    told = f"{path}: {counted(new.total, 'finding')} of {counted(len(new.files), 'file')}"
    if old is not None and is_changed:
        more, fewer = differences(old, new)
        told += f" ({more} added, {fewer} gone)"
    hint(told if is_changed else f"{told}, as it was")
