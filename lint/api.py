"""The interface for programs."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeAlias

from domlint.engine import Crash, Plan, Source
from domlint.files import inputs_of
from domlint.findings import Finding
from domlint.hosts import Host, load_hosts
from domlint.networks import Network, load_networks
from domlint.rules import catalogue
from domlint.versions import Version

Checkable: TypeAlias = "str | os.PathLike[str] | bytes | Source"


class RuleCrashError(Exception):
    """A rule failed: domlint's fault. ``findings`` are those of all other rules, ``crashes`` says which rule, where."""

    def __init__(self, crashes: tuple[Crash, ...], findings: list[Finding]) -> None:
        super().__init__("; ".join(f"{crash.code} on {crash.file}: {crash.error}" for crash in crashes))
        self.crashes = crashes
        self.findings = findings


def check(
    sources: Checkable | Iterable[Checkable],
    *,
    hosts: Iterable[Host | str | os.PathLike[str]] = (),
    networks: Iterable[Network | str | os.PathLike[str]] = (),
    libvirt: Version | str | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    strict: bool = False,
    suppressions: bool = True,
) -> list[Finding]:
    """Lint domains and return the findings, in the order of the sources, then of the lines.

    ``sources`` is one or several of: a path (a file, or a directory whose libvirt documents are taken), the bytes of a
    document, or a Source, which gives bytes a name. ``hosts`` are hosts, or what ``--caps`` takes: capability files,
    directories of them, bundled profiles, each with a LABEL= before it or not; ``networks`` are networks or paths of
    their definitions; ``libvirt`` is the version that shall read the domains (default: each host's own). ``select``
    and ``ignore`` are codes, beginnings of codes, or names of rules; with ``strict``, each file is held against the XSD
    1.1 schema itself, too. What a file says shall not be told is left out, unless ``suppressions`` is false.

    Nothing is printed, kept or changed: the same arguments give the same findings. Hosts, networks and findings can be
    pickled.

    Raises OSError for a path that cannot be read, HostError and NetworkError for what is no host or network,
    UnknownSelectorError for a selector that fits no rule, ValueError for a libvirt that is no version, and
    RuleCrashError where a rule failed.
    """
    plan = Plan(
        catalogue().select(select, ignore),
        _hosts(hosts),
        _networks(networks),
        Version.parse(libvirt) if isinstance(libvirt, str) else libvirt,
        strict,
        with_suppressions=suppressions,
    )
    reports = [plan.check(source) for source in _sources(sources)]
    findings = [finding for report in reports for finding in report.findings]
    crashes = tuple(crash for report in reports for crash in report.crashes)
    if crashes:
        raise RuleCrashError(crashes, findings)
    return findings


def _hosts(hosts: Iterable[Host | str | os.PathLike[str]]) -> list[Host]:
    given = list(hosts)
    loaded = load_hosts(os.fspath(host) for host in given if not isinstance(host, Host))
    return [*(host for host in given if isinstance(host, Host)), *loaded]


def _networks(networks: Iterable[Network | str | os.PathLike[str]]) -> list[Network]:
    given = list(networks)
    loaded = load_networks(network for network in given if not isinstance(network, Network))
    return [*(network for network in given if isinstance(network, Network)), *loaded]


def _sources(sources: Checkable | Iterable[Checkable]) -> Iterable[Source]:
    if isinstance(sources, (str, bytes, os.PathLike, Source)):
        sources = (sources,)
    for source in sources:
        if isinstance(source, Source):
            yield source
        elif isinstance(source, bytes):
            yield Source("<bytes>", source)
        else:
            for item in inputs_of([os.fspath(source)]):
                yield Source(item.name, item.read(), item.from_directory)
