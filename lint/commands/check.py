"""``domlint check``: lint domains, against the hosts given."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from domlint.commands import completing, options
from domlint.commands.console import EXIT_CLEAN, EXIT_FAILURE, EXIT_FINDINGS, hint, terminal_columns, write
from domlint.commands.fixing import Mended, Mending, end_with_diff, hold, mend, write_whole
from domlint.commands.linting import lint_tasks, newness, tasks_of, tell_what_failed
from domlint.commands.views import View, view_of, view_options
from domlint.findings import Severity
from domlint.reports import FORMATS

if TYPE_CHECKING:
    from domlint.run import Report


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completing.files)
@options.given_options()
@options.fail_on_option(Severity.WARNING, "Exit with 1 where a finding is at least this grave.")
@view_options
@options.output_option(FORMATS)
@options.color_option
@options.stdin_option
@options.jobs_option
@options.suppressions_option
@options.strict_option
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, and report what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also what changes what the guest sees.")
@click.option(
    "--diff", is_flag=True, help="Write nothing, show as a diff what --fix would do; exit with 1 where there is any."
)
@options.quiet_option
def check(
    paths: tuple[str, ...],
    matrix: bool,
    statistics: bool,
    show_source: bool,
    color: str,
    stdin_filename: str,
    jobs: int,
    no_suppressions: bool,
    strict_schema: bool,
    fix: bool,
    unsafe_fixes: bool,
    diff: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Lint domain XML: files, directories (their *.xml), or - for standard input.

    Exit status: 0 no finding as grave as --fail-on, 1 there is one, 2 domlint could not do all of its work.
    """
    from domlint.planning import Planner
    from domlint.reports.summary import summary_lines

    view = view_of(matrix, statistics, show_source)
    lookup = options.lookup_of(given)
    planner = Planner(lookup, strict=strict_schema, with_suppressions=not no_suppressions)
    mending = Mending(fix, unsafe_fixes, diff)
    mending.check(paths)
    tasks = tasks_of(planner, paths, stdin_filename)
    if mending.is_wanted:
        tasks = hold(tasks)
    only_new = newness(planner, tasks)
    report = lint_tasks(planner, tasks, jobs, quiet)
    if matrix and not report.hosts:
        raise click.UsageError("--matrix is about hosts: give some with --caps")
    if not quiet:
        _hint_at_missing_hosts(report)
    mended = mend(report, tasks, mending, only_new, color) if mending.is_wanted else Mended(report)
    if diff:
        end_with_diff(mended, quiet)
    report = only_new(mended.report)
    passed = all(map(report.passes, report.checked))
    status = EXIT_FAILURE if mended.failed or not report.is_complete else EXIT_CLEAN if passed else EXIT_FINDINGS
    report = report._replace(exit_status=status)
    with options.failing():
        formats = lookup.of_run(paths, stdin_filename).output_format
    for name, path in formats:
        summed_up = not quiet and name in ("text", "concise")
        summary = [mended.in_words("Fixed")] if summed_up and mended.files else []
        summary += summary_lines(report, name == "text" or statistics) if summed_up else []
        _write(report, name, path, view, color, summary, mended.whole is not None)
    if mended.whole is not None:
        write_whole(mended.whole)
    tell_what_failed(report, quiet)
    sys.exit(status)


def _hint_at_missing_hosts(report: Report) -> None:
    without = sum(not report.hosts_of(file) for file in report.checked)
    if not report.hosts:
        hint("no --caps given: what hangs on a host's capabilities was not checked")
    elif without:
        files = "1 file was" if without == 1 else f"{without} files were"
        hint(f"{files} held against no host: the configuration names none for it")


def _write(
    report: Report, name: str, path: str, view: View, color: str, summary: Iterable[str], is_beside: bool
) -> None:
    """Write a report; to standard error where it stands beside a document on standard output."""
    from domlint.reports import renderer

    text = renderer(view.report_for(name))(report, None if path else terminal_columns())
    for line in summary:
        text += f"{click.style(line, bold=True)}\n" if name == "text" else ""
        if name == "concise" and not path:
            hint(line)
    write(text, path, color, is_beside)
