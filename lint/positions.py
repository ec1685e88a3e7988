"""Exact places of elements and attributes in the bytes of a file.

lxml knows the line of an element only. A second pass by expat over the same bytes gives the byte where each start tag
and each end tag begins, in the same document order; attributes are then found inside the start tag. It is done only for
files that have something to report.
"""

import codecs
import pyexpat  # what xml.parsers.expat is, without the packages around it
import re
from bisect import bisect_right
from itertools import accumulate
from typing import Final, NamedTuple, TypeAlias

from domlint.cached import cached_property

_SPACES: Final = b" \t\r\n"
_ENDS_OF_NAMES: Final = b" \t\r\n/>"
_DECLARED: Final = rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["']"""
_LINE_END: Final = rb"\r\n|\n|\r"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FIRST_BYTES = (
    (b"<\0?\0", "utf-16-le"),
    (b"\0<\0?", "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
)
_NO_CHARACTER_SETS: Final = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"})
"""Codecs of Python that are no encodings of files; two of them take time that grows with the square of the text."""

_CONTINUATION: Final = bytes(range(0x80, 0xC0))
_LAST_LINE_COUNTED: Final = 60_000
"""libxml2 counts few lines more in 16 bits."""

_BLOCK: Final = 1024
"""Bytes between the points at which characters have been counted."""


Span: TypeAlias = tuple[int, int]
"""Where something begins and where it has ended: bytes of the UTF-8 form of the document, from 0."""


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


class Text:
    """A file's bytes as text: from a byte of its UTF-8 form to the line, the column and the byte of the file.

    ``utf8`` is that form, without a byte order mark; lines keep their ends.
    """

    def __init__(self, data: bytes, encoding: str | None = None) -> None:
        """Decode it.

        ``encoding`` is the one a parser found; without it, the XML declaration counts. A byte order mark goes before
        both. Raises LookupError or UnicodeError where Python cannot decode that encoding.
        """
        mark, codec = _encoding_of(data, encoding)
        body = data[len(mark) :]
        self._mark_length = len(mark)
        self.utf8 = body if codec == "utf-8" else body.decode(codec).encode()
        self._decoded = None if codec == "utf-8" else _Decoded(body, codec)

    def place(self, position: int) -> Place:
        """The line, column and byte of the file for a byte of the UTF-8 form."""
        line = bisect_right(self._line_starts, position)
        column = self._characters(position) - self._characters(self._line_starts[line - 1]) + 1
        offset = position if self._decoded is None else self._decoded.offset_of(self._characters(position))
        return Place(line, column, self._mark_length + offset)

    def line_start(self, position: int) -> int:
        """The byte of the UTF-8 form at which the line of a byte begins."""
        return self._line_starts[bisect_right(self._line_starts, position) - 1]

    def line(self, number: int) -> str:
        """A line, from 1, without its end; "" where there is none of that number."""
        return self._lines[number - 1].decode(errors="replace") if 1 <= number <= len(self._lines) else ""

    @cached_property
    def _lines(self) -> list[bytes]:
        return self.utf8.split(b"\n") if b"\r" not in self.utf8 else re.split(_LINE_END, self.utf8)

    @cached_property
    def _line_starts(self) -> list[int]:
        if b"\r" not in self.utf8:
            return list(accumulate([len(line) + 1 for line in self._lines[:-1]], initial=0))
        return [0, *(match.end() for match in re.finditer(_LINE_END, self.utf8))]

    def start_tag_on(self, number: int, name: bytes) -> tuple[Span, dict[str, Span]] | None:
        """The start tag that ends on a line of a well-formed document, and its attributes, where that is plain.

        That is where the line begins with it, as in files that are indented, holds no other of that name, and ends no
        comment. None elsewhere.
        """
        if b"\r" in self.utf8 or not 1 <= number <= min(len(self._lines), _LAST_LINE_COUNTED):
            return None
        line = self._lines[number - 1]
        indented, opening = line.lstrip(b" \t"), b"<" + name
        if not indented.startswith(opening) or indented.count(opening) > 1 or b"-->" in line or b"]]>" in line:
            return None
        start = self._line_starts[number - 1] + len(line) - len(indented)
        if self.utf8[start + len(opening)] not in _ENDS_OF_NAMES:
            return None
        attributes, end = start_tag_at(self.utf8, start)
        return ((start, end), attributes) if end <= self._line_starts[number - 1] + len(line) else None

    def _characters(self, position: int) -> int:
        """The number of characters before a byte of the UTF-8 form."""
        if self._is_ascii:
            return position
        block = position // _BLOCK
        return self._counts[block] + _characters_in(self.utf8[block * _BLOCK : position])

    @cached_property
    def _is_ascii(self) -> bool:
        return self.utf8.isascii()

    @cached_property
    def _counts(self) -> list[int]:
        """The number of characters before each block."""
        blocks = (self.utf8[start : start + _BLOCK] for start in range(0, len(self.utf8), _BLOCK))
        return list(accumulate(map(_characters_in, blocks), initial=0))


class Positions:
    """The places of all elements of one well-formed document, by their number in document order."""

    def __init__(self, text: Text) -> None:
        """Find them. Raises ExpatError where the text is none that expat reads."""
        self._bytes = text.utf8
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._scan()

    def _scan(self) -> None:
        parser = pyexpat.ParserCreate("utf-8")
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
        attributes, tag_end = start_tag_at(self._bytes, start)
        # What expat tells of the end of an empty-element tag differs between its versions.
        is_empty = self._bytes[tag_end - 2 : tag_end] == b"/>"
        whole_end = tag_end if is_empty else self._bytes.index(b">", self._ends[number]) + 1
        return ElementSpan((start, tag_end), (start, whole_end), attributes)


def start_tag_at(text: bytes, start: int) -> tuple[dict[str, Span], int]:
    """The attributes of a start tag, and where it has ended. The document is well-formed: no quote is missing."""
    attributes: dict[str, Span] = {}
    position = start + 1
    while text[position] not in _ENDS_OF_NAMES:
        position += 1
    while True:
        while text[position] in _SPACES:
            position += 1
        if text[position] in b"/>":
            return attributes, text.index(b">", position) + 1
        equals = text.index(b"=", position)
        quote = equals + 1
        while text[quote] in _SPACES:
            quote += 1
        end = text.index(text[quote : quote + 1], quote + 1) + 1
        attributes[text[position:equals].rstrip().decode()] = (position, end)
        position = end


class _Decoded:
    """The way back from characters to the bytes of a file in another encoding than UTF-8."""

    def __init__(self, body: bytes, codec: str) -> None:
        """Decode the file once more, and note after each block how many characters there were.

        An encoding may have states (ISO-2022-JP), or characters that it can write in several ways: only the bytes that
        are there tell where a character begins.
        """
        self._body = body
        self._decoder = codecs.getincrementaldecoder(codec)()
        self._counts = [0]
        self._states = [self._decoder.getstate()]
        for start in range(0, len(body), _BLOCK):
            self._counts.append(self._counts[-1] + len(self._decoder.decode(body[start : start + _BLOCK])))
            self._states.append(self._decoder.getstate())

    def offset_of(self, character: int) -> int:
        """The byte at which that many characters have ended."""
        block = max(bisect_right(self._counts, character - 1) - 1, 0)
        self._decoder.setstate(self._states[block])
        count, position = self._counts[block], block * _BLOCK
        while count < character and position < len(self._body):
            # No character is shorter than a byte, so that this many bytes hold no more characters than are wanted.
            step = character - count
            count += len(self._decoder.decode(self._body[position : position + step]))
            position += step
        return min(position, len(self._body))


def _characters_in(text: bytes) -> int:
    return len(text) if text.isascii() else len(text.translate(None, _CONTINUATION))


def _encoding_of(data: bytes, encoding: str | None) -> tuple[bytes, str]:
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return mark, codec
    for begin, codec in _FIRST_BYTES:
        if data.startswith(begin):
            return b"", codec
    name = codecs.lookup(encoding or declared_encoding(data)).name
    if name in _NO_CHARACTER_SETS:
        raise LookupError(f"{name} is no encoding of files")
    return b"", "utf-8" if name == "ascii" or is_mislabelled(data, name) else name


def is_mislabelled(data: bytes, codec: str) -> bool:
    """Tell whether a declaration that reads as ASCII names an encoding where it could not, such as UTF-16.

    Raises LookupError where Python has no such codec.
    """
    return data.startswith(b"<?xml") and "<?xml".encode(codec) != b"<?xml"


def declared_encoding(data: bytes) -> str:
    """The encoding that the XML declaration names; utf-8 where it names none."""
    match = re.match(_DECLARED, data) if data.startswith(b"<?xml") else None
    return match.group(1).decode("ascii", "replace") if match else "utf-8"
