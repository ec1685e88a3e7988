"""Sizes with a unit, as libvirt reads them."""

from __future__ import annotations

from typing import Final

from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute
from domlint.placeholders import is_placeholder

_LETTERS: Final = "kmgtpe"
_BYTES: Final = ("b", "byte", "bytes")
_MOST_DIGITS: Final = 20
"""Those of the largest number that 64 bits hold."""


def unit_size(unit: str, default: int) -> int | None:
    """The bytes of a unit, in any letter case; ``default`` for an empty one, None for one that libvirt refuses.

    k, K, KiB are 1024 bytes, KB is 1000. Source: libvirt 11.3.0 src/util/virutil.c (virScaleInteger).
    """
    unit = unit.lower()
    if not unit:
        return default
    if unit in _BYTES:
        return 1
    if unit[0] not in _LETTERS or unit[1:] not in ("", "ib", "b"):
        return None
    base: int = 1000 if unit[1:] == "b" else 1024
    return int(base ** (_LETTERS.index(unit[0]) + 1))


def scaled_size(element: Element | None, default_unit: int) -> Maybe[int]:
    """The bytes that an element such as ``<size unit='MiB'>4</size>`` says.

    ``default_unit`` are the bytes of the unit where none is named. None where there is no element, UNKNOWN for a
    placeholder and for what libvirt refuses. Source: libvirt 11.3.0 src/conf/domain_conf.c (virParseScaledValue).
    """
    if element is None:
        return None
    text, unit = (element.text or "").strip(), attribute(element, "unit")
    if isinstance(unit, Unknown) or is_placeholder(text):
        return UNKNOWN
    size = unit_size(unit or "", default_unit)
    if size is None or not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        return UNKNOWN
    return int(text) * size


def is_power_of_two(number: int) -> bool:
    """Tell whether a number is 1, 2, 4, 8 …"""
    return number > 0 and number & (number - 1) == 0
