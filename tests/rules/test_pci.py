"""PCI of the guest: what libvirt refuses, and what it takes; each verdict seen with libvirt 11.3.0."""

from __future__ import annotations

import pytest
from refusals import codes

from domlint.engine import Plan, Source
from domlint.examples import whole_document
from domlint.rule import Example
from domlint.rules import catalogue
from domlint.versions import Version


def pci(model: str, index: int | None = None, place: str = "", inside: str = "") -> str:
    """A PCI controller; ``place`` is "bus slot function"."""
    number = "" if index is None else f" index='{index}'"
    return f"<controller type='pci'{number} model='{model}'>{inside}{at(place)}</controller>\n"


def at(place: str) -> str:
    if not place:
        return ""
    names = ("bus", "slot", "function")
    return "<address type='pci' " + " ".join(f"{n}='{v}'" for n, v in zip(names, place.split(), strict=False)) + "/>"


def disk(place: str = "", name: str = "vda") -> str:
    """A virtio disk: a device of PCI Express where there is that."""
    return f"<disk type='file'><source file='/a'/><target dev='{name}' bus='virtio'/>{at(place)}</disk>\n"


def nic(place: str = "", model: str = "e1000") -> str:
    """A device of conventional PCI."""
    return f"<interface type='user'><model type='{model}'/>{at(place)}</interface>\n"


def usb(model: str, place: str = "", index: int = 0) -> str:
    name = f" model='{model}'" if model else ""
    return f"<controller type='usb' index='{index}'{name}>{at(place)}</controller>\n"


NO_OWN = "<memballoon model='none'/>" + usb("none")
PORTS = pci("pcie-root", 0) + pci("pcie-root-port", 1) + pci("pcie-root-port", 2)

