"""Reader of ``<capabilities>``: what ``virsh capabilities`` prints of a host and of the guests it runs.

Source of the format: libvirt 11.3.0 src/conf/capabilities.c (virCapabilitiesFormatXML), docs/formatcaps.rst.
"""

# No "from __future__ import annotations": see model.py.
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from domlint.hosts.errors import HostError
from domlint.hosts.model import Host, Machine
from domlint.hosts.parts import Guest, HostHardware
from domlint.hosts.tree import (
    YES_NO,
    Damaged,
    attribute_number,
    is_number,
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
    emulators: dict[tuple[str, str | None], _Offered] = {}
    for element, guest in zip(elements, guests, strict=True):
        for emulator, offered in _emulators(element.find("arch")):
            known = emulators.setdefault((guest.arch, emulator), _Offered({}, {}))
            known.virt_types.update(offered.virt_types)
            known.machines.update(offered.machines)
    if not emulators:
        raise HostError(
            source,
            "the host runs no guests: no <guest> is in the file",
            help_="install a hypervisor on it, such as QEMU",
        )
    return [
        Host(
            id=id_,
            source=source,
            kind="capabilities",
            emulator=emulator,
            arch=arch,
            machines=tuple(offered.machines),
            lists_flags=False,
            lists_machines=bool(offered.machines),
            offered_virt_types=tuple(offered.virt_types),
            guests=guests,
            hardware=hardware,
        )
        for (arch, emulator), offered in emulators.items()
    ]


class _Offered(NamedTuple):
    """What an emulator offers, each once and in the order of the file."""

    virt_types: dict[str, None]
    machines: dict[Machine, None]


def _emulators(arch: etree._Element | None) -> Iterator[tuple[str | None, _Offered]]:
    """The emulators that run an architecture's guests: a domain type may have one of its own.

    A domain type with machines of its own has none of those for all of them; source: libvirt 11.3.0
    src/conf/capabilities.c (virCapabilitiesDomainDataLookupInternal).
    """
    if arch is None:
        return
    for_all = text_of(arch.find("emulator"))
    domains = list(arch.iterchildren("domain"))
    own = {domain: _machines_of(domain, _virt_type(domain)) for domain in domains}
    if not any(own.values()):
        shared = dict.fromkeys(_machines_of(arch, None))
        for domain in domains:
            yield text_of(domain.find("emulator")) or for_all, _Offered({_virt_type(domain): None}, shared)
        if not domains:
            yield for_all, _Offered({}, shared)
        return
    for domain in domains:
        virt_type = _virt_type(domain)
        machines = dict.fromkeys(own[domain] or _machines_of(arch, virt_type))
        yield text_of(domain.find("emulator")) or for_all, _Offered({virt_type: None}, machines)


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


def _machines_of(parent: etree._Element, virt_type: str | None) -> list[Machine]:
    """The machines; an alias stands in the file as a machine of its own that names the one it stands for.

    Their order is that in which the file first speaks of each: the first is the default, and old versions of libvirt
    write its alias first and the machine itself last.
    """
    named: dict[str, etree._Element] = {}
    aliases: dict[str, dict[str, etree._Element]] = {}
    for element in parent.iterchildren("machine"):
        name, canonical = text_of(element), element.get("canonical")
        if name is None:
            raise Damaged("a <machine> has no name", line_of(element))
        known = aliases.setdefault(canonical or name, {})
        if canonical:
            known.setdefault(name, element)
        else:
            named.setdefault(name, element)
    machines = []
    for name, known in aliases.items():
        if not known:
            machines.append(_machine(named[name], name, None, virt_type))
        machines += [_machine(named.get(name, element), name, alias, virt_type) for alias, element in known.items()]
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
    if memory is None or text is None or memory.get("unit", "KiB") != "KiB" or not is_number(text):
        return None
    return int(text)
