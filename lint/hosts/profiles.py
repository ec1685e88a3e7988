"""Bundled profiles: what a release of QEMU can do, for hosts that nobody has a file of.

``profile_data`` beside this module has a JSON file for each architecture, made by tools/make_profiles.py. Each machine,
CPU model and capability has a line there, which ends with one character for each release: "y" for what the release
has, "." for what it does not; "d" for a CPU model that is deprecated; and for a capability of which the files it is
made from cannot tell, why: see ``_UNKNOWN``. ``facts.json`` and ``distributions.json`` are written by hand, each
fact with its source.
"""

# No "from __future__ import annotations": see model.py.
import json
import os
from functools import cache, lru_cache
from typing import Any, NamedTuple

from domlint.hosts.errors import HostError
from domlint.hosts.model import Host, Machine
from domlint.versions import Version

_DATA = os.path.join(os.path.dirname(__file__), "profile_data")
_DEFAULT_ARCH = "x86_64"

_UNKNOWN = {
    "l": "the profile is made from files of libvirt {libvirt} and older, which say nothing of it",
    "s": "the profile is made from a snapshot of QEMU from before the release, which may have been too early for it",
    "m": "the profile is made from QEMU on macOS, which lacks some of what it has on Linux",
}
"""Why it is not known whether a release has a capability, by its character; "?" hangs on host or build: facts.json."""


class Distribution(NamedTuple):
    """A release of a distribution, and which QEMU it has.

    ``qemu`` is a release of QEMU as in the names of profiles ("8.2"), ``libvirt`` None where no source was found.
    ``architectures`` are those that there are profiles of, the ones whose names need no architecture first.
    ``machines`` is 'upstream' where the machines are those of QEMU's release, 'added' where the distribution has more,
    'own' where they are not known. ``leaves_out`` names what the distribution may leave out: 'devices' where it
    chooses which ones its QEMU has, 'modules' where some of them are packages of their own.
    """

    name: str
    title: str
    qemu: str
    libvirt: Version | None
    architectures: tuple[str, ...]
    machines: str
    leaves_out: tuple[str, ...]
    source: str


def profile_names() -> tuple[str, ...]:
    """The names that ``--caps`` takes: releases of QEMU, the oldest first, then releases of distributions."""
    return (*release_names(), *(name for found in distributions() for name in distribution_names(found)))


def release_names() -> tuple[str, ...]:
    """The names of the profiles of QEMU's releases, the oldest first."""
    return tuple(
        f"qemu-{release}-{arch}"
        for release, arch in sorted(
            ((release, arch) for arch, releases in _index().items() for release in releases),
            key=lambda found: (Version.parse(found[0]), found[1] != _DEFAULT_ARCH, found[1]),
        )
    )


def distribution_names(distribution: Distribution) -> tuple[str, ...]:
    """The names of a distribution's profiles: without an architecture it is that of x86_64."""
    name = distribution.name
    return tuple(name if arch == _DEFAULT_ARCH else f"{name}-{arch}" for arch in distribution.architectures)


@lru_cache(maxsize=1)
def distributions() -> tuple[Distribution, ...]:
    """The releases of distributions whose QEMU is one that there are profiles of."""
    return tuple(
        Distribution(
            row["name"],
            row["title"],
            row["qemu"],
            Version.parse(row["libvirt"]) if row["libvirt"] else None,
            tuple(
                arch
                for arch in sorted(_index(), key=lambda arch: (arch != _DEFAULT_ARCH, arch))
                if row["qemu"] in _index()[arch] and arch in (row["architectures"] or (arch,))
            ),
            row["machines"],
            tuple(row["leaves_out"]),
            row["source"],
        )
        for row in _read("distributions.json")["distributions"]
    )


def find_profile(name: str) -> Host:
    """The profile of that name, "qemu-8.2-x86_64" or "debian-12" or "debian-12-s390x".

    It speaks of QEMU alone: what hangs on the host's CPU and kernel, or on how QEMU was built, is in ``unsure_flags``.
    Raises HostError where there is none, with those that come nearest.
    """
    family, _, rest = name.partition("-")
    release, _, arch = rest.partition("-")
    if family == "qemu" and release in _index().get(arch, ()):
        return _profile(name, arch, release, f"bundled profile {name}")
    for found in distributions():
        for arch in found.architectures:
            if name in (f"{found.name}-{arch}", found.name if arch == _DEFAULT_ARCH else None):
                return _of_distribution(name, arch, found)
    raise HostError(name, "no such file, and no bundled profile of that name", help_=_help(name))


def unsure_reason(host: Host, flag: str) -> str:
    """Why the profile cannot tell whether there is one of its ``unsure_flags``, in words."""
    release = f"{host.qemu_version.major}.{host.qemu_version.minor}" if host.qemu_version else ""
    if release not in _index().get(host.arch, ()):
        return "it hangs on the host, or on how its QEMU was built"
    data = _architecture(host.arch)
    column = data["releases"].index(release)
    state = next((row[1][column] for row in data["flags"] if row[0] == flag), ".")
    if state == "?":
        for entry in _read("facts.json")["hangs_on"]:
            if flag in entry["flags"] and host.arch in entry.get("arch", (host.arch,)):
                return f"it hangs on {entry['what']}"
    if state in _UNKNOWN:
        newest = data["made_of"][column][0].split()[1]
        return _UNKNOWN[state].format(libvirt=newest)
    return f"QEMU {release} has it, but the distribution may leave it out, or have it in a package of its own"


