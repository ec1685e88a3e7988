"""Reader of the files in which libvirt keeps what it has probed of one QEMU (``<qemuCaps>``).

Source of the format: libvirt src/qemu/qemu_capabilities.c, functions virQEMUCapsFormatCache and
virQEMUCapsLoadCache, releases 1.2 to 11.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn, cast

from lxml import etree

from domlint.document import hardened_parser
from domlint.hosts.errors import HostError, quoted
from domlint.hosts.model import Host, Machine
from domlint.printable import printable
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts.parts import CpuModel, Gic, HostCpu, Sev, Sgx

_CACHE = "/var/cache/libvirt/qemu/capabilities/ (or ~/.cache/libvirt/qemu/cache/capabilities/ for qemu:///session)"
WHERE_TO_FIND = f"give a copy of the file that libvirt keeps for the emulator, from {_CACHE} on the host"

_OTHER_KINDS = {
    "domain": ("this is a domain, not a host", "give it as a PATH to check"),
    "network": ("this is a network, not a host", "give it with --network"),
    "domainCapabilities": ("domainCapabilities files are not read yet", WHERE_TO_FIND),
    "capabilities": ("the capabilities of the whole host do not say what its QEMU can do", WHERE_TO_FIND),
}

_YES_NO = {"yes": True, "no": False}
_CPU_TAGS = frozenset({"cpu", "hostCPU"})


class _Damaged(Exception):  # noqa: N818 - never leaves this module
    """Something in the tree is not as libvirt writes it."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message, line)
        self.message = message
        self.line = line


def read_qemucaps(data: bytes, source: str, id: str | None = None) -> Host:  # noqa: A002 - the field's name
    """Read the bytes of a qemuCaps file; ``source`` names them in messages, ``id`` labels the host (default: source).

    Elements that are not known are passed over: a newer libvirt may write more.
    Raises HostError when the bytes are no such file, or a damaged one.
    """
    root = _parse(data, source)
    try:
        return _read_root(root, data, source, source if id is None else id)
    except _Damaged as damaged:
        _raise_damaged(damaged, data, source)


def _parse(data: bytes, source: str) -> etree._Element:
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
    if root.tag != "qemuCaps":
        tag = str(root.tag)
        message, help_ = _OTHER_KINDS.get(
            etree.QName(root).localname, (f"the root element is {quoted(tag)}, not 'qemuCaps'", WHERE_TO_FIND)
        )
        raise HostError(source, message, _line(root), help_=help_)
    if _has_doctype(root):
        raise HostError(source, "the file has a document type declaration, which libvirt never writes", 1)
    return root


def _read_root(root: etree._Element, data: bytes, source: str, id_: str) -> Host:
    flags: list[str] = []
    machines: list[Machine] = []
    gics: list[Gic] = []
    sev: Sev | None = None
    sgx: Sgx | None = None
    hyperv: frozenset[str] | None = None
    single: dict[str, etree._Element] = {}
    for element in root:
        tag = element.tag
        if tag == "flag":
            flags.append(element.get("name") or _required(element, "name"))
        elif tag == "machine":
            machines.append(_machine(element))
        elif tag in _CPU_TAGS:
            continue
        elif tag == "gic":
            gics.append(_gic(element))
        elif tag == "sev":
            sev = _sev(element)
        elif tag == "sgx":
            sgx = _sgx(element)
        elif tag == "hypervCapabilities":
            hyperv = frozenset(_required(cap, "name") for cap in element.iterchildren("cap"))
        else:
            # libvirt takes the first of each.
            single.setdefault(str(tag), element)
    for element in _nameless_cpus(root) if root.xpath(_HAS_NAMELESS_CPUS) else ():
        _required(element, "model" if element.tag == "hostCPU" else "name")
    arch = _text(single.get("arch"))
    if arch is None:
        raise _Damaged("the architecture (<arch>) is missing", None)
    if "version" not in single:
        raise _Damaged("the version of QEMU (<version>) is missing", None)
    version = _element_number(single["version"])
    if not version:
        raise _Damaged("the version of QEMU (<version>) is 0", _line(single["version"]))
    if not machines:
        raise _Damaged("no machine is listed", None)
    writer = _element_number(single["selfvers"]) if "selfvers" in single else 0
    return Host(
        id=id_,
        source=source,
        kind="qemucaps",
        emulator=_text(single.get("emulator")),
        arch=arch,
        qemu_version=Version.from_number(version),
        qemu_package=_text(single.get("package")) or "",
        libvirt_version=Version.from_number(writer) if writer else None,
        kernel=_text(single.get("kernelVersion")),
        microcode=_element_number(single["microcodeVersion"]) if "microcodeVersion" in single else None,
        cpu_signature=_text(single.get("hostCPUSignature")),
        flags=frozenset(flags),
        machines=tuple(machines),
        gics=tuple(gics),
        sev=sev,
        sgx=sgx,
        hyperv=hyperv,
        nesting="kvmSupportsNesting" in single,
        secure_guest="kvmSupportsSecureGuest" in single,
        document=data,
    )


def _machine(element: etree._Element) -> Machine:
    get = element.get
    max_cpus = get("maxCpus")
    acpi = get("acpi")
    return Machine(
        get("type"),
        get("name") or _required(element, "name"),
        get("alias"),
        get("default") == "yes",
        None if max_cpus is None else _attribute_number(element, "maxCpus"),
        get("deprecated") == "yes",
        get("hotplugCpus") == "yes",
        get("numaMemSupported") == "yes",
        None if acpi is None else _flag(element, "acpi"),
        get("defaultCPU"),
    )


