"""Whole domains with failover pairs in every documented form, and each refused form in several spellings."""

from __future__ import annotations

from typing import NamedTuple

MAC = "<mac address='52:54:00:6b:3c:58'/>"
TRANSIENT = "<teaming type='transient' persistent='ua-uplink'/>"
VIRTIO = "<model type='virtio'/>"
PORT = "<controller type='pci' index='1' model='pcie-root-port'/>"


class Variant(NamedTuple):
    """A domain, and whether libvirt 9.0.0 refuses to define it."""

    name: str
    text: str
    is_refused: bool


def domain(
    *devices: str, machine: str = "machine='q35'", arch: str = "x86_64", around: str = "", prologue: str = ""
) -> str:
    lines = "".join(f"    {device}\n" for device in devices)
    return (
        f"{prologue}<domain type='qemu'>\n"
        f"  <name>x</name>\n"
        f"  <memory unit='MiB'>512</memory>\n"
        f"  <os>\n"
        f"    <type arch='{arch}' {machine}>hvm</type>\n"
        f"  </os>\n{around}"
        f"  <devices>\n{lines}  </devices>\n"
        f"</domain>\n"
    )


def standby(
    *more: str,
    kind: str = "bridge",
    source: str = "<source bridge='br0'/>",
    model: str = VIRTIO,
    teaming: str = "<teaming type='persistent'/>",
    alias: str = "<alias name='ua-uplink'/>",
    mac: str = MAC,
) -> str:
    return f"<interface type='{kind}'>{mac}{source}{model}{teaming}{alias}{''.join(more)}</interface>"


def pooled(*more: str, model: str = VIRTIO, teaming: str = TRANSIENT, mac: str = MAC) -> str:
    """The transient half as an interface on a hostdev network."""
    return f"<interface type='network'>{mac}<source network='sriov'/>{model}{teaming}{''.join(more)}</interface>"


def by_address(*more: str, teaming: str = TRANSIENT, mac: str = MAC, source: str = "bus='3' slot='16'") -> str:
    """The transient half as an interface with the VF's address."""
    address = f"<source><address type='pci' {source} function='1'/></source>"
    return f"<interface type='hostdev' managed='yes'>{mac}{address}{teaming}{''.join(more)}</interface>"


def plain(
    *more: str,
    teaming: str = TRANSIENT,
    attributes: str = "mode='subsystem' type='pci' managed='yes'",
    source: str = "<address domain='0' bus='3' slot='16' function='1'/>",
) -> str:
    """The transient half as a plain hostdev."""
    return f"<hostdev {attributes}><source>{source}</source>{teaming}{''.join(more)}</hostdev>"


def disk(*more: str) -> str:
    return f"<disk type='file'><source file='/d'/><target dev='vda' bus='virtio'/>{''.join(more)}</disk>"


def at(**parts: str) -> str:
    written = "".join(f" {name}='{value}'" for name, value in parts.items())
    return f"<address type='pci'{written}/>"


def boot(order: str) -> str:
    return f"<boot order='{order}'/>"


FORMS = {"pooled": pooled, "by_address": by_address, "plain": plain}

_INTERFACES = {
    "bridge": "<source bridge='br0'/>",
    "direct": "<source dev='eth0' mode='bridge'/>",
    "user": "",
    "ethernet": "<target dev='tap0'/>",
    "vhostuser": "<source type='unix' path='/run/vhost.sock' mode='client'/>",
    "vdpa": "<source dev='/dev/vhost-vdpa-0'/>",
    "udp": "<source address='127.0.0.1' port='1'><local address='127.0.0.1' port='2'/></source>",
    "internal": "<source name='switch'/>",
    "mcast": "<source address='224.0.0.1' port='11'/>",
}

