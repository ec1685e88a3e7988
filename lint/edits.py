"""Edits: changes to a document as bytes to replace in its file, so that every other byte stays as it is."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from domlint.changes import (
    AddElement,
    Change,
    Fix,
    RemoveAttribute,
    RemoveComment,
    RemoveElement,
    RemoveWord,
    RenameAttribute,
    RenameElement,
    ReplaceWord,
    SetAttribute,
    SetText,
)
from domlint.document import Document, Element
from domlint.findings import Edit, Location, Remedy
from domlint.positions import ElementSpan, Text

_BLANKS: Final = b" \t"
_SPACES: Final = b" \t\r\n"
_USUAL_INDENTATION: Final = b"  "


def remedy_of(document: Document, fix: Fix) -> Remedy | None:
    """A fix as edits of the file.

    None where the place of something in it is not known: in an encoding other than UTF-8, or where what it changes is
    made by an entity.
    """
    text = document.text_as_it_is
    if text is None:
        return None
    try:
        replaced = sorted({one for change in fix.changes for one in _replaced(document, text, change)})
    except LookupError:
        return None
    if any(first[1] > second[0] for first, second in pairwise(replaced)):
        return None
    edits = tuple(_edit(text, start, end, new) for start, end, new in replaced)
    return Remedy(fix.words, fix.is_safe, edits) if edits else None


def _edit(text: Text, start: int, end: int, new: bytes) -> Edit:
    first, last = text.place(start), text.place(end)
    return Edit(first.line, first.column, last.line, last.column, first.offset, last.offset, new.decode())


_Replaced = tuple[int, int, bytes]
"""A span of the document's bytes, and what comes in its place."""


def _replaced(document: Document, text: Text, change: Change) -> Iterable[_Replaced]:
    """The bytes that one change replaces. Raises LookupError where they are not known."""
    source = text.utf8
    match change:
        case RemoveComment(location=location):
            return (_comment(source, *_span(document, source, location)),)
        case RemoveWord(location=location, word=word):
            return (_in_list(source, *_span(document, source, location, word)),)
        case ReplaceWord(location=location, word=word, to=to):
            return ((*_span(document, source, location, word), to.encode()),)
    element = change.parent if isinstance(change, AddElement) else change.element
    span = document.span(element)
    match change:
        case SetAttribute(name=name, value=value):
            return (_attribute(span, source, name, value),)
        case RemoveAttribute(name=name):
            start, end = span.attributes[name]
            while source[start - 1 : start] in (b" ", b"\t", b"\r", b"\n"):
                start -= 1
            return ((start, end, b""),)
        case RenameAttribute(name=name, to=to):
            start, end = span.attributes[name]
            written = name.encode()
            if not source.startswith(written, start):
                raise LookupError(name)
            return ((start, start + len(written), to.encode()),)
        case RenameElement(to=to):
            return _names(element, span, source, to)
        case SetText(text=new):
            if len(element) or span.start_tag == span.whole:
                raise LookupError(element.tag)
            return ((span.start_tag[1], source.rindex(b"</", 0, span.whole[1]), _escaped(new)),)
        case RemoveElement():
            return (_with_its_line(source, *span.whole),)
        case AddElement(xml=xml):
            return (_added(document, span, source, element, xml),)


def _escaped(value: str) -> bytes:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        value = value.replace(character, entity)
    return value.encode("ascii", "xmlcharrefreplace")


def _attribute(span: ElementSpan, source: bytes, name: str, value: str) -> _Replaced:
    escaped = _escaped(value)
    place = span.attributes.get(name)
    if place is not None:
        quote = source[place[1] - 1 : place[1]]
        escaped = escaped.replace(quote, b"&apos;" if quote == b"'" else b"&quot;")
        begin = source.index(quote, place[0]) + 1
        return (begin, place[1] - 1, escaped)
    others = sorted(span.attributes.values())
    quote = source[others[-1][1] - 1 : others[-1][1]] if others else b"'"
    escaped = escaped.replace(quote, b"&apos;" if quote == b"'" else b"&quot;")
    end = others[-1][1] if others else _end_of_name(source, span.start_tag[0] + 1)
    return (end, end, b" " + name.encode() + b"=" + quote + escaped + quote)


def _end_of_name(source: bytes, position: int) -> int:
    while source[position] not in b" \t\r\n/>":
        position += 1
    return position


def _names(element: Element, span: ElementSpan, source: bytes, to: str) -> Iterator[_Replaced]:
    start = span.start_tag[0] + 1
    yield (start, _end_of_name(source, start), to.encode())
    if span.start_tag != span.whole:
        end = source.rindex(b"</", 0, span.whole[1]) + 2
        yield (end, _end_of_name(source, end), to.encode())


