"""From the paths of a command line to what is done with each file: under which configuration, on which hosts."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from domlint.configuration import Settings
from domlint.configuration.lookup import Lookup
from domlint.engine import Plan
from domlint.files import Input, inputs_of
from domlint.rules import modules, names
from domlint.run import Task

if TYPE_CHECKING:
    from domlint.configuration.patterns import Keyed, Matcher
    from domlint.hosts import Host
    from domlint.networks import Network
    from domlint.rule import Rule, RuleModule

T = TypeVar("T")


class Planner:
    """Plans a run.

    ``hosts`` are those that the files are held against, whatever their configuration says. With ``strict``, rules run
    that take long, too; without ``with_suppressions``, all is told, whatever the files themselves say.
    """

    def __init__(
        self,
        lookup: Lookup,
        hosts: Sequence[Host] | None = None,
        strict: bool = False,
        with_suppressions: bool = True,
    ) -> None:
        self._lookup = lookup
        self._given_hosts = hosts
        self._strict = strict
        self._with_suppressions = with_suppressions
        self._sites: dict[int, _Site] = {}
        self._excluding: dict[int, _Excluding] = {}

    def inputs(self, paths: Iterable[str], stdin_name: str) -> Iterator[tuple[Settings, Input]]:
        """The files to lint, each with its settings. Raises ConfigurationError."""
        for item in inputs_of(paths, stdin_name, self._is_excluded):
            settings = self._lookup.of_file(item.name)
            if item.from_directory or not settings.force_exclude or not self._is_excluded(item.name, False):
                yield settings, item

    def tasks(self, paths: Sequence[str], stdin_name: str) -> list[Task]:
        """What is to be done with each file.

        Raises ConfigurationError; and HostError, NetworkError and UnknownSelectorError for what the command line names.
        """
        found = list(self.inputs(paths, stdin_name))
        # A run over nothing is one against the hosts that it would have been made against.
        for settings in [settings for settings, _item in found] or [self._lookup.of_run(paths, stdin_name)]:
            if id(settings) not in self._sites:
                self._sites[id(settings)] = _Site(settings, self._given_hosts, self._strict, self._with_suppressions)
        if len(self._sites) > 1:
            _tell_apart(list(self._sites.values()))
        return [Task(self._sites[id(settings)].plan_of(item.name), item, settings.demand) for settings, item in found]

    def baselines(self, tasks: Iterable[Task]) -> dict[str, str]:
        """The baselines of those files, by name, that have one. Raises ConfigurationError."""
        found = ((item.name, self._lookup.of_file(item.name).baseline) for _plan, item, _demand in tasks)
        return {name: baseline for name, baseline in found if baseline is not None}

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The emulators of all hosts that files are held against, each once, whichever configurations name it."""
        hosts: list[Host] = []
        known: set[str] = set()
        for site in self._sites.values():
            hosts += [host for host in site.hosts if host.id not in known]
            known.update(host.id for host in hosts)
        return tuple(hosts)

    def _is_excluded(self, path: str, is_folder: bool) -> bool:
        settings = self._lookup.of_file(path)
        if settings.exclude is None and not settings.extend_exclude:
            return False
        found = self._excluding.get(id(settings))
        if found is None:
            found = self._excluding[id(settings)] = _Excluding(settings)
        return found.fits(path, is_folder)


class _Excluding:
    """What the settings exclude."""

    def __init__(self, settings: Settings) -> None:
        from domlint.configuration.patterns import Matcher

        given = (settings.exclude, *settings.extend_exclude)
        self._matchers: list[Matcher] = [Matcher(patterns) for patterns in given if patterns is not None]

    def fits(self, path: str, is_folder: bool) -> bool:
        return any(matcher.fits(path, is_folder) for matcher in self._matchers)


