"""``domlint check``: lint domains, against the hosts given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from domlint.commands import options
from domlint.commands.console import EXIT_CLEAN, EXIT_FAILURE, EXIT_FINDINGS, complain, fail, hint, wants_color
from domlint.findings import Severity
from domlint.printable import printable

if TYPE_CHECKING:
    from domlint.files import Input, Progress
    from domlint.run import Report
    from domlint.versions import Version

_PROGRESS_FROM: Final = 200


def _outputs(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> list[tuple[str, str]]:
    from domlint.reports import FORMATS

    outputs = []
    for value in values or ("text",):
        name, _equals, path = value.partition("=")
        if name not in FORMATS:
            raise click.BadParameter(f"{printable(name)!r} is none of {', '.join(FORMATS)}")
        outputs.append((name, path))
    if sum(not path for _name, path in outputs) > 1:
        raise click.BadParameter("only one format can go to standard output; write the others as FORMAT=FILE")
    return outputs


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@options.caps_option
@options.network_option
@options.libvirt_option
@options.select_option
@options.ignore_option
@click.option(
    "--fail-on",
    type=click.Choice([severity.value for severity in Severity]),
    default=Severity.WARNING.value,
    show_default=True,
    help="Exit with 1 where a finding is at least this grave.",
)
@click.option(
    "--output-format",
    multiple=True,
    callback=_outputs,
    metavar="FORMAT[=FILE]",
    help="text (default), concise or json; with =FILE written there. Repeatable.",
)
@options.color_option
@click.option(
    "--stdin-filename", default="<stdin>", metavar="NAME", help="What findings in standard input (-) call it."
)
@click.option("--jobs", type=click.IntRange(min=0), default=0, help="Processes; 0 (default) chooses.")
@click.option("--isolated", is_flag=True, help="Read no configuration file (domlint has none so far).")
@click.option("-q", "--quiet", is_flag=True, help="Print findings only: no summary, no hints.")
def check(
    paths: tuple[str, ...],
    caps: tuple[str, ...],
    network: tuple[str, ...],
    libvirt: Version | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    output_format: list[tuple[str, str]],
    color: str,
    stdin_filename: str,
    jobs: int,
    isolated: bool,
    quiet: bool,
) -> None:
    """Lint domain XML: files, directories (their *.xml), or - for standard input.

    Exit status: 0 no finding as grave as --fail-on, 1 there is one, 2 domlint could not do all of its work.
    """
    from domlint.engine import Plan
    from domlint.files import inputs_of
    from domlint.run import run

    hosts = options.hosts_of(caps)
    plan = Plan(options.selected_rules(select, ignore), hosts, options.networks_of(network), libvirt)
    inputs = list(inputs_of(paths, stdin_filename))
    if not caps and not quiet:
        hint("no --caps given: what hangs on a host's capabilities was not checked")
    report = run(plan, inputs, jobs, None if quiet else _progress(inputs))
    for name, path in output_format:
        _write(report, name, path, color, quiet)
    for unread in report.unread:
        complain(f"{unread.file}: cannot be read: {unread.reason}")
    for crash in report.crashes:
        complain(f"rule {crash.code} failed on {crash.file} ({crash.error}); this is a bug in domlint")
    if not inputs and not quiet:
        hint("no XML file was found there")
    if not report.is_complete:
        sys.exit(EXIT_FAILURE)
    grave = any(finding.severity.at_least(Severity(fail_on)) for finding in report.findings)
    sys.exit(EXIT_FINDINGS if grave else EXIT_CLEAN)


def _write(report: Report, name: str, path: str, color: str, quiet: bool) -> None:
    from domlint.reports import renderer

    text = renderer(name)(report)
    if name != "json" and not quiet:
        from domlint.reports.summary import summary_line

        text += f"{click.style(summary_line(report), bold=True)}\n" if name == "text" else ""
        if name == "concise" and not path:
            hint(summary_line(report))
    if path:
        try:
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(click.unstyle(text))
        except OSError as error:
            fail(f"{path}: cannot be written: {error.strerror}")
        return
    click.echo(text, nl=False, color=wants_color(color))


def _progress(inputs: Sequence[Input]) -> Progress | None:
    if len(inputs) < _PROGRESS_FROM or not sys.stderr.isatty():
        return None
    from domlint.reports.progress import progress_bar

    return progress_bar()
