"""Where libvirt puts devices that ask for no address, held against Topology and the table of network models.

See real_libvirt.py for how to name a libvirt. The random domains have a fixed seed: every run asks for the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from lxml import etree
from real_libvirt import define, defined_network, host_for, needs_libvirt

from domlint.document import Element
from domlint.domain.devices import NETWORK_MODELS_ON_CONVENTIONAL_PCI
from domlint.domain.machine import resolve_machine
from domlint.domain.pci import PORT_MODELS, Topology
from domlint.domain.pci_reading import PciReading
from domlint.domain.values import c_integer
from domlint.hosts import Host

pytestmark = needs_libvirt

SEED = 9010
DOMAINS = 240
AARCH64_DOMAINS = 60

TEAMING = "<teaming type='transient' persistent='ua-uplink'/>"
NETWORK = f"<interface type='network'><source network='sriov'/>{{model}}{TEAMING}</interface>"
HOST_ADDRESS = "<source><address type='pci' domain='0' bus='{bus}' slot='{slot}' function='0'/></source>"

STANDING_IN_LINE = (
    "<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface>",
    "<interface type='bridge'><source bridge='br0'/><model type='e1000e'/></interface>",
    "<interface type='bridge'><source bridge='br0'/><model type='rtl8139'/></interface>",
    "<interface type='bridge'><source bridge='br0'/></interface>",
    "<interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>",
    "<filesystem><source dir='/srv'/><target dir='srv{n}'/></filesystem>",
    "<filesystem model='virtio-transitional'><source dir='/srv'/><target dir='srv{n}'/></filesystem>",
    "<controller type='scsi' index='{n}' model='virtio-scsi'/>",
    "<controller type='scsi' index='{n}' model='lsilogic'/>",
    "<controller type='scsi' index='{n}'/>",
    "<controller type='virtio-serial' index='{n}'/>",
    "<controller type='virtio-serial' index='{n}' model='virtio-transitional'/>",
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.{n}'/></channel>",
    "<console type='pty'><target type='virtio'/></console>",
    "<disk type='file'><source file='/d{n}'/><target dev='vd{letter}' bus='virtio'/></disk>",
    "<disk type='file' model='virtio-transitional'><source file='/t{n}'/><target dev='vd{letter}'/></disk>",
    "<disk type='file'><source file='/d{n}'/><target dev='sd{letter}' bus='scsi'/></disk>",
    "<disk type='file'><source file='/d{n}'/><target dev='sd{letter}' bus='sata'/></disk>",
    "<disk type='file'><source file='/d{n}'/><target dev='vd{letter}'/></disk>",
    "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>"
    "<source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a88{n:02}'/></source></hostdev>",
    "<hostdev mode='subsystem' type='scsi'>"
    "<source><adapter name='scsi_host0'/><address bus='0' target='{n}' unit='0'/></source></hostdev>",
    "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
    "<rng model='virtio-transitional'><backend model='random'>/dev/urandom</backend></rng>",
    "<input type='keyboard' bus='virtio'/>",
    "<shmem name='s{n}'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>",
)
"""Devices that may get a port before a transient one does; ``n`` and ``letter`` are a number of their own."""

STANDING_IN_LINE_ON_Q35 = (
    "<sound model='ich9'/>",
    "<sound model='ac97'/>",
    "<video><model type='vga' vram='16384'/></video>",
    "<video><model type='qxl'/></video>",
    "<graphics type='vnc'/>",
    "<controller type='usb' index='{n}' model='qemu-xhci'/>",
    "<controller type='usb' index='{n}' model='ich9-ehci1'/>",
    "<controller type='usb' index='{n}' model='ich9-uhci1'/>",
    "<controller type='usb' index='{n}' model='none'/>",
    "<controller type='usb' index='{n}'/>",
    "<controller type='sata' index='{n}'/>",
    "<watchdog model='i6300esb'/>",
)

ONCE = ("watchdog", "model='none'", "index='0'")
"""What a domain can have once, or not beside others: at most one piece with it is taken."""

TRANSIENTS = (
    NETWORK.format(model="<model type='virtio'/>"),
    NETWORK.format(model="<model type='virtio-non-transitional'/>"),
    NETWORK.format(model="<model type='e1000e'/>"),
    NETWORK.format(model="<model type='rtl8139'/>"),
    "<interface type='hostdev' managed='yes'>" + HOST_ADDRESS + TEAMING + "</interface>",
    "<hostdev mode='subsystem' type='pci' managed='yes'>" + HOST_ADDRESS + TEAMING + "</hostdev>",
)


def controllers(choose: random.Random) -> list[str]:
    """Some ports, with gaps between their indexes, without indexes, and with bridges and switches among them."""
    pieces = ["<controller type='pci' index='0' model='pcie-root'/>"]
    if choose.random() < 0.15:
        return [*pieces, *["<controller type='pci' model='pcie-root-port'/>"] * choose.randint(1, 6)]
    index = 0
    for _ in range(choose.randint(1, 9)):
        index += choose.choice((1, 1, 1, 1, 2, 4))
        hotplug = choose.choice(("", "<target hotplug='off'/>"))
        pieces.append(f"<controller type='pci' index='{index}' model='pcie-root-port'>{hotplug}</controller>")
        if choose.random() < 0.08:
            pieces.append(f"<controller type='pci' index='{index + 1}' model='pcie-to-pci-bridge'/>")
            index += 1
        elif choose.random() < 0.06:
            pieces.append(f"<controller type='pci' index='{index + 1}' model='dmi-to-pci-bridge'/>")
            index += 1
        elif choose.random() < 0.06:
            pieces.append(f"<controller type='pci' index='{index + 1}' model='pcie-switch-upstream-port'/>")
            for port in range(2, choose.randint(3, 5)):
                model = "pcie-switch-downstream-port"
                pieces.append(f"<controller type='pci' index='{index + port}' model='{model}'/>")
            index += 4
    choose.shuffle(pieces)
    return pieces


def devices(choose: random.Random, standing_in_line: tuple[str, ...]) -> list[str]:
    pieces = []
    for number in range(choose.randint(0, 7)):
        piece = choose.choice(standing_in_line).format(n=number, letter="abcdefghijkl"[number])
        if not any(part in piece and part in taken for part in ONCE for taken in pieces):
            pieces.append(piece)
    for number in range(choose.randint(1, 4)):
        pieces.append(choose.choice(TRANSIENTS).format(bus=number + 3, slot=number))
    choose.shuffle(pieces)
    return pieces


def domain(pieces: list[str], machine: str, arch: str) -> str:
    lines = "".join(f"    {piece}\n" for piece in pieces)
    return (
        f"<domain type='qemu'>\n  <name>x</name>\n  <memory unit='MiB'>64</memory>\n"
        f"  <os><type arch='{arch}' machine='{machine}'>hvm</type></os>\n  <devices>\n{lines}  </devices>\n</domain>\n"
    )


def topology(text: str, machine: str, arch: str, host: Host) -> tuple[Topology, list[Element]]:
    """What domlint makes of a domain, and the transient devices in it."""
    found = etree.fromstring(text).find("devices")
    assert found is not None
    resolved = resolve_machine(arch, machine, "qemu", host)
    return Topology(PciReading(found), resolved, host), transients_of(found)


def transients_of(devices: Element) -> list[Element]:
    """Interfaces first, as libvirt writes them."""
    return [teaming.getparent() for kind in ("interface", "hostdev") for teaming in devices.iterfind(f"{kind}/teaming")]


def place_in(devices: Element, transient: Element) -> tuple[int, str]:
    """The bus a device has in libvirt's answer, and the model of the controller of that bus."""
    bus = c_integer(transient.find("address").get("bus"))
    assert isinstance(bus, int)
    (controller,) = (one for one in devices.iterfind("controller[@type='pci']") if one.get("index") == str(bus))
    return bus, controller.get("model")


