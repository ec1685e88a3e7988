"""Options that several commands have, and what their values stand for. Values that stand for nothing end the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from domlint.commands.console import fail
from domlint.findings import Severity
from domlint.printable import printable

if TYPE_CHECKING:
    from domlint.hosts import Host
    from domlint.networks import Network
    from domlint.rule import Rule, RuleModule
    from domlint.versions import Version


def _listed(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _version(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Version | None:
    from domlint.versions import Version

    try:
        return None if value is None else Version.parse(value)
    except ValueError as error:
        raise click.BadParameter(printable(str(error))) from None


caps_option = click.option(
    "--caps",
    multiple=True,
    metavar="[LABEL=]CAPS",
    help="A host's capability file, such as one from /var/cache/libvirt/qemu/capabilities, a directory of them, or a "
    "bundled profile such as debian-12 (domlint hosts lists them). Repeatable: the domains are held against each host.",
)
network_option = click.option(
    "--network",
    multiple=True,
    metavar="PATH",
    help="The definition of a libvirt network that domains are connected to, or a directory of them. Repeatable.",
)
libvirt_option = click.option(
    "--libvirt",
    callback=_version,
    metavar="VERSION",
    help="The libvirt that shall read the domains. Default: the one that wrote the capability file.",
)
select_option = click.option(
    "--select", multiple=True, callback=_listed, metavar="RULES", help="Run these only: codes, prefixes or names."
)
ignore_option = click.option("--ignore", multiple=True, callback=_listed, metavar="RULES", help="Do not run these.")
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="auto: on a terminal, unless NO_COLOR is set.",
)
stdin_option = click.option(
    "--stdin-filename", default="<stdin>", metavar="NAME", help="What findings in standard input (-) call it."
)
jobs_option = click.option("--jobs", type=click.IntRange(min=0), default=0, help="Processes; 0 (default) chooses.")
isolated_option = click.option("--isolated", is_flag=True, help="Read no configuration file (domlint has none so far).")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print findings only: no summary, no hints.")
hidden_color_option = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", hidden=True
)


Option: TypeAlias = Callable[[Any], Any]


def fail_on_option(default: Severity, words: str) -> Option:
    """``--fail-on``: from which severity on the exit status is 1."""
    severities = click.Choice([severity.value for severity in Severity])
    return click.option("--fail-on", type=severities, default=default.value, show_default=True, help=words)


def output_option(formats: Sequence[str]) -> Option:
    """``--output-format``: pairs of a format and the file that it is written to, "" for standard output."""

    def outputs(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> list[tuple[str, str]]:
        parted = [value.partition("=") for value in values or ("text",)]
        for name, _equals, _path in parted:
            if name not in formats:
                raise click.BadParameter(f"{printable(name)!r} is none of {', '.join(formats)}")
        if sum(not path for _name, _equals, path in parted) > 1:
            raise click.BadParameter("only one format can go to standard output; write the others as FORMAT=FILE")
        return [(name, path) for name, _equals, path in parted]

    listed = f"{', '.join(formats[:-1])} or {formats[-1]}".replace("text", "text (default)")
    words = f"{listed}; with =FILE written there. Repeatable."
    return click.option("--output-format", multiple=True, callback=outputs, metavar="FORMAT[=FILE]", help=words)


def selected_rules(
    select: Sequence[str], ignore: Sequence[str], hosts: Iterable[Host]
) -> tuple[Rule | RuleModule, ...]:
    """The rules that ``--select`` and ``--ignore`` leave; where neither is given, those that these hosts may answer."""
    from domlint.rule import UnknownSelectorError
    from domlint.rules import catalogue, modules

    if not select and not ignore:
        return modules(any(host.domain_capabilities for host in hosts))
    try:
        return catalogue().select(select, ignore)
    except UnknownSelectorError as error:
        fail(str(error))


def hosts_of(specs: Iterable[str]) -> list[Host]:
    """The hosts that values of ``--caps`` name."""
    from domlint.hosts import HostError
    from domlint.hosts.load import load_hosts

    try:
        return load_hosts(specs)
    except HostError as error:
        fail(str(error))


def networks_of(paths: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks that values of ``--network`` name."""
    if not paths:
        return ()
    from domlint.networks import NetworkError, load_networks

    try:
        return load_networks(paths)
    except NetworkError as error:
        fail(str(error))