ON_Q35 = [
    ("nothing", "", []),
    ("a port has slot 0 alone", PORTS + disk("1 0"), []),
    ("a port has slot 0 alone: 1", PORTS + disk("1 1"), ["PCI104"]),
    ("eight functions of a port", PORTS + disk("1 0 7"), []),
    ("slot 0 of the root", disk("0 0 1"), []),  # no address at all: libvirt chooses one
    ("slot 31 of the root", disk("0 31 1"), []),
    ("the ISA bridge", disk("0 0x1f 0"), ["PCI106"]),
    ("SATA", disk("0 0x1f 2"), ["PCI106"]),
    ("the SMBus", disk("0 0x1f 3"), ["PCI106"]),
    ("SATA where it is", "<controller type='sata' index='0'>" + at("0 0x1f 2") + "</controller>", []),
    ("SATA elsewhere", "<controller type='sata' index='0'>" + at("0 5") + "</controller>", ["PCI107"]),
    ("the second SATA", "<controller type='sata' index='1'>" + at("0 5") + "</controller>", []),
    ("one place twice", disk("0 5") + nic("0 5"), ["PCI105"]),
    ("one slot, two functions", disk("0 5 0") + nic("0 5 1"), []),
    ("hexadecimal and octal", disk("0 0x10") + nic("0 020"), ["PCI105"]),
    ("a bus that libvirt adds for Express", disk("1 0"), []),
    ("a bus that libvirt adds for Express: slot", disk("1 2"), ["PCI104"]),
    ("a bus that libvirt adds for PCI", nic("1 2"), []),
    ("a bus that libvirt adds for PCI: slot", nic("1 0"), ["PCI104"]),
    ("a bus that hangs on the default model", "<interface type='user'>" + at("1 0") + "</interface>", []),
    ("the largest bus", disk("255 0"), ["PCI110"]),
    ("a root port on a port", PORTS + pci("pcie-root-port", 3, "1 0"), ["PCI103"]),
    ("an upstream port on a port", PORTS + pci("pcie-switch-upstream-port", 3, "1 0"), []),
    ("an upstream port on the root", PORTS + pci("pcie-switch-upstream-port", 3, "0 5"), ["PCI103"]),
    ("a downstream port without a switch", PORTS + pci("pcie-switch-downstream-port", 3), ["PCI110"]),
    ("a device on an upstream port", PORTS + pci("pcie-switch-upstream-port", 3, "1 0") + disk("3 1"), ["PCI103"]),
    ("a pci-bridge on the root", pci("pci-bridge", 1, "0 5"), []),
    ("a pci-bridge on pcie-to-pci-bridge", PORTS + pci("pcie-to-pci-bridge", 3) + pci("pci-bridge", 4), []),
    ("a pci-bridge without bus", pci("pcie-root", 0) + pci("pci-bridge", 1), ["PCI111"]),
    ("a pci-bridge before its bus", pci("pci-bridge", 1) + pci("dmi-to-pci-bridge", 2), ["PCI111"]),
    ("a dmi-to-pci-bridge on a bridge", pci("dmi-to-pci-bridge", 1) + pci("dmi-to-pci-bridge", 2, "1 1"), ["PCI103"]),
    ("pcie-to-pci-bridge without port", pci("pcie-root", 0) + pci("pcie-to-pci-bridge", 1), ["PCI110"]),
    ("pcie-to-pci-bridge, the port left out", pci("pcie-root", 0) + pci("pcie-to-pci-bridge", 2), []),
    ("an expander bus on its root", pci("pcie-expander-bus", 1), []),
    ("an expander bus on a port", PORTS + pci("pcie-expander-bus", 3, "1 0"), ["PCI103"]),
    ("an expander bus of i440fx", pci("pci-expander-bus", 1), ["PCI005"]),
    ("a device on an expander bus", pci("pcie-expander-bus", 1) + disk("1 1"), ["PCI103"]),
    ("the other root", pci("pci-root", 0), ["PCI002"]),
    ("a port instead of the root", pci("pcie-root-port", 0), ["PCI002"]),
    ("a port without index", pci("pcie-root-port"), ["PCI002"]),
    ("a second root", pci("pcie-root", 1), ["PCI006"]),
    ("a root with an address", pci("pcie-root", 0, "0 5"), ["PCI004"]),
    ("one index twice", PORTS + pci("pcie-root-port", 2), ["PCI001"]),
    (
        "another domain",
        disk("0 5") + "<rng model='virtio'><backend model='random'/>"
        "<address type='pci' domain='1' bus='0' slot='6'/></rng>",
        ["PCI101"],
    ),
    ("piix3", usb("piix3-uhci", "0 1 2"), ["PCI108"]),
    ("piix3 with a default model", usb("", "0 1 2"), ["PCI108"]),
    ("piix3 elsewhere", usb("piix3-uhci", "0 5"), []),
    ("companions without places", usb("ich9-ehci1") + usb("ich9-uhci1") + usb("ich9-uhci2"), []),
    ("companions twice", usb("ich9-ehci1") + usb("ich9-uhci2") + usb("ich9-uhci2"), ["PCI105"]),
    ("a companion whose function is taken", usb("ich9-ehci1", "0 5 7") + usb("ich9-uhci2") + disk("0 5 1"), ["PCI105"]),
    ("no address for a USB controller that is none", usb("none", "0 0x1f 0"), []),
    ("no address for a balloon that is none", "<memballoon model='none'>" + at("0 0x1f 0") + "</memballoon>", []),
    ("an option of others", pci("pcie-root-port", 1, inside="<target chassisNr='1'/>"), ["PCI020"]),
    ("chassis", pci("pcie-root-port", 1, inside="<target chassis='255' port='0xff'/>"), []),
    ("chassis above", pci("pcie-root-port", 1, inside="<target chassis='256'/>"), ["PCI021"]),
    ("busNr", pci("pcie-expander-bus", 1, inside="<target busNr='254'/>"), []),
    ("busNr above", pci("pcie-expander-bus", 1, inside="<target busNr='255'/>"), ["PCI021"]),
    ("busNr below", pci("pcie-expander-bus", 1, inside="<target busNr='0'/>"), ["PCI021"]),
    ("no node", pci("pcie-expander-bus", 1, inside="<target busNr='9'><node>0</node></target>"), ["PCI023"]),
    ("a node of a port", pci("pcie-root-port", 1, inside="<target><node>0</node></target>"), ["PCI023"]),
    ("hotplug of a bridge", pci("dmi-to-pci-bridge", 1, inside="<target hotplug='off'/>"), ["PCI020"]),
    ("a model name", pci("pcie-root-port", 1, inside="<model name='ioh3420'/>"), []),
    ("a model name of another", pci("pcie-root-port", 1, inside="<model name='pxb'/>"), ["PCI024"]),
    ("a model name of pseries", pci("pcie-root", 0, inside="<model name='spapr-pci-host-bridge'/>"), ["PCI024"]),
    ("ports for a whole root", "".join(pci("pcie-root-port", index) for index in range(1, 233)), []),
    ("ports for more than a root", "".join(pci("pcie-root-port", index) for index in range(1, 250)), ["PCI110"]),
]

