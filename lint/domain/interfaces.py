"""Network interfaces: of which type they are, and which model the guest sees."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.document import Element
from domlint.domain.devices import interface_type, is_virtio, network_model
from domlint.domain.values import Unknown, attribute, child, child_attribute

if TYPE_CHECKING:
    from domlint.domain import Context

VIRTIO_OPTIONS: Final = ("iommu", "ats", "packed", "page_per_vq")
"""What libvirt reads in the driver of every NIC, and takes for virtio ones alone."""

_ATTRIBUTES: Final = frozenset({"managed", "trustGuestRxFilters"})
"""What an interface can have beside its type."""

TAP_TYPES: Final = ("network", "bridge", "ethernet")
"""The types of interface that end in a tap device of the host."""


class InterfacePart(NamedTuple):
    """A child of an interface, the first of its name, with the interface and its type."""

    interface: Element
    type: str
    element: Element

    @property
    def has_written_virtio(self) -> bool:
        """Tell whether the interface names a virtio model, so that libvirt reads what is said of one.

        Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainNetDefParseXMLDriver): an assigned device has none, and
        the model that an interface gets without naming it comes later.
        """
        return self.type != "hostdev" and is_virtio(network_model(self.interface))

    @property
    def is_passt(self) -> bool | None:
        """Tell whether passt carries the traffic; None where that is not known."""
        backend = child_attribute(self.interface, "backend", "type")
        return None if isinstance(backend, Unknown) else backend == "passt"


def each_part(context: "Context", element: Element) -> Iterator[InterfacePart]:
    """The part of an interface that an element is, where libvirt reads it and knows the type of the interface."""
    interface = element.getparent()
    if interface is None or next(element.itersiblings(element.tag, preceding=True), None) is not None:
        return
    yield from _parts(context, interface, element)


def each_repeated_part(context: "Context", element: Element) -> Iterator[InterfacePart]:
    """Like each_part, for elements that may stand in an interface several times."""
    interface = element.getparent()
    if interface is not None:
        yield from _parts(context, interface, element)


def _parts(context: "Context", interface: Element, element: Element) -> Iterator[InterfacePart]:
    kind = interface_type(interface)
    if "type" not in interface.attrib and not _ATTRIBUTES.issuperset(map(str, interface.attrib)):
        return  # the type is misspelt, which the structure tells of
    if isinstance(kind, str) and context.domain.runs_on_qemu:
        yield InterfacePart(interface, kind, element)


def is_unread_driver(element: Element, attribute_name: str) -> bool:
    """Tell whether an attribute is one of a NIC's driver that libvirt reads for virtio NICs alone, and this is none.

    Source: libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainNetDefParseXMLDriver).
    """
    driver = element if element.tag == "driver" else element.getparent()
    interface = None if driver is None or driver.tag != "driver" else driver.getparent()
    if interface is None or interface.tag != "interface" or (element is driver and attribute_name in VIRTIO_OPTIONS):
        return False
    kind, model = interface_type(interface), network_model(interface)
    if kind == "hostdev":
        return attribute_name != "name"
    return not isinstance(model, Unknown) and not is_virtio(model)


def port_type(interface: Element) -> str | None:
    """The type of the virtual port of an interface; "" for none, None where a placeholder hides it."""
    port = child(interface, "virtualport")
    kind = attribute(port, "type")
    return None if isinstance(kind, Unknown) else kind or ""
