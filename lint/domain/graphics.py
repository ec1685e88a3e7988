"""The displays of a domain: ``<graphics>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.cached import cached_property
from domlint.domain.values import UNKNOWN, attribute, child

if TYPE_CHECKING:
    from domlint.document import Element
    from domlint.domain.values import Maybe

LISTENING: Final = ("vnc", "spice", "rdp")
"""The types whose ``<listen>`` libvirt reads. Source: libvirt 11.3.0 src/conf/domain_conf.c (the callers of
virDomainGraphicsListensParseXML)."""


class Graphics:
    """One ``<graphics>``."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.type: Maybe[str] = attribute(element, "type")

    @cached_property
    def listens(self) -> tuple[Element, ...]:
        """Its ``<listen>`` elements, where libvirt reads them."""
        return tuple(self.element.iterchildren("listen")) if self.type in LISTENING else ()

    @cached_property
    def listen_type(self) -> Maybe[str]:
        """The type of the first place that it listens on: address, network, socket or none.

        Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainGraphicsListensParseXML).
        """
        written: Maybe[str] = attribute(self.listens[0], "type") if self.listens else "address"
        if self.type == "vnc" and self.element.get("socket") is not None and written in ("address", "network"):
            return "socket"
        return written

    @cached_property
    def audio(self) -> Element | None:
        """The ``<audio>`` that names a backend, where libvirt reads it."""
        return child(self.element, "audio") if self.type in ("vnc", "dbus") else None


def read_graphics(devices: Element | None) -> tuple[Graphics, ...]:
    """The displays, in the order of the file."""
    return () if devices is None else tuple(map(Graphics, devices.iterchildren("graphics")))


def has_graphics(graphics: tuple[Graphics, ...], kind: str) -> bool | None:
    """Tell whether there is a display of a type; None where a placeholder hides the type of one."""
    types = {one.type for one in graphics}
    return True if kind in types else None if UNKNOWN in types else False
