"""How libvirt reads numbers, MAC addresses, aliases and what a file leaves out, held against domlint's reading.

See real_libvirt.py for how to name a libvirt.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import etree
from real_libvirt import DOMAIN_NAME, define, host_for, needs_libvirt, started, virsh
from variants import domain, standby

from domlint.document import parse
from domlint.domain import Context, Domain
from domlint.domain.devices import is_user_alias
from domlint.domain.machine import PciRoot
from domlint.domain.values import UNKNOWN, c_integer, decimal, mac_number
from domlint.hosts import Host
from domlint.networks import vlan_tags

pytestmark = needs_libvirt

WRONG_SO_FAR = {
    "52:54:00:6b:3c:58 ": "libvirt stops reading at a space behind the last octet (virMacAddrParse)",
}
"""Values that domlint reads otherwise, and what libvirt does."""


def each_of(*values: str, wrong: tuple[str, ...] = ()) -> list[object]:
    """Parameters of a test; those of ``wrong`` are known to be read otherwise."""
    marked = [
        pytest.param(value, id=ascii(value), marks=pytest.mark.xfail(reason=WRONG_SO_FAR[value])) for value in wrong
    ]
    return [*(pytest.param(value, id=ascii(value[:24])) for value in values), *marked]


SPELLINGS = [
    *("8", "0x8", "0X8", "010", "+8", " 8", "\t8", "\n8", "0x0000000008", "00000010", "+0x8", "+010"),
    *("08", "0a", "1f", "0x", "", " ", "-8", "+ 8", "8 ", "0x8 ", "8h", "0b1000", "0o10", "8.0", "8e0", "1_0"),
    *("\u0668", "\uff18", "++8", "0x-8", "VIII", "0", "00", "0x0", "31", "037", "0x1f"),
]
"""Ways in which somebody might write a slot, right and wrong."""

DECIMALS = ["8", "08", "010", "+8", " 8", "8 ", "0x8", "-8", "", "8.0", "1_0", "\uff18"]

MAC_ADDRESSES = [
    *("52:54:00:6b:3c:58", "52:54:00:6B:3C:58", "52:54:0:6b:3c:5", "52:54:0:6B:3:8", "2:4:0:0:0:8"),
    *("52-54-00-6b-3c-58", "5254.006b.3c58", "5254006b3c58", "52:54:00:6b:3c", "52:54:00:6b:3c:58:9", ""),
    *("52:54:00:6b:3c:5g", "052:54:00:6b:3c:58", "0x52:54:00:6b:3c:58", "52:54:00:6b:3c:058", " 52:54:00:6b:3c:58"),
    *("52:54:00:6b:3c:+8", "52:54:00:6b::58", "52:54:00:6b:3c: 8", "+52:54:00:6b:3c:58", "-2:54:00:6b:3c:58"),
]

MULTICAST = ["53:54:00:6b:3c:58", "ff:ff:ff:ff:ff:ff", "1:0:5e:0:0:1"]

ALIASES = [
    *("ua-x", "ua-", "ua-x_Y-9", "ua-0", "ua--", "ua-" + "a" * 300),
    *(
        "uplink",
        "net0",
        "UA-x",
        "Ua-x",
        "ua_x",
        "ua-a.b",
        "ua-a b",
        "ua-\u00e4",
        "ua-a/b",
        "ua-a:b",
        " ua-x",
        "ua-x ",
        "ua",
    ),
]


def slot(text: str) -> str:
    return domain(standby(f"<address type='pci' bus='0' slot='{text}'/>"))


@pytest.mark.parametrize("text", each_of(*SPELLINGS, "\u00a08", "4294967304"))
def test_number_of_an_address_is_read_as_libvirt_does(text: str) -> None:
    # Slot 0 is the host bridge's, 31 the chipset's: there libvirt reads the number and refuses the place.
    escaped = text.replace("\t", "&#9;").replace("\n", "&#10;")
    answer = define(slot(escaped))
    number = c_integer(text)
    if answer.is_refused:
        is_read = "Invalid value for attribute" not in answer.error
        assert is_read == isinstance(number, int), answer.error
        return
    placed = answer.devices.find("interface/address")
    assert placed is not None
    assert number == (0 if placed.get("bus") != "0x00" else int(placed.get("slot", ""), 16))


@pytest.mark.parametrize("text", each_of(*DECIMALS, "\u00a08", "4294967304"))
def test_boot_order_is_read_as_libvirt_does(text: str) -> None:
    answer = define(domain(standby(f"<boot order='{text}'/>")))
    number = decimal(text)
    if answer.is_refused:
        assert number is UNKNOWN, answer.error
        return
    boot = answer.devices.find("interface/boot")
    assert boot is not None
    assert str(number) == boot.get("order")


@pytest.mark.parametrize("text", each_of("42", "0", "+42", "4095", "042", "08"))
def test_vlan_tag_is_read_as_libvirt_does(text: str) -> None:
    answer = define(domain(standby(f"<vlan><tag id='{text}'/></vlan>")))
    tag = answer.devices.find("interface/vlan/tag")
    assert tag is not None
    assert vlan_tags(etree.fromstring(f"<interface><vlan><tag id='{text}'/></vlan></interface>")) == {tag.get("id")}


@pytest.mark.parametrize("text", each_of(*MAC_ADDRESSES, wrong=("52:54:00:6b:3c:58 ",)))
def test_mac_address_is_read_as_libvirt_does(text: str) -> None:
    answer = define(domain(standby(mac=f"<mac address='{text}'/>")))
    number = mac_number(text)
    if answer.is_refused:
        assert number is UNKNOWN, answer.error
        return
    mac = answer.devices.find("interface/mac")
    assert mac is not None
    assert number == mac_number(mac.get("address"))


@pytest.mark.parametrize("text", MULTICAST)
def test_libvirt_refuses_multicast_addresses(text: str) -> None:
    assert "expected unicast mac address" in define(domain(standby(mac=f"<mac address='{text}'/>"))).error


@pytest.mark.parametrize("text", each_of(*ALIASES))
def test_alias_is_kept_as_predicted(text: str) -> None:
    answer = define(domain(standby(alias=f"<alias name='{text}'/>")))
    alias = answer.devices.find("interface/alias")
    assert (alias is not None) == is_user_alias(text)
    assert alias is None or alias.get("name") == text


def all_machines(host: Host) -> Iterator[str]:
    for machine in host.machines:
        if machine.virt_type == "tcg":
            yield machine.name
            if machine.alias:
                yield machine.alias


@pytest.mark.parametrize("arch", ["x86_64", "i686", "ppc64", "s390x", "riscv64"])
def test_machine_gets_the_predicted_pci_and_network_model(arch: str) -> None:
    host = host_for(arch)
    compared = 0
    for machine in ("", *all_machines(host)):
        written = f"machine='{machine}'" if machine else ""
        text = domain("<interface type='user'/>", arch=arch, machine=written)
        answer = define(text)
        document = parse("domain.xml", text.encode())
        context = Context(document, Domain(document.domain, {}), host, host.libvirt_version)
        compared += 1
        if answer.is_refused:
            assert (answer.error, context.pci.root) == ("error: XML error: No PCI buses available", PciRoot.NONE), (
                machine
            )
            continue
        root = answer.devices.find("controller[@type='pci'][@index='0']")
        model = answer.devices.find("interface/model")
        given = answer.domain.find("os/type") if answer.domain is not None else None
        assert model is not None
        assert given is not None
        assert context.pci.root.value == (PciRoot.NONE.value if root is None else root.get("model")), machine
        assert context.default_network_model == model.get("type"), machine
        assert context.machine.name == given.get("machine"), machine
    assert compared > 5


def test_standby_is_started_with_failover_on() -> None:
    with started(domain(standby(kind="user", source=""))):
        tree = virsh("qemu-monitor-command", DOMAIN_NAME, "--hmp", "info qtree").stdout
    assert 'dev: virtio-net-pci, id "ua-uplink"' in tree
    assert "failover = true" in tree


def test_alias_of_a_serial_port_is_a_mistake_that_only_qemu_finds() -> None:
    text = domain(standby(kind="user", source=""), "<serial type='pty'><alias name='ua-uplink'/></serial>")
    assert not define(text).is_refused
    with started(text) as error:
        assert "Duplicate device ID 'ua-uplink'" in error
