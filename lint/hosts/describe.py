"""What a host can do, put in order for people and programs: as values, without a word about how to show them."""

# No "from __future__ import annotations": see model.py.
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from domlint.hosts.abilities import Ability, abilities
from domlint.hosts.answer import Presence
from domlint.hosts.fit import QEMU_VIRT_TYPES
from domlint.hosts.model import PREFERRED_VIRT_TYPES, Host, Machine
from domlint.hosts.parts import CpuModel, DomainCapabilities, Guest, HostHardware


class MachineFamily(NamedTuple):
    """Machines that are one and the same but for their version, the newest first; a machine without one is alone.

    ``is_default`` says that libvirt gives one of them to a domain that names no machine. ``aliases`` are all names
    that stand for one of them, ``deprecated`` those that are, ``max_cpus`` is the newest one's count.
    """

    name: str
    machines: tuple[str, ...]
    aliases: tuple[str, ...]
    is_default: bool
    deprecated: tuple[str, ...]
    max_cpus: int | None


class CpuModels(NamedTuple):
    """How many CPU models QEMU knows with an accelerator (None: with any), and how many of them this host can run."""

    virt_type: str | None
    known: int
    usable: int
    not_usable: int
    deprecated: int


class Emulator(NamedTuple):
    """An emulator of a host. ``accelerators`` say whether each is there, None where the files cannot tell.

    ``domains`` are what libvirt says of domains, those of the best accelerator and the default machine first.
    ``flags`` are all capabilities that are known or listed, by the answer; ``default_machine`` is what libvirt gives a
    domain that names none, with the best accelerator.
    """

    host: Host
    accelerators: Mapping[str, bool | None]
    families: tuple[MachineFamily, ...]
    default_machine: str | None
    cpu_models: tuple[CpuModels, ...]
    flags: Mapping[Presence, tuple[str, ...]]
    abilities: tuple[Ability, ...]
    domains: tuple[DomainCapabilities, ...]


class Description(NamedTuple):
    """A host: its emulators, and what is known of the whole of it."""

    id: str
    emulators: tuple[Emulator, ...]
    hardware: HostHardware | None
    guests: tuple[Guest, ...] | None


def describe(hosts: Iterable[Host]) -> list[Description]:
    """The hosts, in the order given; those with one id are the emulators of one host."""
    by_id: dict[str, list[Host]] = {}
    for host in hosts:
        by_id.setdefault(host.id, []).append(host)
    return [
        Description(
            id_,
            tuple(_emulator(host) for host in emulators),
            next((host.hardware for host in emulators if host.hardware is not None), None),
            next((host.guests for host in emulators if host.guests is not None), None),
        )
        for id_, emulators in by_id.items()
    ]


def _emulator(host: Host) -> Emulator:
    default = host.default_machine()
    return Emulator(
        host=host,
        accelerators=_accelerators(host),
        families=_families(host.machines, default),
        default_machine=None if default is None else default.name,
        cpu_models=_cpu_models(host),
        flags=_flags(host),
        abilities=tuple(abilities(host)) if _is_qemu(host) else (),
        domains=tuple(sorted(host.domain_capabilities, key=lambda domain: _place(domain, default))),
    )


def _place(domain: DomainCapabilities, default: Machine | None) -> tuple[bool, int, bool, bool]:
    """What sorts the domains that most people have before others."""
    is_ranked = domain.virt_type in PREFERRED_VIRT_TYPES
    rank = PREFERRED_VIRT_TYPES.index(domain.virt_type) if is_ranked else 0
    is_default = default is not None and domain.machine == default.name
    return not is_ranked, rank, not is_default, "q35" not in (domain.machine or "")


def _is_qemu(host: Host) -> bool:
    return bool(QEMU_VIRT_TYPES.intersection(host.virt_types))


def _accelerators(host: Host) -> dict[str, bool | None]:
    asked = dict.fromkeys((*host.virt_types, *(("kvm", "tcg") if _is_qemu(host) else ())))
    return {name: host.provides(name) for name in asked}


_VERSION = re.compile(r"(.+-(?:rhel)?)(\d{1,4}(?:\.\d{1,4}){1,3})(.*)", re.DOTALL)
"""Names such as pc-q35-7.2, pseries-2.12-sxxm, pc-q35-rhel9.4.0: what comes before the version, it, and the rest."""


def _families(machines: Iterable[Machine], default: Machine | None) -> tuple[MachineFamily, ...]:
    by_name: dict[str, list[Machine]] = {}
    for machine in machines:
        by_name.setdefault(machine.name, []).append(machine)
    families: dict[str, list[tuple[tuple[int, ...], str]]] = {}
    for name in by_name:
        match = _VERSION.fullmatch(name)
        family = match[1].rstrip("-") if match else name
        version = tuple(map(int, match[2].split("."))) if match else ()
        families.setdefault(family, []).append((version, name))
    found = []
    for family, members in families.items():
        # Of two with one version the plain name is first: pseries-2.12 before pseries-2.12-sxxm. One without a
        # version beside those with one is the last: xenfv.
        members.sort(
            key=lambda member: (not member[0], tuple(-number for number in member[0]), len(member[1]), member[1])
        )
        names = tuple(name for _version, name in members)
        found.append(
            MachineFamily(
                name=family,
                machines=names,
                aliases=tuple(
                    dict.fromkeys(machine.alias for name in names for machine in by_name[name] if machine.alias)
                ),
                is_default=default is not None and default.name in names,
                deprecated=tuple(name for name in names if any(machine.deprecated for machine in by_name[name])),
                max_cpus=next((machine.max_cpus for machine in by_name[names[0]] if machine.max_cpus), None),
            )
        )
    return tuple(
        sorted(
            found,
            key=lambda family: (not family.is_default, not family.aliases, -len(family.machines), family.name),
        )
    )


def _cpu_models(host: Host) -> tuple[CpuModels, ...]:
    by_accelerator: dict[str | None, list[CpuModel]] = {}
    for model in host.cpu_models:
        by_accelerator.setdefault(model.virt_type, []).append(model)
    return tuple(
        CpuModels(
            accelerator,
            len(models),
            sum(model.usable is True for model in models),
            sum(model.usable is False for model in models),
            sum(model.deprecated for model in models),
        )
        for accelerator, models in by_accelerator.items()
    )


def _flags(host: Host) -> dict[Presence, tuple[str, ...]]:
    from domlint.hosts.lifecycle import table

    found: dict[Presence, list[str]] = {presence: [] for presence in Presence}
    for name in sorted({*table(), *host.flags}):
        found[host.answer(name).presence].append(name)
    return {presence: tuple(names) for presence, names in found.items()}
