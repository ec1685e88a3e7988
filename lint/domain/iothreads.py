"""The I/O threads of a domain: the numbers that devices may name."""

# No "from __future__ import annotations": it would have typing resolve the fields of the NamedTuple at import.
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.values import Unknown, attribute, child, decimal
from domlint.placeholders import is_placeholder

_MOST_COUNTED: Final = 0x10000
"""More threads than anyone has: a count above is not looked into."""


def iothread_ids(domain: Element) -> frozenset[int] | None:
    """The numbers of the I/O threads that a domain has; None where they are not known.

    They are those of ``<iothreadids>``, and the lowest free ones from 1 for the rest of what ``<iothreads>`` counts.
    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefParseIOThreads, virDomainIOThreadIDDefArrayInit), alike
    in 7.0.0.
    """
    count = _count(domain)
    named = [decimal(attribute(one, "id")) for one in domain.iterfind("iothreadids/iothread")]
    ids = {number for number in named if isinstance(number, int)}
    if count is None or len(ids) < len(named):
        return None
    free = (number for number in range(1, count + 1) if number not in ids)
    return frozenset(ids | {number for _missing, number in zip(range(count - len(ids)), free, strict=False)})


def _count(domain: Element) -> int | None:
    element = child(domain, "iothreads")
    text = "" if element is None else (element.text or "").strip()
    if is_placeholder(text):
        return None
    number = decimal(text) if text else 0
    return None if isinstance(number, Unknown) or number is None or number > _MOST_COUNTED else number


class MappingFault(Enum):
    """What can be wrong with the queues that a device gives to I/O threads, in words, with the way out."""

    TWICE = ("the I/O thread {number} stands here twice", "give it all its queues in one element")
    UNDEFINED = ("the domain has no I/O thread {number}", "name one that there is, or raise <iothreads>")
    WITHOUT_COUNT = (
        "the I/O threads have queues, and the device does not say how many it has",
        "write the number of queues: <driver queues='…'>",
    )
    PARTLY = (
        "the I/O thread {number} has no queues, while others have",
        "give queues to all of the threads, or to none",
    )
    OUT_OF_RANGE = (
        "there is no queue {number}: they are numbered from 0, below what 'queues' says",
        "remove it, or raise 'queues'",
    )
    TAKEN = ("the queue {number} has an I/O thread already", "give each queue to one thread")
    MISSING = ("the queue {number} has no I/O thread", "give each queue to one thread")


class FaultyMapping(NamedTuple):
    """One fault, at the element to point at; ``number`` is that of the thread or queue."""

    fault: MappingFault
    element: Element
    number: int

    @property
    def message(self) -> str:
        """What is wrong."""
        return self.fault.value[0].format(number=self.number)

    @property
    def way_out(self) -> str:
        """What to do."""
        return self.fault.value[1]


def mapping_faults(driver: Element, ids: frozenset[int] | None) -> Iterator[FaultyMapping]:
    """What libvirt refuses of the ``<iothreads>`` in a ``<driver>``, for a domain with threads of these numbers.

    Nothing where some number is not known. Source: libvirt 11.3.0 src/qemu/qemu_validate.c
    (qemuDomainValidateIothreadMapping).
    """
    mapping = child(driver, "iothreads")
    threads = [] if mapping is None else list(mapping.iterchildren("iothread"))
    count = decimal(attribute(driver, "queues"))
    numbers = [decimal(attribute(one, "id")) for thread in threads for one in (thread, *thread.iterchildren("queue"))]
    if not threads or isinstance(count, Unknown) or not all(isinstance(number, int) for number in numbers):
        return
    yield from _thread_faults(threads, ids)
    with_queues = [thread for thread in threads if child(thread, "queue") is not None]
    if not with_queues:
        return
    if not count:
        yield FaultyMapping(MappingFault.WITHOUT_COUNT, driver, 0)
        return
    for thread in threads:
        if thread not in with_queues:
            yield FaultyMapping(MappingFault.PARTLY, thread, _id(thread))
    yield from _queue_faults(with_queues, driver, count)


def _thread_faults(threads: list[Element], ids: frozenset[int] | None) -> Iterator[FaultyMapping]:
    seen: set[int] = set()
    for thread in threads:
        number = _id(thread)
        if number in seen:
            yield FaultyMapping(MappingFault.TWICE, thread, number)
        elif ids is not None and number not in ids:
            yield FaultyMapping(MappingFault.UNDEFINED, thread, number)
        seen.add(number)


def _queue_faults(threads: list[Element], driver: Element, count: int) -> Iterator[FaultyMapping]:
    taken: set[int] = set()
    for thread in threads:
        for queue in thread.iterchildren("queue"):
            number = _id(queue)
            if number >= count:
                yield FaultyMapping(MappingFault.OUT_OF_RANGE, queue, number)
            elif number in taken:
                yield FaultyMapping(MappingFault.TAKEN, queue, number)
            taken.add(number)
    missing = next((number for number in range(count) if number not in taken), None)
    if missing is not None:
        yield FaultyMapping(MappingFault.MISSING, driver, missing)


def _id(element: Element) -> int:
    number = decimal(attribute(element, "id"))
    return number if isinstance(number, int) else 0
