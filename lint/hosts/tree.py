"""What the readers of capability files share: parsing, and values out of elements."""

from typing import Final

from lxml import etree

from domlint.document import hardened_parser
from domlint.hosts.errors import HostError, quoted
from domlint.printable import printable

CACHE: Final = (
    "/var/cache/libvirt/qemu/capabilities/ (or ~/.cache/libvirt/qemu/cache/capabilities/ for qemu:///session)"
)
WHERE_TO_FIND: Final = (
    f"give a copy of the file that libvirt keeps for the emulator, from {CACHE} on the host, or what 'virsh "
    "domcapabilities' or 'virsh capabilities' prints there"
)

ROOTS: Final = ("qemuCaps", "domainCapabilities", "capabilities")
"""The root elements of the files that tell what a host can do."""

YES_NO: Final = {"yes": True, "no": False}

_OTHER_KINDS: Final = {
    "domain": ("this is a domain, not a host", "give it as a PATH to check"),
    "network": ("this is a network, not a host", "give it with --network"),
}


class Damaged(Exception):  # noqa: N818 - the readers turn it into a HostError
    """Something in the tree is not as libvirt writes it."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message, line)
        self.message = message
        self.line = line


def parse_root(data: bytes, source: str) -> etree._Element:
    """The root element of a capability file, one of ROOTS. Raises HostError where the bytes are no such file."""
    if not data.strip():
        raise HostError(source, "the file is empty", help_=WHERE_TO_FIND)
    if data[:2] == b"\x1f\x8b":
        raise HostError(source, "the file is compressed (gzip)", help_="decompress it first")
    if b"\0" in data[:4096] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise HostError(source, "this is a binary file, not XML", help_=WHERE_TO_FIND)
    if b"<!DOCTYPE" in data:
        # Entities could make a small file huge, or name other files; libvirt never writes any.
        raise HostError(
            source,
            "the file has a document type declaration, which libvirt never writes",
            data[: data.index(b"<!DOCTYPE")].count(b"\n") + 1,
            help_=WHERE_TO_FIND,
        )
    try:
        root = etree.fromstring(data, hardened_parser(keep_comments=False))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        # lxml ends the message with the place, which is given apart.
        what = str(error.msg).rpartition(", line ")[0] or str(error.msg)
        raise HostError(
            source,
            f"not well-formed XML: {printable(what.strip())}",
            line or None,
            column or None,
            help_=WHERE_TO_FIND,
        ) from None
    except (ValueError, LookupError) as error:
        raise HostError(source, f"not readable as XML: {printable(str(error))}", help_=WHERE_TO_FIND) from None
    if root.tag not in ROOTS:
        message, help_ = _OTHER_KINDS.get(
            etree.QName(root).localname,
            (f"the root element is {quoted(str(root.tag))}, that of no capability file", WHERE_TO_FIND),
        )
        raise HostError(source, message, line_of(root), help_=help_)
    if _has_doctype(root):
        raise HostError(source, "the file has a document type declaration, which libvirt never writes", 1)
    return root


def _has_doctype(root: etree._Element) -> bool:
    # The scan of the bytes misses it in encodings other than those that contain ASCII.
    return bool(root.getroottree().docinfo.doctype)  # type: ignore[attr-defined]


def line_of(element: etree._Element) -> int | None:
    """The line that the element begins on, from 1."""
    line = element.sourceline
    return line if isinstance(line, int) else None


def required(element: etree._Element, attribute: str) -> str:
    """An attribute that must be there. Raises Damaged."""
    value = element.get(attribute)
    if not value:
        raise Damaged(f"<{printable(str(element.tag))}> has no '{attribute}'", line_of(element))
    return str(value)


def yes_or_no(element: etree._Element, attribute: str) -> bool:
    """An attribute that must be 'yes' or 'no'. Raises Damaged."""
    value = required(element, attribute)
    known = YES_NO.get(value)
    if known is None:
        raise Damaged(
            f"'{attribute}' of <{printable(str(element.tag))}> is {quoted(value)}, not 'yes' or 'no'",
            line_of(element),
        )
    return known


def text_of(element: etree._Element | None) -> str | None:
    """The text of an element, None when there is no element or nothing in it."""
    if element is None or element.text is None:
        return None
    return str(element.text).strip() or None


def element_number(element: etree._Element) -> int:
    """The text of an element as a number. Raises Damaged."""
    return _number(text_of(element), element)


def child_number(element: etree._Element, tag: str) -> int | None:
    """The text of a child as a number, None where there is no such child. Raises Damaged."""
    child = element.find(tag)
    return None if child is None else element_number(child)


def attribute_number(element: etree._Element, attribute: str) -> int:
    """An attribute that must be there and be a number. Raises Damaged."""
    return _number(required(element, attribute), element, f"'{attribute}' of ")


def optional_number(element: etree._Element, attribute: str) -> int | None:
    """An attribute as a number, None where it is missing. Raises Damaged."""
    return None if element.get(attribute) is None else attribute_number(element, attribute)


def is_number(text: str) -> bool:
    """Tell whether a text is a version, count or size in decimal digits."""
    # More digits than these are none of those; and int() of a long text takes long.
    return text.isascii() and text.isdigit() and len(text) <= 20


def _number(text: str | None, element: etree._Element, what: str = "") -> int:
    if text is None or not is_number(text):
        raise Damaged(
            f"{what}<{printable(str(element.tag))}> should be a number, not {quoted(text or '')}", line_of(element)
        )
    return int(text)
