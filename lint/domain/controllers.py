"""The controllers of a domain other than those of PCI, as written: their types, models and numbers."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, decimal

VIRTIO_SCSI: Final = frozenset({"virtio-scsi", "virtio-transitional", "virtio-non-transitional"})
"""The models of SCSI controllers that are virtio."""

TYPES_WITHOUT_MODEL: Final = frozenset({"fdc", "sata", "ccid", "xenbus", "isa"})
"""The types of controllers that have no models.

Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainControllerModelTypeFromString), alike in 7.0.0 and 9.0.0.
"""

IDE_MODELS: Final = frozenset({"piix3", "piix4", "ich6"})

MASTER_PORTS: Final = {"ich9-uhci1": 0, "ich9-uhci2": 2, "ich9-uhci3": 4}
"""The models that are companions without a word, and the first port of their master that they serve."""

_USB2: Final = frozenset({"ich9-ehci1", *MASTER_PORTS})


_MOST_NUMBERED: Final = 500
"""USB controllers that are given numbers: more than any guest has."""


class Controller(NamedTuple):
    """A ``<controller>`` as written; one without a type is for IDE. ``number`` is its index, None without one."""

    element: Element
    type: Maybe[str]
    model: Maybe[str]
    number: Maybe[int]

    @property
    def is_companion(self) -> bool:
        """Tell whether the controller serves ports of another USB controller, its master."""
        return self.model in MASTER_PORTS or child(self.element, "master") is not None

    def __str__(self) -> str:
        number = "" if self.number is None or isinstance(self.number, Unknown) else f" {self.number}"
        return f"{self.type} controller{number}"


def read_controllers(devices: Element | None) -> tuple[Controller, ...]:
    """The controllers other than those of PCI, in the order of the file."""
    if devices is None:
        return ()
    return tuple(
        [
            Controller(
                element,
                "ide" if (kind := attribute(element, "type")) is None else kind,
                attribute(element, "model"),
                decimal(element.get("index")),
            )
            for element in devices.iterchildren("controller")
            if element.get("type") != "pci"
        ]
    )


def numbered_usb(controllers: Iterable[Controller]) -> list[Controller]:
    """The USB controllers with the number that each gets where it names none, as libvirt orders them.

    A companion without a number joins the one before it, unless that has a companion of its model already.
    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainControllerInsertPreAlloced) and domain_postparse.c
    (virDomainAssignControllerIndexes), alike in 7.0.0 and 9.0.0.
    """
    ordered: list[Controller] = []
    usb = [one for one in controllers if one.type == "usb"]
    if len(usb) > _MOST_NUMBERED:
        return [one._replace(number=UNKNOWN) for one in usb]
    for controller in usb:
        _insert(ordered, controller)
    if any(isinstance(one.number, Unknown) for one in ordered):
        return [one if isinstance(one.number, int) else one._replace(number=UNKNOWN) for one in ordered]
    for place, controller in enumerate(ordered):
        if controller.number is None:
            ordered[place] = controller._replace(number=_number_at(ordered, place))
    return ordered


def _insert(ordered: list[Controller], controller: Controller) -> None:
    if controller.number is None:
        ordered.append(controller)
        return
    at = len(ordered)
    is_placed = False
    for place in range(len(ordered) - 1, -1, -1):
        current = ordered[place]
        index = -1 if current.number is None else current.number
        if isinstance(index, Unknown) or isinstance(controller.number, Unknown):
            continue
        is_before = index > controller.number
        if is_before or (index == controller.number and current.is_companion and not controller.is_companion):
            at, is_placed = place, True
        elif not is_placed:
            at, is_placed = place + 1, True
    ordered.insert(at, controller)


def _number_at(ordered: list[Controller], place: int) -> int:
    controller = ordered[place]
    before = ordered[place - 1] if place else None
    if controller.model in _USB2 and before is not None and before.model in _USB2:
        taken = any(one.number == before.number and one.model == controller.model for one in ordered)
        if not taken and isinstance(before.number, int):
            return before.number
    used = {one.number for one in ordered}
    return next(number for number in range(len(ordered) + 1) if number not in used)
