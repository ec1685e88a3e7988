"""The command line: reads arguments, calls, prints, exits."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from domlint.findings import Severity
from domlint.printable import printable
from domlint.version import VERSION

if TYPE_CHECKING:
    from domlint.files import Input, Progress
    from domlint.hosts import Host
    from domlint.networks import Network
    from domlint.rule import Rule
    from domlint.run import Report
    from domlint.versions import Version

EXIT_CLEAN: Final = 0
EXIT_FINDINGS: Final = 1
EXIT_FAILURE: Final = 2

_PROGRESS_FROM: Final = 200
_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class _CheckByDefault(click.Group):
    """A group whose command ``check`` need not be named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {"-h", "--help", "--version"}
        if args and args[0] not in self.commands and args[0] not in own:
            args = ["check", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_CheckByDefault, context_settings=_CONTEXT)
@click.version_option(VERSION, prog_name="domlint")
def command() -> None:
    """Find what is wrong with libvirt domain XML on the hosts that shall run it.

    "domlint vm.xml --caps caps.xml" is short for "domlint check vm.xml --caps caps.xml".
    """


def _listed(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _version(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Version | None:
    from domlint.versions import Version

    try:
        return None if value is None else Version.parse(value)
    except ValueError as error:
        raise click.BadParameter(printable(str(error))) from None


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


@command.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--caps",
    multiple=True,
    metavar="[LABEL=]PATH",
    help="A host's capability file, such as one from /var/cache/libvirt/qemu/capabilities, or a directory of them. "
    "Repeatable: the domains are held against each host.",
)
@click.option(
    "--network",
    multiple=True,
    metavar="PATH",
    help="The definition of a libvirt network that domains are connected to, or a directory of them. Repeatable.",
)
@click.option(
    "--libvirt",
    callback=_version,
    metavar="VERSION",
    help="The libvirt that shall read the domains. Default: the one that wrote the capability file.",
)
@click.option(
    "--select", multiple=True, callback=_listed, metavar="RULES", help="Run these only: codes, prefixes or names."
)
@click.option("--ignore", multiple=True, callback=_listed, metavar="RULES", help="Do not run these.")
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
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="auto: on a terminal, unless NO_COLOR is set.",
)
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

    hosts = _load_hosts(caps)
    plan = Plan(_selected(select, ignore), hosts, _load_networks(network), libvirt)
    inputs = list(inputs_of(paths, stdin_filename))
    if not caps and not quiet:
        _hint("no --caps given: what hangs on a host's capabilities was not checked")
    report = run(plan, inputs, jobs, None if quiet else _progress(inputs))
    for name, path in output_format:
        _write(report, name, path, color, quiet)
    for unread in report.unread:
        _complain(f"{unread.file}: cannot be read: {unread.reason}")
    for crash in report.crashes:
        _complain(f"rule {crash.code} failed on {crash.file} ({crash.error}); this is a bug in domlint")
    if not inputs and not quiet:
        _hint("no XML file was found there")
    if not report.is_complete:
        sys.exit(EXIT_FAILURE)
    grave = any(finding.severity.at_least(Severity(fail_on)) for finding in report.findings)
    sys.exit(EXIT_FINDINGS if grave else EXIT_CLEAN)


def _selected(select: Iterable[str], ignore: Iterable[str]) -> tuple[Rule, ...]:
    from domlint.rule import UnknownSelectorError
    from domlint.rules import catalogue

    try:
        return catalogue().select(select, ignore)
    except UnknownSelectorError as error:
        _fail(str(error))


def _load_hosts(specs: Iterable[str]) -> list[Host]:
    from domlint.hosts import HostError
    from domlint.hosts.load import load_hosts

    try:
        return load_hosts(specs)
    except HostError as error:
        _fail(str(error))


def _load_networks(paths: tuple[str, ...]) -> tuple[Network, ...]:
    if not paths:
        return ()
    from domlint.networks import NetworkError, load_networks

    try:
        return load_networks(paths)
    except NetworkError as error:
        _fail(str(error))


def _write(report: Report, name: str, path: str, color: str, quiet: bool) -> None:
    from domlint.reports import renderer

    text = renderer(name)(report)
    if name != "json" and not quiet:
        from domlint.reports.summary import summary_line

        text += f"{click.style(summary_line(report), bold=True)}\n" if name == "text" else ""
        if name == "concise" and not path:
            _hint(summary_line(report))
    if path:
        try:
            with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(click.unstyle(text))
        except OSError as error:
            _fail(f"{path}: cannot be written: {error.strerror}")
        return
    click.echo(text, nl=False, color=_wants_color(color))


def _wants_color(color: str) -> bool:
    if color == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return color == "always"


def _progress(inputs: Sequence[Input]) -> Progress | None:
    if len(inputs) < _PROGRESS_FROM or not sys.stderr.isatty():
        return None
    from domlint.reports.progress import progress_bar

    return progress_bar()


def _hint(text: str) -> None:
    click.echo(f"domlint: {printable(text)}", err=True)


def _complain(text: str) -> None:
    click.echo(f"domlint: error: {printable(text)}", err=True)


def _fail(text: str) -> NoReturn:
    first, *rest = text.splitlines() or [""]
    _complain(first)
    for line in rest:
        click.echo(printable(line), err=True)
    sys.exit(EXIT_FAILURE)


@command.command()
@click.argument("rule", metavar="CODE")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", hidden=True)
def explain(rule: str, color: str) -> None:
    """Explain a rule: why it matters, what the host does, and examples."""
    from domlint.explain import explanation
    from domlint.rule import UnknownSelectorError
    from domlint.rules import catalogue

    try:
        text = explanation(catalogue().find(rule))
    except UnknownSelectorError as error:
        _fail(str(error))
    click.echo(text, nl=False, color=_wants_color(color))


@command.command()
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", hidden=True)
def rules(output_format: str, color: str) -> None:
    """List all rules."""
    from domlint.explain import rule_list, rule_objects
    from domlint.rules import catalogue

    if output_format == "json":
        import json

        objects: list[dict[str, Any]] = rule_objects(catalogue())
        click.echo(json.dumps(objects, indent=2))
    else:
        click.echo(rule_list(catalogue()), nl=False, color=_wants_color(color))
