"""What libvirt refuses of USB: limits, numbers that it gives, machines, versions, and silence on templates.

The refusals and the silence were seen with libvirt 11.3.0, except for those of other versions.
"""

from __future__ import annotations

import pytest
from refusals import findings

from domlint.rule import Example


def codes(devices: str, **details: str) -> list[str]:
    """The codes of USB that are found, once for each finding."""
    return [finding.code for finding in findings(Example(devices, **details)) if finding.code.startswith("USB")]


def usb(model: str | None = None, index: object = None, more: str = "") -> str:
    attributes = "".join(
        f" {name}='{value}'" for name, value in (("index", index), ("model", model)) if value is not None
    )
    return f"<controller type='usb'{attributes}{more}/>"


def tablet(port: str | None = None, bus: object = 0) -> str:
    if port is None:
        return "<input type='tablet' bus='usb'/>"
    return f"<input type='tablet' bus='usb'><address type='usb' bus='{bus}'{port and f' port={port!r}'}/></input>"


def hub(port: str, bus: int = 0) -> str:
    return f"<hub type='usb'><address type='usb' bus='{bus}' port='{port}'/></hub>"


NONE = usb("none", 0)
PC, Q35 = "pc-i440fx-8.2", "pc-q35-8.2"


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (NONE + NONE, ["USB001"]),
        (usb("qemu-xhci", 1) + NONE, ["USB001"]),
        (usb("ich9-ehci1") + usb("ich9-uhci1") + usb("ich9-uhci2"), []),
        (usb("ich9-uhci1", 0) + usb("ich9-ehci1", 0), []),
        # The second companion of a model belongs to the next master.
        (usb("ich9-ehci1") + usb("ich9-uhci1") + usb("ich9-uhci1"), ["USB003"]),
        (usb("ich9-ehci1") + usb("ich9-uhci1") + usb("ich9-ehci1") + usb("ich9-uhci1"), []),
        (usb("ich9-ehci1", 1) + usb("ich9-uhci1", 0), ["USB003"]),
        (usb("ich9-uhci2") + tablet(), ["USB002"]),
        (usb("qemu-xhci", 0) + usb("ich9-uhci1", 0), []),
        (usb("qemu-xhci") + usb("qemu-xhci"), []),
        (usb("qemu-xhci", 0) + usb("qemu-xhci", 0), ["USB004"]),
        (usb("qemu-xhci", 0, " ports='0'"), []),
        (usb("nec-xhci", 0, " ports='15'"), []),
        (usb("nec-xhci", 0, " ports='16'"), ["USB005"]),
        (usb("piix3-uhci", 0, " ports='2'"), ["USB006"]),
        (usb("{{ model }}", 0, " ports='16'"), []),
        (usb("qemu-xhci", "{{ index }}") + usb("qemu-xhci", 0), []),
    ],
)
def test_controllers(devices: str, expected: list[str]) -> None:
    assert codes(devices) == expected


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (usb("piix3-uhci", 0) + tablet("2"), []),
        (usb("piix3-uhci", 0) + tablet("3"), ["USB021"]),
        (usb("ehci", 0) + tablet("6"), []),
        (usb("ehci", 0) + tablet("7"), ["USB021"]),
        (usb("qemu-xhci", 0, " ports='8'") + tablet("8"), []),
        (usb("qemu-xhci", 0) + tablet("4") + tablet("5"), ["USB021"]),
        (usb("qemu-xhci", 0) + tablet("1", bus=3), ["USB020"]),
        (usb("qemu-xhci", 0) + tablet("", bus=3), ["USB020"]),
        (usb("qemu-xhci", 0) + tablet("0", bus=3), ["USB020"]),
        # Companions have no bus.
        (usb("qemu-xhci", 0) + usb("ich9-uhci1", 0) + tablet("3"), []),
        (usb("qemu-xhci", 0) + tablet("1") + tablet("1"), ["USB022"]),
        (usb("qemu-xhci", 0) + tablet("1") + tablet("1.0"), ["USB022"]),
        (usb("qemu-xhci", 0) + tablet("1.0.2"), ["USB021"]),
        (usb("qemu-xhci", 0) + hub("1") + tablet("1"), ["USB022"]),
        (usb("qemu-xhci", 0) + tablet("1.8") + hub("1"), []),
        (usb("qemu-xhci", 0) + hub("1") + tablet("1.9"), ["USB021"]),
        (usb("qemu-xhci", 0) + hub("1") + hub("1.2") + tablet("1.2.3"), []),
        (usb("qemu-xhci", 0) + hub("1") + tablet("1.2.3"), ["USB021"]),
        (usb("qemu-xhci", 0) + hub("1") + hub("1"), ["USB022"]),
        # The hub that libvirt adds needs a port itself.
        (usb("qemu-xhci", 0, " ports='1'") + tablet("1") + tablet(""), ["USB023"]),
        (usb("qemu-xhci", 0, " ports='1'") + tablet() * 9, []),
        (usb("qemu-xhci", 0, " ports='1'") + usb("qemu-xhci", 1) + tablet("1") + tablet(""), ["USB023"]),
        (usb("qemu-xhci", 0, " ports='0'") + tablet(), ["USB023"]),
        (usb("piix3-uhci", 0) + tablet() * 40, []),
        (usb("qemu-xhci", 0) + tablet("{{ port }}") + tablet("{{ port }}"), []),
        (usb("qemu-xhci", 0) + tablet("1", bus="{{ bus }}"), []),
        (tablet("2"), []),
        (tablet("7"), ["USB021"]),
    ],
)
def test_ports(devices: str, expected: list[str]) -> None:
    assert codes(devices) == expected