_HAS_NAMELESS_CPUS = (
    "boolean(cpu[not(@name)]) or boolean(cpu/blocker[not(@name)]) or boolean(hostCPU[not(@model)])"
    " or boolean(hostCPU/property[not(@name)]) or boolean(hostCPU/deprecatedFeatures/property[not(@name)])"
)
"""Asked first: to gather the elements themselves, libxml2 sorts them, which takes longer than all the rest."""


def _nameless_cpus(root: etree._Element) -> list[etree._Element]:
    """Those parts of the CPUs that have no name, so that :func:`read_cpus` can rely on names being there.

    One XPath looks at all in a tenth of the time that it takes to build the models.
    """
    found = root.xpath(
        "cpu[not(@name)] | cpu/blocker[not(@name)] | hostCPU[not(@model)] | hostCPU/property[not(@name)]"
        " | hostCPU/deprecatedFeatures/property[not(@name)]"
    )
    return cast("list[etree._Element]", found)


@lru_cache(maxsize=32)
def read_cpus(document: bytes) -> tuple[tuple[CpuModel, ...], tuple[HostCpu, ...]]:
    """The CPU models and the host's CPUs in a qemuCaps file that :func:`read_qemucaps` has read without error."""
    if not document:
        return (), ()
    root = etree.fromstring(document, hardened_parser(keep_comments=False))
    return (
        tuple(_cpu_model(element) for element in root.iterchildren("cpu")),
        tuple(_host_cpu(element) for element in root.iterchildren("hostCPU")),
    )


def _cpu_model(element: etree._Element) -> CpuModel:
    from domlint.hosts.parts import CpuModel

    get = element.get
    return CpuModel(
        get("type"),
        get("name", ""),
        get("typename"),
        _YES_NO.get(get("usable", "")),
        tuple([child.get("name", "") for child in element.iterchildren("blocker")]),
        get("deprecated") == "yes",
    )


def _host_cpu(element: etree._Element) -> HostCpu:
    from domlint.hosts.parts import HostCpu

    return HostCpu(
        element.get("type"),
        element.get("model", ""),
        element.get("migratability") == "yes",
        tuple(
            [
                (get("name", ""), get("type", ""), get("value", ""), _YES_NO.get(get("migratable", "")))
                for get in [child.get for child in element.iterchildren("property")]
            ]
        ),
        tuple([feature.get("name", "") for feature in element.iterfind("deprecatedFeatures/property")]),
    )


def _gic(element: etree._Element) -> Gic:
    from domlint.hosts.parts import Gic

    return Gic(_attribute_number(element, "version"), _flag(element, "kernel"), _flag(element, "emulated"))


def _sev(element: etree._Element) -> Sev:
    from domlint.hosts.parts import Sev

    return Sev(
        _child_number(element, "cbitpos"),
        _child_number(element, "reducedPhysBits"),
        _child_number(element, "maxGuests"),
        _child_number(element, "maxESGuests"),
    )


def _sgx(element: etree._Element) -> Sgx:
    from domlint.hosts.parts import Sgx

    return Sgx(
        _text(element.find("flc")) == "yes",
        _text(element.find("sgx1")) == "yes",
        _text(element.find("sgx2")) == "yes",
        _child_number(element, "section_size"),
        tuple(
            (_attribute_number(section, "node"), _attribute_number(section, "size"))
            for section in element.iterfind("sections/section")
        ),
    )


def _has_doctype(root: etree._Element) -> bool:
    # The scan of the bytes misses it in encodings other than those that contain ASCII.
    return bool(root.getroottree().docinfo.doctype)  # type: ignore[attr-defined]


def _line(element: etree._Element) -> int | None:
    line = element.sourceline
    return line if isinstance(line, int) else None


def _required(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    if not value:
        raise _Damaged(f"<{printable(str(element.tag))}> has no '{attribute}'", _line(element))
    return str(value)


def _flag(element: etree._Element, attribute: str) -> bool:
    value = _required(element, attribute)
    known = _YES_NO.get(value)
    if known is None:
        raise _Damaged(
            f"'{attribute}' of <{printable(str(element.tag))}> is {quoted(value)}, not 'yes' or 'no'",
            _line(element),
        )
    return known


def _text(element: etree._Element | None) -> str | None:
    """The text of an element, None when there is no element or nothing in it."""
    if element is None or element.text is None:
        return None
    return str(element.text).strip() or None


def _element_number(element: etree._Element) -> int:
    return _number(_text(element), element)


def _child_number(element: etree._Element, tag: str) -> int | None:
    child = element.find(tag)
    return None if child is None else _element_number(child)


def _attribute_number(element: etree._Element, attribute: str) -> int:
    return _number(_required(element, attribute), element, f"'{attribute}' of ")


def _number(text: str | None, element: etree._Element, what: str = "") -> int:
    # More digits than these are no version, count or size; and int() of a long text takes long.
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 20:
        raise _Damaged(
            f"{what}<{printable(str(element.tag))}> should be a number, not {quoted(text or '')}", _line(element)
        )
    return int(text)


def _raise_damaged(damaged: _Damaged, data: bytes, source: str) -> NoReturn:
    from domlint.hosts.explain import explain

    message = f"the file is damaged: {damaged.message}"
    for line in explain(data):
        message += f"\n  {line}"
    raise HostError(source, message, damaged.line, help_=f"copy it again from {_CACHE} on the host")
