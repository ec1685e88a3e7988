"""The audio backends of a domain: ``<audio>``, or what libvirt adds where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.cached import cached_property
from domlint.domain.values import UNKNOWN, attribute, decimal

if TYPE_CHECKING:
    from domlint.document import Element
    from domlint.domain.graphics import Graphics
    from domlint.domain.values import Maybe

_DECIDING: Final = ("vnc", "spice", "sdl")
"""The displays by which libvirt chooses a backend where the domain names none: the last of them counts.

With SDL it hangs on the environment of libvirt. Source: libvirt 11.3.0 src/qemu/qemu_domain.c
(qemuDomainDefSuggestDefaultAudioBackend), alike in 9.0.0.
"""

_DEFAULT: Final = 1
"""The id of the backend that libvirt adds."""


class AudioBackends:
    """The backends that devices may name."""

    def __init__(self, devices: Element | None, graphics: tuple[Graphics, ...]) -> None:
        elements = () if devices is None else devices.iterchildren("audio")
        self.written: tuple[tuple[Element, Maybe[int]], ...] = tuple(
            (element, decimal(attribute(element, "id"))) for element in elements
        )
        self._graphics = graphics

    @cached_property
    def is_one_added(self) -> bool | None:
        """Tell whether libvirt adds one; None where it hangs on the host, or on a placeholder."""
        if self.written:
            return False
        if not self._graphics:
            return True
        types = [one.type for one in self._graphics]
        last = next((kind for kind in reversed(types) if kind in _DECIDING), None)
        return None if UNKNOWN in types or last == "sdl" else last is not None

    def has(self, number: int) -> bool | None:
        """Tell whether there is a backend with this id."""
        numbers = [written for _element, written in self.written]
        if number in numbers:
            return True
        if UNKNOWN in numbers:
            return None
        return self.is_one_added if number == _DEFAULT else False
