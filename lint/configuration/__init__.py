"""Configuration: what files are linted with, as configuration files and the command line say.

This module has the values alone, so that a run without a configuration file pays for little else.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.findings import Severity
from domlint.verdicts import Demand

if TYPE_CHECKING:
    from domlint.configuration.patterns import Patterns
    from domlint.configuration.reading import ConfigurationFile
    from domlint.configuration.selection import Selection
    from domlint.versions import Version

DEFAULT_FORMATS: Final = (("text", ""),)
"""The output formats where nothing else is said: each with the file it is written to, "" for standard output."""


class Settings(NamedTuple):
    """What the files below one configuration are linted with.

    ``file`` is the configuration file, None where there is none. ``caps`` and ``networks`` are what ``--caps`` and
    ``--network`` were given; None stands for what the file says. ``severities`` has the severity of rules by code. Keys
    of ``per_file_ignores`` and ``hosts_per_folder`` are patterns below the folder of the file.
    """

    file: "ConfigurationFile | None" = None
    caps: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    libvirt: "Version | None" = None
    selections: "tuple[Selection, ...]" = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = {}
    severities: Mapping[str, Severity] = {}
    not_ignorable: tuple[str, ...] = ()
    hosts_per_folder: Mapping[str, tuple[str, ...]] = {}
    exclude: "Patterns | None" = None
    extend_exclude: "tuple[Patterns, ...]" = ()
    force_exclude: bool = False
    baseline: str | None = None
    demand: Demand = Demand()
    output_format: tuple[tuple[str, str], ...] = DEFAULT_FORMATS


class Given(NamedTuple):
    """What the command line says; None for what it leaves to the configuration. The ``baseline`` "" stands for none."""

    caps: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    libvirt: "Version | None" = None
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    fail_on: Severity | None = None
    require: str | None = None
    baseline: str | None = None
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] | None = None
    force_exclude: bool | None = None
    output_format: tuple[tuple[str, str], ...] | None = None

    def over(self, settings: Settings, folder: str) -> Settings:
        """The settings with what the command line, given in a folder (an absolute path), says instead of them."""
        if self.select is not None or self.extend_select or self.ignore:
            from domlint.configuration.selection import Selection

            layer = Selection(self.select, self.extend_select or (), self.ignore or ())
            settings = settings._replace(selections=(*settings.selections, layer))
        if self.caps is not None:
            settings = settings._replace(caps=self.caps, hosts_per_folder={})
        if self.exclude is not None or self.extend_exclude:
            from domlint.configuration.patterns import Patterns

            own = settings.exclude if self.exclude is None else Patterns(folder, self.exclude)
            added = (Patterns(folder, self.extend_exclude),) if self.extend_exclude else ()
            settings = settings._replace(exclude=own, extend_exclude=(*settings.extend_exclude, *added))
        return settings._replace(
            networks=settings.networks if self.networks is None else self.networks,
            libvirt=self.libvirt or settings.libvirt,
            baseline=settings.baseline if self.baseline is None else self.baseline or None,
            force_exclude=settings.force_exclude if self.force_exclude is None else self.force_exclude,
            demand=Demand(self.fail_on or settings.demand.fail_on, self.require or settings.demand.require),
            output_format=self.output_format or settings.output_format,
        )
