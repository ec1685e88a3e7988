"""Documents whose writer notes where everything is, and an oracle that finds it again without domlint."""

from __future__ import annotations

import re
from typing import NamedTuple

from domlint.findings import Location


class Spot(NamedTuple):
    """What the writer knows of an element or attribute: its text, and the characters between which it stands."""

    text: str
    start: int
    end: int


class Written:
    """Text that is put together piece by piece; ``elements`` has each start tag in document order.

    ``attributes`` has, by the number of the element, its attributes by their qualified name.
    """

    def __init__(self) -> None:
        self.text = ""
        self.elements: list[Spot] = []
        self.attributes: list[dict[str, Spot]] = []

    def add(self, text: str) -> None:
        self.text += text

    def start_tag(self, name: str, attributes: list[tuple[str, str, str]], before_end: str, end: str) -> None:
        """Write a start tag; each attribute is the blanks before it, its name, and all that follows the name."""
        start = len(self.text)
        self.text += f"<{name}"
        written = {}
        for blanks, attribute, rest in attributes:
            self.text += blanks
            begin = len(self.text)
            self.text += attribute + rest
            written[attribute] = Spot(attribute + rest, begin, len(self.text))
        self.text += before_end + end
        self.elements.append(Spot(self.text[start:], start, len(self.text)))
        self.attributes.append(written)


def expected_place(text: str, character: int) -> tuple[int, int]:
    """Line and column, from 1, of a character: \\n, \\r\\n and a lone \\r end lines."""
    before = text[:character]
    ends = [match.end() for match in re.finditer(r"\r\n|\r|\n", before)]
    return len(ends) + 1, character - (ends[-1] if ends else 0) + 1


def assert_located(location: Location, spot: Spot, text: str, encoding: str, mark: bytes = b"") -> None:
    """Hold a location against what the writer knows, for a file that is ``mark`` and the text in an encoding."""
    assert (location.line, location.column) == expected_place(text, spot.start)
    assert (location.end_line, location.end_column) == expected_place(text, spot.end)
    assert location.offset == len(mark) + len(text[: spot.start].encode(encoding))
    data = mark + text.encode(encoding)
    assert data[location.offset : location.end_offset].decode(encoding) == spot.text
