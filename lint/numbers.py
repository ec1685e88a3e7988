"""Numbers in attributes, as libvirt's C reads them."""

import re
from typing import Final

_SPACES: Final = r"[ \t\n\v\f\r]*"
_BASE_ZERO: Final = _SPACES + r"\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)"
_BASE_TEN: Final = _SPACES + r"\+?([0-9]+)"
_LARGEST: Final = 0xFFFFFFFF


def base_zero(text: str) -> int | None:
    """A number as C's strtoul reads it with base 0: 0x1f is 31, 010 is eight, 10 is ten.

    None for what libvirt refuses, such as 0a, 1f, 08, and what does not fit into 32 bits.
    Source: libvirt 11.3.0 src/util/virxml.c (virXMLPropUInt) and src/util/virstring.c (virStrToLong_uip).
    """
    match = re.fullmatch(_BASE_ZERO, text)
    if match is None:
        return None
    digits = match.group(1)
    if digits[:2] in ("0x", "0X"):
        return _within_32_bits(int(digits, 16))
    return _within_32_bits(int(digits, 8 if digits[0] == "0" else 10))


def base_ten(text: str) -> int | None:
    """A number as C's strtoul reads it with base 10: 010 is ten. None for what libvirt refuses."""
    match = re.fullmatch(_BASE_TEN, text)
    return None if match is None else _within_32_bits(int(match.group(1)))


def _within_32_bits(number: int) -> int | None:
    return number if number <= _LARGEST else None
