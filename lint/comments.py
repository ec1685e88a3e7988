"""The comments of a document: what they say, where they are, and which element follows."""

import pyexpat  # what xml.parsers.expat is, without the packages around it
from typing import Final, NamedTuple

from domlint.document import Document, Element
from domlint.findings import Location

_OPENING: Final = len("<!--")
_CLOSING: Final = len("-->")


class Comment(NamedTuple):
    """A comment: what stands between its marks as written, and its place with them.

    ``start`` is the byte of the document's UTF-8 form at which the text begins. ``is_first`` tells whether nothing but
    spaces stands before it in its line; ``following`` is the next element beside it, None where there is none.
    """

    text: str
    location: Location
    start: int
    is_first: bool
    following: Element | None


def comments_of(document: Document, word: str) -> list[Comment]:
    """The comments that a word is in, in the order of the file; none where their places cannot be told."""
    text = document.text
    if text is None or document.root is None:
        return []
    places, count = _scanned(text.utf8)
    elements = list(document.root.iter("*"))
    if count != len(elements):
        return []
    found = []
    for opening, following in places:
        closing = text.utf8.index(b"-->", opening + _OPENING)
        inner = text.utf8[opening + _OPENING : closing].decode(errors="replace")
        if word in inner:
            found.append(
                Comment(
                    inner,
                    document.locate_bytes(opening, closing + _CLOSING),
                    opening + _OPENING,
                    not text.utf8[text.line_start(opening) : opening].strip(),
                    None if following is None else elements[following],
                )
            )
    return found


def _scanned(utf8: bytes) -> tuple[list[tuple[int, int | None]], int]:
    """Where each comment begins, with the number of the element that follows it, and how many elements there are."""
    parser = pyexpat.ParserCreate("utf-8")
    found: list[tuple[int, int | None]] = []
    waiting: list[list[int]] = [[]]
    count = 0

    def start_element(_name: str, _attributes: object) -> None:
        nonlocal count
        for index in waiting[-1]:
            found[index] = (found[index][0], count)
        waiting[-1].clear()
        waiting.append([])
        count += 1

    def end_element(_name: str) -> None:
        waiting.pop()

    def comment(_text: str) -> None:
        waiting[-1].append(len(found))
        found.append((parser.CurrentByteIndex, None))

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    parser.CommentHandler = comment
    try:
        parser.Parse(utf8, True)
    except pyexpat.ExpatError:
        return [], -1
    return found, count
