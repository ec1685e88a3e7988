"""Versions: reading and comparing."""

from __future__ import annotations

import pytest

from domlint.versions import Version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.7", (8, 7, 0)),
        ("8.7.0", (8, 7, 0)),
        ("v10.0.1", (10, 0, 1)),
        (" 9.2.50 ", (9, 2, 50)),
        ("0.0", (0, 0, 0)),
        ("1234.1.9999", (1234, 1, 9999)),
    ],
)
def test_versions_are_read(text: str, expected: tuple[int, int, int]) -> None:
    assert Version.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "8", "8.", ".8", "8.7.", "8.7.0.1", "8,7", "new", "-1.0", "8.7a", "vv8.7", "v", "12345.0", "8.7.٣", "8. 7"],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        Version.parse(text)


def test_versions_compare_as_numbers_do() -> None:
    assert Version.parse("10.0") > Version.parse("9.10.1") > Version.parse("9.9.50")
    assert str(Version.parse("9.10")) == "9.10.0"


def test_libvirts_numbers() -> None:
    assert Version.from_number(6_001_000) == Version(6, 1, 0)
    assert Version.from_number(10_010_050) == Version(10, 10, 50)
