"""Reader of the files in which libvirt keeps what it has probed of one QEMU (``<qemuCaps>``).

Source of the format: libvirt src/qemu/qemu_capabilities.c, functions virQEMUCapsFormatCache and
virQEMUCapsLoadCache, releases 1.2 to 11.
"""

from __future__ import annotations

from typing import NoReturn

from lxml import etree

from domlint.hosts.errors import HostError, printable, quoted
from domlint.hosts.model import CpuModel, Gic, Host, HostCpu, Machine, Sev, Sgx
from domlint.versions import Version

WHERE_TO_FIND = (
    "give the file that libvirt keeps for the emulator, from /var/cache/libvirt/qemu/capabilities/ "
    "(or ~/.cache/libvirt/qemu/capabilities/ for qemu:///session)"
)

_OTHER_KINDS = {
    "domain": ("this is a domain, not a host", "give it as a PATH to check"),
    "network": ("this is a network, not a host", "give it with --network"),
    "domainCapabilities": ("domainCapabilities files are not read yet", WHERE_TO_FIND),
    "capabilities": ("the capabilities of the whole host do not say what its QEMU can do", WHERE_TO_FIND),
}

_YES_NO = {"yes": True, "no": False}


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
        return _read_root(root, source, source if id is None else id)
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
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise HostError(
            source,
            f"not well-formed XML: {printable(str(error.msg))}",
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
        raise HostError(source, message, root.sourceline, help_=help_)
    if root.getroottree().docinfo.doctype:
        raise HostError(source, "the file has a document type declaration, which libvirt never writes", 1)
    return root


def _read_root(root: etree._Element, source: str, id_: str) -> Host:
    flags: list[str] = []
    machines: list[Machine] = []
    cpu_models: list[CpuModel] = []
    host_cpus: list[HostCpu] = []
    gics: list[Gic] = []
    sev: Sev | None = None
    sgx: Sgx | None = None
    hyperv: frozenset[str] | None = None
    single: dict[str, etree._Element] = {}
    for element in root:
        tag = element.tag
        if tag == "flag":
            flags.append(element.get("name") or _required(element, "name"))
        elif tag == "cpu":
            cpu_models.append(_cpu_model(element))
        elif tag == "machine":
            machines.append(_machine(element))
        elif tag == "hostCPU":
            host_cpus.append(_host_cpu(element))
        elif tag == "gic":
            gics.append(
                Gic(_number(element.get("version"), element), _flag(element, "kernel"), _flag(element, "emulated"))
            )
        elif tag == "sev":
            sev = _sev(element)
        elif tag == "sgx":
            sgx = _sgx(element)
        elif tag == "hypervCapabilities":
            hyperv = frozenset(_required(cap, "name") for cap in element.iterchildren("cap"))
        else:
            # libvirt takes the first of each.
            single.setdefault(str(tag), element)
    arch = _text(single.get("arch"))
    if arch is None:
        raise _Damaged("the architecture (<arch>) is missing", None)
    if "version" not in single:
        raise _Damaged("the version of QEMU (<version>) is missing", None)
    version = _element_number(single["version"])
    if not version:
        raise _Damaged("the version of QEMU (<version>) is 0", single["version"].sourceline)
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
        cpu_models=tuple(cpu_models),
        host_cpus=tuple(host_cpus),
        gics=tuple(gics),
        sev=sev,
        sgx=sgx,
        hyperv=hyperv,
        nesting="kvmSupportsNesting" in single,
        secure_guest="kvmSupportsSecureGuest" in single,
    )


def _machine(element: etree._Element) -> Machine:
    attributes = dict(element.attrib)
    get = attributes.get
    max_cpus = get("maxCpus")
    acpi = get("acpi")
    return Machine(
        get("type"),
        get("name") or _required(element, "name"),
        get("alias"),
        get("default") == "yes",
        None if max_cpus is None else _number(max_cpus, element),
        get("deprecated") == "yes",
        get("hotplugCpus") == "yes",
        get("numaMemSupported") == "yes",
        None if acpi is None else _flag(element, "acpi"),
        get("defaultCPU"),
    )


def _cpu_model(element: etree._Element) -> CpuModel:
    get = element.get
    usable = get("usable")
    return CpuModel(
        get("type"),
        get("name") or _required(element, "name"),
        get("typename"),
        None if usable is None or usable == "unknown" else _flag(element, "usable"),
        tuple([_blocker(child) for child in element]) if len(element) else (),
        get("deprecated") == "yes",
    )


def _blocker(element: etree._Element) -> str:
    # QEMU reports features that it has no name for with an empty one.
    name = element.get("name")
    return _required(element, "name") if name is None else name


def _host_cpu(element: etree._Element) -> HostCpu:
    properties: list[tuple[str, str, str, bool | None]] = []
    deprecated: tuple[str, ...] = ()
    for child in element:
        if child.tag == "property":
            get = child.get
            migratable = get("migratable")
            properties.append(
                (
                    get("name") or _required(child, "name"),
                    get("type") or _required(child, "type"),
                    get("value") or "",
                    None if migratable is None else _flag(child, "migratable"),
                )
            )
        elif child.tag == "deprecatedFeatures":
            deprecated = tuple(_required(feature, "name") for feature in child.iterchildren("property"))
    return HostCpu(
        element.get("type"),
        _required(element, "model"),
        _flag(element, "migratability"),
        tuple(properties),
        deprecated,
    )


def _sev(element: etree._Element) -> Sev:
    return Sev(
        _child_number(element, "cbitpos"),
        _child_number(element, "reducedPhysBits"),
        _child_number(element, "maxGuests"),
        _child_number(element, "maxESGuests"),
    )


def _sgx(element: etree._Element) -> Sgx:
    return Sgx(
        _text(element.find("flc")) == "yes",
        _text(element.find("sgx1")) == "yes",
        _text(element.find("sgx2")) == "yes",
        _child_number(element, "section_size"),
        tuple(
            (_number(section.get("node"), section), _number(section.get("size"), section))
            for section in element.iterfind("sections/section")
        ),
    )


def _required(element: etree._Element, attribute: str) -> str:
    value = element.get(attribute)
    if not value:
        raise _Damaged(f"<{printable(str(element.tag))}> has no '{attribute}'", element.sourceline)
    return str(value)


def _flag(element: etree._Element, attribute: str) -> bool:
    value = _required(element, attribute)
    known = _YES_NO.get(value)
    if known is None:
        raise _Damaged(
            f"'{attribute}' of <{printable(str(element.tag))}> is {quoted(value)}, not 'yes' or 'no'",
            element.sourceline,
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


def _number(text: str | None, element: etree._Element) -> int:
    # More digits than these are no version, count or size; and int() of a long text takes long.
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 20:
        raise _Damaged(
            f"<{printable(str(element.tag))}> should hold a number, not {quoted(text or '')}", element.sourceline
        )
    return int(text)


def _raise_damaged(damaged: _Damaged, data: bytes, source: str) -> NoReturn:
    from domlint.hosts.explain import explain

    message = f"the file is damaged: {damaged.message}"
    for line in explain(data):
        message += f"\n  {line}"
    raise HostError(source, message, damaged.line, help_="take a fresh copy of it; " + WHERE_TO_FIND)
