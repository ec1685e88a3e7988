"""What several files say of one host, put together."""

# No "from __future__ import annotations": see model.py.
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from domlint.hosts.errors import HostError, quoted
from domlint.hosts.fit import serves
from domlint.hosts.model import Host, Machine
from domlint.hosts.parts import DomainCapabilities
from domlint.printable import printable


def contradiction(parts: Sequence[Host]) -> str:
    """Why these cannot be the emulators of one host, in words; "" where they can.

    A host has one probe of each emulator, one ``<capabilities>``, one answer for each kind of domain, and one CPU and
    kernel; and what libvirt says of domains and guests it has from its probe of the emulator.
    """
    return next((why for _source, why in _contradictions(parts)), "")


def combine(parts: Sequence[Host]) -> list[Host]:
    """The emulators of one host, each with all that the files say of it. ``parts`` have the same id.

    Raises HostError where two files contradict each other.
    """
    if len(parts) == 1:
        return list(parts)
    for source, why in _contradictions(parts):
        raise HostError(
            source,
            f"this file cannot be of the host {quoted(parts[0].id)} as well: {why}",
            help_="give each host a label of its own, --caps LABEL=PATH, or make the older file again",
        )
    probed = [part for part in parts if _is_probed(part)]
    whole = [part for part in parts if part.kind == "capabilities"]
    members = _Members()
    for part in (*probed, *whole, *(part for part in parts if part.kind == "domaincaps")):
        members.take(part)
    hardware = whole[0] if whole else None
    return [
        host if hardware is None else host._replace(guests=hardware.guests, hardware=hardware.hardware)
        for host in members.hosts()
    ]


def _contradictions(parts: Sequence[Host]) -> Iterator[tuple[str, str]]:
    """Each file that contradicts another one, with the reason in words."""
    seen: dict[object, tuple[object, str]] = {}
    probes: dict[tuple[str | None, str], Host] = {}
    for part in parts:
        for key, value, words in _keys(part):
            other, source = seen.setdefault(key, (value, part.source))
            if source != part.source and other != value:
                yield part.source, f"{words} {printable(source)}"
        if part.kind == "qemucaps":
            probes.setdefault((part.emulator, part.arch), part)
    names: dict[tuple[str | None, str], _Names] = {}
    for part in parts:
        emulator = (part.emulator, part.arch)
        if part.kind not in ("domaincaps", "capabilities") or emulator not in probes:
            continue
        if emulator not in names:
            names[emulator] = _Names.of(probes[emulator])
        machine = next((machine for machine in part.machines if not names[emulator].has(machine)), None)
        if machine is not None:
            of = f" for {printable(machine.virt_type)} domains" if machine.virt_type else ""
            source = printable(probes[emulator].source)
            yield part.source, f"it speaks of the machine {quoted(machine.name)}{of}, which is not in {source}"


class _Names(NamedTuple):
    """The machines that an emulator has been found to have, by accelerator and name."""

    machines: frozenset[tuple[str | None, str]]
    names: frozenset[str]
    by_accelerator: bool

    @classmethod
    def of(cls, probe: Host) -> "_Names":
        machines = frozenset((machine.virt_type, machine.name) for machine in probe.machines)
        by_accelerator = all(virt_type is not None for virt_type, _name in machines)
        return cls(machines, frozenset(name for _virt_type, name in machines), by_accelerator)

    def has(self, machine: Machine) -> bool:
        """Tell whether the machine is among them; one of no accelerator is that of any."""
        if self.by_accelerator and machine.virt_type is not None:
            return (machine.virt_type, machine.name) in self.machines
        return machine.name in self.names


