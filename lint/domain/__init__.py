"""Facts about a domain that several rules need, computed once and only on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, cast

from domlint.cached import cached_property
from domlint.document import Document, Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child
from domlint.hosts.fit import fitting_emulator
from domlint.placeholders import is_placeholder

if TYPE_CHECKING:
    from domlint.domain.audio import AudioBackends
    from domlint.domain.boot import BootOrder
    from domlint.domain.character import Chardev, SerialPort
    from domlint.domain.controllers import Controller
    from domlint.domain.cpu import DomainCpu
    from domlint.domain.disks import Disks
    from domlint.domain.failover import Failover
    from domlint.domain.firmware import Firmware
    from domlint.domain.graphics import Graphics
    from domlint.domain.machine import Machine
    from domlint.domain.memory import Amounts
    from domlint.domain.numa import Numa
    from domlint.domain.pci import Topology
    from domlint.domain.pci_reading import PciReading
    from domlint.domain.vcpus import Vcpus
    from domlint.domain.video import Video
    from domlint.hosts import DomainCapabilities, Host
    from domlint.hosts import Machine as HostMachine
    from domlint.networks import Network
    from domlint.suppressing import Applied
    from domlint.versions import Version


_MOST_HELD: Final = 10_000
"""Elements of a domain; one that has more may need too much memory for that."""


class Domain:
    """A domain's own facts: all that the file and the networks tell, whatever the host."""

    def __init__(self, element: Element, networks: Mapping[str, Network]) -> None:
        self.element = element
        self.networks = networks
        # lxml makes Python's side of an element anew for each that looks at it, unless somebody holds it: rules do so
        # a hundred times.
        self._held = tuple(islice(element.iter(), _MOST_HELD))

    @cached_property
    def type(self) -> Maybe[str]:
        """The domain type: kvm, qemu, xen …"""
        return attribute(self.element, "type")

    @cached_property
    def virt_type(self) -> str | None:
        """The accelerator as capability files call it; None where it is not known."""
        if isinstance(self.type, Unknown) or not self.type:
            return None
        return "tcg" if self.type == "qemu" else self.type

    @cached_property
    def arch(self) -> Maybe[str]:
        """The guest's architecture, where the file names it."""
        return attribute(self.os_type, "arch")

    @cached_property
    def machine_name(self) -> Maybe[str]:
        """The machine as written."""
        return attribute(self.os_type, "machine")

    @cached_property
    def emulator(self) -> Maybe[str]:
        """The path of the emulator as written; None where the domain names none."""
        element = None if self.devices is None else child(self.devices, "emulator")
        text = "" if element is None else (element.text or "").strip()
        return UNKNOWN if is_placeholder(text) else text or None

    @cached_property
    def devices(self) -> Element | None:
        """The ``<devices>`` element."""
        return child(self.element, "devices")

    @cached_property
    def runs_on_qemu(self) -> bool:
        """Tell whether libvirt's QEMU driver is meant to run the domain (true also where the type is not known)."""
        return self.type in (None, UNKNOWN, "kvm", "qemu", "hvf")

    @cached_property
    def cpu(self) -> DomainCpu | None:
        """What ``<cpu>`` says; None where there is none."""
        element = child(self.element, "cpu")
        if element is None:
            return None
        from domlint.domain.cpu import read_cpu

        return read_cpu(element)

    @cached_property
    def disks(self) -> Disks:
        """The disks."""
        from domlint.domain.disks import Disks

        return Disks(self.devices)

    @cached_property
    def features(self) -> Mapping[str, Element]:
        """What ``<features>`` says: the element of each name that counts."""
        from domlint.domain.features import features_of

        return features_of(self.element)

    @cached_property
    def controllers(self) -> tuple[Controller, ...]:
        """The controllers other than those of PCI, in the order of the file."""
        from domlint.domain.controllers import read_controllers

        return read_controllers(self.devices)

    @cached_property
    def iothread_ids(self) -> frozenset[int] | None:
        """The numbers of the I/O threads; None where they are not known."""
        from domlint.domain.iothreads import iothread_ids

        return iothread_ids(self.element)

    @cached_property
    def failover(self) -> Failover:
        """The failover pairs."""
        from domlint.domain.failover import Failover

        return Failover(self.devices, self.networks)

    @cached_property
    def os(self) -> Element | None:
        """The ``<os>`` element."""
        return child(self.element, "os")

    @cached_property
    def vcpus(self) -> Vcpus:
        """The vCPUs: how many, and who places them."""
        from domlint.domain.vcpus import read_vcpus

        return read_vcpus(self.element)

    @cached_property
    def numa(self) -> Numa:
        """The NUMA cells of the guest."""
        from domlint.domain.numa import read_numa

        return read_numa(self.element)

    @cached_property
    def memory(self) -> Amounts:
        """The memory that the domain has and may come to have."""
        from domlint.domain.memory import read_amounts

        return read_amounts(self.element, self.devices, self.numa.memory)

    @cached_property
    def pci(self) -> PciReading:
        """The PCI controllers, and the places on PCI that devices ask for."""
        from domlint.domain.pci_reading import PciReading

        return PciReading(self.devices)

    @cached_property
    def os_type(self) -> Element | None:
        """The ``<type>`` element of ``<os>``."""
        return None if self.os is None else child(self.os, "type")

    @cached_property
    def firmware(self) -> Firmware | None:
        """What ``<os>`` says of firmware; None where there is none."""
        if self.os is None:
            return None
        from domlint.domain.firmware import Firmware

        return Firmware(self.os)

    @cached_property
    def graphics(self) -> tuple[Graphics, ...]:
        """The displays, in the order of the file."""
        from domlint.domain.graphics import read_graphics

        return read_graphics(self.devices)

    @cached_property
    def audio(self) -> AudioBackends:
        """The audio backends."""
        from domlint.domain.audio import AudioBackends

        return AudioBackends(self.devices, self.graphics)

    @cached_property
    def videos(self) -> tuple[Video, ...]:
        """The graphics cards, in the order in which libvirt has them."""
        from domlint.domain.video import read_videos

        return read_videos(self.devices)

    @cached_property
    def chardevs(self) -> tuple[Chardev, ...]:
        """The devices that are connected to the host as serial ports are."""
        from domlint.domain.character import read_chardevs

        return read_chardevs(self.devices)

    @cached_property
    def serial_ports(self) -> tuple[SerialPort, ...]:
        """The serial ports."""
        from domlint.domain.character import read_serial_ports

        return read_serial_ports(self.devices)

    @cached_property
    def boot_order(self) -> BootOrder:
        """Which devices it says it boots from."""
        from domlint.domain.boot import BootOrder

        return BootOrder(self.os, self.devices)


