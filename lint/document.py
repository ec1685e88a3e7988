"""One file, parsed once: its tree, the domain in it, and the exact place of everything in it."""

from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, cast

from lxml import etree

from domlint.cached import cached_property
from domlint.findings import Location

if TYPE_CHECKING:
    from domlint.positions import ElementSpan, Positions, Span, Text
    from domlint.structure import Structure

Element: TypeAlias = etree._Element

MAXIMUM_BYTES: Final = 16 * 1024 * 1024
"""The largest file that is read, in bytes.

libvirt's remote protocol carries at most 4 MiB of XML (REMOTE_STRING_MAX in src/remote/remote_protocol.x, libvirt
11.3.0), so that no definition of a real domain comes near.
"""

_OWN_NAME: Final = b"domlint"
"""What nothing in a file is without that is meant for domlint."""

_FEW_PLACES: Final = 6
"""To look for so many, one by one, takes as long as to find all that are in a file."""

_PLAIN_BEGINNINGS: Final = (b"<", b" ", b"\t", b"\r", b"\n", b"\xef")
"""The first byte of XML in an encoding that has ASCII in it; the last is the mark of UTF-8."""

_LONGEST_XPATH: Final = 10_000
"""Characters. Names of hundreds of levels can make a path of megabytes, once for each finding."""

DOMAIN_WRAPPERS: Final = ("domstatus", "domainsnapshot", "domaincheckpoint")
"""Roots that hold a domain: the status file of a running domain, a snapshot and a checkpoint."""


class FaultKind(Enum):
    """What keeps a file from being read as a domain."""

    NOT_WELL_FORMED = "not well-formed"
    UNDECLARED_PREFIX = "undeclared prefix"
    OTHER_ROOT = "other root"
    MISSPELT_ROOT = "misspelt root"
    REFUSED = "refused"


class Fault(NamedTuple):
    """One thing about the file itself."""

    kind: FaultKind
    message: str
    location: Location
    help: str = ""


class Document:
    """A file and what it holds.

    ``root`` is its root element, or None where the file could not be parsed; ``domain`` the domain element in it, or
    None, and ``network`` the network element. ``faults`` says what is wrong with the file as such.
    """

    def __init__(self, name: str, data: bytes, root: Element | None, faults: tuple[Fault, ...] = ()) -> None:
        self.name = name
        self.data = data
        self.root = root
        self.domain = None if root is None else _domain_in(root)
        self.network = None if root is None or self.domain is not None else network_in(root)
        self.faults = faults
        self._last_span: tuple[int, ElementSpan] | None = None

    def locate(self, element: Element, attribute: str | None = None) -> Location:
        """The place of an element's start tag, or of one of its attributes (where it has none of that name, the tag).

        Columns count characters, from 1.
        """
        place = self._places.get((element, attribute))
        if place is None:
            place = self._places[element, attribute] = self._find(element, attribute)
        return place

    @cached_property
    def _places(self) -> dict[tuple[Element, str | None], Location]:
        return {}

    def _find(self, element: Element, attribute: str | None) -> Location:
        line = cast("int", element.sourceline) or 0  # the stubs of lxml do not say
        found = self._start_tag_on(line, element) if self._has_few_places else None
        xpath = self._path(element)
        if found is None:
            positions = self._positions
            if positions is None:
                return Location(self.name, line or 1, 1, line or 1, 1, xpath=xpath)
            span = self._span(positions, element)
            found = span.start_tag, span.attributes
        (start, end), attributes = found
        if attribute is not None and attribute in attributes:
            start, end = attributes[attribute]
            xpath = f"{xpath}/@{attribute}" if xpath else ""
        return self.locate_bytes(start, end, xpath)

    @property
    def _has_few_places(self) -> bool:
        return len(self._places) < _FEW_PLACES

    def _start_tag_on(self, line: int, element: Element) -> "tuple[Span, dict[str, Span]] | None":
        """The start tag of an element and its attributes, if the line that lxml knows tells; None where it does not."""
        tag = str(element.tag)
        return None if self._text is None or "{" in tag else self._text.start_tag_on(line, tag.encode())

    def locate_bytes(self, start: int, end: int, xpath: str = "") -> Location:
        """The place of a span of bytes of ``text``, which is not None."""
        assert self._text is not None
        first, last = self._text.place(start), self._text.place(end)
        return Location(self.name, first.line, first.column, last.line, last.column, first.offset, last.offset, xpath)

    @property
    def text(self) -> "Text | None":
        """The file as text; None where it cannot be decoded."""
        return self._text

    @property
    def text_as_it_is(self) -> "Text | None":
        """The file as text whose bytes are the file's own, so that it can be edited; None in other encodings."""
        text = self._text
        if text is None or self._positions is None or not self.data.endswith(text.utf8):
            return None
        return text

    def span(self, element: Element) -> "ElementSpan":
        """The bytes of an element, of its start tag and its attributes. Raises LookupError where they are not known."""
        if self._positions is None:
            raise LookupError("the places of elements are not known")
        return self._span(self._positions, element)

    def _span(self, positions: "Positions", element: Element) -> "ElementSpan":
        """The place of an element. That of the last one is kept: one with many attributes may have many findings."""
        number = self._numbers[element]
        if self._last_span is None or self._last_span[0] != number:
            self._last_span = number, positions.element(number)
        return self._last_span[1]

    def locate_text(self, holder: Element, is_tail: bool) -> Location:
        """The place of the text that an element begins with or, ``is_tail``, that follows it: its first line with one.

        Falls back on the place of the element.
        """
        at_element = self.locate(holder)
        positions = self._positions
        if positions is None or self._text is None:
            return at_element
        span = positions.element(self._numbers[holder])
        start = span.whole[1] if is_tail else span.start_tag[1]
        text = self._text.utf8
        end = text.find(b"<", start)
        piece = text[start : end if end >= 0 else len(text)]
        start += len(piece) - len(piece.lstrip())
        end = start + len(piece.strip().split(b"\n", 1)[0].rstrip())
        return self.locate_bytes(start, end, at_element.xpath)

    @property
    def may_suppress(self) -> bool:
        """Tell whether there may be something in it that is meant for domlint: whether a word is in its bytes."""
        if self.root is None:
            return False
        if _OWN_NAME in self.data:
            return True
        # In UTF-16 and UTF-32 the letters do not stand side by side.
        return b"\0" in self.data[:100] and self._text is not None and _OWN_NAME in self._text.utf8

    @cached_property
    def is_plain(self) -> bool:
        """Tell whether names and values are bytes as they are: in an encoding like ASCII, none by its number.

        False for an encoding that is declared and not UTF-8: in UTF-7 a name has many forms.
        """
        data = self.data
        if data[:1] not in _PLAIN_BEGINNINGS or b"\0" in data[:4] or (b"&" in data and b"&#" in data):
            return False
        declared = data[: data.find(b"?>")] if b"<?xml" in data[:8] else b""
        return b"encoding" not in declared or b"utf-8" in declared.lower()

    @cached_property
    def structure(self) -> "Structure":
        """How the domain or network stands to what libvirt knows; only for files that have one."""
        from domlint.structure import Structure

        if self.network is not None:
            return Structure("network", self.network, self.data)
        assert self.domain is not None
        return Structure("domain", self.domain, self.data)

    def line_text(self, line: int) -> str:
        """The text of a line, from 1, without its end."""
        if self._text is not None:
            return self._text.line(line)
        lines = self.data.decode(errors="replace").splitlines()
        return lines[line - 1] if 1 <= line <= len(lines) else ""

    def _path(self, element: Element) -> str:
        """The XPath of an element, as lxml's getpath would write it.

        That counts all siblings before the element each time: too slow for many findings in one long list.
        """
        steps: list[str] = []
        parent = None if self._has_few_places else element.getparent()
        while parent is not None:
            if parent not in self._steps:
                self._steps[parent] = _steps_of(parent)
            step = self._steps[parent].get(element)
            if step is None:
                steps.append(str(element.getroottree().getpath(element)))
                break
            steps.append(f"/{step}")
            element, parent = parent, parent.getparent()
        else:
            steps.append(str(element.getroottree().getpath(element)))
        path = "".join(reversed(steps))
        return path if len(path) <= _LONGEST_XPATH else ""

    @cached_property
    def _steps(self) -> dict[Element, dict[Element, str]]:
        return {}

    @cached_property
    def _text(self) -> "Text | None":
        from domlint.positions import Text

        try:
            return Text(self.data, None if self.root is None else self.root.getroottree().docinfo.encoding)
        except (LookupError, UnicodeError):
            return None

    @cached_property
    def _positions(self) -> "Positions | None":
        from pyexpat import ExpatError

        from domlint.positions import Positions

        if self._text is None:
            return None
        try:
            found = Positions(self._text)
        except ExpatError:
            return None
        return found if len(found) == len(self._numbers) else None

    @cached_property
    def _numbers(self) -> dict[Element, int]:
        assert self.root is not None
        return {element: number for number, element in enumerate(self.root.iter("*"))}


