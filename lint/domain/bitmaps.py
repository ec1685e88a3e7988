"""Sets of numbers such as "0-3,^2", as libvirt reads them; each is a number with a bit for every member."""

from __future__ import annotations

import re
from typing import Final

from domlint.domain.values import UNKNOWN, Maybe

MOST: Final = 16384
"""A set has no members from here on. Source: libvirt 11.3.0 src/conf/domain_conf.h (VIR_DOMAIN_CPUMASK_LEN)."""

_PART: Final = r"(?:(\^?)([0-9]+)|([0-9]+)[ \t\n\r]*-[ \t\n\r]*\+?([0-9]+))"
_MOST_DIGITS: Final = 10


def bitmap(text: str) -> int | None:
    """The members of a set; None for what libvirt refuses.

    Source: libvirt 11.3.0 src/util/virbitmap.c (virBitmapParse), alike in 7.0.0.
    """
    mask = 0
    parts = text.split(",")
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    for part in parts:
        found = re.fullmatch(_PART, part.strip())
        if found is None or any(digits and len(digits) > _MOST_DIGITS for digits in found.groups()):
            return None
        removed, single, first, last = found.groups()
        low, high = int(single or first), int(single or last)
        if high < low or high >= MOST:
            return None
        members = (1 << high + 1) - (1 << low)
        mask = mask & ~members if removed else mask | members
    return mask


def bitmap_of(value: Maybe[str]) -> Maybe[int]:
    """The set that an attribute holds: None where there is none, UNKNOWN for a placeholder and for what is refused."""
    if not isinstance(value, str):
        return value
    mask = bitmap(value)
    return UNKNOWN if mask is None else mask


def count(mask: int) -> int:
    """How many members a set has."""
    return bin(mask).count("1")


def members(mask: int) -> list[int]:
    """The members of a set, in order."""
    return [number for number in range(mask.bit_length()) if mask >> number & 1]


def in_words(mask: int) -> str:
    """A set as libvirt writes it: 0-3,5."""
    parts: list[str] = []
    numbers = members(mask)
    while numbers:
        first = last = numbers.pop(0)
        while numbers and numbers[0] == last + 1:
            last = numbers.pop(0)
        parts.append(str(first) if first == last else f"{first}-{last}")
    return ",".join(parts)