class _Site:
    """Settings with the hosts, networks and rules that they name, and a plan for each kind of file under them."""

    def __init__(self, settings: Settings, hosts: Sequence[Host] | None, strict: bool, with_suppressions: bool) -> None:
        self.settings = settings
        self.hosts = tuple(_hosts(settings) if hosts is None else hosts)
        self._labels = tuple(host.id for host in self.hosts)
        self._networks = _networks(settings)
        self._codes = _codes(settings)
        self._rules = self._rules_of(self._codes)
        self._strict = strict
        self._with_suppressions = with_suppressions
        self._not_ignorable = frozenset(
            code for selector in settings.not_ignorable for code in names().chosen(selector)
        )
        self._plans: dict[object, Plan] = {}
        self._ignores = self._keyed(settings.per_file_ignores)
        # Hosts that are given whatever the configuration says are none of those that it speaks of.
        self._folders = self._keyed(settings.hosts_per_folder) if hosts is None else None
        for pattern in settings.hosts_per_folder if hosts is None else ():
            self._check_hosts_of(pattern)

    def plan_of(self, path: str) -> Plan:
        """The plan for a file."""
        ignored = self._ignores.fitting(path) if self._ignores is not None else ()
        folders = self._folders.fitting(path) if self._folders is not None else ()
        folder = max(folders, key=len, default=None)
        plan = self._plans.get((ignored, folder))
        if plan is None:
            plan = self._plans[ignored, folder] = self._plan(ignored, folder)
        return plan

    def _rules_of(self, codes: Collection[str] | None) -> tuple[Rule | RuleModule, ...]:
        return modules(any(host.domain_capabilities for host in self.hosts), codes)

    def rename(self, names: dict[str, str]) -> None:
        """Call hosts by other names."""
        self.hosts = tuple(host._replace(id=names.get(host.id, host.id)) for host in self.hosts)

    def _keyed(self, patterns: Iterable[str]) -> Keyed | None:
        if not patterns:
            return None
        from domlint.configuration.patterns import Keyed

        assert self.settings.file is not None
        return Keyed(self.settings.file.folder, patterns)

    def _plan(self, ignored: tuple[str, ...], folder: str | None) -> Plan:
        settings, hosts = self.settings, self.hosts
        rules = self._rules
        if ignored:
            selectors = [selector for pattern in ignored for selector in settings.per_file_ignores[pattern]]
            unwanted = {code for selector in selectors for code in names().chosen(selector)}
            rules = self._rules_of([code for code in self._codes or names().by_code if code not in unwanted])
        if folder is not None:
            wanted = self._wanted(folder)
            hosts = tuple(host for host, is_wanted in zip(hosts, wanted, strict=True) if is_wanted)
        return Plan(
            rules,
            hosts,
            self._networks,
            settings.libvirt,
            self._strict,
            settings.severities,
            self._not_ignorable,
            self._with_suppressions,
        )

    def _wanted(self, folder: str) -> list[bool]:
        """For each emulator, whether files in a folder (a pattern) are held against its host."""
        patterns = self.settings.hosts_per_folder[folder]
        labels = {
            label
            for label, host in zip(self._labels, self.hosts, strict=True)
            if any(self._fits(pattern, label, host) for pattern in patterns)
        }
        return [label in labels for label in self._labels]

    def _fits(self, pattern: str, label: str, host: Host) -> bool:
        from domlint.configuration.patterns import host_fits

        assert self.settings.file is not None
        folder = self.settings.file.folder
        return host_fits(pattern, label, [os.path.relpath(path, folder) for path in host.source.split(", ")])

    def _check_hosts_of(self, folder: str) -> None:
        file = self.settings.file
        assert file is not None
        for number, pattern in enumerate(self.settings.hosts_per_folder[folder]):
            if not any(self._fits(pattern, host.id, host) for host in self.hosts):
                from domlint.configuration.shapes import did_you_mean, quoted

                labels = sorted(set(self._labels))
                help_ = did_you_mean(pattern, labels) or _listing("the hosts are", labels) or "caps names no host"
                message = f"hosts-per-folder: no host is called {quoted(pattern)}"
                raise file.error(message, "hosts-per-folder", folder, number, help_=help_)


_MOST_LISTED = 10


def _listing(words: str, names: Sequence[str]) -> str:
    listed = ", ".join(names[:_MOST_LISTED])
    return f"{words} {listed}{' …' if len(names) > _MOST_LISTED else ''}" if names else ""


def _tell_apart(sites: Sequence[_Site]) -> None:
    """Give a host another name where an earlier configuration calls another host so."""
    known: dict[str, list[Host]] = {}
    for site in sites:
        own: dict[str, list[Host]] = {}
        for host in site.hosts:
            own.setdefault(host.id, []).append(host)
        clashing = [label for label, hosts in own.items() if known.setdefault(label, hosts) != hosts]
        if clashing and site.settings.file is not None:
            folder = os.path.dirname(site.settings.file.path) or "."
            site.rename({label: f"{folder}/{label}" for label in clashing})


def _hosts(settings: Settings) -> list[Host]:
    file = settings.file
    if settings.caps is None and (file is None or not file.values.get("caps")):
        return []
    from domlint.hosts.load import load_hosts

    if settings.caps is not None or file is None:
        return load_hosts(settings.caps or ())
    from domlint.configuration.settings import caps_of
    from domlint.hosts.errors import HostError

    return _loaded(settings, list(caps_of(file)), load_hosts, HostError)


def _networks(settings: Settings) -> tuple[Network, ...]:
    file = settings.file
    if settings.networks is None and (file is None or not file.values.get("networks")):
        return ()
    from domlint.networks import NetworkError, load_networks

    if settings.networks is not None or file is None:
        return load_networks(settings.networks or ())
    from domlint.configuration.settings import networks_of

    return _loaded(settings, list(networks_of(file)), load_networks, NetworkError)


def _loaded(
    settings: Settings,
    found: Sequence[tuple[tuple[str | int, ...], str]],
    load: Callable[[Iterable[str]], T],
    kind: type[Exception],
) -> T:
    """What is loaded from all that a key names; where that fails, the error tells the line of the key."""
    file = settings.file
    assert file is not None
    try:
        return load(spec for _keys, spec in found)
    except kind as error:
        # The one that cannot be read alone is at fault; else it is how they go together.
        at: tuple[str | int, ...] = found[0][0][:1]
        why = str(error)
        for keys, spec in found:
            try:
                load((spec,))
            except kind as alone:
                at, why = keys, str(alone)
                break
        message, _newline, help_ = why.partition("\nhelp: ")
        raise file.error(f"{at[0]}: {message}", *at, help_=help_) from None


def _codes(settings: Settings) -> list[str] | None:
    """The rules that are chosen, None for all."""
    if not settings.selections:
        return None
    codes: Collection[str] = names().by_code
    for layer in settings.selections:
        codes = layer.of(names(), codes)
    return list(codes)
