"""One file, parsed once: its tree, the domain in it, and the exact place of everything in it."""

from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from lxml import etree

from domlint.findings import Location

if TYPE_CHECKING:
    from domlint.positions import Positions

Element: TypeAlias = etree._Element

MAXIMUM_BYTES: Final = 16 * 1024 * 1024
"""The largest file that is read, in bytes.

libvirt's remote protocol carries at most 4 MiB of XML (REMOTE_STRING_MAX in src/remote/remote_protocol.x, libvirt
11.3.0), so that no definition of a real domain comes near.
"""

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
    None. ``faults`` says what is wrong with the file as such.
    """

    def __init__(self, name: str, data: bytes, root: Element | None, faults: tuple[Fault, ...] = ()) -> None:
        self.name = name
        self.data = data
        self.root = root
        self.domain = None if root is None else _domain_in(root)
        self.faults = faults

    def locate(self, element: Element, attribute: str | None = None) -> Location:
        """The place of an element's start tag, or of one of its attributes (where it has none of that name, the tag).

        Columns count characters, from 1.
        """
        xpath = str(element.getroottree().getpath(element))
        positions = self._positions
        if positions is None:
            line = element.sourceline or 1
            return Location(self.name, line, 1, line, 1, xpath=xpath)
        span = positions.element(self._numbers[element])
        start, end = span.start_tag
        if attribute is not None and attribute in span.attributes:
            start, end = span.attributes[attribute]
            xpath = f"{xpath}/@{attribute}"
        first, last = positions.place(start), positions.place(end)
        return Location(self.name, *first[:2], *last[:2], first.offset, last.offset, xpath)

    def line_text(self, line: int) -> str:
        """The text of a line, from 1, without its end."""
        return self._lines[line - 1] if 1 <= line <= len(self._lines) else ""

    @cached_property
    def _encoding(self) -> str | None:
        return None if self.root is None else self.root.getroottree().docinfo.encoding

    @cached_property
    def _positions(self) -> "Positions | None":
        from xml.parsers.expat import ExpatError

        from domlint.positions import Positions

        try:
            found = Positions(self.data, self._encoding)
        except (LookupError, UnicodeError, ExpatError):
            return None
        return found if len(found) == len(self._numbers) else None

    @cached_property
    def _numbers(self) -> dict[Element, int]:
        assert self.root is not None
        return {element: number for number, element in enumerate(self.root.iter("*"))}

    @cached_property
    def _lines(self) -> list[str]:
        from domlint.positions import lines_of

        return lines_of(self.data, self._encoding)


def children(element: Element, *names: str) -> Iterator[Element]:
    """The child elements with these names, or all; comments and processing instructions are none."""
    return element.iterchildren(*(names or ("*",)))


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
    document = Document(name, data, root)
    if document.domain is None and root.tag not in DOMAIN_WRAPPERS:
        from domlint.broken import root_fault

        return Document(name, data, root, (root_fault(document),))
    return document


def hardened_parser(recover: bool = False) -> etree.XMLParser:
    """A parser that expands no entity, reads no other file and keeps libxml2's limits of size and depth."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, recover=recover
    )


def _domain_in(root: Element) -> Element | None:
    if root.tag == "domain":
        return root
    if root.tag in DOMAIN_WRAPPERS:
        return next(root.iterchildren("domain"), None)
    return None