_TEAMINGS = {
    "type none": ("<teaming type='none'/>", True),
    "type in capitals": ("<teaming type='Persistent'/>", True),
    "type with a space": ("<teaming type=' persistent'/>", True),
    "type misspelt": ("<teaming type='standby'/>", True),
    "no attribute": ("<teaming/>", False),
    "type empty": ("<teaming type=''/>", False),
    "both empty": ("<teaming type='' persistent=''/>", False),
    "name empty": ("<teaming persistent=''/>", False),
    "foreign attribute": ("<teaming mode='persistent'/>", False),
    "attribute of another namespace": ("<teaming xmlns:f='urn:f' f:type='standby'/>", False),
    "text": ("<teaming>persistent</teaming>", False),
    "name without type": ("<teaming persistent='ua-x'/>", True),
    "name and type empty": ("<teaming type='' persistent='ua-x'/>", True),
    "in another namespace": ("<f:teaming xmlns:f='urn:f' type='standby'/>", False),
    "in another default namespace": ("<teaming xmlns='urn:f' type='standby'/>", False),
    "one level down": ("<more><teaming type='standby'/></more>", False),
    "two, the second misspelt": ("<teaming type='transient' persistent='ua-x'/><teaming type='standby'/>", False),
    "two, the first empty": ("<teaming/><teaming type='standby'/>", True),
    "two that make one": ("<teaming type='transient'/><teaming persistent='ua-x'/>", False),
    "two, the first misspelt": ("<teaming type='standby'/><teaming type='transient' persistent='ua-x'/>", True),
}

_ADDRESSES = {
    "in hexadecimal": {"domain": "0x0000", "bus": "0x01", "slot": "0x00", "function": "0x0"},
    "in decimal": {"bus": "1", "slot": "0"},
    "with a plus": {"bus": "+1", "slot": "0"},
    "with a leading space": {"bus": " 1", "slot": "0"},
    "on a bus that is not declared": {"bus": "010", "slot": "0"},
    "on the root complex": {"slot": "8"},
    "function alone": {"function": "1"},
    "of zeros": {"domain": "0", "bus": "0", "slot": "0", "function": "0"},
    "without parts": {},
    "multifunction": {"bus": "1", "slot": "0", "multifunction": "on"},
}

_ALIASES = {
    "documented": ("ua-x", False),
    "without ua-": ("uplink", False),
    "generated": ("net0", False),
    "ua- alone": ("ua-", False),
    "with a dot": ("ua-a.b", False),
    "with a space": ("ua-a b", False),
    "with a letter that is not ASCII": ("ua-ä", False),
    "in capitals": ("UA-x", False),
    "empty": ("", False),
    "long": (f"ua-{'a' * 300}", False),
}

_PERSISTENT_MODELS = {
    "virtio": False,
    "VirtIO": False,
    "virtio-transitional": False,
    "Virtio-Non-Transitional": False,
    "e1000": True,
    "e1000e": True,
    "rtl8139": True,
    "virtio-net-pci": True,
    "virtio-net": True,
    "vmxnet3": True,
    "igb": True,
    "": True,
}

_BOOT_ORDERS = {
    "equal": ("1", "1", True),
    "different": ("1", "2", False),
    "equal with a plus": ("1", "+1", True),
    "equal with a space": ("1", " 1", True),
    "equal with a leading zero": ("01", "1", True),
    "ten with a leading zero": ("010", "10", True),
    "ten is not eight": ("010", "8", False),
}

_SOURCES = {
    "equal in another spelling": ("bus='0x03' slot='0x10'", "bus='3' slot='16'", True),
    "equal in octal": ("bus='3' slot='020'", "bus='3' slot='16'", True),
    "equal with and without a domain": ("domain='0x0000' bus='3' slot='16'", "bus='3' slot='16'", True),
    "of another slot": ("bus='3' slot='16'", "bus='3' slot='17'", False),
    "of another domain": ("domain='1' bus='3' slot='16'", "bus='3' slot='16'", False),
}


