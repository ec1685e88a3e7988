"""The memory of a domain: what it has, what it may come to have, and the modules among its devices."""

from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.sizes import kibibytes_in
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, decimal, text_number
from domlint.numbers import long_base_sixteen

SLOTTED: Final = ("dimm", "nvdimm")
"""The modules that sit in a slot."""


class Module(NamedTuple):
    """A ``<memory>`` among the devices; sizes in KiB, addresses in bytes, None for what is not there.

    ``slot`` and ``base`` are those of a DIMM's address, ``base`` that of a virtio device's target as well.
    """

    element: Element
    target: Element
    model: Maybe[str]
    size: Maybe[int]
    node: Maybe[int]
    address: Maybe[str]
    slot: Maybe[int]
    base: Maybe[int]

    @property
    def is_slotted(self) -> bool:
        """Tell whether it sits in a slot."""
        return self.model in SLOTTED

    def size_of(self, *path: str) -> Maybe[int]:
        """An amount below the target or, with "source" first, below the source."""
        return kibibytes_in(descendant(self.element, *path))


class Amounts(NamedTuple):
    """The memory of a domain in KiB, None for what is not there; ``in_nodes`` is that of its NUMA cells together.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefParseMemory), alike in 7.0.0 and 9.0.0.
    """

    element: Element | None
    memory: Maybe[int]
    maximum_element: Element | None
    maximum: Maybe[int]
    slots: Maybe[int]
    in_nodes: Maybe[int]
    modules: tuple[Module, ...]

    @property
    def in_modules(self) -> Maybe[int]:
        """What the modules have together."""
        total = 0
        for module in self.modules:
            if not isinstance(module.size, int):
                return UNKNOWN
            total += module.size
        return total

    @property
    def can_grow(self) -> bool | Unknown:
        """Tell whether memory can be plugged."""
        if self.maximum is UNKNOWN or self.slots is UNKNOWN:
            return UNKNOWN
        return bool(self.maximum or self.slots)


def descendant(element: Element | None, *path: str) -> Element | None:
    """The first child of a name, its first child of the next one, and so on."""
    for name in path:
        element = None if element is None else child(element, name)
    return element


def read_amounts(domain: Element, devices: Element | None, in_nodes: Maybe[int]) -> Amounts:
    """What a domain says of its memory."""
    memory, maximum = child(domain, "memory"), child(domain, "maxMemory")
    return Amounts(
        memory,
        kibibytes_in(memory),
        maximum,
        kibibytes_in(maximum),
        decimal(attribute(maximum, "slots")),
        in_nodes,
        () if devices is None else tuple(map(_module, devices.iterchildren("memory"))),
    )


def _module(element: Element) -> Module:
    target, address = child(element, "target"), child(element, "address")
    node = descendant(target, "node")
    kind = attribute(address, "type")
    model = attribute(element, "model")
    place = address if kind == "dimm" else descendant(target, "address")
    return Module(
        element,
        element if target is None else target,
        model,
        kibibytes_in(descendant(target, "size")),
        None if node is None else text_number(node),
        kind,
        decimal(attribute(address, "slot")) if kind == "dimm" else None,
        _address(attribute(place, "base")),
    )


def _address(value: Maybe[str]) -> Maybe[int]:
    if not isinstance(value, str):
        return value
    number = long_base_sixteen(value)
    return UNKNOWN if number is None else number
