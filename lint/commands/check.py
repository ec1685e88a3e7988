"""``domlint check``: lint domains, against the hosts given."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from domlint.commands import options
from domlint.commands.console import EXIT_CLEAN, EXIT_FAILURE, EXIT_FINDINGS, hint, terminal_columns, write
from domlint.commands.linting import lint, tell_what_failed
from domlint.findings import Severity
from domlint.reports import FORMATS
from domlint.verdicts import REQUIREMENTS, passes

if TYPE_CHECKING:
    from domlint.run import Report
    from domlint.versions import Version


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@options.caps_option
@options.network_option
@options.libvirt_option
@options.select_option
@options.ignore_option
@options.fail_on_option(Severity.WARNING, "Exit with 1 where a finding is at least this grave.")
@click.option(
    "--require",
    type=click.Choice(REQUIREMENTS),
    default=REQUIREMENTS[0],
    show_default=True,
    help="Whether a VM must pass on all hosts that it fits, or on any one of them.",
)
@click.option(
    "--matrix", is_flag=True, help="In place of the findings, show a table of how each VM fares on each host (text)."
)
@options.output_option(FORMATS)
@options.color_option
@options.stdin_option
@options.jobs_option
@click.option(
    "--strict-schema", is_flag=True, help="Hold every file against the XSD 1.1 schema itself, too (100 files a second)."
)
@options.isolated_option
@options.quiet_option
def check(
    paths: tuple[str, ...],
    caps: tuple[str, ...],
    network: tuple[str, ...],
    libvirt: Version | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    require: str,
    matrix: bool,
    output_format: list[tuple[str, str]],
    color: str,
    stdin_filename: str,
    jobs: int,
    strict_schema: bool,
    isolated: bool,
    quiet: bool,
) -> None:
    """Lint domain XML: files, directories (their *.xml), or - for standard input.

    Exit status: 0 no finding as grave as --fail-on, 1 there is one, 2 domlint could not do all of its work.
    """
    from domlint.engine import Plan
    from domlint.reports.summary import summary_lines

    if matrix and not caps:
        raise click.UsageError("--matrix is about hosts: give some with --caps")
    hosts = options.hosts_of(caps)
    rules, networks = options.selected_rules(select, ignore, hosts), options.networks_of(network)
    plan = Plan(rules, hosts, networks, libvirt, strict_schema)
    if not caps and not quiet:
        hint("no --caps given: what hangs on a host's capabilities was not checked")
    report = lint(plan, paths, stdin_filename, jobs, quiet)
    passed = all(passes(file, Severity(fail_on), require, report.comparing) for file in report.checked)
    status = EXIT_FAILURE if not report.is_complete else EXIT_CLEAN if passed else EXIT_FINDINGS
    report = report._replace(fail_on=Severity(fail_on), require=require, exit_status=status)
    for name, path in output_format:
        summed_up = not quiet and name in ("text", "concise")
        summary = summary_lines(report, Severity(fail_on), require, name == "text") if summed_up else []
        _write(report, name, path, matrix, color, summary)
    tell_what_failed(report, quiet)
    sys.exit(status)


def _write(report: Report, name: str, path: str, matrix: bool, color: str, summary: Iterable[str]) -> None:
    from domlint.reports import renderer

    text = renderer("matrix" if matrix and name == "text" else name)(report, None if path else terminal_columns())
    for line in summary:
        text += f"{click.style(line, bold=True)}\n" if name == "text" else ""
        if name == "concise" and not path:
            hint(line)
    write(text, path, color)
