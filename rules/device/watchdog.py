"""DEV02x: watchdogs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import Machine, MachineKind
from domlint.domain.values import Unknown, attribute
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_VALIDATE: Final = "src/qemu/qemu_validate.c (qemuValidateDomainWatchdogDef, qemuValidateDomainDefWatchdogs)"
_MANY: Final = "i6300esb"
"""The one watchdog of which a machine can have several."""


class _Watchdogs(NamedTuple):
    """Two watchdogs: one, and the first of the domain or the first of its model."""

    one: Element
    first: Element
    model: str
    is_same_model: bool


def _each_of_board(context: Context, watchdog: Element) -> Iterator[tuple[Element, str]]:
    """The watchdogs that are part of a board."""
    model = attribute(watchdog, "model")
    if isinstance(model, str) and model != _MANY and context.domain.runs_on_qemu:
        yield watchdog, model


def _lacking(model: str, machine: Machine) -> str:
    """The machines that have a watchdog, where this is none of them; "" where it is, or that is not known."""
    if model == "diag288" and machine.is_s390 is False:
        return "s390x"
    kind = {"ib700": MachineKind.I440FX, "itco": MachineKind.Q35}.get(model)
    return kind.value if kind is not None and machine.kind not in (kind, MachineKind.UNKNOWN) else ""


@rule(
    "DEV020",
    "watchdog-of-other-machine",
    outcome=Outcome.DEFINE,
    on="devices/watchdog",
    each=_each_of_board,
    needs=Needs.MACHINE,
    since="ib700 on other machines than i440fx: libvirt 9.3.0",
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}, NEWS.rst, 9.3.0; seen with libvirt 11.3.0",
    bad=Example("<watchdog model='diag288' action='reset'/> <!-- DEV020 -->"),
    good=Example("<watchdog model='itco' action='reset'/>"),
)
def watchdog_of_other_machine(context: Context, watchdog: tuple[Element, str]) -> Problems:
    """The watchdog is part of other machines than this one.

    ib700 is one of i440fx, itco one of q35, diag288 one of s390x. libvirt refuses the definition. i6300esb is a PCI
    device, which every machine with PCI can have.
    """
    element, model = watchdog
    if model == "ib700" and context.is_older_than((9, 3, 0)):
        return
    if machines := _lacking(model, context.machine):
        yield Problem(
            Spot(element, "model"),
            f"the watchdog '{model}' is one of {machines}, and the machine here is {context.machine}",
            "take model='i6300esb', a PCI device"
            if context.machine.is_s390 is not True
            else "take model='diag288', the one of s390x",
        )


def _each_pair(context: Context, watchdog: Element) -> Iterator[_Watchdogs]:
    """A watchdog that is not the first, with the first, and again with the first of its model."""
    earlier = list(watchdog.itersiblings("watchdog", preceding=True))
    model = attribute(watchdog, "model")
    if not earlier or not isinstance(model, str) or not context.domain.runs_on_qemu:
        return
    yield _Watchdogs(watchdog, earlier[-1], model, False)
    alike = [other for other in earlier if attribute(other, "model") == model]
    if alike:
        yield _Watchdogs(watchdog, alike[-1], model, True)


@rule(
    "DEV021",
    "watchdog-model-twice",
    outcome=Outcome.DEFINE,
    on="devices/watchdog",
    each=_each_pair,
    asked="9.3.0",
    source=f"libvirt 11.3.0 {_VALIDATE}, NEWS.rst, 9.3.0; seen with libvirt 11.3.0",
    bad=Example("<watchdog model='itco' action='reset'/>\n<watchdog model='itco' action='reset'/> <!-- DEV021 -->"),
    good=Example("<watchdog model='itco' action='reset'/>\n<watchdog model='i6300esb' action='reset'/>"),
)
def watchdog_model_twice(context: Context, pair: _Watchdogs) -> Problems:
    """The domain has a watchdog twice of which its machine has one.

    Of i6300esb there may be several, of the others one each. libvirt refuses the definition.
    """
    if pair.is_same_model and pair.model != _MANY:
        yield Problem(
            Spot(pair.one),
            f"a second watchdog of model '{pair.model}', which a machine has once",
            "remove one of the two",
            ((Spot(pair.first), "the first one"),),
        )


@rule(
    "DEV022",
    "watchdog-second",
    outcome=Outcome.DEFINE,
    on="devices/watchdog",
    each=_each_pair,
    until="9.1.0",
    source="libvirt 7.0.0 and 9.0.0 src/conf/domain_conf.c (virDomainDefParseXML)",
    bad=Example(
        "<watchdog model='i6300esb' action='reset'/>\n<watchdog model='i6300esb' action='reset'/> <!-- DEV022 -->",
        libvirt="9.0.0",
    ),
    good=Example("<watchdog model='i6300esb' action='reset'/>", libvirt="9.0.0"),
)
def watchdog_second(context: Context, pair: _Watchdogs) -> Problems:
    """The domain has more than one watchdog.

    libvirt takes several since 9.1.0. Older ones refuse the definition.
    """
    if not pair.is_same_model:
        yield Problem(
            Spot(pair.one),
            f"a second watchdog, and libvirt {context.libvirt or 'before 9.1.0'} takes one",
            "remove one of the two, or use libvirt 9.1.0 or newer",
            ((Spot(pair.first), "the first one"),),
        )


@rule(
    "DEV023",
    "watchdog-actions-differ",
    outcome=Outcome.DEFINE,
    on="devices/watchdog",
    each=_each_pair,
    asked="9.1.0",
    source=f"libvirt 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example("<watchdog model='itco' action='pause'/>\n<watchdog model='i6300esb' action='reset'/> <!-- DEV023 -->"),
    good=Example("<watchdog model='itco' action='pause'/>\n<watchdog model='i6300esb' action='pause'/>"),
)
def watchdog_actions_differ(context: Context, pair: _Watchdogs) -> Problems:
    """The watchdogs of the domain are to do different things.

    QEMU has one action for all of them; without one it is reset. libvirt refuses the definition.
    """
    wanted, first = (attribute(watchdog, "action") for watchdog in (pair.one, pair.first))
    if pair.is_same_model or isinstance(wanted, Unknown) or isinstance(first, Unknown):
        return
    if (wanted or "reset") != (first or "reset"):
        yield Problem(
            Spot(pair.one, None if wanted is None else "action"),
            f"the action of this watchdog is {wanted or 'reset'}, that of the first one {first or 'reset'}:"
            " QEMU has one for all",
            f"say action='{first or 'reset'}' here as well, or change the first",
            ((Spot(pair.first), "the first one"),),
        )
