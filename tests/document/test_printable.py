"""Nothing that a terminal acts on passes printable()."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domlint.printable import printable


@pytest.mark.parametrize(
    "text, shown",
    [
        ("web1", "web1"),
        ("Häuser 家 𝄞 ñ", "Häuser 家 𝄞 ñ"),
        ("a\nb", "a\\nb"),
        ("a\r\tb", "a\\r\\tb"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\x7fb", "a\\x7fb"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066a\u2069", "\\u2066a\\u2069"),
        ("\u200fa\u061c", "\\u200fa\\u061c"),
        ("a\u2028b\u0085", "a\\u2028b\\x85"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\udcff", "\\udcff"),
        ("\U000e0001tag", "\\U000e0001tag"),
        ("back\\slash 'quote'", "back\\slash 'quote'"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_no_control_and_no_format_character_is_left(text: str) -> None:
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert printable(shown) == shown
