"""``domlint requires``: what domains need of QEMU and libvirt."""

from __future__ import annotations

import sys

import click

from domlint.commands import completing, options
from domlint.commands.console import EXIT_FAILURE, complain, hint, wants_color


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=completing.files)
@click.option(
    "--arch",
    multiple=True,
    metavar="ARCH",
    help="Tell the QEMU for guests of this architecture, instead of the domain's own. Repeatable.",
)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.color_option
@click.option("--stdin-filename", default="<stdin>", metavar="NAME", help="What standard input (-) is called.")
@options.config_option
@options.isolated_option
def requires(
    paths: tuple[str, ...],
    arch: tuple[str, ...],
    output_format: str,
    color: str,
    stdin_filename: str,
    config: str | None,
    isolated: bool,
) -> None:
    """Tell what domains need, and the oldest QEMU and libvirt that have it.

    Takes files, directories (their *.xml), or - for standard input. Exit status: 0, or 2 where a file could not be
    read.
    """
    from domlint.configuration import Given
    from domlint.configuration.lookup import Lookup
    from domlint.engine import Source
    from domlint.planning import Planner
    from domlint.reports.requirements import as_json, as_text
    from domlint.requirements import DomainRequirements, Unreadable, profiled_architectures, requirements_of

    known = profiled_architectures()
    for name in arch:
        if name not in known:
            raise click.BadParameter(f"{name!r} is none of {', '.join(known)}", param_hint="--arch")
    with options.failing():
        inputs = [item for _settings, item in Planner(Lookup(Given(), config, isolated)).inputs(paths, stdin_filename)]
    domains: list[DomainRequirements] = []
    failures: list[Unreadable] = []
    for item in inputs:
        try:
            found = requirements_of(Source(item.name, item.read(), item.from_directory), arch)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            found = Unreadable(item.name, f"cannot be read: {reason}", 0, True)
        if isinstance(found, DomainRequirements):
            domains.append(found)
        elif found is not None and found.is_failure:
            failures.append(found)
        elif found is not None:
            hint(f"{found.file}: {found.message}")
    text = as_json(domains, failures) if output_format == "json" else as_text(domains)
    click.echo(text, nl=False, color=wants_color(color))
    for failure in failures:
        place = f"{failure.file}:{failure.line}" if failure.line else failure.file
        complain(f"{place}: {failure.message}")
    if not inputs:
        hint("no XML file was found there")
    if failures:
        sys.exit(EXIT_FAILURE)