def _with_its_line(source: bytes, start: int, end: int) -> _Replaced:
    """The span of an element that is taken away: with its line, where nothing else is on that."""
    begin = start
    while begin and source[begin - 1] in _BLANKS:
        begin -= 1
    after = end
    while source[after : after + 1] and source[after] in _BLANKS:
        after += 1
    at_begin = begin == 0 or source[begin - 1 : begin] in (b"\n", b"\r")
    if at_begin and source.startswith(b"\r\n", after):
        return (begin, after + 2, b"")
    if at_begin and source[after : after + 1] in (b"\n", b"\r"):
        return (begin, after + 1, b"")
    return (start, end, b"")


def _span(document: Document, source: bytes, location: Location, word: str | None = None) -> tuple[int, int]:
    """The bytes of the document at a place of the file. Raises LookupError where something else than the word is."""
    mark = len(document.data) - len(source)  # a byte order mark
    start, end = location.offset - mark, location.end_offset - mark
    if word is not None and source[start:end] != word.encode():
        raise LookupError(word)
    return start, end


def _comment(source: bytes, start: int, end: int) -> _Replaced:
    """The span of a comment that is taken away, so that what is around it stands as if it had never been there."""
    whole = _with_its_line(source, start, end)
    if whole[:2] != (start, end):
        return whole
    begin, after = start, end
    while begin and source[begin - 1] in _BLANKS:
        begin -= 1
    while source[after : after + 1] and source[after] in _BLANKS:
        after += 1
    if begin == 0 or source[begin - 1 : begin] in (b"\n", b"\r"):
        return (start, after, b"")
    # Behind an element blanks mean nothing, unless a text follows; behind a text they may be part of it.
    is_behind_tag = source[begin - 1 : begin] == b">"
    return (begin, end, b"") if is_behind_tag and source[after : after + 1] in (b"", b"\n", b"\r", b"<") else whole


def _in_list(source: bytes, start: int, end: int) -> _Replaced:
    """The span of a word that is taken out of a list. Raises LookupError where no comma is beside it."""
    before, after = start, end
    while before and source[before - 1] in _SPACES:
        before -= 1
    while source[after : after + 1] and source[after] in _SPACES:
        after += 1
    if source[before - 1 : before] == b",":
        before -= 1
        while source[after : after + 1] != b"," and source[before - 1] in _SPACES:
            before -= 1
        return (before, after, b"")
    if source[after : after + 1] != b",":
        raise LookupError("the word is not in a list")
    after += 1
    while source[after : after + 1] and source[after] in _SPACES:
        after += 1
    return (start, after, b"")


def _indentation(source: bytes, start: int) -> bytes | None:
    """What a line begins with whose first character that is no blank is at ``start``; None where another is first."""
    begin = start
    while begin and source[begin - 1] in _BLANKS:
        begin -= 1
    return source[begin:start] if begin == 0 or source[begin - 1 : begin] in (b"\n", b"\r") else None


def _line_end(source: bytes) -> bytes:
    return b"\r\n" if b"\r\n" in source else b"\n"


def _added(document: Document, span: ElementSpan, source: bytes, parent: Element, xml: str) -> _Replaced:
    """Where a new last child is written: on a line of its own, where the parent's children have theirs."""
    new = xml.encode("ascii", "xmlcharrefreplace")
    own = _indentation(source, span.start_tag[0])
    line_end = _line_end(source)
    if span.start_tag == span.whole:
        name = source[span.start_tag[0] + 1 : _end_of_name(source, span.start_tag[0] + 1)]
        slash = source.rindex(b"/", 0, span.whole[1])
        while source[slash - 1 : slash] in (b" ", b"\t", b"\r", b"\n"):
            slash -= 1
        if own is None:
            return (slash, span.whole[1], b">" + new + b"</" + name + b">")
        inner = line_end + own + _USUAL_INDENTATION + new + line_end + own
        return (slash, span.whole[1], b">" + inner + b"</" + name + b">")
    last = next(parent.iterchildren("*", reversed=True), None)
    if last is None:
        begin, end = span.start_tag[1], source.rindex(b"</", 0, span.whole[1])
        if own is None or source[begin:end].strip():
            return (end, end, new)
        return (begin, end, line_end + own + _USUAL_INDENTATION + new + line_end + own)
    last_span = document.span(last)
    indentation = _indentation(source, last_span.start_tag[0])
    after = last_span.whole[1]
    if indentation is None:
        return (after, after, new)
    after = _behind_comments(source, after)
    return (after, after, line_end + indentation + new)


def _behind_comments(source: bytes, position: int) -> int:
    """The end of the line, where nothing but comments is on the rest of it; else the same place."""
    at = position
    while True:
        end = at
        while source[end : end + 1] and source[end] in _BLANKS:
            end += 1
        if source[end : end + 1] in (b"\n", b"\r"):
            return at
        close = source.find(b"-->", end) if source.startswith(b"<!--", end) else -1
        if close < 0 or b"\n" in source[end:close] or b"\r" in source[end:close]:
            return position
        at = close + 3