def _each() -> list[Variant]:
    found = [Variant("the standby alone", domain(standby()), False)]

    def add(name: str, is_refused: bool, *devices: str, **details: str) -> None:
        found.append(Variant(name, domain(*devices, **details), is_refused))

    for form, transient in FORMS.items():
        add(f"{form}: documented pair", False, standby(), transient())
        add(f"{form}: transient first", False, transient(), standby())
        add(f"{form}: without a partner's name", True, standby(), transient(teaming="<teaming type='transient'/>"))
        empty = "<teaming type='transient' persistent=''/>"
        add(f"{form}: with an empty partner's name", True, standby(), transient(teaming=empty))
        add(f"{form}: partner that is none", False, standby(), transient(teaming=TRANSIENT.replace("uplink", "x")))
        for machine, is_refused in {"pc": False, "microvm": True, "isapc": True}.items():
            add(f"{form}: on {machine}", is_refused, standby(), transient(), machine=f"machine='{machine}'")
        add(f"{form}: on the default machine", False, standby(), transient(), machine="")
        for name, parts in _ADDRESSES.items():
            add(f"{form}: guest address {name}", False, PORT, standby(), transient(at(**parts)))
        same = standby(at(bus="1", slot="0", multifunction="on"))
        add(
            f"{form}: the same slot, another function",
            False,
            PORT,
            same,
            transient(at(bus="1", slot="0", function="1")),
        )
        add(f"{form}: the same function", True, PORT, same, transient(at(bus="0x1", slot="0")))
        add(f"{form}: the same alias as its partner", True, standby(), transient("<alias name='ua-uplink'/>"))
        add(f"{form}: an alias that is dropped, twice", False, standby(), transient("<alias name='net0'/>"))
        add(f"{form}: an alias that differs in case", False, standby(), transient("<alias name='ua-UPLINK'/>"))
        add(f"{form}: hotplug off at another port", False, PORT.replace("/>", "><target hotplug='off'/></controller>"),
            standby(), transient(at(bus="2", slot="0")))  # fmt: skip
    for name, (teaming, is_refused) in _TEAMINGS.items():
        add(f"pooled: teaming with {name}", is_refused, standby(), pooled(teaming=teaming))
        add(f"plain: teaming with {name}", is_refused, standby(), plain(teaming=teaming))
    persistent_and_name = "<teaming type='persistent' persistent='ua-x'/>"
    add("standby: persistent with a partner's name", True, standby(teaming=persistent_and_name))
    add("standby: persistent with an empty name", False, standby(teaming="<teaming type='persistent' persistent=''/>"))
    add("plain: persistent", True, plain(teaming="<teaming type='persistent'/>"))
    add("plain: without a mode", False, standby(), plain(attributes="type='pci' managed='yes'"))
    add(
        "plain: usb",
        True,
        standby(),
        plain(attributes="mode='subsystem' type='usb'", source="<vendor id='1'/><product id='2'/>"),
    )
    add("plain: mdev", True, standby(), plain(attributes="mode='subsystem' type='mdev' model='vfio-pci'",
        source="<address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/>"))  # fmt: skip
    add("plain: a device of a container", True, standby(), plain(attributes="mode='capabilities' type='net'",
        source="<interface>eth0</interface>"))  # fmt: skip
    for kind, source in _INTERFACES.items():
        add(f"transient on {kind}", True, standby(), standby(kind=kind, source=source, teaming=TRANSIENT, alias=""))
        add(f"standby on {kind}", False, standby(kind=kind, source=source))
        add(f"standby on {kind} without a model", kind != "vdpa", standby(kind=kind, source=source, model=""))
    add("transient without an interface's type", True, standby(), f"<interface>{MAC}{VIRTIO}{TRANSIENT}</interface>")
    for model, is_refused in _PERSISTENT_MODELS.items():
        add(f"standby with model '{model}'", is_refused, standby(model=f"<model type='{model}'/>"))
    add("standby with a model before virtio", True, standby(model="<model type='e1000'/><model type='virtio'/>"))
    add("standby with a model after virtio", False, standby(model="<model type='virtio'/><model type='e1000'/>"))
    add("assigned standby with model virtio", False, by_address(VIRTIO, teaming="<teaming type='persistent'/>"))
    add("assigned standby", True, by_address(teaming="<teaming type='persistent'/>"))
    add("by_address: isolated", True, standby(), by_address("<port isolated='yes'/>"))
    add("by_address: not isolated", False, standby(), by_address("<port isolated='no'/>"))
    add("pooled: isolated", False, standby(), pooled("<port isolated='yes'/>"))
    add("standby: isolated", False, standby("<port isolated='yes'/>"), pooled())
    for driver in ("vfio", "kvm", "xen"):
        add(f"by_address: driver {driver}", False, standby(), by_address(f"<driver name='{driver}'/>"))
        add(f"plain: driver {driver}", False, standby(), plain(f"<driver name='{driver}'/>"))
        add(f"pooled: driver {driver}", True, standby(), pooled(f"<driver name='{driver}'/>"))
        e1000e = "<model type='e1000e'/>"
        add(f"pooled: driver {driver} of e1000e", False, standby(), pooled(f"<driver name='{driver}'/>", model=e1000e))
    for name, (alias, is_refused) in _ALIASES.items():
        partner = f"<teaming type='transient' persistent='{alias or 'x'}'/>"
        add(f"alias {name}", is_refused, standby(alias=f"<alias name='{alias}'/>"), pooled(teaming=partner))
    for name, device, is_refused in (
        ("disk", disk("<alias name='ua-uplink'/>"), True),
        (
            "controller",
            "<controller type='usb' index='0' model='qemu-xhci'><alias name='ua-uplink'/></controller>",
            True,
        ),
        ("balloon", "<memballoon model='virtio'><alias name='ua-uplink'/></memballoon>", True),
        ("serial port", "<serial type='pty'><alias name='ua-uplink'/></serial>", False),
        ("graphics", "<graphics type='vnc'><alias name='ua-uplink'/></graphics>", False),
    ):
        add(f"alias of a {name}, too", is_refused, standby(), pooled(), device)
    console = "<console type='pty'><target type='serial'/><alias name='ua-tty'/></console>"
    add("alias of a console and its serial port", False, standby(), pooled(),
        "<serial type='pty'><alias name='ua-tty'/></serial>", console)  # fmt: skip
    for name, (one, other, is_refused) in _SOURCES.items():
        first = by_address(source=one, mac="")
        add(f"sources {name}", is_refused, standby(), first, by_address(source=other, mac="", teaming=""))
        second = plain(source=f"<address {other} function='1'/>", teaming="")
        add(f"sources of two kinds {name}", is_refused, standby(), first, second)
    for name, (one, other, is_refused) in _BOOT_ORDERS.items():
        add(f"boot orders {name}", is_refused, standby(boot(one)), pooled(boot(other)))
        add(f"boot orders of interface and disk {name}", is_refused, standby(boot(one)), pooled(), disk(boot(other)))
    add("bandwidth", False, standby(), pooled("<bandwidth><outbound average='128000'/></bandwidth>"))
    add("vlan of one half", False, standby("<vlan><tag id='42'/></vlan>"), pooled())
    add("link down", False, standby("<link state='down'/>"), pooled())
    add(
        "ramfb", False, standby(), plain(attributes="mode='subsystem' type='pci' managed='yes' display='on' ramfb='on'")
    )
    add("unmanaged", False, standby(), plain(attributes="mode='subsystem' type='pci' managed='no'"))
    add("two transients of one", False, standby(), by_address(), pooled())
    add("shared memory", False, standby(), pooled(),
        "<shmem name='s'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>")  # fmt: skip
    add("teaming of a disk", False, standby(), pooled(), disk("<teaming type='standby'/>"))
    add("an internal entity", False, standby(alias="<alias name='&uplink;'/>"), pooled(),
        prologue="<!DOCTYPE domain [<!ENTITY uplink 'ua-uplink'>]>\n")  # fmt: skip
    add("a prefix that is not declared", False, standby(), pooled(),
        around="  <qemu:commandline><qemu:arg value='-S'/></qemu:commandline>\n")  # fmt: skip
    return found


VARIANTS = _each()