ELSEWHERE = [
    ("pc", "x86_64", "the ISA bridge", disk("0 1 0"), ["PCI106"]),
    ("pc", "x86_64", "IDE that is not there", disk("0 1 1"), []),
    ("pc", "x86_64", "IDE that is there", disk("0 1 1") + "<controller type='ide' index='0'/>", ["PCI106"]),
    ("pc", "x86_64", "the USB controller that libvirt adds", disk("0 1 2"), ["PCI106"]),
    ("pc", "x86_64", "another USB controller", disk("0 1 2") + usb("qemu-xhci"), []),
    ("pc", "x86_64", "IDE elsewhere", "<controller type='ide' index='0'>" + at("0 3") + "</controller>", ["PCI107"]),
    ("pc", "x86_64", "IDE without type", "<controller index='0'>" + at("0 1 1") + "</controller>", []),
    ("pc", "x86_64", "USB elsewhere", usb("", "0 3"), ["PCI107"]),
    ("pc", "x86_64", "a bus that libvirt adds", disk("3 1"), []),
    ("pc", "x86_64", "a bus that libvirt adds: slot", disk("3 0"), ["PCI104"]),
    (
        "pc",
        "x86_64",
        "a bridge with a bus above",
        pci("pci-bridge", 1, "2 1") + pci("pci-bridge", 2, "0 3"),
        ["PCI111"],
    ),
    ("pc", "x86_64", "a root port", pci("pcie-root-port", 1), ["PCI110"]),
    ("pc", "x86_64", "a root port at a place", pci("pcie-root-port", 1, "0 5"), ["PCI103"]),
    (
        "pc",
        "x86_64",
        "an expander bus on a bridge",
        pci("pci-bridge", 1) + pci("pci-expander-bus", 2, "1 1"),
        ["PCI103"],
    ),
    ("pc", "x86_64", "the other root", pci("pcie-root", 0), ["PCI002"]),
    ("pc", "x86_64", "a target index", pci("pci-root", 0, inside="<target index='0'/>"), ["PCI025"]),
    ("isapc", "x86_64", "nothing", "", ["PCI102"]),
    ("isapc", "x86_64", "no balloon", "<memballoon model='none'/>", []),
    ("isapc", "x86_64", "a disk", NO_OWN + disk(), ["PCI102"]),
    ("isapc", "x86_64", "a disk with a place", NO_OWN + disk("0 5"), ["PCI102"]),
    ("isapc", "x86_64", "a root of its own", NO_OWN + pci("pci-root", 0) + disk("0 5"), []),
    ("isapc", "x86_64", "a port at index 0", NO_OWN + pci("pcie-root-port", 0), ["PCI002"]),
    ("microvm", "x86_64", "no balloon", "<memballoon model='none'/>", ["PCI102"]),
    ("microvm", "x86_64", "neither", NO_OWN, []),
    ("pseries", "ppc64", "a second root", pci("pci-root", 1), []),
    ("pseries", "ppc64", "a bus that libvirt adds", disk("5 1"), []),
    ("pseries", "ppc64", "the last root", pci("pci-root", 30), []),
    ("pseries", "ppc64", "a root too many", pci("pci-root", 31), ["PCI113"]),
    ("pseries", "ppc64", "target index 0", pci("pci-root", 1, inside="<target index='0'/>"), ["PCI022"]),
    ("pseries", "ppc64", "target index 1", pci("pci-root", 0, inside="<target index='1'/>"), ["PCI022"]),
    ("pseries", "ppc64", "target index 31", pci("pci-root", 1, inside="<target index='31'/>"), ["PCI021"]),
    ("pseries", "ppc64", "the 64-bit hole", pci("pci-root", 0, inside="<pcihole64>1</pcihole64>"), ["PCI026"]),
    ("virt", "aarch64", "the other root", pci("pci-root", 0), ["PCI002"]),
    ("virt", "aarch64", "an expander bus", pci("pcie-expander-bus", 1), []),
    ("virt", "riscv64", "an expander bus", pci("pcie-expander-bus", 1), ["PCI005"]),
    ("s390-ccw-virtio", "s390x", "a port", pci("pcie-root", 0), ["PCI002"]),
]


