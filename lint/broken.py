"""What is wrong with a file that is no readable domain document, said for people.

Only files with something wrong get here, so that the ordinary path does not pay for it.
"""

from __future__ import annotations

import contextlib
import re
from typing import Any, Final
from xml.parsers import expat

from lxml import etree

from domlint.document import (
    DOMAIN_WRAPPERS,
    MAXIMUM_BYTES,
    Document,
    Fault,
    FaultKind,
    hardened_parser,
)
from domlint.findings import Location
from domlint.placeholders import is_placeholder
from domlint.positions import Text, declared_encoding, is_mislabelled

OTHER_LIBVIRT_ROOTS: Final = {
    "capabilities": "the output of virsh capabilities",
    "controller": "a single device, as virsh attach-device takes it",
    "cpu": "a CPU definition",
    "cpudata": "CPU data",
    "device": "a node device",
    "disk": "a single device, as virsh attach-device takes it",
    "domainCapabilities": "the output of virsh domcapabilities",
    "domainbackup": "a backup job",
    "filter": "a network filter",
    "filterbinding": "a network filter binding",
    "hostdev": "a single device, as virsh attach-device takes it",
    "interface": "a host interface, or a single device",
    "network": "a network definition; give it with --network",
    "networkport": "a network port",
    "pool": "a storage pool",
    "qemuCaps": "a host's capability file; give it with --caps",
    "secret": "a secret",
    "storagepoolCapabilities": "the output of virsh pool-capabilities",
    "sysinfo": "the output of virsh sysinfo",
    "volume": "a storage volume",
}
"""What the other roots of libvirt's documents are. Source: the format pages of libvirt 11.3.0 (docs/format*.rst)."""

PREFIX_NAMESPACES: Final = {
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "lxc": "http://libvirt.org/schemas/domain/lxc/1.0",
    "xen": "http://libvirt.org/schemas/domain/xen/1.0",
    "bhyve": "http://libvirt.org/schemas/domain/bhyve/1.0",
    "dnsmasq": "http://libvirt.org/schemas/network/dnsmasq/1.0",
    "fs": "http://libvirt.org/schemas/storagepool/fs/1.0",
    "rbd": "http://libvirt.org/schemas/storagepool/rbd/1.0",
}
"""The namespaces of libvirt's drivers by their usual prefix. Source: docs/drvqemu.rst and its like, libvirt 11.3.0."""

_MISSPELLABLE: Final = ("domain", *DOMAIN_WRAPPERS, "network")

_CHILDREN_OF_THOSE: Final = frozenset(
    {"name", "uuid", "title", "description", "metadata", "memory", "currentMemory", "vcpu", "os", "features", "cpu"}
    | {"clock", "devices", "on_poweroff", "on_reboot", "on_crash", "domain", "bridge", "forward", "ip", "state"}
)

_POSITION_IN_TEXT = re.compile(r" ?,? line \d+, column \d+.*$")
_FIRST_TAG = re.compile(
    rb"<!--.*?(?:-->|\Z)"
    rb"|<\?.*?(?:\?>|\Z)"
    rb"|<!DOCTYPE[^\[>]*(?:\[.*?(?:\]\s*>|\Z))?"
    rb"|<([^\s!?/>][^\s/>]*)",
    re.DOTALL,
)
_LONE_AMPERSAND = re.compile(rb"&[^\s;<>&]{0,40}\Z")

_RENDER_FIRST = "the file looks like a template: lint what it renders to, or keep placeholders inside of values"


class _EntityFoundError(Exception):
    pass


class _TooDeepError(Exception):
    pass


def reason_to_refuse(name: str, data: bytes) -> Fault | None:
    """Say why the bytes are not handed to the parser: too many of them, or entities that could multiply."""
    if len(data) > MAXIMUM_BYTES:
        return Fault(
            FaultKind.REFUSED,
            f"the file is larger than {MAXIMUM_BYTES // 1024 // 1024} MiB and was not read",
            _start_of(name),
            "libvirt itself takes at most 4 MiB of XML over its connection; lint the file of the domain alone",
        )
    parser = expat.ParserCreate("utf-8")
    seen_at = 0

    def entity_declared(*_details: object) -> None:
        nonlocal seen_at
        seen_at = parser.CurrentByteIndex
        raise _EntityFoundError

    parser.EntityDeclHandler = entity_declared
    try:
        text = Text(data)
        parser.Parse(text.utf8, True)
    except _EntityFoundError:
        return _entities_fault(_location(name, text, text.utf8.rfind(b"<!ENTITY", 0, seen_at + 1)))
    except (expat.ExpatError, LookupError, UnicodeError):
        return None
    return None


