"""Facts about a domain that several rules need, computed once and only on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from domlint.document import Document, Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child

if TYPE_CHECKING:
    from domlint.domain.failover import Failover
    from domlint.domain.machine import Machine
    from domlint.domain.pci import Topology
    from domlint.hosts import Host
    from domlint.networks import Network
    from domlint.versions import Version


class Domain:
    """A domain's own facts: all that the file and the networks tell, whatever the host."""

    def __init__(self, element: Element, networks: Mapping[str, Network]) -> None:
        self.element = element
        self.networks = networks

    @cached_property
    def type(self) -> Maybe[str]:
        """The domain type: kvm, qemu, xen …"""
        return attribute(self.element, "type")

    @cached_property
    def virt_type(self) -> str | None:
        """The accelerator as capability files call it; None where it is not known."""
        if isinstance(self.type, Unknown) or self.type is None:
            return None
        return "tcg" if self.type == "qemu" else self.type

    @cached_property
    def arch(self) -> Maybe[str]:
        """The guest's architecture, where the file names it."""
        return attribute(self._os_type, "arch")

    @cached_property
    def machine_name(self) -> Maybe[str]:
        """The machine as written."""
        return attribute(self._os_type, "machine")

    @cached_property
    def devices(self) -> Element | None:
        """The ``<devices>`` element."""
        return child(self.element, "devices")

    @cached_property
    def runs_on_qemu(self) -> bool:
        """Tell whether libvirt's QEMU driver is meant to run the domain (true also where the type is not known)."""
        return self.type in (None, UNKNOWN, "kvm", "qemu", "hvf")

    @cached_property
    def failover(self) -> Failover:
        """The failover pairs."""
        from domlint.domain.failover import Failover

        return Failover(self.devices, self.networks)

    @cached_property
    def _os_type(self) -> Element | None:
        os = child(self.element, "os")
        return None if os is None else child(os, "type")


class Context:
    """One file held against one host, or against none: what a rule is given.

    ``libvirt`` is the version that shall read the file, where it is known. ``given_hosts`` are all those of the run:
    where there are some and ``host`` is None, none of them runs guests of this architecture.
    """

    def __init__(
        self,
        document: Document,
        domain: Domain | None,
        host: Host | None,
        libvirt: Version | None,
        given_hosts: Sequence[Host] = (),
    ) -> None:
        self.document = document
        self.host = host
        self.given_hosts = given_hosts
        self.libvirt = libvirt
        self._domain = domain
        self._selected: dict[tuple[object, Element], tuple[Any, ...]] = {}

    def selected(self, each: Callable[[Context, Element], Iterable[Any]], element: Element) -> tuple[Any, ...]:
        """What ``each`` makes of an element; it is asked once, however many rules want to know."""
        key = (each, element)
        found = self._selected.get(key)
        if found is None:
            found = self._selected[key] = tuple(each(self, element))
        return found

    @property
    def domain(self) -> Domain:
        """The domain; rules for the file as a whole must not ask for it."""
        assert self._domain is not None
        return self._domain

    @property
    def failover(self) -> Failover:
        """The failover pairs of the domain."""
        return self.domain.failover

    @cached_property
    def machine(self) -> Machine:
        """The machine that the domain gets on this host."""
        from domlint.domain.machine import resolve_machine

        domain = self.domain
        return resolve_machine(domain.arch, domain.machine_name, domain.virt_type, self.host)

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
            return "rtl8139" if self.machine.arch in ("x86_64", "i686") else UNKNOWN
        for model in ("rtl8139", "e1000"):
            presence = self.host.answer(model).presence
            if presence is not Presence.ABSENT:
                return UNKNOWN if presence is Presence.UNKNOWN else model
        return "virtio"

    @cached_property
    def pci(self) -> Topology:
        """The PCI topology that the domain gets on this host."""
        from domlint.domain.pci import Topology

        return Topology(self.domain.devices, self.machine, self.host)
