"""Reader of the files in which libvirt keeps what it has probed of one QEMU (``<qemuCaps>``).

Source of the format: libvirt src/qemu/qemu_capabilities.c, functions virQEMUCapsFormatCache and
virQEMUCapsLoadCache, releases 1.2 to 11.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn, cast

from lxml import etree

from domlint.document import hardened_parser
from domlint.hosts.errors import HostError
from domlint.hosts.model import Host, Machine
from domlint.hosts.tree import (
    CACHE,
    WHERE_TO_FIND,
    YES_NO,
    Damaged,
    attribute_number,
    child_number,
    element_number,
    line_of,
    optional_number,
    parse_root,
    required,
    text_of,
    yes_or_no,
)
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts.parts import CpuModel, Gic, HostCpu, Sev, Sgx

_CPU_TAGS = frozenset({"cpu", "hostCPU"})


def read_qemucaps(data: bytes, source: str, id: str | None = None) -> Host:  # noqa: A002 - the field's name
    """Read the bytes of a qemuCaps file; ``source`` names them in messages, ``id`` labels the host (default: source).

    Elements that are not known are passed over: a newer libvirt may write more.
    Raises HostError when the bytes are no such file, or a damaged one.
    """
    root = parse_root(data, source)
    if root.tag != "qemuCaps":
        raise HostError(source, f"the root element is '{root.tag}', not 'qemuCaps'", line_of(root), help_=WHERE_TO_FIND)
    return read_qemucaps_root(root, data, source, source if id is None else id)


def read_qemucaps_root(root: etree._Element, data: bytes, source: str, id_: str) -> Host:
    """Read a parsed qemuCaps file. Raises HostError when it is damaged."""
    try:
        return _read_root(root, data, source, id_)
    except Damaged as damaged:
        _raise_damaged(damaged, data, source)


def _read_root(root: etree._Element, data: bytes, source: str, id_: str) -> Host:
    flags: list[str] = []
    machines: list[Machine] = []
    gics: list[Gic] = []
    single: dict[str, etree._Element] = {}
    for element in root:
        tag = element.tag
        if tag == "flag":
            flags.append(element.get("name") or required(element, "name"))
        elif tag == "machine":
            machines.append(_machine(element))
        elif tag == "gic":
            gics.append(_gic(element))
        elif tag not in _CPU_TAGS:
            # libvirt takes the first of each.
            single.setdefault(str(tag), element)
    sev, sgx, hyperv = map(single.get, ("sev", "sgx", "hypervCapabilities"))
    enlightenments = None if hyperv is None else frozenset(required(cap, "name") for cap in hyperv.iterchildren("cap"))
    for element in _nameless_cpus(root) if root.xpath(_HAS_NAMELESS_CPUS) else ():
        required(element, "model" if element.tag == "hostCPU" else "name")
    arch, version = _arch_and_version(single)
    if not machines:
        raise Damaged("no machine is listed", None)
    writer = element_number(single["selfvers"]) if "selfvers" in single else 0
    return Host(
        id=id_,
        source=source,
        kind="qemucaps",
        emulator=text_of(single.get("emulator")),
        arch=arch,
        qemu_version=version,
        qemu_package=text_of(single.get("package")) or "",
        libvirt_version=Version.from_number(writer) if writer else None,
        kernel=text_of(single.get("kernelVersion")),
        microcode=element_number(single["microcodeVersion"]) if "microcodeVersion" in single else None,
        cpu_signature=text_of(single.get("hostCPUSignature")),
        flags=frozenset(flags),
        machines=tuple(machines),
        gics=tuple(gics),
        sev=None if sev is None else _sev(sev),
        sgx=None if sgx is None else _sgx(sgx),
        hyperv=enlightenments,
        nesting="kvmSupportsNesting" in single,
        secure_guest="kvmSupportsSecureGuest" in single,
        document=data,
    )


def _arch_and_version(single: dict[str, etree._Element]) -> tuple[str, Version]:
    """The architecture, and QEMU's version. Raises Damaged where one of them is missing."""
    arch = text_of(single.get("arch"))
    if arch is None:
        raise Damaged("the architecture (<arch>) is missing", None)
    if "version" not in single:
        raise Damaged("the version of QEMU (<version>) is missing", None)
    version = element_number(single["version"])
    if not version:
        raise Damaged("the version of QEMU (<version>) is 0", line_of(single["version"]))
    return arch, Version.from_number(version)


def _machine(element: etree._Element) -> Machine:
    get = element.get
    return Machine(
        get("type"),
        get("name") or required(element, "name"),
        get("alias"),
        get("default") == "yes",
        optional_number(element, "maxCpus"),
        get("deprecated") == "yes",
        get("hotplugCpus") == "yes",
        get("numaMemSupported") == "yes",
        None if get("acpi") is None else yes_or_no(element, "acpi"),
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
        YES_NO.get(get("usable", "")),
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
                (get("name", ""), get("type", ""), get("value", ""), YES_NO.get(get("migratable", "")))
                for get in [child.get for child in element.iterchildren("property")]
            ]
        ),
        tuple([feature.get("name", "") for feature in element.iterfind("deprecatedFeatures/property")]),
    )


def _gic(element: etree._Element) -> Gic:
    from domlint.hosts.parts import Gic

    return Gic(attribute_number(element, "version"), yes_or_no(element, "kernel"), yes_or_no(element, "emulated"))


def _sev(element: etree._Element) -> Sev:
    from domlint.hosts.parts import Sev

    return Sev(
        child_number(element, "cbitpos"),
        child_number(element, "reducedPhysBits"),
        child_number(element, "maxGuests"),
        child_number(element, "maxESGuests"),
    )


def _sgx(element: etree._Element) -> Sgx:
    from domlint.hosts.parts import Sgx

    return Sgx(
        text_of(element.find("flc")) == "yes",
        text_of(element.find("sgx1")) == "yes",
        text_of(element.find("sgx2")) == "yes",
        child_number(element, "section_size"),
        tuple(
            (attribute_number(section, "node"), attribute_number(section, "size"))
            for section in element.iterfind("sections/section")
        ),
    )


def _raise_damaged(damaged: Damaged, data: bytes, source: str) -> NoReturn:
    from domlint.hosts.explain import explain

    message = f"the file is damaged: {damaged.message}"
    for line in explain(data):
        message += f"\n  {line}"
    raise HostError(source, message, damaged.line, help_=f"copy it again from {CACHE} on the host")
