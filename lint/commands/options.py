"""Options that several commands have, and what their values stand for. Values that stand for nothing end the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from domlint.commands import completing
from domlint.commands.console import fail
from domlint.findings import Severity
from domlint.printable import printable
from domlint.verdicts import REQUIREMENTS

if TYPE_CHECKING:
    from domlint.configuration.lookup import Lookup
    from domlint.hosts import Host
    from domlint.versions import Version


Option: TypeAlias = Callable[[Any], Any]


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
    shell_complete=completing.capabilities,
    help="A host's capability file, such as one from /var/cache/libvirt/qemu/capabilities, a directory of them, or a "
    "bundled profile such as debian-12 (domlint hosts lists them). Repeatable: the domains are held against each host.",
)
network_option = click.option(
    "--network",
    multiple=True,
    metavar="PATH",
    shell_complete=completing.files,
    help="The definition of a libvirt network that domains are connected to, or a directory of them. Repeatable.",
)
libvirt_option = click.option(
    "--libvirt",
    callback=_version,
    metavar="VERSION",
    help="The libvirt that shall read the domains. Default: the one that wrote the capability file.",
)


def _rules_option(name: str, words: str) -> Option:
    return click.option(
        name, multiple=True, callback=_listed, metavar="RULES", help=words, shell_complete=completing.rules
    )


select_option = _rules_option("--select", "Run these only: codes, prefixes or names.")
extend_select_option = _rules_option("--extend-select", "Run these, too.")
ignore_option = _rules_option("--ignore", "Do not run these.")
exclude_option = click.option(
    "--exclude",
    multiple=True,
    metavar="PATTERN",
    help="Pass over these in directories, as a .gitignore. Repeatable.",
)
extend_exclude_option = click.option(
    "--extend-exclude", multiple=True, metavar="PATTERN", help="Pass over these, too. Repeatable."
)
force_exclude_option = click.option(
    "--force-exclude/--no-force-exclude", default=None, help="Pass over excluded files even where they are named."
)
require_option = click.option(
    "--require",
    type=click.Choice(REQUIREMENTS),
    help="Whether a VM must pass on all hosts that it fits (default), or on any one of them.",
)
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="auto: on a terminal, unless NO_COLOR is set.",
)
stdin_option = click.option(
    "--stdin-filename", default="<stdin>", metavar="NAME", help="What standard input (-) is called, and configured by."
)
jobs_option = click.option("--jobs", type=click.IntRange(min=0), default=0, help="Processes; 0 (default) chooses.")
config_option = click.option(
    "--config",
    metavar="FILE",
    shell_complete=completing.files,
    help="The configuration file, in place of the nearest domlint.toml, .domlint.toml or pyproject.toml of each file.",
)
strict_option = click.option(
    "--strict-schema", is_flag=True, help="Hold every file against the XSD 1.1 schema itself, too (100 files a second)."
)
baseline_option = click.option(
    "--baseline",
    metavar="FILE",
    shell_complete=completing.files,
    help="Tell only what this file, which domlint baseline writes, does not know.",
)
no_baseline_option = click.option("--no-baseline", is_flag=True, help="Tell what a baseline knows, too.")
suppressions_option = click.option(
    "--no-suppressions", is_flag=True, help="Tell what the files themselves say shall not be told, too."
)
isolated_option = click.option("--isolated", is_flag=True, help="Read no configuration file.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print findings only: no summary, no hints.")
hidden_color_option = click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", hidden=True
)


def fail_on_option(default: Severity, words: str) -> Option:
    """``--fail-on``: from which severity on the exit status is 1."""
    severities = click.Choice([severity.value for severity in Severity])
    return click.option("--fail-on", type=severities, help=f"{words}  [default: {default.value}]")


def output_option(formats: Sequence[str]) -> Option:
    """``--output-format``: pairs of a format and the file that it is written to, "" for standard output."""

    def outputs(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> list[tuple[str, str]]:
        parted = [value.partition("=") for value in values]
        for name, _equals, _path in parted:
            if name not in formats:
                raise click.BadParameter(f"{printable(name)!r} is none of {', '.join(formats)}")
        if sum(not path for _name, _equals, path in parted) > 1:
            raise click.BadParameter("only one format can go to standard output; write the others as FORMAT=FILE")
        return [(name, path) for name, _equals, path in parted]

    listed = f"{', '.join(formats[:-1])} or {formats[-1]}".replace("text", "text (default)")
    words = f"{listed}; with =FILE written there. Repeatable."
    return click.option(
        "--output-format",
        multiple=True,
        callback=outputs,
        metavar="FORMAT[=FILE]",
        help=words,
        shell_complete=lambda _context, _parameter, incomplete: completing.beginning(formats, incomplete),
    )


def given_options(*, with_hosts: bool = True, with_baseline: bool = True) -> Option:
    """The options that a configuration file has keys for, and those that say which file that is."""
    chosen = [select_option, extend_select_option, ignore_option]
    excluding = [exclude_option, extend_exclude_option, force_exclude_option, config_option, isolated_option]
    decorators = [network_option, *chosen, *excluding]
    if with_hosts:
        decorators = [caps_option, network_option, libvirt_option, *chosen, require_option]
        decorators += [baseline_option, no_baseline_option] if with_baseline else []
        decorators += excluding

    def decorate(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


def lookup_of(values: Mapping[str, Any]) -> Lookup:
    """The settings of files, as the values of given_options() say. Raises click.UsageError where they cannot be."""
    from domlint.configuration import Given
    from domlint.configuration.lookup import Lookup

    config, is_isolated, fail_on = values["config"], values["isolated"], values.get("fail_on")
    if config is not None and is_isolated:
        raise click.UsageError("--isolated reads no configuration file: leave out --config, or --isolated")
    for pattern in (*values["exclude"], *values["extend_exclude"]):
        from domlint.configuration.patterns import is_pattern

        if not is_pattern(pattern):
            raise click.BadParameter(f"{printable(pattern)!r} is no pattern of a .gitignore file")
    baseline = values.get("baseline")
    if baseline is not None and values["no_baseline"]:
        raise click.UsageError("--no-baseline is for none: leave out --baseline, or --no-baseline")
    given = Given(
        caps=values.get("caps") or None,
        networks=values["network"] or None,
        libvirt=values.get("libvirt"),
        select=values["select"] or None,
        extend_select=values["extend_select"] or None,
        ignore=values["ignore"] or None,
        fail_on=None if fail_on is None else Severity(fail_on),
        require=values.get("require"),
        baseline="" if values.get("no_baseline") else baseline,
        exclude=values["exclude"] or None,
        extend_exclude=values["extend_exclude"] or None,
        force_exclude=values["force_exclude"],
        output_format=tuple(values.get("output_format") or ()) or None,
    )
    with failing():
        return Lookup(given, config, is_isolated)


@contextmanager
def failing() -> Iterator[None]:
    """End the run where a configuration, host, network or rule that was named cannot be used."""
    try:
        yield
    except Exception as error:
        if not _is_of_what_was_named(error):
            raise
        fail(str(error))


def _is_of_what_was_named(error: Exception) -> bool:
    from domlint.baseline import BaselineError
    from domlint.configuration.errors import ConfigurationError
    from domlint.hosts import HostError
    from domlint.networks import NetworkError
    from domlint.rule import UnknownSelectorError

    return isinstance(error, (BaselineError, ConfigurationError, HostError, NetworkError, UnknownSelectorError))


def hosts_of(specs: Iterable[str]) -> list[Host]:
    """The hosts that values of ``--caps`` name."""
    from domlint.hosts.load import load_hosts

    with failing():
        return load_hosts(specs)