@pytest.mark.parametrize(("devices", "expected"), [case[1:] for case in ON_Q35], ids=[case[0] for case in ON_Q35])
def test_q35(devices: str, expected: list[str]) -> None:
    assert codes(devices) == expected


@pytest.mark.parametrize(
    ("machine", "arch", "devices", "expected"),
    [(*case[:2], *case[3:]) for case in ELSEWHERE],
    ids=[f"{case[0]}: {case[2]}" for case in ELSEWHERE],
)
def test_other_machines(machine: str, arch: str, devices: str, expected: list[str]) -> None:
    assert sorted(set(codes(devices, machine, arch))) == expected


@pytest.mark.parametrize(
    "devices",
    [
        disk("0 5") + disk("0 {{slot}}", "vdb"),
        PORTS + disk("{{bus}} 5"),
        pci("{{ model }}", 1) + disk("1 5"),
        "<controller type='pci' index='{{ n }}' model='pcie-root-port'/>" * 2,
        pci("pcie-root-port", 1, inside="<target chassis='{{ n }}'/>"),
        pci("pcie-expander-bus", 1, inside="<target busNr='9'><node>{{ n }}</node></target>"),
        "<controller type='{{ type }}' index='0'>" + at("0 0x1f 2").replace("0x1f", "5") + "</controller>",
    ],
)
def test_silence_on_placeholders(devices: str) -> None:
    assert codes(devices) == []


def test_a_place_is_taken_whatever_else_is_not_known() -> None:
    assert codes(disk("0 5") + nic("0 5") + disk("0 {{slot}}", "vdb")) == ["PCI105"]


@pytest.mark.parametrize("machine", ["{{ machine }}", "vendor-q35"])
def test_silence_on_machines_that_are_not_known(machine: str) -> None:
    assert codes(pci("pci-root", 0) + disk("0 0x1f 0") + pci("pcie-expander-bus", 1, "0 4"), machine) == []


def test_other_drivers_are_not_asked() -> None:
    example = Example(disk("0 5") + nic("0 5"), type="xen")
    rules = [rule for rule in catalogue() if rule.code.startswith("PCI")]
    assert Plan(rules).check(Source("vm.xml", whole_document(example).encode())).findings == ()


@pytest.mark.parametrize(("libvirt", "expected"), [("6.2.0", []), ("6.3.0", ["PCI020"])])
def test_an_option_counts_once_libvirt_reads_it(libvirt: str, expected: list[str]) -> None:
    devices = pci("dmi-to-pci-bridge", 1, inside="<target hotplug='off'/>")
    assert codes(devices, libvirt=Version.parse(libvirt)) == expected


@pytest.mark.parametrize(("libvirt", "expected"), [("8.2.0", []), ("8.3.0", ["PCI109"])])
def test_integrated_devices(libvirt: str, expected: list[str]) -> None:
    devices = PORTS + "<iommu model='virtio'>" + at("1 0") + "</iommu>"
    assert [code for code in codes(devices, libvirt=Version.parse(libvirt)) if code == "PCI109"] == expected


def test_nodes_of_expander_buses() -> None:
    cells = "<cpu><numa><cell id='0' cpus='0' memory='512' unit='MiB'/></numa></cpu>"
    for node, expected in ((0, []), (1, ["PCI023"])):
        devices = pci("pcie-expander-bus", 1, inside=f"<target busNr='9'><node>{node}</node></target>")
        assert codes(devices, around=cells) == expected