def _help(name: str) -> str:
    import re
    from difflib import get_close_matches

    names = profile_names()
    start = re.match(r"qemu-\d{1,3}\.\d{1,3}(?=\.\d|-|$)|[a-z-]+-[\d.]+(?=-|$)", name)
    same = [found for found in names if start and (found == start[0] or found.startswith(f"{start[0]}-"))]
    nearest = same or get_close_matches(name, names, n=3)
    if nearest:
        return f"there {'is' if len(nearest) == 1 else 'are'} {', '.join(nearest)}"
    return "profiles have names like qemu-8.2-x86_64 or debian-12"


def _profile(name: str, arch: str, release: str, source: str) -> Host:
    from domlint.hosts.parts import CpuModel

    data = _architecture(arch)
    column = data["releases"].index(release)
    flags, unsure = [], []
    for flag, states in data["flags"]:
        state = states[column]
        if state == "y":
            flags.append(flag)
        elif state != ".":
            unsure.append(flag)
    suffix = data["cpu_type_suffix"]
    return Host(
        id=name,
        source=source,
        kind="profile",
        emulator=None,
        arch=arch,
        qemu_version=Version.parse(release),
        flags=frozenset(flags),
        unsure_flags=frozenset(unsure),
        machines=_machines(data, column),
        lists_machines=_index()[arch][release] != "snapshot",
        profile_cpu_models=tuple(
            [
                CpuModel(accelerator, model, f"{model}{suffix}" if suffix else None, None, (), states[column] == "d")
                for accelerator in ("kvm", "tcg")
                for model, states in data["cpu_models"]
                if states[column] != "."
            ]
        ),
    )


def _machines(data: dict[str, Any], column: int) -> tuple[Machine, ...]:
    """The machines, the one that libvirt prefers first. They belong to every accelerator.

    Letters stand for what holds: D default, d deprecated, h CPUs can be plugged, n takes the old ``mem=`` of NUMA
    nodes, a has ACPI, A does not; "?" that nothing is known but the name.
    """
    first: list[Machine] = []
    others: list[Machine] = []
    preferred = data["first_machines"][column]
    for name, alias, max_cpus, letters, default_cpu, states in data["machines"]:
        if states[column] == ".":
            continue
        known = letters != "?"
        machine = Machine(
            None,
            name,
            alias,
            "D" in letters,
            max_cpus,
            "d" in letters if known else None,
            "h" in letters if known else None,
            "n" in letters if known else None,
            True if "a" in letters else False if "A" in letters else None,
            default_cpu,
        )
        (first if name == preferred else others).append(machine)
    return (*first, *others)


def _of_distribution(name: str, arch: str, distribution: Distribution) -> Host:
    host = _profile(
        name, arch, distribution.qemu, f"bundled profile {name} ({distribution.title}, QEMU {distribution.qemu})"
    )
    left_out = _left_out(host, distribution)
    # The distribution's own machines take over the aliases of these architectures: see distributions.json.
    keeps_machines = distribution.machines == "upstream" or (distribution.machines == "added" and arch in _PC_AND_VIRT)
    host = host._replace(libvirt_version=distribution.libvirt)
    return host._replace(
        flags=host.flags - left_out,
        unsure_flags=host.unsure_flags | left_out,
        machines=_in_order_of_its_libvirt(host) if keeps_machines else (),
        lists_machines=host.lists_machines and distribution.machines == "upstream",
    )


_PC_AND_VIRT = ("aarch64", "x86_64")
_RETIRED_FROM = 4
"""The place in a row of ``flag_table.FLAGS``."""


def _in_order_of_its_libvirt(host: Host) -> tuple[Machine, ...]:
    """The machines, first the one that the libvirt of the distribution prefers; in profiles it is that of today."""
    if host.libvirt_version is None:
        return host.machines
    facts = _read("facts.json")["preferred_machines"]
    if host.arch not in facts["before"] or host.libvirt_version >= Version.parse(facts["changed_in"]):
        return host.machines
    first = host.machine(facts["before"][host.arch])
    if first is None:
        first = next((machine for machine in host.machines if machine.default), host.machines[0])
    return (first, *(machine for machine in host.machines if machine != first))


def _left_out(host: Host, distribution: Distribution) -> frozenset[str]:
    """Those capabilities of the release that the distribution may be without."""
    from domlint.hosts.flag_table import FACTS, FLAGS
    from domlint.hosts.lifecycle import device_of

    if not distribution.leaves_out:
        return frozenset()
    facts = _read("facts.json")
    in_modules = set(facts["in_modules"]["flags"])
    has_all = "devices" not in distribution.leaves_out
    sure = set(facts["in_every_build"]["flags"])
    for family, devices in _read("distributions.json")["devices"].items():
        if distribution.name.startswith(f"{family}-"):
            sure.update(devices["flags"])

    @cache
    def keeps(flag: str) -> bool:
        if flag in in_modules:
            return False
        needed = FACTS.get(flag, {}).get("requires") or device_of(flag)
        if needed is not None and needed not in facts["in_every_build"]["flags"]:
            return keeps(needed)
        # What libvirt no longer asks for is what every QEMU that it supports has, that of this distribution too.
        is_retired = FLAGS[flag][_RETIRED_FROM] is not None
        return has_all or flag in sure or is_retired

    return frozenset(flag for flag in host.flags if not keeps(flag))


@lru_cache(maxsize=1)
def _index() -> dict[str, dict[str, str]]:
    """For each architecture the releases, with "snapshot" or "macos" where the file was none of a release on Linux."""
    found: dict[str, dict[str, str]] = _read("index.json")
    return found


@lru_cache(maxsize=16)
def _architecture(arch: str) -> dict[str, Any]:
    return _read(f"{arch}.json")


@lru_cache(maxsize=4)
def _read(name: str) -> dict[str, Any]:
    with open(os.path.join(_DATA, name), encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found