def _keys(part: Host) -> Iterator[tuple[object, object, str]]:
    """What only one file can say of a host: a key, what this one says, and words that the other file's name ends."""
    of = f"the emulator {quoted(part.emulator)} for" if part.emulator else "the emulator for"
    of = f"{of} {quoted(part.arch)}"
    if _is_probed(part):
        yield ("emulator", part.emulator, part.arch), part._replace(source="", id=""), f"it is of {of}, and so is"
        words = f"a bundled profile stands for every emulator for {quoted(part.arch)}, so for that of"
        yield ("profile", part.arch), part.is_profile, words
        if part.cpu_signature is not None:
            yield "cpu", (part.cpu_signature, part.kernel), "it is of another CPU or kernel than"
    elif part.kind == "capabilities":
        yield "host", (part.guests, part.hardware), "it is of a whole host, and so is"
    for domain in part.domain_capabilities:
        key = (domain.emulator, domain.arch, domain.virt_type, domain.machine)
        kind = f"{printable(domain.virt_type)} domains on the machine {quoted(domain.machine or '')}"
        yield key, domain, f"it is of {kind} of {of}, and so is"


def _is_probed(part: Host) -> bool:
    return part.kind in ("qemucaps", "profile")


class _Members:
    """The emulators of a host, in the order in which they come up, each with the parts that speak of it."""

    def __init__(self) -> None:
        self._members: list[tuple[Host, list[Host]]] = []
        self._by_emulator: dict[tuple[str, str | None], int] = {}
        self._of_any_name: dict[str, int] = {}
        self._probes: dict[str | None, Host] = {}

    def take(self, part: Host) -> None:
        """Add a part to the emulator that it speaks of, or as a new one."""
        index = self._by_emulator.get((part.arch, part.emulator), self._of_any_name.get(part.arch))
        if index is not None:
            if _is_probed(part):
                return  # the same file again
            self._members[index][1].append(part)
            return
        index = self._by_emulator[part.arch, part.emulator] = len(self._members)
        if part.is_profile or part.emulator is None:
            # A profile is every emulator of its architecture; old versions of libvirt do not write which one it is.
            self._of_any_name[part.arch] = index
        if part.kind == "qemucaps":
            self._probes.setdefault(part.emulator, part)
        probe = self._probes.get(part.emulator)
        if part.kind == "domaincaps" and probe is not None and serves(probe.arch, part.arch):
            self._members.append((probe._replace(arch=part.arch), [part]))
        else:
            self._members.append((part, []))

    def hosts(self) -> list[Host]:
        """The emulators."""
        return [_merged(base, parts) for base, parts in self._members]


def _merged(base: Host, parts: Sequence[Host]) -> Host:
    if not parts:
        return base
    every = (base, *parts)
    offered: dict[str, None] = {}
    for part in every if base.is_profile else (base,):
        offered.update(dict.fromkeys(part.offered_virt_types or ()))
    kinds = {part.kind for part in every}
    machines, lists_machines = _machines(base, parts)
    return base._replace(
        source=", ".join(dict.fromkeys(part.source for part in every)),
        kind=kinds.pop() if len(kinds) == 1 else "combined",
        emulator=base.emulator or parts[0].emulator,
        machines=machines,
        lists_machines=lists_machines,
        offered_virt_types=tuple(offered) if offered else base.offered_virt_types,
        domain_capabilities=_without_repeats(domain for part in every for domain in part.domain_capabilities),
    )


def _without_repeats(domains: Iterable[DomainCapabilities]) -> tuple[DomainCapabilities, ...]:
    return tuple(
        {(domain.emulator, domain.arch, domain.virt_type, domain.machine): domain for domain in domains}.values()
    )


def _machines(base: Host, parts: Sequence[Host]) -> tuple[tuple[Machine, ...], bool]:
    """The machines that are known, and whether those are all."""
    if base.lists_machines:
        return base.machines, True
    listing = next((part for part in parts if part.lists_machines), base)
    machines = list(listing.machines)
    known = {(machine.virt_type, machine.name) for machine in machines}
    for part in (base, *parts):
        for machine in part.machines:
            if (machine.virt_type, machine.name) not in known and (None, machine.name) not in known:
                known.add((machine.virt_type, machine.name))
                machines.append(machine)
    return tuple(machines), listing.lists_machines
