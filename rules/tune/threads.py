"""TUNE01x: where vCPUs and I/O threads run, and how the host schedules them."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.bitmaps import bitmap_of, in_words
from domlint.domain.values import Maybe, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_CONF = "libvirt 11.3.0 src/conf/domain_conf.c"
_ALIKE = "alike in 7.0.0 and 9.0.0"


class _Pin(NamedTuple):
    """A ``<vcpupin>`` or ``<iothreadpin>``, and the one of the same thread before it."""

    element: Element
    attribute: str
    thread: str
    number: int
    before: Element | None


_PINS: Final = {"vcpupin": ("vcpu", "vCPU"), "iothreadpin": ("iothread", "I/O thread")}


def _each_cputune(context: Context, cputune: Element) -> Iterable[Element]:
    """All ``<cputune>``, once: at the first. libvirt reads what is in any of them."""
    if child(context.domain.element, "cputune") is cputune and context.domain.runs_on_qemu:
        return context.domain.element.iterchildren("cputune")
    return ()


def _each_pin(context: Context, cputune: Element) -> Iterator[_Pin]:
    seen: dict[tuple[str, int], Element] = {}
    for element in (one for group in _each_cputune(context, cputune) for one in group.iterchildren(*_PINS)):
        name, thread = _PINS[str(element.tag)]
        number = decimal(attribute(element, name))
        if isinstance(number, int):
            yield _Pin(element, name, thread, number, seen.get((thread, number)))
            seen[thread, number] = element


def _exists(context: Context, thread: str, number: int) -> bool | None:
    """Whether there is such a thread; None where that is not known."""
    if thread == "vCPU":
        most = context.domain.vcpus.maximum
        return number < most if isinstance(most, int) else None
    ids = context.domain.iothread_ids
    return None if ids is None else number in ids


def _tuned(*lines: str, threads: str = "<iothreads>2</iothreads>") -> Example:
    inside = "".join(f"  {line}\n" for line in lines)
    return Example("", around=f"<vcpu>4</vcpu>\n{threads}\n<cputune>\n{inside}</cputune>")


@rule(
    "TUNE010",
    "thread-pinned-twice",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_pin,
    source=f"{_CONF} (virDomainVcpuPinDefParseXML, virDomainIOThreadPinDefParseXML), {_ALIKE}",
    bad=_tuned("<vcpupin vcpu='0' cpuset='2'/>", "<vcpupin vcpu='0' cpuset='3'/> <!-- TUNE010 -->"),
    good=_tuned("<vcpupin vcpu='0' cpuset='2'/>", "<vcpupin vcpu='1' cpuset='3'/>"),
)
def thread_pinned_twice(context: Context, pin: _Pin) -> Problems:
    """It is said twice where a vCPU or I/O thread runs.

    libvirt refuses to define the domain.
    """
    if pin.before is not None and _exists(context, pin.thread, pin.number):
        yield Problem(
            Spot(pin.element, pin.attribute),
            f"it is said already where {pin.thread} {pin.number} runs",
            "name all its CPUs in one cpuset",
            ((Spot(pin.before), "the other one"),),
        )


@rule(
    "TUNE011",
    "pinned-thread-missing",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_pin,
    source=f"{_CONF} (virDomainIOThreadPinDefParseXML), {_ALIKE}",
    bad=_tuned("<iothreadpin iothread='3' cpuset='2'/> <!-- TUNE011 -->"),
    good=_tuned("<iothreadpin iothread='2' cpuset='2'/>"),
)
def pinned_thread_missing(context: Context, pin: _Pin) -> Problems:
    """An I/O thread is pinned that the domain does not have.

    libvirt refuses to define the domain. I/O threads are numbered from 1.
    """
    if pin.thread != "vCPU" and _exists(context, pin.thread, pin.number) is False:
        yield Problem(Spot(pin.element, pin.attribute), *missing_thread(context, pin.number))


def missing_thread(context: Context, number: int) -> tuple[str, str]:
    """What is wrong with the number of an I/O thread, and the way out."""
    ids = context.domain.iothread_ids or frozenset()
    have = f"there are {in_words(sum(1 << one for one in ids))}" if ids and max(ids) < _FEW else "there is none"
    if ids and max(ids) >= _FEW:
        have = f"there are {len(ids)} others"
    way_out = f"raise <iothreads>, or add <iothread id='{number}'/> to <iothreadids>" if number else "they begin with 1"
    return f"there is no I/O thread {number}: {have}", way_out


_FEW: Final = 10_000


@rule(
    "TUNE012",
    "pinned-vcpu-missing",
    outcome=Outcome.BROKEN,
    on="cputune",
    each=_each_pin,
    source=f"{_CONF} (virDomainVcpuPinDefParseXML), {_ALIKE}",
    bad=_tuned("<vcpupin vcpu='4' cpuset='2'/> <!-- TUNE012 -->"),
    good=_tuned("<vcpupin vcpu='3' cpuset='2'/>"),
)
def pinned_vcpu_missing(context: Context, pin: _Pin) -> Problems:
    """A vCPU is pinned that the domain does not have.

    libvirt passes over it with no more than a line in its log. vCPUs are numbered from 0.
    """
    most = context.domain.vcpus.maximum
    if pin.thread == "vCPU" and _exists(context, pin.thread, pin.number) is False:
        yield Problem(
            Spot(pin.element, pin.attribute),
            f"there is no vCPU {pin.number}: the domain has {most}, numbered from 0; libvirt passes over this",
            "remove it, or raise <vcpu>",
        )


class _Schedule(NamedTuple):
    """A ``<vcpusched>`` or ``<iothreadsched>``, with those of the same kind before it."""

    element: Element
    attribute: str
    thread: str
    threads: Maybe[int]
    before: "tuple[_Schedule, ...]"


_SCHEDULES: Final = {"vcpusched": ("vcpus", "vCPU"), "iothreadsched": ("iothreads", "I/O thread")}


def _each_schedule(context: Context, cputune: Element) -> Iterator[_Schedule]:
    groups = tuple(_each_cputune(context, cputune))
    for tag, (name, thread) in _SCHEDULES.items():
        before: tuple[_Schedule, ...] = ()
        for element in (one for group in groups for one in group.iterchildren(tag)):
            schedule = _Schedule(element, name, thread, bitmap_of(attribute(element, name)), before)
            yield schedule
            before = (*before, schedule)


@rule(
    "TUNE013",
    "schedules-overlap",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_schedule,
    source=f"{_CONF} (virDomainThreadSchedParseHelper), {_ALIKE}",
    bad=_tuned(
        "<vcpusched vcpus='0-1' scheduler='batch'/>",
        "<vcpusched vcpus='1-3' scheduler='idle'/> <!-- TUNE013 -->",
    ),
    good=_tuned(
        "<vcpusched vcpus='0-1' scheduler='batch'/>",
        "<vcpusched vcpus='2-3' scheduler='idle'/>",
    ),
)
def schedules_overlap(context: Context, schedule: _Schedule) -> Problems:
    """Two elements say how the host schedules the same vCPU or I/O thread.

    libvirt refuses to define the domain.
    """
    for other in schedule.before:
        if not isinstance(schedule.threads, int) or not isinstance(other.threads, int):
            continue
        common = schedule.threads & other.threads
        if common:
            yield Problem(
                Spot(schedule.element, schedule.attribute),
                f"it is said already how {schedule.thread} {in_words(common)} is scheduled",
                f"take {in_words(common)} out of one of the sets",
                ((Spot(other.element), "the other one"),),
            )
            return


@rule(
    "TUNE014",
    "scheduled-thread-missing",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_schedule,
    source=f"{_CONF} (virDomainDefGetVcpuSched, virDomainDefGetIOThreadSched), {_ALIKE}",
    bad=_tuned("<vcpusched vcpus='0-4' scheduler='batch'/> <!-- TUNE014 -->"),
    good=_tuned("<vcpusched vcpus='0-3' scheduler='batch'/>"),
)
def scheduled_thread_missing(context: Context, schedule: _Schedule) -> Problems:
    """The schedule of a vCPU or I/O thread is given that the domain does not have.

    libvirt refuses to define the domain. vCPUs are numbered from 0, I/O threads from 1.
    """
    most, ids = context.domain.vcpus.maximum, context.domain.iothread_ids
    if not isinstance(schedule.threads, int):
        return
    spot = Spot(schedule.element, schedule.attribute)
    if schedule.thread == "vCPU" and isinstance(most, int) and schedule.threads >> most:
        missing = in_words(schedule.threads >> most << most)
        yield Problem(
            spot, f"there is no vCPU {missing}: the domain has {most}, numbered from 0", "remove it, or raise <vcpu>"
        )
    elif schedule.thread != "vCPU" and ids is not None:
        missing_threads = schedule.threads & ~sum(1 << number for number in ids if number < _FEW)
        if missing_threads and max(ids, default=0) < _FEW:
            lowest = (missing_threads & -missing_threads).bit_length() - 1
            yield Problem(spot, *missing_thread(context, lowest))


@rule(
    "TUNE015",
    "schedule-of-nobody",
    outcome=Outcome.DEFINE,
    on="cputune",
    each=_each_schedule,
    source=f"{_CONF} (virDomainSchedulerParse), {_ALIKE}",
    bad=_tuned("<vcpusched scheduler='batch'/> <!-- TUNE015 -->"),
    good=_tuned("<vcpusched vcpus='0-3' scheduler='batch'/>"),
)
def schedule_of_nobody(context: Context, schedule: _Schedule) -> Problems:
    """A schedule does not say for which vCPUs or I/O threads it is.

    libvirt refuses to define the domain, although its schema does not ask for the attribute.
    """
    if schedule.threads is None:
        yield Problem(
            Spot(schedule.element),
            f"it does not say which {schedule.thread}s are scheduled so",
            f"add {schedule.attribute}='...'",
        )


# I/O threads


@rule(
    "TUNE050",
    "io-thread-twice",
    outcome=Outcome.DEFINE,
    on="iothreadids/iothread",
    source=f"{_CONF} (virDomainDefParseIOThreads), {_ALIKE}",
    bad=Example(
        "", around="<iothreadids>\n  <iothread id='1'/>\n  <iothread id='1'/> <!-- TUNE050 -->\n</iothreadids>"
    ),
    good=Example("", around="<iothreadids>\n  <iothread id='1'/>\n  <iothread id='2'/>\n</iothreadids>"),
)
def io_thread_twice(context: Context, element: Element) -> Problems:
    """Two I/O threads have the same number, or one has the number 0.

    libvirt refuses to define the domain. The numbers begin with 1.
    """
    number = decimal(attribute(element, "id"))
    if not isinstance(number, int) or not context.domain.runs_on_qemu:
        return
    if number == 0:
        yield Problem(Spot(element, "id"), "the numbers of I/O threads begin with 1", "take a number from 1 on")
    for other in context.domain.element.iterfind("iothreadids/iothread"):
        if other is element:
            return
        if decimal(attribute(other, "id")) == number:
            yield Problem(
                Spot(element, "id"),
                f"there is an I/O thread {number} before this one",
                "take another number, or remove one",
                ((Spot(other), "the other one"),),
            )
            return


_POOL = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefValidateIOThreadsThreadPool), alike in 9.0.0"
_LARGEST_POOL: Final = 0x7FFFFFFF


def _pool_problems(context: Context, element: Element) -> Problems:
    if not context.domain.runs_on_qemu:
        return
    low, high = (decimal(attribute(element, f"thread_pool_{end}")) for end in ("min", "max"))
    for name, value in (("thread_pool_min", low), ("thread_pool_max", high)):
        if isinstance(value, int) and value > _LARGEST_POOL:
            yield Problem(Spot(element, name), f"{value} threads are more than libvirt can count", "lower it")
            return
    if high == 0:
        yield Problem(Spot(element, "thread_pool_max"), "a pool of no threads does nothing", "take 1 or more")
    elif isinstance(low, int) and (high is None or (isinstance(high, int) and low > high)):
        least = "without thread_pool_max, there is no room for them" if high is None else f"{high} are the most"
        yield Problem(
            Spot(element, "thread_pool_min"),
            f"{low} threads at least, and {least}",
            f"say thread_pool_max='{max(low, 1)}' or more",
        )


@rule(
    "TUNE051",
    "io-thread-pool-impossible",
    outcome=Outcome.DEFINE,
    on="iothreadids/iothread",
    asked="8.5.0",
    source=_POOL,
    bad=Example(
        "",
        around="<iothreadids>\n  <iothread id='1' thread_pool_min='8' thread_pool_max='4'/> <!-- TUNE051 -->\n"
        "</iothreadids>",
    ),
    good=Example(
        "", around="<iothreadids>\n  <iothread id='1' thread_pool_min='4' thread_pool_max='8'/>\n</iothreadids>"
    ),
)
def io_thread_pool_impossible(context: Context, element: Element) -> Problems:
    """The pool of an I/O thread shall have more threads than it may, or none.

    libvirt refuses to define the domain. It takes a least number without a largest for one too large.
    """
    yield from _pool_problems(context, element)


@rule(
    "TUNE052",
    "main-loop-pool-impossible",
    outcome=Outcome.DEFINE,
    on="defaultiothread",
    asked="8.5.0",
    source=_POOL,
    bad=Example("", around="<defaultiothread thread_pool_min='8'/> <!-- TUNE052 -->"),
    good=Example("", around="<defaultiothread thread_pool_min='8' thread_pool_max='8'/>"),
)
def main_loop_pool_impossible(context: Context, element: Element) -> Problems:
    """The pool of the main loop shall have more threads than it may, or none.

    libvirt refuses to define the domain. It takes a least number without a largest for one too large.
    """
    if child(context.domain.element, "defaultiothread") is element:
        yield from _pool_problems(context, element)
