"""What several files say of one host, put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from domlint.hosts.errors import HostError
from domlint.hosts.model import Host


def contradiction(parts: Sequence[Host]) -> str:
    """Why these cannot be the emulators of one host, in words; "" where they can.

    A host has one probe of each emulator, one ``<capabilities>``, one answer for each kind of domain, and one CPU and
    kernel.
    """
    seen: dict[object, tuple[object, str]] = {}
    for part in parts:
        for key, value, words in _keys(part):
            other, source = seen.setdefault(key, (value, part.source))
            if source != part.source and other != value:
                return f"{words}, and so is {source}"
    hardware: dict[object, str] = {}
    for part in parts:
        if part.cpu_signature is not None:
            hardware.setdefault((part.cpu_signature, part.kernel), part.source)
    if len(hardware) > 1:
        one, other, *_more = hardware.values()
        return f"it is of another CPU or kernel than {one if one != parts[-1].source else other}"
    return ""


def _keys(part: Host) -> Iterable[tuple[object, object, str]]:
    """What only one file can say of a host: a key, what this one says, and the key in words."""
    if part.kind in ("qemucaps", "profile"):
        yield ("emulator", part.emulator, part.arch), part, f"it is of the emulator {part.emulator} for {part.arch}"
    elif part.kind == "capabilities":
        yield ("host", part.arch), part, "it is of a whole host"
    for capabilities in part.domain_capabilities:
        key = (capabilities.emulator, capabilities.arch, capabilities.virt_type, capabilities.machine)
        words = f"it is of {capabilities.virt_type} domains on {capabilities.machine} of {capabilities.emulator}"
        yield key, capabilities, words


def combine(parts: Sequence[Host]) -> list[Host]:
    """The emulators of one host, each with all that the files say of it. ``parts`` have the same id.

    Raises HostError where two files contradict each other.
    """
    if len(parts) == 1:
        return list(parts)
    for number in range(2, len(parts) + 1):
        if why := contradiction(parts[:number]):
            raise HostError(
                parts[number - 1].source,
                f"this file cannot be of the host '{parts[0].id}' as well: {why}",
                help_="give each host a label of its own: --caps LABEL=PATH",
            )
    members = [part for part in parts if part.kind in ("qemucaps", "profile")]
    whole = [part for part in parts if part.kind == "capabilities"]
    for part in whole:
        index = _index_of(members, part)
        if index is None:
            members.append(part)
        else:
            members[index] = _merged(members[index], part)
    for part in parts:
        if part.kind == "domaincaps":
            index = _index_of(members, part)
            if index is None:
                members.append(part)
            else:
                members[index] = _merged(members[index], part)
    if whole:
        members = [member._replace(guests=whole[0].guests, hardware=whole[0].hardware) for member in members]
    return members


def _index_of(members: Sequence[Host], part: Host) -> int | None:
    """The member that is the same emulator; a profile is every emulator of its architecture."""
    for index, member in enumerate(members):
        if member.arch == part.arch and (member.emulator == part.emulator or member.is_profile):
            return index
    return None


def _merged(member: Host, part: Host) -> Host:
    machines, lists_machines = member.machines, member.lists_machines
    if not lists_machines:
        known = {(machine.virt_type, machine.name) for machine in part.machines}
        others = tuple(machine for machine in machines if (machine.virt_type, machine.name) not in known)
        machines, lists_machines = part.machines + others, part.lists_machines
    return member._replace(
        source=member.source if part.source in member.source.split(", ") else f"{member.source}, {part.source}",
        kind=member.kind if member.kind == part.kind else "combined",
        emulator=member.emulator or part.emulator,
        machines=machines,
        lists_machines=lists_machines,
        offered_virt_types=part.offered_virt_types if member.is_profile else member.offered_virt_types,
        domain_capabilities=member.domain_capabilities + part.domain_capabilities,
    )
