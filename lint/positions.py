"""Exact places of elements and attributes in the bytes of a file.

lxml knows the line of an element only. A second pass by expat over the same bytes gives the byte where each start tag
and each end tag begins, in the same document order; attributes are then found inside the start tag. It is done only for
files that have something to report.
"""

import codecs
import re
from bisect import bisect_right
from typing import NamedTuple
from xml.parsers import expat

from domlint.findings import Location

_ATTRIBUTE = re.compile(rb"""([^\s=<>/"']+)\s*=\s*("[^"]*"|'[^']*')""")
_START_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Span(NamedTuple):
    """Where something begins and where it has ended: bytes of the UTF-8 form of the document, from 0."""

    start: int
    end: int


class ElementSpan(NamedTuple):
    """The places of one element: its start tag, the whole of it with its end tag, and each of its attributes.

    An attribute's span is its name, the equals sign and the quoted value.
    """

    start_tag: Span
    whole: Span
    attributes: dict[str, Span]


class Place(NamedTuple):
    """A point of a file: line and column from 1, the column in characters; the offset in bytes of the file from 0."""

    line: int
    column: int
    offset: int


class Positions:
    """The places of all elements of one well-formed document, by their number in document order."""

    def __init__(self, data: bytes, encoding: str | None) -> None:
        """Find them.

        ``encoding`` is the one the parser found; a byte order mark goes before it.
        Raises LookupError or UnicodeError where Python cannot decode that encoding.
        """
        self._mark, self._codec = _encoding_of(data, encoding)
        body = data[len(self._mark) :]
        self._as_is = self._codec == "utf-8"
        self._bytes = body if self._as_is else body.decode(self._codec).encode()
        self._line_starts = [0, *(match.end() for match in _LINE_END.finditer(self._bytes))]
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._scan()

    def _scan(self) -> None:
        parser = expat.ParserCreate("utf-8")
        open_elements: list[int] = []

        def start_element(_name: str, _attributes: object) -> None:
            open_elements.append(len(self._starts))
            self._starts.append(parser.CurrentByteIndex)
            self._ends.append(-1)

        def end_element(_name: str) -> None:
            self._ends[open_elements.pop()] = parser.CurrentByteIndex

        parser.StartElementHandler = start_element
        parser.EndElementHandler = end_element
        parser.Parse(self._bytes, True)

    def __len__(self) -> int:
        return len(self._starts)

    def element(self, number: int) -> ElementSpan:
        """The places of the element with that number (the root is 0)."""
        start = self._starts[number]
        tag_end = self._end_of_tag(start)
        end = self._ends[number]
        # For an empty-element tag, expat calls the end where the tag ends or where it begins, never at a "</".
        whole_end = self._bytes.index(b">", end) + 1 if self._bytes.startswith(b"</", end) else tag_end
        attributes = {
            match.group(1).decode(): Span(match.start(), match.end())
            for match in _ATTRIBUTE.finditer(self._bytes, start, tag_end)
        }
        return ElementSpan(Span(start, tag_end), Span(start, whole_end), attributes)

    def _end_of_tag(self, start: int) -> int:
        match = _START_TAG.match(self._bytes, start)
        return match.end() if match else len(self._bytes)

    def place(self, position: int) -> Place:
        """The line, column and byte of the file for a byte of the UTF-8 form."""
        line = bisect_right(self._line_starts, position)
        in_line = self._bytes[self._line_starts[line - 1] : position]
        return Place(line, len(in_line.decode(errors="replace")) + 1, self._offset(position))

    def _offset(self, position: int) -> int:
        if self._as_is:
            return len(self._mark) + position
        return len(self._mark) + len(self._bytes[:position].decode().encode(self._codec))


def lines_of(data: bytes, encoding: str | None) -> list[str]:
    """The lines of the file, without their ends."""
    try:
        body = as_utf8(data, encoding)
    except (LookupError, UnicodeError):
        body = data
    return [line.decode(errors="replace") for line in _LINE_END.split(body)]


def place_in(name: str, text: bytes, position: int) -> Location:
    """The place of a byte of a file in UTF-8, where there is no tree to ask."""
    position = max(position, 0)
    before = text[:position]
    starts = [0, *(match.end() for match in _LINE_END.finditer(before))]
    column = len(before[starts[-1] :].decode(errors="replace")) + 1
    return Location(name, len(starts), column, len(starts), column, position, position)


def _encoding_of(data: bytes, encoding: str | None) -> tuple[bytes, str]:
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return mark, codec
    if data[:4] == b"<\0?\0":
        return b"", "utf-16-le"
    if data[:4] == b"\0<\0?":
        return b"", "utf-16-be"
    name = codecs.lookup(encoding or declared_encoding(data)).name
    return b"", "utf-8" if name == "ascii" else name


def declared_encoding(data: bytes) -> str:
    """The encoding that the XML declaration names; utf-8 where it names none."""
    match = _DECLARED.match(data)
    return match.group(1).decode("ascii", "replace") if match else "utf-8"


def as_utf8(data: bytes, encoding: str | None = None) -> bytes:
    """The document in UTF-8, without a byte order mark; lines keep their ends, offsets may differ from the file's.

    Raises LookupError or UnicodeError where Python cannot decode the encoding.
    """
    mark, codec = _encoding_of(data, encoding)
    body = data[len(mark) :]
    return body if codec == "utf-8" else body.decode(codec).encode()