def parse(name: str, data: bytes) -> Document:
    """Parse a file's bytes. Never raises for what is in them: what is wrong becomes a fault of the document."""
    if len(data) > MAXIMUM_BYTES or b"<!DOCTYPE" in data or b"\0" in data[:4]:
        from domlint.broken import reason_to_refuse

        fault = reason_to_refuse(name, data)
        if fault is not None:
            return Document(name, data, None, (fault,))
    try:
        root = etree.fromstring(data, hardened_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        from domlint.broken import explain

        return explain(name, data, error)
    if root.getroottree().docinfo.internalDTD is not None:
        from domlint.broken import entities_in_tree

        fault = entities_in_tree(name, root)
        if fault is not None:
            return Document(name, data, None, (fault,))
    document = Document(name, data, root)
    if document.domain is None and document.network is None and root.tag not in DOMAIN_WRAPPERS:
        from domlint.broken import root_fault

        return Document(name, data, root, (root_fault(document),))
    return document


@cache  # Making one takes as long as reading a small file.
def hardened_parser(recover: bool = False, keep_comments: bool = True) -> etree.XMLParser:
    """A parser that expands no entity, reads no other file and keeps libxml2's limits of size and depth.

    Without comments, processing instructions are left out, too.
    """
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=recover,
        remove_comments=not keep_comments,
        remove_pis=not keep_comments,
    )


def _steps_of(parent: Element) -> dict[Element, str]:
    """The last step of the path to each child element that has no namespace: its name, numbered where that repeats."""
    by_name: dict[str, list[Element]] = {}
    for child in parent.iterchildren("{}*"):
        by_name.setdefault(str(child.tag), []).append(child)
    steps = {}
    for name, group in by_name.items():
        if len(group) == 1:
            steps[group[0]] = name
        else:
            steps.update({child: f"{name}[{number}]" for number, child in enumerate(group, 1)})
    return steps


def network_in(root: Element) -> Element | None:
    """The network at a root, which may be the status file of a running one."""
    if root.tag == "networkstatus":
        return next(root.iterchildren("network"), None)
    return root if root.tag == "network" else None


def _domain_in(root: Element) -> Element | None:
    if root.tag == "domain":
        return root
    if root.tag in DOMAIN_WRAPPERS:
        return next(root.iterchildren("domain"), None)
    return None