def test_the_controller_that_libvirt_adds_has_the_ports_of_the_machine() -> None:
    assert codes(tablet("3"), machine=PC) == ["USB021"]
    assert codes(tablet("3"), machine=Q35) == []
    assert codes(usb() + tablet("3"), machine=Q35) == ["USB021"], "one without model is a PIIX3 everywhere on x86"
    assert codes(usb() + tablet("4"), machine="virt", arch="aarch64") == []
    assert codes(usb() + tablet("5"), machine="virt", arch="aarch64") == ["USB021"]


DISK = "<disk type='file' device='disk'><source file='/a.img'/><target dev='sda' bus='usb'/></disk>"
NIC = "<interface type='user'><model type='usb-net'/></interface>"
SOUND = "<sound model='usb'/>"
CARD = "<smartcard mode='host'/>"


@pytest.mark.parametrize(
    ("devices", "machine", "arch", "expected"),
    [
        (tablet(), PC, "x86_64", []),
        (tablet(), "isapc", "x86_64", ["USB030"]),
        (tablet(), "virt", "aarch64", ["USB030"]),
        (tablet(), "s390-ccw-virtio", "s390x", ["USB030"]),
        (usb() + tablet(), "s390-ccw-virtio", "s390x", ["USB030"]),
        (usb("qemu-xhci") + tablet(), "s390-ccw-virtio", "s390x", []),
        ("<input type='tablet'/>", "s390-ccw-virtio", "s390x", []),
        ("<input type='tablet'/>", "virt", "riscv64", ["USB030"]),
        (tablet(), "pseries", "ppc64", []),
        (NONE + "<graphics type='vnc'/>", "pseries", "ppc64", ["USB030"]),
        (NONE + "<graphics type='vnc'/>", PC, "x86_64", []),
        (NONE + "<input type='mouse'/>", PC, "x86_64", []),
        (NONE + "<input type='tablet'/>", PC, "x86_64", ["USB030"]),
        (NONE + "<input type='tablet' bus='{{ bus }}'/>", PC, "x86_64", []),
        (NONE + DISK, PC, "x86_64", ["USB030"]),
        (NONE + NIC, PC, "x86_64", ["USB030"]),
        (NONE + SOUND, PC, "x86_64", ["USB030"]),
        (NONE + CARD, PC, "x86_64", ["USB030"]),
    ],
)
def test_devices_on_machines_without_usb(devices: str, machine: str, arch: str, expected: list[str]) -> None:
    assert codes(devices, machine=machine, arch=arch) == expected


