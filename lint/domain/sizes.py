"""Sizes with a unit, as libvirt reads them."""

from __future__ import annotations

from typing import Final

from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute
from domlint.numbers import long_base_ten
from domlint.placeholders import is_placeholder

_LETTERS: Final = "kmgtpe"
_BYTES: Final = ("b", "byte", "bytes")
_MOST_DIGITS: Final = 20
"""Those of the largest number that 64 bits hold."""

MOST_KIBIBYTES: Final = (1 << 53) - 1
"""The most KiB that libvirt takes: its bound is 2^63 bytes.

Source: libvirt 11.3.0 src/conf/domain_conf.c (virMemoryMaxValue, virDomainParseMemory), alike in 7.0.0.
"""


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


def kibibytes(text: Maybe[str], unit: Maybe[str]) -> Maybe[int]:
    """An amount in KiB, rounded up: None where there is none, UNKNOWN for a placeholder and what is no amount.

    One without a unit is in KiB. It may be more than MOST_KIBIBYTES, which libvirt refuses.
    """
    if text is None or isinstance(text, Unknown):
        return text
    number, scale = long_base_ten(text), None if isinstance(unit, Unknown) else unit_size(unit or "", 1024)
    return UNKNOWN if number is None or scale is None else -(-number * scale // 1024)


def kibibytes_in(element: Element | None) -> Maybe[int]:
    """The amount that an element's text says, with its unit. None without the element or a text."""
    if element is None:
        return None
    text = (element.text or "").strip()
    return kibibytes(UNKNOWN if is_placeholder(text) else text or None, attribute(element, "unit"))


def kibibytes_at(element: Element, name: str) -> Maybe[int]:
    """The amount that an attribute says, with the attribute 'unit' beside it."""
    return kibibytes(attribute(element, name), attribute(element, "unit"))


def in_words(amount: int) -> str:
    """An amount of KiB in the largest unit that needs no fraction: 1536 MiB."""
    units = ("KiB", "MiB", "GiB", "TiB")
    place = 0
    while place < 3 and amount and amount % 1024 == 0:
        amount, place = amount // 1024, place + 1
    return f"{amount} {units[place]}"
