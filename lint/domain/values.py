"""Values of attributes: known, missing, or unknown because a template fills them in later."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from domlint.document import Element
from domlint.placeholders import is_placeholder

T = TypeVar("T")


class Unknown(Enum):
    """The one value of what cannot be known: a placeholder, or a number libvirt would not accept."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = Unknown.UNKNOWN

Maybe: TypeAlias = T | Unknown | None

_C_INTEGER: Final = r"[ \t\n\v\f\r]*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)"
_DECIMAL: Final = r"[ \t\n\v\f\r]*\+?([0-9]+)"
_LARGEST: Final = 0xFFFFFFFF
_MAC: Final = r"[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}"


def attribute(element: Element | None, name: str) -> Maybe[str]:
    """An attribute's value: None where it is missing, UNKNOWN where a placeholder stands in it."""
    value = None if element is None else element.get(name)
    if value is not None and is_placeholder(value):
        return UNKNOWN
    return value


def child(element: Element, name: str) -> Element | None:
    """The first child with that name, without a namespace: the one libvirt reads."""
    return next(element.iterchildren(name), None)


def child_attribute(element: Element, name: str, attribute_name: str) -> Maybe[str]:
    """An attribute of the first child with that name."""
    return attribute(child(element, name), attribute_name)


def c_integer(value: Maybe[str]) -> Maybe[int]:
    """A number as C's strtoul reads it with base 0: 0x1f is 31, 010 is eight, 10 is ten.

    UNKNOWN for what libvirt refuses, such as 0a, 1f, 08, and what does not fit into 32 bits. Source: libvirt 11.3.0
    virXMLPropUInt with base 0 in src/conf/device_conf.c (virPCIDeviceAddressParseXML).
    """
    if value is None or isinstance(value, Unknown):
        return value
    match = re.fullmatch(_C_INTEGER, value)
    if match is None:
        return UNKNOWN
    digits = match.group(1)
    if digits[:2] in ("0x", "0X"):
        return _within_32_bits(int(digits, 16))
    return _within_32_bits(int(digits, 8 if digits[0] == "0" else 10))


def _within_32_bits(number: int) -> int | Unknown:
    return number if number <= _LARGEST else UNKNOWN


def decimal(value: Maybe[str]) -> Maybe[int]:
    """A number as C's strtoul reads it with base 10: 010 is ten. UNKNOWN for what libvirt refuses."""
    if value is None or isinstance(value, Unknown):
        return value
    match = re.fullmatch(_DECIMAL, value)
    return UNKNOWN if match is None else _within_32_bits(int(match.group(1)))


def mac_number(value: Maybe[str]) -> Maybe[int]:
    """A MAC address as a number, so that letter case and one-digit octets make no difference.

    UNKNOWN for what is no MAC address.
    """
    if value is None or isinstance(value, Unknown):
        return value
    if re.fullmatch(_MAC, value) is None:
        return UNKNOWN
    number = 0
    for octet in value.split(":"):
        number = number << 8 | int(octet, 16)
    return number


def is_unknown_at(element: Element, name: str | None) -> bool:
    """Tell whether a placeholder stands in the attribute, so that nothing can be said of it."""
    return name is not None and attribute(element, name) is UNKNOWN
