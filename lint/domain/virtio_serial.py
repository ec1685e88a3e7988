"""The ports of virtio-serial controllers, as libvirt gives them to channels and consoles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.domain.values import UNKNOWN, Unknown, attribute, child, decimal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from domlint.document import Element
    from domlint.domain.controllers import Controller

_PORTS: Final = 31
"""The ports of a controller that does not say how many.

Source: libvirt 11.3.0 src/conf/domain_conf.h (VIR_DOMAIN_DEFAULT_VIRTIO_SERIAL_PORTS), alike in 7.0.0.
"""


class Conflict(NamedTuple):
    """A device whose port cannot be: ``other`` has it, or the controller has ``ports`` only.

    A ``port`` of 0 is one that libvirt was to choose, where none is left.
    """

    address: Element
    controller: int
    port: int
    other: Element | None
    ports: int


class _Place(NamedTuple):
    """A device that wants a port, and what its address says: None for no address, a port of 0 for any."""

    device: Element
    address: Element | None
    controller: int
    port: int


def port_conflicts(devices: Element | None, controllers: Iterable[Controller]) -> tuple[Conflict, ...]:
    """The devices with a port that another one has, or that there is not; nothing where a number is not known.

    Source: libvirt 11.3.0 src/conf/domain_addr.c (virDomainVirtioSerialAddrReserve,
    virDomainVirtioSerialAddrNextFromController), alike in 7.0.0 and 9.0.0.
    """
    sizes = _sizes(controllers)
    places = None if devices is None else _places(devices)
    if sizes is None or places is None:
        return ()
    for place in places:
        sizes.setdefault(place.controller, _PORTS)
    taken: dict[tuple[int, int], Element] = {}
    found = [*_named(places, sizes, taken), *_chosen(places, sizes, taken)]
    return tuple(found)


def _sizes(controllers: Iterable[Controller]) -> dict[int, int] | None:
    """The ports of each controller, by its number; those without one get the lowest that are free."""
    sizes: dict[int, int] = {}
    unnumbered: list[int] = []
    for controller in controllers:
        if controller.type is UNKNOWN:
            return None
        if controller.type != "virtio-serial":
            continue
        ports = decimal(attribute(controller.element, "ports"))
        if isinstance(ports, Unknown) or isinstance(controller.number, Unknown):
            return None
        size = _PORTS if ports is None else ports
        if controller.number is None:
            unnumbered.append(size)
        else:
            sizes[controller.number] = size
    for size in unnumbered:
        sizes[next(number for number in range(len(sizes) + 1) if number not in sizes)] = size
    return sizes


def _places(devices: Element) -> list[_Place] | None:
    """The devices that want a port, consoles first; None where a number is not known."""
    found: list[_Place] = []
    for device in (*devices.iterchildren("console"), *devices.iterchildren("channel")):
        target = child(device, "target")
        if attribute(target, "type") != "virtio":
            continue
        address = child(device, "address")
        if address is None or attribute(address, "type") != "virtio-serial":
            found.append(_Place(device, None, 0, 0))
            continue
        index, port = (decimal(attribute(address, name)) for name in ("controller", "port"))
        if isinstance(index, Unknown) or isinstance(port, Unknown):
            return None
        found.append(_Place(device, address, index or 0, port or 0))
    return found


def _named(
    places: Iterable[_Place], sizes: dict[int, int], taken: dict[tuple[int, int], Element]
) -> Iterator[Conflict]:
    for device, address, index, port in places:
        if address is not None and port:
            other = taken.setdefault((index, port), device)
            if port >= sizes[index] or other is not device:
                yield Conflict(address, index, port, None if other is device else other, sizes[index])


def _chosen(
    places: Iterable[_Place], sizes: dict[int, int], taken: dict[tuple[int, int], Element]
) -> Iterator[Conflict]:
    """The devices for which no port is left on the controller that they name.

    A console that names a controller only takes a port of the first controller, one that names nothing takes none.
    """
    for device, address, index, port in places:
        if port or (address is None and device.tag == "console"):
            continue
        numbers = [0 if device.tag == "console" else index] if address is not None else sorted(sizes)
        free = next(
            (
                (number, one)
                for number in numbers
                for one in range(1, sizes.get(number, 0))
                if (number, one) not in taken
            ),
            None,
        )
        if free is not None:
            taken[free] = device
        elif address is not None:
            yield Conflict(address, numbers[0], 0, None, sizes.get(numbers[0], 0))
        else:
            number = next(number for number in range(len(sizes) + 1) if number not in sizes)
            sizes[number] = _PORTS
            taken[number, 1] = device
