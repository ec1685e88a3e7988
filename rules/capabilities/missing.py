"""What a host lacks of a domain's needs, where the clues say that it may lack something: few runs come here."""

from collections.abc import Container, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from domlint.capability import Capability, Clue, is_about
from domlint.document import Element
from domlint.domain import Context
from domlint.findings import Outcome
from domlint.rule import Problem, Spot
from domlint.selector import Selectors, parse_selector
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts import Host


class Missing(NamedTuple):
    """A capability that a host lacks and the domain needs, with the flag that says so and every place."""

    subject: str
    row: Capability
    flag: str
    reason: str
    spots: tuple[Spot, ...]


def missing_of(
    context: Context, domain: Element, clues: Iterable[Clue], host: "Host", libvirt: Version
) -> Iterator[Missing]:
    """What the host lacks of that which the clues are about, where the domain needs it and this libvirt asks for it."""
    machine, domain_type = context.machine, context.domain.type
    about = (
        machine.arch if isinstance(machine.arch, str) else None,
        machine.name if isinstance(machine.name, str) else None,
        domain_type if isinstance(domain_type, str) else None,
    )
    entries = []
    for clue in clues:
        row = find_row(clue.subject, clue.name)
        if is_about(row, *about):
            entries.append((parse_selector(row.on[clue.number]), (clue.subject, row)))
    found: dict[str, tuple[str, Capability, dict[Spot, None]]] = {}
    for (subject, row), element, attribute in Selectors(entries).select(domain):
        found.setdefault(row.name, (subject, row, {}))[2][Spot(element, attribute or None)] = None
    lacking = [
        (subject, row, lack, spots)
        for subject, row, spots in found.values()
        if (lack := _lack(row, host, libvirt)) is not None
    ]
    told: Container[Element] = ()
    if lacking and host.domain_capabilities:
        # What the host's domainCapabilities say no to, they do for want of these very capabilities.
        from domlint.rules.host.values import reported_elements

        told = reported_elements(context, domain)
    for subject, row, lack, spots in lacking:
        left = tuple(spot for spot in spots if spot.element not in told)
        if left:
            yield Missing(subject, row, *lack, left)


def find_row(subject: str, name: str) -> Capability:
    """The row of that name in a subject's file. Raises StopIteration."""
    listed: tuple[Capability, ...] = import_module(f"{__package__}.{subject}").ROWS
    return next(row for row in listed if row.name == name)


def _lack(row: Capability, host: "Host", libvirt: Version) -> tuple[str, str] | None:
    """The first flag that is absent, with the reason, where each alternative has one; None where one may be there.

    A libvirt asks for neither what it does not know yet nor what it has retired.
    """
    from domlint.hosts.answer import Presence
    from domlint.hosts.lifecycle import table

    lack: tuple[str, str] | None = None
    for needed in row.alternatives:
        flags = [flag for flag in map(table().get, needed) if flag is not None]
        if any(flag.retired_by and libvirt >= flag.retired_by for flag in flags):
            continue
        answers = [host.answer(flag) for flag in needed]
        absent = next((answer for answer in answers if answer.presence is Presence.ABSENT), None)
        if absent is not None:
            lack = lack or (absent.flag, absent.reason)
        elif not any(flag.known_after and libvirt <= flag.known_after for flag in flags):
            return None
    return lack


def problem_of(missing: Missing) -> Problem:
    """What there is to say of it."""
    row = missing.row
    refuses = "refuses the definition" if row.outcome is Outcome.DEFINE else "refuses to start the domain"
    first, *others = missing.spots
    return Problem(
        first,
        f"libvirt {refuses}, as the host lacks {row.words} ({missing.flag}): {missing.reason}",
        "do without it, or choose a host that has it (domlint requires tells from which QEMU and libvirt on)",
        tuple((spot, "needs it, too") for spot in others),
        outcome=row.outcome,
    )