def random_domains(arch: str, machine: str, count: int, standing_in_line: tuple[str, ...]) -> Iterator[str]:
    choose = random.Random(SEED)
    for _ in range(count):
        pieces = controllers(choose)
        yield domain(pieces + devices(choose, standing_in_line), machine, arch)


@pytest.mark.parametrize(
    "arch, machine, count, standing_in_line",
    [
        ("x86_64", "q35", DOMAINS, STANDING_IN_LINE + STANDING_IN_LINE_ON_Q35),
        ("aarch64", "virt", AARCH64_DOMAINS, STANDING_IN_LINE),
    ],
    ids=["x86_64", "aarch64"],
)
def test_transients_get_the_predicted_ports(
    arch: str, machine: str, count: int, standing_in_line: tuple[str, ...]
) -> None:
    host = host_for(arch)
    compared, refused, wrong = 0, 0, []
    for text in random_domains(arch, machine, count, standing_in_line):
        answer = define(text)
        if answer.is_refused:
            refused += 1
            continue
        predicted, transients = topology(text, machine, arch, host)
        for transient, placed in zip(transients, transients_of(answer.devices), strict=True):
            bus, model = place_in(answer.devices, placed)
            expected = bus if bus in predicted.controllers and model in PORT_MODELS else None
            port = predicted.port_of(transient)
            compared += 1
            if expected != (port and port.index):
                wrong.append(f"libvirt: bus {bus}; domlint: {port and port.index}; {describe(transient)} in\n{text}")
    assert wrong == [], f"{len(wrong)} of {compared} wrong, the first: {wrong[0]}"
    assert refused < count / 4, "most of the domains must tell something"


