"""``domlint hosts``: which profiles of hosts are bundled, and what a host can do."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from domlint.commands import completing, options
from domlint.commands.console import EXIT_CLEAN, EXIT_FAILURE, EXIT_FINDINGS, complain_at_length, wants_color

if TYPE_CHECKING:
    from domlint.hosts import Host
    from domlint.hosts.errors import HostError

_WIDTH: Final = 80
_NARROWEST, _WIDEST = 72, 120


@click.command()
@click.argument("caps", nargs=-1, metavar="[[LABEL=]PATH|NAME]...", shell_complete=completing.capabilities)
@click.option(
    "--flag",
    multiple=True,
    metavar="NAME",
    help="Tell only whether each host has this capability, and why: exit with 1 where one does not, or it is not "
    "known. Repeatable.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Name all machines, CPU models with what blocks them, and capabilities."
)
@click.option("--output-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@options.hidden_color_option
def hosts(caps: tuple[str, ...], flag: tuple[str, ...], everything: bool, output_format: str, color: str) -> None:
    """Show what hosts can do; without any, list the bundled profiles.

    A host is what --caps of the command check takes: a capability file, a directory of them, or the name of a profile.

    Exit status: 0, or 1 where a host has not what --flag asks for, or 2 where a file cannot be used.
    """
    as_json = output_format == "json"
    if not caps:
        if flag:
            raise click.UsageError("--flag asks a host: name one, such as a capability file or the profile debian-12")
        _say(_profiles(as_json), color)
        return
    from domlint.hosts.load import load_hosts

    refused: list[HostError] = []
    found = load_hosts(caps, refused.append)
    has_all = True
    if flag:
        has_all = _answer(found, flag, refused, as_json, color)
    else:
        _describe(found, refused, everything, as_json, color)
    for error in refused:
        complain_at_length(str(error))
    sys.exit(EXIT_FAILURE if refused else EXIT_CLEAN if has_all else EXIT_FINDINGS)


def _profiles(as_json: bool) -> str:
    from domlint.hosts.profiles import distributions, release_names

    if as_json:
        from domlint.reports.hosts_json import profiles_as_object

        return _json(profiles_as_object(release_names(), distributions()))
    from domlint.reports.hosts import render_profiles

    return render_profiles(release_names(), distributions(), _width())


def _answer(found: list[Host], flags: tuple[str, ...], refused: list[HostError], as_json: bool, color: str) -> bool:
    """Print whether the hosts have capabilities. Returns whether all have all of them, for sure."""
    from domlint.hosts import Presence

    answers = [(host, host.answer(name)) for host in found for name in flags]
    if as_json:
        from domlint.reports.hosts_json import answers_as_object

        _say(_json(answers_as_object(answers, refused)), color)
    else:
        from domlint.reports.hosts import render_answers

        _say(render_answers(answers, _width()), color)
    return all(answer.presence in (Presence.PRESENT, Presence.IMPLIED) for _host, answer in answers)


def _describe(found: list[Host], refused: list[HostError], everything: bool, as_json: bool, color: str) -> None:
    from domlint.hosts.describe import describe

    if as_json:
        from domlint.reports.hosts_json import as_object

        _say(_json(as_object(describe(found), refused)), color)
    else:
        from domlint.reports.hosts import render

        _say(render(describe(found), _width(), everything), color)


def _json(value: dict[str, Any]) -> str:
    import json

    return json.dumps(value, indent=2) + "\n"


def _say(text: str, color: str) -> None:
    click.echo(text, nl=False, color=wants_color(color))


def _width() -> int:
    """The columns to fill: those of the terminal, within reason."""
    if not sys.stdout.isatty():
        return _WIDTH
    return min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
