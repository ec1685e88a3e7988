"""Numbers in attributes, as libvirt's C reads them."""

from functools import lru_cache
from typing import Final

_SPACES: Final = " \t\n\v\f\r"
_LARGEST: Final = 0xFFFFFFFF
_LARGEST_LONG: Final = 0xFFFFFFFFFFFFFFFF
_DIGITS: Final = {8: frozenset("01234567"), 10: frozenset("0123456789"), 16: frozenset("0123456789abcdefABCDEF")}


@lru_cache(maxsize=1024)
def base_zero(text: str) -> int | None:
    """A number as C's strtoul reads it with base 0: 0x1f is 31, 010 is eight, 10 is ten.

    None for what libvirt refuses, such as 0a, 1f, 08, and what does not fit into 32 bits.
    Source: libvirt 11.3.0 src/util/virxml.c (virXMLPropUInt) and src/util/virstring.c (virStrToLong_uip).
    """
    digits = _without_sign(text)
    if digits[:2] in ("0x", "0X"):
        return _number(digits[2:], 16)
    return _number(digits, 8 if digits[:1] == "0" else 10)


@lru_cache(maxsize=1024)
def base_ten(text: str) -> int | None:
    """A number as C's strtoul reads it with base 10: 010 is ten. None for what libvirt refuses."""
    return _number(_without_sign(text), 10)


def long_base_ten(text: str) -> int | None:
    """A number of up to 64 bits as C's strtoull reads it with base 10. None for what libvirt refuses."""
    return _number(_without_sign(text), 10, _LARGEST_LONG)


def long_base_sixteen(text: str) -> int | None:
    """A number of up to 64 bits as C's strtoull reads it with base 16, with 0x or without."""
    digits = _without_sign(text)
    return _number(digits[2:] if digits[:2] in ("0x", "0X") else digits, 16, _LARGEST_LONG)


def _without_sign(text: str) -> str:
    return text.lstrip(_SPACES).removeprefix("+")


def _number(digits: str, base: int, largest: int = _LARGEST) -> int | None:
    if not digits or not _DIGITS[base].issuperset(digits):
        return None
    significant = digits.lstrip("0")
    # Python itself refuses to read thousands of digits; eleven octal ones hold all that 32 bits can, 22 all of 64.
    if len(significant) > 22:
        return None
    number = int(significant or "0", base)
    return number if number <= largest else None