def describe(transient: Element) -> str:
    return etree.tostring(transient).decode().strip()


MODELS_ON_EXPRESS = ["virtio", "VirtIO", "virtio-non-transitional", "e1000e", "igb", "pcnet", "tulip", "smc91c111"]

POOL = "<network><name>domlint-pool</name><forward mode='hostdev' managed='yes'><pf dev='eth9'/></forward></network>"
BRIDGED = "<network><name>domlint-br</name><forward mode='bridge'/><bridge name='br0'/></network>"


def bridge_of(model: str, network: str = "sriov") -> str:
    """The model of the controller behind which libvirt puts a transient interface that asks for no address."""
    pieces = NETWORK.format(model=f"<model type='{model}'/>" if model else "").replace("sriov", network)
    answer = define(domain([pieces], "q35", "x86_64"))
    (placed,) = transients_of(answer.devices)
    return place_in(answer.devices, placed)[1]


@pytest.mark.parametrize("model", sorted(NETWORK_MODELS_ON_CONVENTIONAL_PCI | {"Am79C970A", "E1000"}))
def test_model_lands_on_conventional_pci(model: str) -> None:
    assert bridge_of(model) == "pcie-to-pci-bridge"
    assert model.lower() in NETWORK_MODELS_ON_CONVENTIONAL_PCI


@pytest.mark.parametrize("model", MODELS_ON_EXPRESS)
def test_model_lands_on_a_port(model: str) -> None:
    assert bridge_of(model) == "pcie-root-port"
    assert model.lower() not in NETWORK_MODELS_ON_CONVENTIONAL_PCI


def test_without_a_model_the_network_decides() -> None:
    assert bridge_of("") == "pcie-to-pci-bridge", "of a network that libvirt does not know"
    with defined_network(BRIDGED):
        assert bridge_of("", "domlint-br") == "pcie-to-pci-bridge"
    with defined_network(POOL):
        assert bridge_of("", "domlint-pool") == "pcie-root-port"
        assert bridge_of("rtl8139", "domlint-pool") == "pcie-to-pci-bridge", "the model decides where there is one"
