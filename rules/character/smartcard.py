"""CHR06x: smartcards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.versions import Version

_CHECKED_AT_DEFINE: Final = Version(9, 0, 0)
"""The oldest libvirt seen to refuse a second smartcard when the domain is defined, not when it is started."""


def _each_smartcard(context: Context, smartcard: Element) -> Iterator[Element]:
    if context.domain.runs_on_qemu:
        yield smartcard


@rule(
    "CHR060",
    "smartcard-second",
    outcome=Outcome.DEFINE,
    on="devices/smartcard",
    each=_each_smartcard,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainSmartcardDef), alike in 9.0.0; 7.0.0"
    " src/qemu/qemu_command.c (qemuBuildSmartcardCommandLine)",
    bad=Example("<smartcard mode='host'/>\n<smartcard mode='host'/> <!-- CHR060 -->"),
    good=Example("<smartcard mode='host'/>"),
)
def smartcard_second(context: Context, smartcard: Element) -> Problems:
    """There is more than one smartcard, or the one is not in the first slot.

    QEMU has one, in slot 0 of the reader 0. libvirt refuses to define the domain; older ones did not start it.
    """
    devices = context.domain.devices
    first = None if devices is None else child(devices, "smartcard")
    is_old = context.is_older_than(_CHECKED_AT_DEFINE)
    outcome = Outcome.START if is_old else None
    address = child(smartcard, "address")
    if first is not None and first is not smartcard:
        yield Problem(
            Spot(smartcard),
            "QEMU has one smartcard at most",
            "keep one <smartcard>",
            ((Spot(first), "the first one"),),
            outcome=outcome,
        )
    elif address is not None and attribute(address, "type") == "ccid":
        for name in ("controller", "slot"):
            number = decimal(attribute(address, name))
            if isinstance(number, int) and number:
                yield Problem(
                    Spot(address, name),
                    f"QEMU's one smartcard is in slot 0 of the reader 0, not at {name} {number}",
                    "remove <address>",
                    outcome=outcome,
                )


_CERTIFICATES: Final = 3


@rule(
    "CHR062",
    "smartcard-certificates",
    outcome=Outcome.DEFINE,
    on="devices/smartcard",
    each=_each_smartcard,
    instead_of=("SCHEMA007", "SCHEMA008"),
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainSmartcardDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=Example("<smartcard mode='host-certificates'> <!-- CHR062 -->\n  <certificate>one</certificate>\n</smartcard>"),
    good=Example(
        "<smartcard mode='host-certificates'>\n  <certificate>one</certificate>\n"
        "  <certificate>two</certificate>\n  <certificate>three</certificate>\n</smartcard>"
    ),
)
def smartcard_certificates(context: Context, smartcard: Element) -> Problems:
    """A smartcard is made of certificates, and there are not three.

    libvirt refuses to define the domain.
    """
    if attribute(smartcard, "mode") != "host-certificates":
        return
    count = len(list(smartcard.iterchildren("certificate")))
    if count != _CERTIFICATES:
        yield Problem(
            Spot(smartcard),
            f"a smartcard is made of three certificates, and here {'is one' if count == 1 else f'are {count}'}",
            "name three with <certificate>",
        )