def entities_in_tree(name: str, root: etree._Element) -> Fault | None:
    """Say that a document is not read further for its entities, where they could only be seen by parsing it."""
    dtd: Any = root.getroottree().docinfo.internalDTD
    has_entities = dtd is not None and next(iter(dtd.iterentities()), None) is not None
    return _entities_fault(_start_of(name)) if has_entities else None


def _entities_fault(location: Location) -> Fault:
    return Fault(
        FaultKind.REFUSED,
        "the document declares entities of its own and was not read further",
        location,
        "no libvirt document needs a DOCTYPE: write the text itself where the entity stands and remove it",
    )


def explain(name: str, data: bytes, error: Exception) -> Document:
    """The document of a file that lxml refused, with the reason as its fault.

    Prefixes without a declaration are the one thing that libvirt accepts all the same (it ignores what carries them):
    then the document is there, too.
    """
    fault = _syntax_fault(name, data)
    if fault is not None:
        return Document(name, data, None, (fault,))
    fault = _encoding_fault(name, data)
    if fault is not None:
        return Document(name, data, None, (fault,))
    text = str(error)
    if "amplification" in text or "entity reference loop" in text:
        return Document(name, data, None, (_entities_fault(_start_of(name)),))
    line, column = getattr(error, "position", None) or (1, 1)
    location = Location(name, max(line, 1), max(column, 1), max(line, 1), max(column, 1))
    if getattr(error, "code", None) in _NAMESPACE_ERRORS:
        root = etree.fromstring(data, hardened_parser(recover=True))
        if root is not None:
            return _with_wrong_namespaces(Document(name, data, root), text, location)
    return Document(name, data, None, (Fault(FaultKind.NOT_WELL_FORMED, _limit_in_words(text), location),))


def _encoding_fault(name: str, data: bytes) -> Fault | None:
    label = declared_encoding(data)
    with contextlib.suppress(LookupError, UnicodeError):
        if is_mislabelled(data, label):
            message = f"the XML declaration names the encoding {label}, but the file is not in it"
            remedy = "save the file as UTF-8 and remove encoding='…' from its first line"
            return Fault(FaultKind.NOT_WELL_FORMED, message, _start_of(name), remedy)
    if b"\0" in data[:2]:
        message = (
            "the file seems to be in UTF-16, but has neither a byte order mark nor an XML declaration that says so"
        )
        return Fault(FaultKind.NOT_WELL_FORMED, message, _start_of(name), "save the file as UTF-8")
    return None


def _with_wrong_namespaces(document: Document, error: str, location: Location) -> Document:
    assert document.root is not None
    faults = _prefix_faults(document)
    if not faults:
        message = f"{_without_position(error)}: libvirt accepts the file and may ignore what this is about"
        faults = (Fault(FaultKind.UNDECLARED_PREFIX, message, location),)
    if document.domain is None and document.root.tag not in DOMAIN_WRAPPERS:
        faults = (
            (*faults, root_fault(document)) if document.root.tag in OTHER_LIBVIRT_ROOTS else (root_fault(document),)
        )
    return Document(document.name, document.data, document.root, faults)


_NAMESPACE_ERRORS: Final = frozenset({99, *range(200, 206)})
"""The codes of libxml2's namespace errors (XML_WAR_NS_URI, XML_NS_ERR_…); none is fatal, so that libvirt goes on."""


def _limit_in_words(text: str) -> str:
    if "depth" in text:
        return "elements are nested deeper than the 256 levels that libxml2, and so libvirt, reads"
    if "huge" in text.lower() or "too long" in text or "Buffer" in text:
        return "a single text or name is longer than libxml2, and so libvirt, reads (10 MB)"
    if "encoding" in text.lower():
        return "the encoding that the XML declaration names is not known, or the bytes do not fit it"
    return f"not well-formed XML: {_without_position(text)}"


def _without_position(text: str) -> str:
    return _POSITION_IN_TEXT.sub("", " ".join(text.split()))


_IN_WORDS: Final = {
    expat.errors.XML_ERROR_SYNTAX: "the file does not begin with a tag",
    expat.errors.XML_ERROR_NO_ELEMENTS: "no element found: the file is empty or ends before its first tag",
    expat.errors.XML_ERROR_INVALID_TOKEN: "a character or tag that XML does not allow here",
    expat.errors.XML_ERROR_UNCLOSED_TOKEN: "the file ends inside of a tag",
    expat.errors.XML_ERROR_PARTIAL_CHAR: "the file ends in the middle of a character",
    expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "the same attribute stands twice in one tag",
    expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT: "something follows the end of the root element",
    expat.errors.XML_ERROR_UNDEFINED_ENTITY: "an entity that is not declared (XML knows &amp; &lt; &gt; &quot; &apos;)",
    expat.errors.XML_ERROR_BAD_CHAR_REF: "a character reference to a character that XML does not allow",
    expat.errors.XML_ERROR_MISPLACED_XML_PI: "the XML declaration is not at the very start of the file",
    expat.errors.XML_ERROR_UNKNOWN_ENCODING: "the encoding that the XML declaration names is not known",
    expat.errors.XML_ERROR_INCORRECT_ENCODING: "the bytes do not fit the encoding that the XML declaration names",
    expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION: "a CDATA section is not closed",
    expat.errors.XML_ERROR_XML_DECL: "the XML declaration is damaged",
    expat.errors.XML_ERROR_TEXT_DECL: "the XML declaration is damaged",
}