def fitting_hosts(domain: Domain, hosts: Iterable[Host]) -> tuple[Host, ...]:
    """The emulators that a domain gets, one for each host (each id) that has one for it, in the order given."""
    by_id: dict[str, list[Host]] = {}
    for host in hosts:
        by_id.setdefault(host.id, []).append(host)
    arch, emulator = (value if isinstance(value, str) else None for value in (domain.arch, domain.emulator))
    found = (fitting_emulator(emulators, arch, domain.virt_type, emulator) for emulators in by_id.values())
    return tuple(host for host in found if host is not None)


def machine_of(domain: Domain, host: Host | None) -> Machine:
    """The machine that a domain gets on a host (None: nothing known of the host)."""
    from domlint.domain.machine import resolve_machine

    return resolve_machine(domain.arch, domain.machine_name, domain.virt_type, host)


class Context:
    """One file held against one host, or against none: what a rule is given.

    ``host`` is the emulator that the domain gets on the host. ``libvirt`` is the version that shall read the file,
    where it is known. ``given_hosts`` are the emulators of all the hosts of the run, those with one id being of one
    host: where there are some and ``host`` is None, none of them fits the domain. ``fitting_hosts`` are the emulators
    that the domain gets on the hosts of the run, one for each host that has one for it. ``domain`` is the domain's own
    facts. ``machine`` is the machine that it gets, where that was found before. ``applied`` is what came of what the
    file suppresses, for the rules about that.
    """

    def __init__(
        self,
        document: Document,
        domain: Domain | None,
        host: Host | None,
        libvirt: Version | None,
        given_hosts: Sequence[Host] = (),
        fitting: Sequence[Host] = (),
        machine: Machine | None = None,
        applied: Applied | None = None,
    ) -> None:
        self.document = document
        self.host = host
        self.given_hosts = given_hosts
        self.fitting_hosts = fitting
        self.libvirt = libvirt
        self._machine = machine
        self.applied = applied
        # Rules for the file as a whole, which run without one, must not ask for the domain.
        self.domain = cast("Domain", domain)
        self._selected: dict[tuple[object, Element], tuple[Any, ...]] = {}

    def is_older_than(self, version: tuple[int, ...]) -> bool:
        """Tell whether the libvirt that reads the file is older; one that is not known is taken for the newest."""
        return self.libvirt is not None and self.libvirt < version

    def selected(self, each: Callable[[Context, Element], Iterable[Any]], element: Element) -> tuple[Any, ...]:
        """What ``each`` makes of an element; it is asked once, however many rules want to know."""
        key = (each, element)
        found = self._selected.get(key)
        if found is None:
            found = self._selected[key] = tuple(each(self, element))
        return found

    @cached_property
    def emulators(self) -> tuple[Host, ...]:
        """All the emulators that are known of this host."""
        if self.host is None:
            return ()
        return tuple(host for host in self.given_hosts if host.id == self.host.id)

    @cached_property
    def domain_capabilities(self) -> DomainCapabilities | None:
        """What this host says of domains of this very type on this very machine; None where no file is of them."""
        domain = self.domain
        if self.host is None or not self.host.domain_capabilities or isinstance(domain.machine_name, Unknown):
            return None
        return self.host.domain_capabilities_of(domain.virt_type, domain.machine_name)

    @cached_property
    def emulator_capabilities(self) -> tuple[DomainCapabilities, ...]:
        """What this host says of domains of the same architecture on the same emulator, whatever their machine.

        The very one alone, where there is one (see domain_capabilities); the others then tell nothing more. Empty where
        the architecture is not known.
        """
        domain = self.domain
        if self.host is None or not self.host.domain_capabilities or isinstance(domain.arch, Unknown):
            return ()
        if self.domain_capabilities is not None:
            return (self.domain_capabilities,)
        arch = domain.arch or self.host.arch
        return tuple(one for one in self.host.domain_capabilities if one.arch == arch)

    @property
    def failover(self) -> Failover:
        """The failover pairs of the domain."""
        return self.domain.failover

    @cached_property
    def machine(self) -> Machine:
        """The machine that the domain gets on this host."""
        return self._machine or machine_of(self.domain, self.host)

    @cached_property
    def is_judged(self) -> bool:
        """Tell whether the domain gets this host's emulator and may have its type, so that what it asks of that counts.

        A domain without architecture gets that of the host's CPU, which several emulators without KVM do not tell.
        """
        host, virt_type, arch = self.host, self.domain.virt_type, self.domain.arch
        if host is None or virt_type is None or isinstance(arch, Unknown) or host.provides(virt_type) is False:
            return False
        if arch is not None or host.hardware is not None or host.provides("kvm") is True:
            return True
        return len({emulator.arch for emulator in self.emulators}) < 2

    @cached_property
    def host_machine(self) -> HostMachine | None:
        """What the host says of the machine that the domain gets; None where it has none, or nothing is known."""
        if self.host is None or not self.is_judged:
            return None
        written = self.domain.machine_name
        if written is None:
            return self.host.default_machine(self.domain.virt_type)
        return self.host.machine(written, self.domain.virt_type) if isinstance(written, str) else None

    @cached_property
    def default_network_model(self) -> Maybe[str]:
        """The model of an interface that names none; UNKNOWN where it hangs on what is not known of the host.

        Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainDefaultNetModel): what the machine has, else the first
        of rtl8139, e1000 and virtio that the binary offers.
        """
        if self.machine.network_model:
            return self.machine.network_model
        from domlint.hosts.answer import Presence

        if self.host is None:
            return "rtl8139" if self.machine.is_x86 else UNKNOWN
        for model in ("rtl8139", "e1000"):
            presence = self.host.answer(model).presence
            if presence is not Presence.ABSENT:
                return UNKNOWN if presence is Presence.UNKNOWN else model
        return "virtio"

    @cached_property
    def pci(self) -> Topology:
        """The PCI topology that the domain gets on this host."""
        from domlint.domain.pci import Topology

        return Topology(self.domain.pci, self.machine, self.host)
