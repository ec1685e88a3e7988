"""CLOCK: the guest's clock and its timers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.architectures import X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind
from domlint.domain.values import Unknown, attribute, child
from domlint.findings import Outcome
from domlint.placeholders import is_placeholder
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_POSTPARSE: Final = "libvirt 11.3.0 src/conf/domain_postparse.c (virDomainDefPostParseTimer), alike in 7.0.0 and 9.0.0"
_VALIDATE: Final = (
    "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefClockTimers), alike in 7.0.0 and 9.0.0"
)


def _clock(*timers: str, opening: str = "<clock offset='utc'>", **details: str) -> Example:
    lines = "".join(f"  {timer}\n" for timer in timers)
    return Example("", around=f"{opening}\n{lines}</clock>")._replace(**details)  # type: ignore[arg-type]


def _each_timer(context: Context, element: Element) -> Iterator[Element]:
    """The timers that are not as most are: those that tick on, or catch up, or are absent."""
    setting = element.attrib
    is_usual = setting.get("name") in _WITH_TICKS and setting.get("tickpolicy") in (None, "delay", "catchup")
    if not (is_usual and _RARE.isdisjoint(setting)) and context.domain.runs_on_qemu:
        yield element


_WITH_TICKS: Final = frozenset({"rtc", "pit", "hpet", "tsc"})
_RARE: Final = frozenset({"track", "frequency", "mode"})


class _Setting(NamedTuple):
    """An attribute that libvirt refuses in timers of some names; ``nothing`` is the number that says nothing."""

    name: str
    only: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    nothing: int | None = None


_SETTINGS: Final = (
    _Setting("tickpolicy", never=frozenset({"kvmclock", "hypervclock"})),
    _Setting("frequency", only=frozenset({"tsc"}), nothing=0),
    _Setting("mode", only=frozenset({"tsc"})),
    _Setting("track", only=frozenset({"rtc", "platform"})),
)


@rule(
    "CLOCK001",
    "timer-setting-of-another-timer",
    outcome=Outcome.DEFINE,
    on="clock/timer",
    each=_each_timer,
    instead_of=("SCHEMA004",),
    source=_POSTPARSE,
    bad=_clock("<timer name='rtc' mode='native'/> <!-- CLOCK001 -->"),
    good=_clock("<timer name='tsc' mode='native'/>"),
)
def timer_setting_of_another_timer(context: Context, timer: Element) -> Problems:
    """The timer cannot be set up like this.

    Only the TSC has a frequency and a mode, only the RTC follows another clock, and the clocks of KVM and Hyper-V have
    no ticks to make up for. libvirt refuses to define the domain.
    """
    name = attribute(timer, "name")
    if not isinstance(name, str):
        return
    for setting in _SETTINGS:
        value = attribute(timer, setting.name)
        if not isinstance(value, str) or (setting.nothing is not None and not value.strip(" 0")):
            continue
        if name in setting.never or (setting.only and name not in setting.only):
            yield Problem(
                Spot(timer, setting.name),
                f"the timer '{name}' has no {setting.name}: libvirt refuses the definition",
                f"remove {setting.name}="
                + (f", which is for the timer {' or '.join(sorted(setting.only))} alone" if setting.only else ""),
            )


@rule(
    "CLOCK002",
    "catchup-without-policy",
    outcome=Outcome.DEFINE,
    on="clock/timer/catchup",
    instead_of=("SCHEMA003", "SCHEMA004"),
    source=_POSTPARSE,
    bad=_clock("<timer name='rtc' tickpolicy='delay'>", "  <catchup slew='120'/> <!-- CLOCK002 -->", "</timer>"),
    good=_clock("<timer name='rtc' tickpolicy='catchup'>", "  <catchup slew='120'/>", "</timer>"),
)
def catchup_without_policy(context: Context, element: Element) -> Problems:
    """The timer is told how to catch up, and has another policy.

    libvirt refuses to define the domain.
    """
    timer = element.getparent()
    policy = attribute(timer, "tickpolicy")
    if timer is None or not context.domain.runs_on_qemu or policy == "catchup" or isinstance(policy, Unknown):
        return
    values = [attribute(element, name) for name in ("threshold", "slew", "limit")]
    if child(timer, "catchup") is element and any(isinstance(value, str) and value.strip(" 0") for value in values):
        yield Problem(
            Spot(element),
            f"the timer '{timer.get('name')}' does not catch up: libvirt refuses the definition",
            "say tickpolicy='catchup', or remove <catchup>",
        )


_REFUSED: Final = {
    ("rtc", "track"): ("boot",),
    ("rtc", "tickpolicy"): ("merge", "discard"),
    ("pit", "tickpolicy"): ("merge",),
    ("armvtimer", "tickpolicy"): ("catchup", "merge"),
    ("armvtimer", "present"): ("no",),
}
"""What libvirt knows, and QEMU cannot do: timer and attribute, and the values."""

_INSTEAD: Final = {
    "track": "take track='guest' or 'wall', or remove it",
    "tickpolicy": "take tickpolicy='delay', or remove it",
    "present": "remove <timer>: this one is always there",
}


@rule(
    "CLOCK003",
    "timer-value-unsupported",
    outcome=Outcome.DEFINE,
    on="clock/timer",
    each=_each_timer,
    source=_VALIDATE,
    bad=_clock("<timer name='rtc' tickpolicy='merge'/> <!-- CLOCK003 -->"),
    good=_clock("<timer name='rtc' tickpolicy='catchup'/>"),
)
def timer_value_unsupported(context: Context, timer: Element) -> Problems:
    """QEMU cannot run the timer like this.

    libvirt knows more ways for a timer to run than QEMU has: it refuses to define the domain.
    """
    name = attribute(timer, "name")
    for setting, help_ in _INSTEAD.items():
        value = attribute(timer, setting)
        if isinstance(name, str) and value in _REFUSED.get((name, setting), ()):
            yield Problem(
                Spot(timer, setting),
                f"QEMU cannot do {setting}='{value}' for the timer '{name}': libvirt refuses the definition",
                help_,
            )


@rule(
    "CLOCK004",
    "timer-platform",
    outcome=Outcome.DEFINE,
    on="clock/timer",
    each=_each_timer,
    source=_VALIDATE,
    bad=_clock("<timer name='platform'/> <!-- CLOCK004 -->"),
    good=_clock("<timer name='rtc'/>"),
)
def timer_platform(context: Context, timer: Element) -> Problems:
    """The timer is one of Xen alone.

    libvirt refuses to define a domain of QEMU with it, even where it is not to be present.
    """
    if attribute(timer, "name") == "platform":
        yield Problem(
            Spot(timer, "name"),
            "the timer 'platform' is one of Xen, not of QEMU: libvirt refuses the definition",
            "remove it, or take the timer 'rtc'",
        )


_ON_X86: Final = frozenset({"tsc", "kvmclock", "hypervclock", "hpet"})


def _each_elsewhere(context: Context, element: Element) -> Iterator[tuple[Element, str, str]]:
    """The timers that the machine does not have, with their name and where they are, in words."""
    name = element.get("name")
    if (element.get("present") != "yes" and name != "armvtimer") or not context.domain.runs_on_qemu:
        return
    if name in _ON_X86:
        if isinstance(context.machine.arch, str) and context.machine.arch not in X86:
            yield element, name, "x86"
    elif name == "armvtimer":
        is_known_type = isinstance(context.domain.type, str)
        if context.machine.is_one_of((), (MachineKind.ARM_VIRT,)) is False or (
            is_known_type and context.domain.type != "kvm"
        ):
            yield element, name, "Arm's machine virt, with KVM"


@rule(
    "CLOCK005",
    "timer-of-another-machine",
    outcome=Outcome.DEFINE,
    on="clock/timer",
    each=_each_elsewhere,
    needs=Needs.MACHINE,
    source=_VALIDATE,
    bad=_clock("<timer name='armvtimer' tickpolicy='discard'/> <!-- CLOCK005 -->"),
    good=_clock("<timer name='kvmclock' present='yes'/>"),
)
def timer_of_another_machine(context: Context, found: tuple[Element, str, str]) -> Problems:
    """The domain's machine has no such timer.

    libvirt refuses to define the domain.
    """
    timer, name, words = found
    yield Problem(
        Spot(timer, "name"),
        f"the timer '{name}' is there on {words} alone: libvirt refuses the definition",
        "remove it",
    )


@rule(
    "CLOCK010",
    "clock-without-time-zone",
    outcome=Outcome.DEFINE,
    on="clock",
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefClockParse), alike in 7.0.0 and 9.0.0",
    bad=_clock(opening="<clock offset='timezone'> <!-- CLOCK010 -->"),
    good=_clock(opening="<clock offset='timezone' timezone='Europe/Paris'>"),
)
def clock_without_time_zone(context: Context, element: Element) -> Problems:
    """The clock runs in a time zone, and the domain does not say in which.

    libvirt refuses the definition.
    """
    if element.get("offset") == "timezone" and not element.get("timezone") and _is_clock(context, element):
        yield Problem(
            Spot(element),
            "the clock has no time zone: libvirt refuses the definition",
            "add timezone='Europe/Paris' or the like, or take offset='localtime'",
        )


def _is_clock(context: Context, element: Element) -> bool:
    return context.domain.runs_on_qemu and child(context.domain.element, "clock") is element


_LAST_SECOND: Final = 253402300799
"""The end of the year 9999, which is the last time that GLib can write."""


@rule(
    "CLOCK011",
    "clock-start-too-late",
    outcome=Outcome.DEFINE,
    on="clock",
    asked="8.4.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefClockTimers)",
    bad=_clock(opening="<clock offset='absolute' start='253402300800'> <!-- CLOCK011 -->"),
    good=_clock(opening="<clock offset='absolute' start='1700000000'>"),
)
def clock_start_too_late(context: Context, element: Element) -> Problems:
    """The clock begins after the year 9999.

    libvirt cannot write such a date for QEMU, and refuses to define the domain. Often it is a time in milliseconds.
    """
    if element.get("offset") != "absolute" or not _is_clock(context, element):
        return
    start = element.get("start", "").strip().removeprefix("+")
    if start.isdecimal() and start.isascii() and len(start) <= 20 and int(start) > _LAST_SECOND:
        yield Problem(
            Spot(element, "start"),
            "the clock begins after the year 9999: libvirt refuses the definition",
            "give the time in seconds since 1970",
        )


@rule(
    "CLOCK012",
    "clock-adjustment-unreadable",
    outcome=Outcome.DEFINE,
    on="clock",
    instead_of=("SCHEMA006",),
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefClockParse), alike in 7.0.0 and 9.0.0",
    bad=_clock(opening="<clock adjustment='1h'> <!-- CLOCK012 -->"),
    good=_clock(opening="<clock offset='variable' adjustment='3600'>"),
)
def clock_adjustment_unreadable(context: Context, element: Element) -> Problems:
    """The clock's adjustment is no number of seconds.

    A clock without an offset is one in UTC: libvirt reads its adjustment, and refuses to define the domain.
    """
    adjustment = element.get("adjustment", "")
    if "offset" in element.attrib or not adjustment or is_placeholder(adjustment) or adjustment == "reset":
        return
    number = adjustment.strip().removeprefix("-").removeprefix("+")
    if not (number.isdecimal() and number.isascii()) and _is_clock(context, element):
        yield Problem(
            Spot(element, "adjustment"),
            f"'{adjustment}' is no number of seconds: libvirt refuses the definition",
            "give it in seconds, as adjustment='3600'",
        )