def _syntax_fault(name: str, data: bytes) -> Fault | None:
    try:
        text = Text(data)
    except UnicodeDecodeError as error:
        start = _start_of(name)
        message = f"the bytes do not fit the encoding {error.encoding}: byte {error.start} cannot be read"
        return Fault(FaultKind.NOT_WELL_FORMED, message, start, "save the file as UTF-8")
    except (LookupError, UnicodeError):
        message = "the encoding that the XML declaration names is not known"
        return Fault(FaultKind.NOT_WELL_FORMED, message, _start_of(name), "save the file as UTF-8")
    parser = expat.ParserCreate("utf-8")
    open_tags: list[tuple[str, int]] = []
    depth = 0

    def start_element(tag: str, _attributes: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH_OF_LIBXML2:
            raise _TooDeepError
        open_tags.append((tag, parser.CurrentLineNumber))

    def end_element(_tag: str) -> None:
        nonlocal depth
        depth -= 1
        open_tags.pop()

    parser.StartElementHandler = start_element
    parser.EndElementHandler = end_element
    try:
        parser.Parse(text.utf8, True)
    except _TooDeepError:
        return None
    except expat.ExpatError as error:
        first, behind = _span(error, text.utf8, max(parser.ErrorByteIndex, 0))
        message, help_text = _explanation(error, text.utf8, first, open_tags)
        location = _location(name, text, first, behind)
        return Fault(FaultKind.NOT_WELL_FORMED, f"not well-formed XML: {message}", location, help_text)
    return None


_DEPTH_OF_LIBXML2: Final = 256
"""xmlParserMaxDepth, libxml2 parserInternals.h."""


def _span(error: expat.ExpatError, text: bytes, index: int) -> tuple[int, int]:
    """Where the mistake begins and ends: expat often stops some characters behind its begin."""
    code = expat.errors.messages.get(error.code, "")
    if code == expat.errors.XML_ERROR_TAG_MISMATCH and text[index - 2 : index] == b"</":
        return index - 2, text.find(b">", index) + 1 or len(text)
    if code == expat.errors.XML_ERROR_INVALID_TOKEN:
        lone = _LONE_AMPERSAND.search(text, max(0, index - 50), index)
        if lone is not None:
            return lone.start(), lone.start() + 1
        if text[index - 1 : index] == b"<":
            return index - 1, index
    return index, index


def _explanation(error: expat.ExpatError, text: bytes, index: int, open_tags: list[tuple[str, int]]) -> tuple[str, str]:
    code = expat.errors.messages.get(error.code, "")
    if code == expat.errors.XML_ERROR_TAG_MISMATCH and open_tags:
        tag, line = open_tags[-1]
        return (
            f"this end tag does not match <{tag}>, opened in line {line}",
            _RENDER_FIRST if b"{%" in text else f"close it with </{tag}>",
        )
    template = _RENDER_FIRST if _is_in_template(text, index) else ""
    at_end = index >= len(text.rstrip())
    if at_end and open_tags and code in (expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN):
        tag, line = open_tags[-1]
        return f"the file ends before <{tag}>, opened in line {line}, is closed", template or f"add </{tag}>"
    if code == expat.errors.XML_ERROR_INVALID_TOKEN and index < len(text):
        return _unexpected(text, index), template
    return _IN_WORDS.get(code, code or str(error)), template


def _is_in_template(text: bytes, index: int) -> bool:
    """Tell whether the line, as far as it is near, has signs of a template."""
    before = text[max(0, index - 200) : index].splitlines()
    around = b"".join((*before[-1:], *text[index : index + 200].splitlines()[:1])).decode(errors="replace")
    return "{%" in around or "{#" in around or is_placeholder(around)


def _unexpected(text: bytes, index: int) -> str:
    character = text[index : index + 4].decode(errors="replace")[:1]
    if character < " " and character not in "\t\r\n":
        return f"the control character U+{ord(character):04X} is not allowed in XML"
    if character == "\ufffd":
        return "bytes that are no UTF-8 text (does the file lack an XML declaration with its encoding?)"
    if character == "&":
        return "a lone & (write &amp;)"
    if character == "<":
        return "a < where none may stand (write &lt; in values)"
    return f"the character {character!r} may not stand here"


_MOST_PREFIXES: Final = 20
"""The prefixes without a declaration that are told of one file."""


def _prefix_faults(document: Document) -> tuple[Fault, ...]:
    assert document.root is not None
    seen: dict[str, Fault] = {}
    for element in document.root.iter("*"):
        if len(seen) == _MOST_PREFIXES:
            break
        names = [str(element.tag), *map(str, element.attrib)]
        for position, qualified in enumerate(names):
            prefix, _colon, local = qualified.partition(":")
            if qualified.startswith("{") or not prefix or not local or ":" in local or prefix in seen:
                continue
            namespace = PREFIX_NAMESPACES.get(prefix, "its URI")
            seen[prefix] = Fault(
                FaultKind.UNDECLARED_PREFIX,
                f"the prefix '{prefix}:' of '{qualified}' is not declared: libvirt accepts the file and silently "
                f"ignores everything with this prefix",
                document.locate(element, qualified if position else None),
                f"add xmlns:{prefix}='{namespace}' to the <{document.root.tag}> tag",
            )
    return tuple(seen.values())


def root_fault(document: Document) -> Fault:
    """Say what a document is whose root holds no domain."""
    assert document.root is not None
    tag = document.root.tag
    location = document.locate(document.root)
    namespace, local_name = _namespace_and_name(str(tag))
    if namespace and local_name == "domain":
        return Fault(
            FaultKind.MISSPELT_ROOT,
            f"this <domain> is in the namespace '{namespace}': libvirt reads elements without one only",
            location,
            "remove the xmlns attribute",
        )
    if local_name != tag and local_name == "domain":
        return Fault(
            FaultKind.MISSPELT_ROOT,
            f"the root element is <{tag}>: libvirt reads <domain> without a prefix only",
            location,
            "remove the prefix",
        )
    if tag in OTHER_LIBVIRT_ROOTS:
        return Fault(FaultKind.OTHER_ROOT, f"no domain: <{tag}> is {OTHER_LIBVIRT_ROOTS[tag]}", location)
    meant = _meant(document.root)
    if meant is not None:
        return Fault(
            FaultKind.MISSPELT_ROOT,
            f"the root element is <{tag}>, which libvirt does not know",
            location,
            f"did you mean <{meant}>?",
        )
    return Fault(FaultKind.OTHER_ROOT, f"no domain: the root element is <{local_name}>", location)


def _namespace_and_name(tag: str) -> tuple[str, str]:
    """The namespace of a tag as lxml writes it, and its name; a prefix that is not declared is cut off."""
    namespace, brace, local_name = tag.rpartition("}")
    return (namespace[1:], local_name) if brace else ("", tag.rpartition(":")[2])


def _meant(root: etree._Element) -> str | None:
    tag = str(root.tag)
    meant = next((known for known in _MISSPELLABLE if tag != f"{known}s" and _is_near(tag, known)), None)
    names = {child.tag for child in root.iterchildren("*")}
    return meant if not names or names & _CHILDREN_OF_THOSE else None


def _is_near(word: str, known: str) -> bool:
    """Tell whether one letter added, dropped, changed or swapped with its neighbour, or case, makes the difference."""
    word, folded = word.lower(), known.lower()
    if word == folded:
        return True
    if len(word) == len(folded):
        differing = [index for index, (one, other) in enumerate(zip(word, folded, strict=True)) if one != other]
        if len(differing) == 1:
            return True
        return (
            len(differing) == 2
            and differing[1] == differing[0] + 1
            and word[differing[0]] == folded[differing[1]]
            and word[differing[1]] == folded[differing[0]]
        )
    if abs(len(word) - len(folded)) != 1:
        return False
    shorter, longer = sorted((word, folded), key=len)
    return any(longer[:index] + longer[index + 1 :] == shorter for index in range(len(longer)))


def is_libvirt_root(tag: str) -> bool:
    """Tell whether a root element's name is one of libvirt's, or nearly a domain's."""
    known = tag == "domain" or tag in DOMAIN_WRAPPERS or tag in OTHER_LIBVIRT_ROOTS
    return known or any(_is_near(tag, name) for name in _MISSPELLABLE)


def first_tag(data: bytes) -> str:
    """The name of the first tag in bytes that may not be well-formed; "" where there is none."""
    with contextlib.suppress(LookupError, UnicodeError):
        data = Text(data).utf8
    found = next((match.group(1) for match in _FIRST_TAG.finditer(data) if match.group(1)), b"")
    return found.decode(errors="replace")


def _location(name: str, text: Text, start: int, end: int | None = None) -> Location:
    first, last = text.place(start), text.place(start if end is None else end)
    return Location(name, *first[:2], *last[:2], first.offset, last.offset)


def _start_of(name: str) -> Location:
    return Location(name, 1, 1, 1, 1)
