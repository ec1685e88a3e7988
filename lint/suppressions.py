"""What a file says that shall not be told of it: comments, and an element of domlint's in its metadata.

    <!-- domlint: ignore[TEAM050,PCI] the reason -->      the element that follows, and what is in it; behind something
                                                          else in a line: what is on that line
    <!-- domlint: ignore-file[TEAM050] the reason -->     the whole file

    <metadata>
      <domlint:suppressions xmlns:domlint="urn:domlint:1">
        <domlint:ignore rules="TEAM050,PCI" at="devices/interface[alias/@name='ua-uplink']" reason="the reason"/>
      </domlint:suppressions>
    </metadata>

libvirt drops comments when it reads a definition. It keeps metadata: of each namespace one element, the first.
Without ``at`` (see domlint.selector), the second form is about the whole file.
What a template fills in says nothing yet.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final, NamedTuple, TypeAlias

from domlint.changes import Fix, ReplaceWord
from domlint.comments import Comment, comments_of
from domlint.document import Document, Element
from domlint.findings import Location
from domlint.placeholders import is_placeholder

NAMESPACE: Final = "urn:domlint:1"
"""The namespace of the element in metadata."""

_ELEMENT: Final = f"{{{NAMESPACE}}}suppressions"
_BEGINNING: Final = r"\s*domlint\s*:\s*"
_DIRECTIVE: Final = r"(?P<word>[\w-]*)\s*(?:\[(?P<names>[^\]]*)\])?(?P<reason>.*)"
_WORDS: Final = ("ignore", "ignore-file")
_ATTRIBUTES: Final = ("rules", "at", "reason")
_MISSPELT: Final = 0.83
"""How like a word is to one that it is a misspelling of: ingore and ignore are, ignore-line and ignore-file are not."""
_MOST_PLACED: Final = 100
"""Selectors that are held against the elements of a document, which may be very many, too."""

_EXAMPLE: Final = "write <!-- domlint: ignore[CODE] the reason -->"
_EXAMPLE_ELEMENT: Final = "write <domlint:ignore rules='CODE' reason='...'/>"


class Name(NamedTuple):
    """A code, the beginning of codes or a name, as written, and its place."""

    text: str
    location: Location


class Suppression(NamedTuple):
    """What shall not be told, where, and why.

    ``kind`` is "comment" or "metadata", ``location`` the place of the comment or ``element``. It covers a ``line``, or
    the bytes of the file in ``spans`` (None for the whole file).
    """

    kind: str
    names: tuple[Name, ...]
    reason: str
    location: Location
    line: int | None = None
    spans: tuple[tuple[int, int], ...] | None = None
    element: Element | None = None


class Misunderstood(NamedTuple):
    """Something that is meant for domlint, and says nothing that it understands; ``fix`` where it can be guessed."""

    location: Location
    message: str
    help: str
    fix: Fix | None = None


Said: TypeAlias = Suppression | Misunderstood


def suppressions_of(document: Document) -> list[Said]:
    """What a document suppresses, and what is meant to and does not, in the order of the file."""
    found = [said for comment in comments_of(document, "domlint") for said in _of_comment(document, comment)]
    found += _of_metadata(document)
    return sorted(found, key=lambda said: (said.location.line, said.location.column))


def _of_comment(document: Document, comment: Comment) -> Iterator[Said]:
    begun = re.match(_BEGINNING, comment.text)
    if begun is None:
        return
    rest = re.compile(_DIRECTIVE, re.DOTALL).fullmatch(comment.text, begun.end())
    assert rest is not None
    word, names, reason = rest["word"], rest["names"], " ".join(rest["reason"].split())
    if is_placeholder(names or ""):
        return
    if word not in _WORDS:
        start = comment.start + len(comment.text[: rest.start("word")].encode())
        yield _unknown_word(word, comment.location, document.locate_bytes(start, start + len(word.encode())))
        return
    named = tuple(_names(document, comment, rest.start("names"), names)) if names else ()
    if not named:
        message = "it does not say which rules: a code, the beginning of codes, or a name, in brackets"
        yield Misunderstood(comment.location, message, _EXAMPLE)
    elif word == "ignore-file":
        yield Suppression("comment", named, reason, comment.location)
    elif not comment.is_first:
        yield Suppression("comment", named, reason, comment.location, line=comment.location.line)
    else:
        spans = () if comment.following is None else _spans(document, [comment.following])
        yield Suppression("comment", named, reason, comment.location, spans=spans)


def _unknown_word(word: str, location: Location, place: Location) -> Misunderstood:
    near = get_close_matches(word, _WORDS, n=1)
    message = f"'{word}' is none of {' and '.join(_WORDS)}"
    if not near:
        return Misunderstood(location, message, _EXAMPLE)
    fix = None
    # Where somebody may know a word of another tool, such as ignore-line, nothing may be made of it that covers more.
    if word.count("-") == near[0].count("-") and get_close_matches(word, near, cutoff=_MISSPELT):
        fix = Fix(f"write {near[0]}", (ReplaceWord(place, word, near[0]),), is_safe=False)
    return Misunderstood(location, message, f"did you mean {near[0]}?", fix)


def _names(document: Document, comment: Comment, start: int, text: str) -> Iterator[Name]:
    # Characters and bytes are counted once from name to name, however many there are.
    character, byte = 0, comment.start
    for match in re.finditer(r"[^,]+", text):
        name = match[0].strip()
        if name:
            begin = start + match.start() + match[0].index(name)
            byte += len(comment.text[character:begin].encode())
            character = begin
            yield Name(name, document.locate_bytes(byte, byte + len(name.encode())))


def _spans(document: Document, elements: list[Element]) -> tuple[tuple[int, int], ...]:
    """The bytes of elements with all that is in them."""
    try:
        places = [document.locate_bytes(*document.span(element).whole) for element in elements]
    except LookupError:
        return ()
    return tuple((place.offset, place.end_offset) for place in places)


def _of_metadata(document: Document) -> Iterator[Said]:
    definition = document.domain if document.domain is not None else document.network
    metadata = None if definition is None else next(definition.iterchildren("metadata"), None)
    if definition is None or metadata is None:
        return
    placed = 0
    for number, element in enumerate(metadata.iterchildren(f"{{{NAMESPACE}}}*")):
        if number:
            message = "libvirt keeps only the first element of a namespace in <metadata>, and drops this one"
            yield Misunderstood(document.locate(element), message, "put all of it into the first one")
        elif element.tag != _ELEMENT:
            yield _unknown_element(document, element, "suppressions")
        else:
            for child in element.iterchildren("*"):
                # virsh metadata --set leaves children without a prefix as they are.
                if child.tag not in ("ignore", f"{{{NAMESPACE}}}ignore"):
                    yield _unknown_element(document, child, "ignore")
                    continue
                if any(is_placeholder(child.get(attribute, "")) for attribute in ("rules", "at")):
                    continue
                placed += "at" in child.attrib
                if placed > _MOST_PLACED:
                    message = f"this is not read: {_MOST_PLACED} others say where with at"
                    yield Misunderstood(document.locate(child), message, "use comments")
                    return
                yield _of_element(document, definition, child)


def _unknown_element(document: Document, element: Element, expected: str) -> Misunderstood:
    name = str(element.tag).rpartition("}")[2]
    return Misunderstood(document.locate(element), f"'{name}' says nothing here", f"write <domlint:{expected}>")


def _of_element(document: Document, definition: Element, element: Element) -> Said:
    from domlint.selector import SelectorError, Selectors, parse_selector

    for attribute in map(str, element.attrib):
        if attribute not in _ATTRIBUTES:
            message = f"'{attribute}' is none of {', '.join(_ATTRIBUTES)}"
            return Misunderstood(document.locate(element, attribute), message, _EXAMPLE_ELEMENT)
    location = document.locate(element)
    names = tuple(_names_in_attribute(document, element))
    if not names:
        message = "it does not say which rules: codes, beginnings of codes, or names, with commas between them"
        return Misunderstood(location, message, _EXAMPLE_ELEMENT)
    reason = " ".join((element.get("reason") or "").split())
    at = element.get("at")
    if at is None:
        return Suppression("metadata", names, reason, location, element=element)
    try:
        selectors = Selectors([(parse_selector(at), None)])
    except SelectorError as error:
        help_ = "write it like devices/interface[alias/@name='ua-uplink']"
        return Misunderstood(document.locate(element, "at"), f"it does not say where: {error}", help_)
    elements = [selected for _value, selected, _attribute in selectors.select(definition)]
    return Suppression("metadata", names, reason, location, spans=_spans(document, elements), element=element)


def _names_in_attribute(document: Document, element: Element) -> Iterator[Name]:
    whole = document.locate(element, "rules")
    text = document.text
    try:
        start, end = document.span(element).attributes["rules"]
    except LookupError:
        start = end = 0
    for name in filter(None, (part.strip() for part in (element.get("rules") or "").split(","))):
        place = -1 if text is None else text.utf8.find(name.encode(), start, end)
        if place < 0:
            yield Name(name, whole)
        else:
            start = place + len(name.encode())
            yield Name(name, document.locate_bytes(place, start, whole.xpath))