@pytest.mark.parametrize("devices", [NIC, SOUND, CARD])
def test_some_devices_count_since_libvirt_10_3(devices: str) -> None:
    assert codes(NONE + devices, libvirt="9.0.0") == []
    assert codes(NONE + devices, libvirt="10.3.0") == ["USB030"]


def test_domains_of_other_drivers_are_left_alone() -> None:
    assert codes(NONE + tablet() + usb("qusb2", 1), type="xen") == []


def test_a_machine_that_nothing_is_known_of_is_left_alone() -> None:
    assert codes(tablet("99"), machine="{{ machine }}") == ["USB021"], "no controller has so many ports"
    assert codes(tablet(), machine="{{ machine }}", arch="{{ arch }}") == []


@pytest.mark.parametrize(
    ("devices", "machine", "host", "libvirt", "expected"),
    [
        (usb(), PC, "qemu-without-uhci", "", ["USB008"]),
        ("", PC, "qemu-without-uhci", "", ["USB008"]),
        ("", PC, "qemu-without-uhci", "9.0.0", []),
        (usb(), "q35", "qemu-without-uhci", "9.0.0", ["USB008"]),
        ("", "q35", "qemu-without-uhci", "", []),
        (usb("qemu-xhci"), PC, "qemu-without-uhci", "", []),
        (usb(more=" ports='3'"), PC, "qemu-lsi", "", ["USB009"]),
        (usb(more=" ports='{{ ports }}'"), PC, "qemu-lsi", "", []),
    ],
)
def test_a_controller_without_model(devices: str, machine: str, host: str, libvirt: str, expected: list[str]) -> None:
    assert codes(devices, machine=machine, host=host, libvirt=libvirt) == expected


def test_the_address_of_a_smart_card_is_none_of_the_reader_that_libvirt_adds() -> None:
    card = CARD.replace("/>", "><address type='usb' bus='0' port='3'/></smartcard>")
    assert codes(card, machine="pc-i440fx-8.2") == []  # ADDR003 tells of it


CONTROLLERS = ("", NONE, usb(), usb(None, 0), usb(None, 1), usb("piix3-uhci"), usb("piix3-uhci", 0, " ports='4'"))
XHCI = (
    usb("qemu-xhci"),
    usb("nec-xhci", 0, " ports='3'"),
    usb("qemu-xhci", 0, " ports='16'"),
    usb("qemu-xhci") + usb(),
)
ON_USB = (
    "",
    tablet(),
    tablet("1"),
    tablet() * 2,
    tablet() * 3,
    tablet() + hub("1"),
    "<input type='tablet' bus='usb'><address type='pci' bus='0' slot='5'/></input>",
    "<smartcard mode='host'/>",
    "<controller type='ccid' index='0'/><smartcard mode='host'/>",
    "<disk type='file'><source file='/a'/><target dev='sda' bus='usb'/></disk>",
    "<graphics type='vnc'/>",
)
MACHINES = (
    {"machine": PC},
    {"machine": Q35},
    {"machine": "isapc"},
    {"machine": "virt-8.2", "arch": "aarch64"},
    {"machine": "pseries-8.2", "arch": "ppc64"},
    {"machine": "s390-ccw-virtio", "arch": "s390x"},
)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine["machine"])
@pytest.mark.parametrize("controllers", CONTROLLERS + XHCI)
def test_what_is_usual_has_no_finding_when_it_is_looked_at(
    controllers: str, machine: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_first = [codes(controllers + devices, **machine) for devices in ON_USB]
    monkeypatch.setattr("domlint.rules.usb.ports.is_usual", lambda *_given: False)
    assert at_first == [codes(controllers + devices, **machine) for devices in ON_USB]
