"""``domlint upgrade``: which VMs run on one host and would not on another, and why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from domlint.commands import completing, options
from domlint.commands.console import EXIT_CLEAN, EXIT_FINDINGS, fail, terminal_columns, write
from domlint.commands.linting import lint, tell_what_failed
from domlint.findings import Severity

if TYPE_CHECKING:
    from domlint.hosts import Host


@click.command()
@click.argument("old", shell_complete=completing.capabilities)
@click.argument("new", shell_complete=completing.capabilities)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completing.files)
@options.given_options(with_hosts=False)
@options.fail_on_option(
    Severity.ERROR, "Exit with 1 where something at least this grave is found for NEW, and not for OLD."
)
@options.output_option(("text", "json"))
@options.color_option
@options.stdin_option
@options.jobs_option
@options.suppressions_option
@options.quiet_option
def upgrade(
    old: str,
    new: str,
    paths: tuple[str, ...],
    fail_on: str | None,
    output_format: list[tuple[str, str]],
    color: str,
    stdin_filename: str,
    jobs: int,
    no_suppressions: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Tell which VMs run on the host OLD and would not on NEW, which get worse, and which are mended.

    OLD and NEW are what --caps takes, for one host each: its capability file, a directory of its files, or the name of
    a bundled profile. PATH... are domains: files, directories (their *.xml), or - for standard input.

    Exit status: 0 no VM that runs on OLD would break on NEW, 1 one would (see --fail-on), 2 domlint could not do all of
    its work.
    """
    from domlint.planning import Planner
    from domlint.reports import upgrade as reports
    from domlint.upgrade import upgrade as compare

    hosts = _hosts(old, new)
    planner = Planner(options.lookup_of(given), hosts, with_suppressions=not no_suppressions)
    report = lint(planner, paths, stdin_filename, jobs, quiet)
    compared = compare(report)
    for name, path in output_format or (("text", ""),):
        if name == "json":
            text = reports.render_json(compared)
        else:
            text = reports.render_text(compared, None if path else terminal_columns())
            text += "" if quiet else f"{click.style(reports.summary_line(compared), bold=True)}\n"
        write(text, path, color)
    tell_what_failed(report, quiet)
    sys.exit(
        EXIT_FINDINGS if any(vm.is_worse(Severity(fail_on or Severity.ERROR)) for vm in compared.vms) else EXIT_CLEAN
    )


def _hosts(old: str, new: str) -> list[Host]:
    """The emulators of the two hosts. Hosts of the same name are called old and new."""
    of_old, of_new = _one_host(old), _one_host(new)
    if of_old[0].id == of_new[0].id:
        of_old = [host._replace(id="old") for host in of_old]
        of_new = [host._replace(id="new") for host in of_new]
    return of_old + of_new


def _one_host(spec: str) -> list[Host]:
    from domlint.reports.words import names_in_words

    emulators = options.hosts_of([spec])
    labels = list(dict.fromkeys(host.id for host in emulators))
    if len(labels) > 1:
        fail(f"{spec}: {len(labels)} hosts are described here, an upgrade is of one: {names_in_words(labels)}")
    return emulators
