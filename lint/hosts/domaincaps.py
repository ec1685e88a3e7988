"""Reader of ``<domainCapabilities>``: what ``virsh domcapabilities`` prints for one emulator, machine and domain type.

Source of the format: libvirt 11.3.0 src/conf/domain_capabilities.c (virDomainCapsFormat), docs/formatdomaincaps.rst.
"""

from __future__ import annotations

from lxml import etree

from domlint.hosts.errors import HostError
from domlint.hosts.model import Host, Machine
from domlint.hosts.parts import CpuMode, DomainCapabilities, DomainCpuModel
from domlint.hosts.tree import (
    YES_NO,
    Damaged,
    is_number,
    line_of,
    optional_number,
    required,
    text_of,
    yes_or_no,
)

AGAIN = "make it again with 'virsh domcapabilities --virttype kvm --machine q35' on the host"


def read_domaincaps_root(root: etree._Element, source: str, id_: str) -> Host:
    """Read a parsed domainCapabilities file. Raises HostError when it is damaged."""
    try:
        capabilities = _read(root)
    except Damaged as damaged:
        raise HostError(source, f"the file is damaged: {damaged.message}", damaged.line, help_=AGAIN) from None
    machines: tuple[Machine, ...] = ()
    if capabilities.machine is not None:
        machines = (
            Machine(
                virt_type=capabilities.virt_type,
                name=capabilities.machine,
                alias=None,
                default=False,
                max_cpus=capabilities.max_vcpus,
                deprecated=None,
                hotplug_cpus=None,
                numa_mem_supported=None,
                acpi=None,
                default_cpu=None,
            ),
        )
    return Host(
        id=id_,
        source=source,
        kind="domaincaps",
        emulator=capabilities.emulator,
        arch=capabilities.arch,
        machines=machines,
        lists_flags=False,
        lists_machines=False,
        domain_capabilities=(capabilities,),
    )


def _read(root: etree._Element) -> DomainCapabilities:
    supported: dict[str, bool] = {}
    enumerations: dict[str, frozenset[str]] = {}
    numbers: dict[str, int] = {}
    for element in root.iterchildren():
        _gather(element, str(element.tag), supported, enumerations, numbers)
    vcpu = root.find("vcpu")
    arch, virt_type = text_of(root.find("arch")), text_of(root.find("domain"))
    for name, value in (("arch", arch), ("domain", virt_type)):
        if value is None:
            raise Damaged(f"<{name}> is missing", line_of(root))
    return DomainCapabilities(
        emulator=text_of(root.find("path")),
        virt_type="tcg" if virt_type == "qemu" else virt_type or "",
        machine=text_of(root.find("machine")),
        arch=arch or "",
        max_vcpus=None if vcpu is None else optional_number(vcpu, "max"),
        supported=supported,
        enumerations=enumerations,
        numbers=numbers,
        cpu_modes=tuple(_cpu_mode(mode) for mode in root.iterfind("cpu/mode")),
    )


def _gather(
    element: etree._Element,
    path: str,
    supported: dict[str, bool],
    enumerations: dict[str, frozenset[str]],
    numbers: dict[str, int],
) -> None:
    """Take an element in, and its children: those of a CPU mode but for its enumerations are read elsewhere."""
    if element.get("supported") is not None:
        supported[path] = yes_or_no(element, "supported")
    values = [text_of(value) or "" for value in element.iterchildren("value")]
    if values:
        enumerations[f"{path}/value"] = frozenset(values)
    for child in element.iterchildren():
        tag = str(child.tag)
        if tag == "enum":
            found = frozenset(text_of(value) or "" for value in child.iterchildren("value"))
            enumerations[f"{path}/{required(child, 'name')}"] = found
        elif tag == "mode":
            _gather(child, f"{path}/mode[{required(child, 'name')}]", supported, enumerations, numbers)
        elif not path.startswith("cpu/"):
            text = text_of(child)
            if text is not None and is_number(text) and len(child) == 0:
                numbers[f"{path}/{tag}"] = int(text)
            if len(child) or child.attrib:
                _gather(child, f"{path}/{tag}", supported, enumerations, numbers)


def _cpu_mode(mode: etree._Element) -> CpuMode:
    name = required(mode, "name")
    blockers = {
        blocker.get("model"): tuple(required(feature, "name") for feature in blocker.iterchildren("feature"))
        for blocker in mode.iterchildren("blockers")
    }
    is_custom = name == "custom"
    return CpuMode(
        name=name,
        supported=yes_or_no(mode, "supported"),
        models=tuple(_cpu_model(model, blockers) for model in mode.iterchildren("model")) if is_custom else (),
        model=None if is_custom else text_of(mode.find("model")),
        features=tuple(
            (feature.get("policy", "require"), required(feature, "name")) for feature in mode.iterchildren("feature")
        ),
    )


def _cpu_model(model: etree._Element, blockers: dict[str | None, tuple[str, ...]]) -> DomainCpuModel:
    name = text_of(model) or ""
    return DomainCpuModel(
        name=name,
        usable=YES_NO.get(model.get("usable", "")),
        vendor=model.get("vendor"),
        canonical=model.get("canonical"),
        deprecated=model.get("deprecated") == "yes",
        blockers=blockers.get(name, ()),
    )
