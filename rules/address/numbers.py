"""ADDR01x: numbers of addresses on CCW, spapr-vio and zPCI that cannot be, or that are there twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind
from domlint.domain.pci_reading import ORDER, OtherAddress, ignores_address
from domlint.domain.values import Maybe, attribute, c_integer, child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.rules.address.kinds import each_other_address, each_unusual_address
from domlint.rules.pci.places import named

LARGEST_UID: Final = 0xFFFF

_HEXADECIMAL: Final = frozenset("0123456789abcdef")

_WITH_REGISTER: Final = frozenset({"interface", "controller", "serial", "nvram", "tpm"})
"""The devices that libvirt puts on spapr-vio. Source: libvirt 11.3.0 src/qemu/qemu_domain_address.c
(qemuDomainAssignSpaprVIOAddresses)."""


def _register(address: Element) -> int | None:
    """The register of an address, which libvirt reads with base 16 into 64 bits; None where there is none."""
    text = (address.get("reg") or "").lstrip(" \t\n").removeprefix("+").lower().removeprefix("0x")
    if not text or len(text) > 16 or not _HEXADECIMAL.issuperset(text):
        return None
    return int(text, 16)


def _each_register(context: Context, devices: Element) -> Iterator[tuple[OtherAddress, int]]:
    for other in context.selected(each_unusual_address, devices):
        # Of an ibmvscsi and a spapr-vlan libvirt reads the register, and says itself where they are.
        is_read = other.device.tag in ("interface", "controller") or not ignores_address(other.device)
        if other.type == "spapr-vio" and is_read:
            register = _register(other.address)
            if register is not None:
                yield other, register


def _vio(first: str, second: str, mark: str = "") -> Example:
    end = f" <!-- {mark} -->" if mark else ""
    return Example(
        f"<nvram>\n  <address type='spapr-vio' reg='{first}'/>\n</nvram>\n"
        f"<serial type='pty'>\n  <target type='spapr-vio-serial' port='0'/>\n"
        f"  <address type='spapr-vio' reg='{second}'/>{end}\n</serial>\n",
        arch="ppc64",
        machine="pseries",
    )


def _each_register_twice(context: Context, devices: Element) -> Iterator[tuple[OtherAddress, OtherAddress]]:
    seen: dict[int, OtherAddress] = {}
    for other, register in context.selected(_each_register, devices):
        first = seen.setdefault(register, other)
        if first is not other and not _WITH_REGISTER.isdisjoint({first.device.tag, other.device.tag}):
            yield other, first


@rule(
    "ADDR011",
    "register-twice",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_register_twice,
    mentions=("spapr-vio",),
    source="libvirt 11.3.0 src/qemu/qemu_domain_address.c (qemuDomainAssignSpaprVIOAddress), alike in 7.0.0",
    bad=_vio("0x3000", "0x3000", "ADDR011"),
    good=_vio("0x3000", "0x4000"),
)
def register_twice(context: Context, found: tuple[OtherAddress, OtherAddress]) -> Problems:
    """Two devices on spapr-vio have the same register.

    libvirt refuses the definition.
    """
    other, first = found
    yield Problem(
        Spot(other.address, "reg"),
        f"the {named(other.device)} has the register {other.address.get('reg')}, which the {named(first.device)} has"
        " already: libvirt refuses the definition",
        "give one of them another register, or leave 'reg' out: libvirt chooses one",
        ((Spot(first.address, "reg"), "has the same register"),),
    )


_CCW_PARTS: Final = ("cssid", "ssid", "devno")


def _each_ccw_twice(context: Context, devices: Element) -> Iterator[tuple[OtherAddress, OtherAddress]]:
    seen: dict[tuple[Maybe[int], ...], OtherAddress] = {}
    for other in context.selected(each_other_address, devices):
        if other.type == "ccw":
            numbers = tuple(c_integer(attribute(other.address, part)) for part in _CCW_PARTS)
            if all(isinstance(number, int) for number in numbers):
                first = seen.setdefault(numbers, other)
                if first is not other:
                    yield other, first


def _ccw(first: str, second: str, mark: str = "") -> Example:
    end = f" <!-- {mark} -->" if mark else ""
    return Example(
        "<disk type='file' device='disk'>\n  <source file='/srv/a.img'/>\n  <target dev='vda' bus='virtio'/>\n"
        f"  <address type='ccw' cssid='0xfe' ssid='0x0' devno='{first}'/>\n</disk>\n"
        f"<memballoon model='virtio'>\n  <address type='ccw' cssid='0xfe' ssid='0x0' devno='{second}'/>{end}\n"
        "</memballoon>\n",
        arch="s390x",
        machine="s390-ccw-virtio",
    )


@rule(
    "ADDR012",
    "ccw-device-number-twice",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_ccw_twice,
    needs=Needs.MACHINE,
    mentions=("ccw",),
    source="libvirt 11.3.0 src/conf/domain_addr.c (virDomainCCWAddressAssign), alike in 7.0.0",
    bad=_ccw("0x0001", "0x0001", "ADDR012"),
    good=_ccw("0x0001", "0x0002"),
)
def ccw_device_number_twice(context: Context, found: tuple[OtherAddress, OtherAddress]) -> Problems:
    """Two devices have the same CCW address.

    libvirt refuses the definition.
    """
    other, first = found
    if context.machine.kind is MachineKind.S390_CCW:
        yield Problem(
            Spot(other.address, "devno"),
            f"the {named(other.device)} has the device number {other.address.get('devno')}, which the"
            f" {named(first.device)} has already: libvirt refuses the definition",
            "give one of them another device number, or remove its <address>: libvirt chooses one",
            ((Spot(first.address, "devno"), "has the same number"),),
        )


_RANKS: Final = {name: rank for rank, name in enumerate(ORDER)}


def _each_zpci(context: Context, devices: Element) -> Iterator[Element]:
    """The ``<zpci>`` of the devices on PCI, as libvirt goes through them."""
    if devices is not context.domain.devices or not context.domain.runs_on_qemu:
        return
    for device in sorted(context.domain.pci.with_zpci, key=lambda device: _RANKS[device.tag]):
        address = child(device, "address")
        zpci = None if address is None else child(address, "zpci")
        if zpci is not None:
            yield zpci


def _zpci(first: str, second: str = "uid='0x0002' fid='0x00000002'", mark: str = "", first_mark: str = "") -> Example:
    end, first_end = (f" <!-- {one} -->" if one else "" for one in (mark, first_mark))
    return Example(
        "<disk type='file' device='disk'>\n  <source file='/srv/a.img'/>\n  <target dev='vda' bus='virtio'/>\n"
        f"  <address type='pci' bus='0x00' slot='0x01'>\n    <zpci {first}/>{first_end}\n  </address>\n</disk>\n"
        f"<memballoon model='virtio'>\n  <address type='pci' bus='0x00' slot='0x02'>\n    <zpci {second}/>{end}\n"
        "  </address>\n</memballoon>\n",
        arch="s390x",
        machine="s390-ccw-virtio",
    )


@rule(
    "ADDR013",
    "zpci-uid-out-of-range",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_zpci,
    mentions=("zpci",),
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefZPCIAddress), alike in 7.0.0",
    instead_of=("SCHEMA005",),
    bad=_zpci("uid='0x0000' fid='0x00000001'", first_mark="ADDR013"),
    good=_zpci("uid='0x0001' fid='0x00000001'"),
)
def zpci_uid_out_of_range(context: Context, zpci: Element) -> Problems:
    """The uid of a zPCI device is 0, or above 0xffff.

    libvirt refuses the definition. It counts from 1; the fid may be any number of 32 bits.
    """
    uid = c_integer(attribute(zpci, "uid"))
    if isinstance(uid, int) and not 0 < uid <= LARGEST_UID:
        yield Problem(
            Spot(zpci, "uid"),
            f"the uid of a zPCI device is a number from 0x0001 to 0xffff, and this one is {uid:#06x}: libvirt refuses"
            " the definition",
            "take another uid, or remove <zpci>: libvirt chooses both numbers",
        )


def _each_zpci_twice(context: Context, devices: Element) -> Iterator[tuple[Element, str, int, Element | None]]:
    """The numbers that are there twice, with the first that has it; as libvirt, count where one of two is missing."""
    used: dict[str, dict[int, Element]] = {"uid": {}, "fid": {}}
    for zpci in context.selected(_each_zpci, devices):
        numbers = {name: c_integer(attribute(zpci, name)) for name in used}
        if all(number is None for number in numbers.values()):
            continue
        for name, number in numbers.items():
            if number is None:
                number = next(free for free in range(name == "uid", 1 << 16) if free not in used[name])
            if not isinstance(number, int):
                return
            first = used[name].setdefault(number, zpci)
            if first is not zpci:
                yield zpci, name, number, first
                break


@rule(
    "ADDR014",
    "zpci-number-twice",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_zpci_twice,
    mentions=("zpci",),
    source="libvirt 11.3.0 src/conf/domain_addr.c (virDomainZPCIAddressReserveId), alike in 7.0.0",
    bad=_zpci("uid='0x0001' fid='0x00000001'", "uid='0x0001' fid='0x00000002'", "ADDR014"),
    good=_zpci("uid='0x0001' fid='0x00000001'", "uid='0x0002' fid='0x00000002'"),
)
def zpci_number_twice(context: Context, found: tuple[Element, str, int, Element]) -> Problems:
    """Two zPCI devices have the same uid or the same fid.

    Where a device has only one of the two, libvirt gives it the lowest other that is free when it comes to the device:
    that can be the number that a later device asks for. libvirt refuses the definition.
    """
    zpci, name, number, first = found
    yield Problem(
        Spot(zpci, name),
        f"the {name} {number:#x} is that of another zPCI device already: libvirt refuses the definition",
        f"give it another {name}, or remove <zpci>: libvirt chooses both numbers",
        ((Spot(first), "has the same number"),),
    )


@rule(
    "ADDR015",
    "zpci-on-wrong-machine",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_zpci,
    needs=Needs.MACHINE,
    mentions=("zpci",),
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefZPCIAddress), alike in 7.0.0",
    bad=_zpci("uid='0x0001' fid='0x00000001'", first_mark="ADDR015")._replace(
        devices="<memballoon model='virtio'>\n  <address type='pci' bus='0x00' slot='0x02'>\n"
        "    <zpci uid='0x0001' fid='0x00000001'/> <!-- ADDR015 -->\n  </address>\n</memballoon>\n",
        arch="x86_64",
        machine="q35",
    ),
    good=_zpci("uid='0x0001' fid='0x00000001'"),
)
def zpci_on_wrong_machine(context: Context, zpci: Element) -> Problems:
    """A PCI address has numbers of zPCI, and the machine is none of s390x.

    Only QEMU for s390x has zPCI. libvirt refuses the definition.
    """
    if attribute(zpci, "uid") is None and attribute(zpci, "fid") is None:
        return
    if context.machine.is_s390 is False:
        yield Problem(
            Spot(zpci),
            f"zPCI is a thing of s390x, and the domain's architecture is {context.machine.arch}:"
            " libvirt refuses the definition",
            "remove <zpci>",
        )
