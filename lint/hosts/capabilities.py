"""Reader of ``<capabilities>``: what ``virsh capabilities`` prints of a host and of the guests it runs.

Source of the format: libvirt 11.3.0 src/conf/capabilities.c (virCapabilitiesFormatXML), docs/formatcaps.rst.
"""

from __future__ import annotations

from lxml import etree

from domlint.hosts.errors import HostError
from domlint.hosts.model import Host, Machine
from domlint.hosts.parts import Guest, HostHardware
from domlint.hosts.tree import (
    YES_NO,
    Damaged,
    attribute_number,
    line_of,
    optional_number,
    required,
    text_of,
)

AGAIN = "make it again with 'virsh capabilities' on the host"


def read_capabilities_root(root: etree._Element, source: str, id_: str) -> list[Host]:
    """Read a parsed capabilities file: an emulator for each architecture that its guests may have.

    Raises HostError when it is damaged, or when the host runs no guests.
    """
    try:
        return _read(root, source, id_)
    except Damaged as damaged:
        raise HostError(source, f"the file is damaged: {damaged.message}", damaged.line, help_=AGAIN) from None


def _read(root: etree._Element, source: str, id_: str) -> list[Host]:
    host = root.find("host")
    hardware = _hardware(root if host is None else host)
    elements = root.findall("guest")
    guests = tuple(_guest(element) for element in elements)
    hosts = []
    for element, guest in zip(elements, guests, strict=True):
        arch = element.find("arch")
        if arch is None:
            continue
        hosts.append(
            Host(
                id=id_,
                source=source,
                kind="capabilities",
                emulator=text_of(arch.find("emulator")) or text_of(arch.find("domain/emulator")),
                arch=guest.arch,
                machines=_machines(arch),
                lists_flags=False,
                lists_machines=arch.find("machine") is not None or arch.find("domain/machine") is not None,
                offered_virt_types=guest.virt_types,
                guests=guests,
                hardware=hardware,
            )
        )
    if not hosts:
        raise HostError(
            source,
            "the host runs no guests: no <guest> is in the file",
            help_="install a hypervisor on it, such as QEMU",
        )
    return hosts


def _guest(element: etree._Element) -> Guest:
    arch = element.find("arch")
    if arch is None:
        raise Damaged("a <guest> has no <arch>", line_of(element))
    features = element.find("features")
    return Guest(
        os_type=text_of(element.find("os_type")) or "",
        arch=required(arch, "name"),
        virt_types=tuple(_virt_type(domain) for domain in arch.iterchildren("domain")),
        features=frozenset() if features is None else frozenset(str(child.tag) for child in features.iterchildren()),
    )


def _virt_type(domain: etree._Element) -> str:
    name = required(domain, "type")
    return "tcg" if name == "qemu" else name


def _machines(arch: etree._Element) -> tuple[Machine, ...]:
    """The machines for all domain types, and those that a domain type has of its own."""
    found = _machines_of(arch, None)
    for domain in arch.iterchildren("domain"):
        found += _machines_of(domain, _virt_type(domain))
    return tuple(found)


def _machines_of(parent: etree._Element, virt_type: str | None) -> list[Machine]:
    """The machines; an alias stands in the file as a machine of its own that names the one it stands for."""
    elements = list(parent.iterchildren("machine"))
    aliases: dict[str, list[str | None]] = {}
    named = {text_of(element) for element in elements if element.get("canonical") is None}
    for element in elements:
        canonical, name = element.get("canonical"), text_of(element)
        if name is None:
            raise Damaged("a <machine> has no name", line_of(element))
        if canonical is not None:
            aliases.setdefault(canonical, []).append(name)
    machines = []
    for element in elements:
        name, canonical = text_of(element) or "", element.get("canonical")
        if canonical is None:
            for alias in aliases.get(name) or [None]:
                machines.append(_machine(element, name, alias, virt_type))
        elif canonical not in named:
            machines.append(_machine(element, canonical, name, virt_type))
    return machines


def _machine(element: etree._Element, name: str, alias: str | None, virt_type: str | None) -> Machine:
    return Machine(
        virt_type=virt_type,
        name=name,
        alias=alias,
        default=False,
        max_cpus=optional_number(element, "maxCpus"),
        # A libvirt that does not know of deprecation says nothing, as one does of machines that are not deprecated.
        deprecated=True if element.get("deprecated") == "yes" else None,
        hotplug_cpus=None,
        numa_mem_supported=None,
        acpi=None,
        default_cpu=None,
    )


def _hardware(host: etree._Element) -> HostHardware:
    cpu = host.find("cpu")
    iommu = host.find("iommu")
    return HostHardware(
        arch=None if cpu is None else text_of(cpu.find("arch")),
        cpu_model=None if cpu is None else text_of(cpu.find("model")),
        cpu_vendor=None if cpu is None else text_of(cpu.find("vendor")),
        cpu_features=() if cpu is None else tuple(required(name, "name") for name in cpu.iterchildren("feature")),
        page_sizes=() if cpu is None else tuple(attribute_number(pages, "size") for pages in cpu.iterchildren("pages")),
        iommu=None if iommu is None else YES_NO.get(iommu.get("support", "")),
        security_models=tuple(text_of(model) or "" for model in host.iterfind("secmodel/model")),
        numa_nodes=tuple(
            (attribute_number(cell, "id"), _memory(cell)) for cell in host.iterfind("topology/cells/cell")
        ),
    )


def _memory(cell: etree._Element) -> int | None:
    memory = cell.find("memory")
    text = text_of(memory)
    if memory is None or text is None or memory.get("unit", "KiB") != "KiB" or not text.isdigit() or len(text) > 20:
        return None
    return int(text)
