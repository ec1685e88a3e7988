"""Values of attributes: known, missing, or unknown because a template fills them in later."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias, TypeVar

from domlint.document import Element
from domlint.numbers import base_ten, base_zero
from domlint.placeholders import is_placeholder

T = TypeVar("T")


class Unknown(Enum):
    """The one value of what cannot be known: a placeholder, or a number libvirt would not accept."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = Unknown.UNKNOWN

Maybe: TypeAlias = T | Unknown | None

_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")


def attribute(element: Element | None, name: str) -> Maybe[str]:
    """An attribute's value: None where it is missing, UNKNOWN where a placeholder stands in it."""
    value = None if element is None else element.get(name)
    # What is_placeholder looks for first: nearly no value has it, and a call for each would take longer than that.
    if value is not None and ("{" in value or "$" in value or "%" in value or "@" in value) and is_placeholder(value):
        return UNKNOWN
    return value


def child(element: Element, name: str) -> Element | None:
    """The first child with that name, without a namespace: the one libvirt reads."""
    return next(element.iterchildren(name), None)


def has_twin(element: Element) -> bool:
    """Tell whether there is another element of its name beside it."""
    name = element.tag
    if next(element.itersiblings(name, preceding=True), None) is not None:
        return True
    return next(element.itersiblings(name), None) is not None


def child_attribute(element: Element, name: str, attribute_name: str) -> Maybe[str]:
    """An attribute of the first child with that name."""
    return attribute(child(element, name), attribute_name)


def c_integer(value: Maybe[str]) -> Maybe[int]:
    """A number with base 0 (see domlint.numbers.base_zero); UNKNOWN for what libvirt refuses.

    Source: libvirt 11.3.0 src/conf/device_conf.c (virPCIDeviceAddressParseXML).
    """
    if isinstance(value, str):
        number = base_zero(value)
        return UNKNOWN if number is None else number
    return value


def decimal(value: Maybe[str]) -> Maybe[int]:
    """A number with base 10 (see domlint.numbers.base_ten); UNKNOWN for what libvirt refuses, as placeholders are."""
    if isinstance(value, str):
        number = base_ten(value)
        return UNKNOWN if number is None else number
    return value


def text_number(element: Element) -> Maybe[int]:
    """The number with base 10 that an element holds as its text; None where that is empty."""
    text = (element.text or "").strip()
    return UNKNOWN if is_placeholder(text) else decimal(text or None)


def mac_number(value: Maybe[str]) -> Maybe[int]:
    """A MAC address as a number, so that letter case and one-digit octets make no difference.

    UNKNOWN for what is no MAC address.
    """
    if value is None or isinstance(value, Unknown):
        return value
    octets = value.split(":")
    if len(octets) != 6 or not all(0 < len(octet) <= 2 and _HEXADECIMAL.issuperset(octet) for octet in octets):
        return UNKNOWN
    number = 0
    for octet in octets:
        number = number << 8 | int(octet, 16)
    return number


def is_unknown_at(element: Element, name: str | None) -> bool:
    """Tell whether a placeholder stands in the attribute, so that nothing can be said of it."""
    return name is not None and attribute(element, name) is UNKNOWN


def whole_text(element: Element | None) -> str:
    """The text of an element and of all that is in it, which is what libvirt reads; "" where there is none."""
    if element is None:
        return ""
    return "".join(str(piece) for piece in element.itertext()) if len(element) else element.text or ""
