"""NET00x: interfaces of types that ask for something.

Every run with an interface imports this module; the others wait for what is rare in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import is_virtio, network_model
from domlint.domain.interfaces import InterfacePart, each_part
from domlint.domain.machine import PciRoot
from domlint.domain.values import Unknown, attribute, child, child_attribute
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_VALIDATE: Final = "src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefNetwork)"
_OF_OTHERS: Final = ("null", "vds")
_OF_VIRTIO: Final = ("vhostuser", "vdpa")
_OF_RARE_TYPES: Final = (*_OF_OTHERS, *_OF_VIRTIO)
_CHOSEN_BY_LIBVIRT: Final = Version(11, 3, 0)
"""The first libvirt seen that takes virtio for a vhost-user interface without a model; 9.0.0 takes the machine's."""


def _each_of_rare_type(context: Context, interface: Element) -> Iterator[tuple[Element, str]]:
    kind = interface.get("type", "user")
    if kind in _OF_RARE_TYPES and context.domain.runs_on_qemu:
        yield interface, kind


@rule(
    "NET001",
    "interface-type-of-other-hypervisor",
    outcome=Outcome.START,
    on="devices/interface",
    each=_each_of_rare_type,
    asked="8.7.0",
    mentions=_OF_RARE_TYPES,
    source="libvirt 9.0.0 and 11.3.0 src/qemu/qemu_command.c (qemuBuildHostNetProps); seen with libvirt 11.3.0",
    bad=Example("<interface type='null'/> <!-- NET001 -->"),
    good=Example("<interface type='user'/>"),
)
def interface_type_of_other_hypervisor(context: Context, found: tuple[Element, str]) -> Problems:
    """The interface is of a type that QEMU's guests do not have.

    'null' and 'vds' are there for guests of VMware. libvirt defines the domain, and refuses to start it.
    """
    interface, kind = found
    if kind in _OF_OTHERS:
        yield Problem(
            Spot(interface, "type"),
            f"an interface of type '{kind}' is one of VMware's guests",
            "to have it connected to nothing, say type='user' and <link state='down'/>",
        )


def _is_other_model(context: Context, kind: str, model: str | None) -> bool:
    """Tell whether an interface that needs a virtio model surely has another one."""
    libvirt = context.libvirt
    if model is not None:
        if kind == "vdpa" and libvirt is not None and libvirt <= (9, 0, 0):
            return model.lower() != "virtio"
        return not is_virtio(model)
    if kind == "vdpa" or libvirt is None or libvirt >= _CHOSEN_BY_LIBVIRT:
        return False
    if libvirt <= (7, 0, 0):
        return True
    default = context.machine.network_model
    return libvirt <= (9, 0, 0) and (context.machine.is_x86 is True or (default != "" and not is_virtio(default)))


@rule(
    "NET002",
    "interface-needs-virtio",
    outcome=Outcome.DEFINE,
    on="devices/interface",
    each=_each_of_rare_type,
    needs=Needs.MACHINE,
    since="a vhost-user interface that names no model is virtio in 11.3.0, and is not in 9.0.0",
    mentions=_OF_RARE_TYPES,
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}, 7.0.0 src/conf/domain_conf.c (virDomainNetDefParseXML), 9.0.0"
    " src/conf/domain_validate.c (virDomainNetDefValidate); seen with all three",
    bad=Example("""\
<interface type='vdpa'>
  <source dev='/dev/vhost-vdpa-0'/>
  <model type='e1000'/> <!-- NET002 -->
</interface>
"""),
    good=Example("""\
<interface type='vdpa'>
  <source dev='/dev/vhost-vdpa-0'/>
  <model type='virtio'/>
</interface>
"""),
)
def interface_needs_virtio(context: Context, found: tuple[Element, str]) -> Problems:
    """A vhost-user or vDPA interface is not a virtio NIC.

    What is at the other end speaks virtio. libvirt refuses the definition.
    """
    interface, kind = found
    model = network_model(interface)
    if kind not in _OF_VIRTIO or isinstance(model, Unknown):
        return
    model = None if model is None or model.lower() in ("", "unknown") else model
    if not _is_other_model(context, kind, model):
        return
    element = child(interface, "model")
    yield Problem(
        Spot(interface) if element is None or not model else Spot(element, "type"),
        f"an interface of type '{kind}' must be of model virtio, not "
        + (f"'{model}'" if model else "of the model that libvirt takes for the machine"),
        "say <model type='virtio'/>",
    )


@rule(
    "NET003",
    "vhostuser-without-shared-memory",
    outcome=Outcome.DEFINE,
    on="devices/interface",
    each=_each_of_rare_type,
    asked="11.2.0",
    since="libvirt 11.2.0; older ones start the domain, whose interface then does not work",
    mentions=_OF_RARE_TYPES,
    source=f"libvirt 11.3.0 {_VALIDATE}, NEWS.rst, 11.2.0; seen with libvirt 11.3.0",
    bad=Example("""\
<interface type='vhostuser'> <!-- NET003 -->
  <source type='unix' path='/run/switch/port1' mode='client'/>
  <model type='virtio'/>
</interface>
"""),
    good=Example(
        """\
<interface type='vhostuser'>
  <source type='unix' path='/run/switch/port1' mode='client'/>
  <model type='virtio'/>
</interface>
""",
        around="<memoryBacking>\n  <source type='memfd'/>\n  <access mode='shared'/>\n</memoryBacking>",
    ),
)
def vhostuser_without_shared_memory(context: Context, found: tuple[Element, str]) -> Problems:
    """A vhost-user interface, and the guest's memory is not shared.

    The process at the other end of the socket reads packets out of the guest's memory and writes them into it. libvirt
    refuses the definition of a domain whose memory it cannot share.
    """
    interface, kind = found
    if kind != "vhostuser":
        return
    from domlint.domain.memory_backing import memory_sharing, sharing_advice

    sharing = memory_sharing(context.domain.element)
    if sharing.is_shared is False:
        yield Problem(
            Spot(interface),
            "a vhost-user interface needs shared memory, and "
            + ("the domain's is private" if sharing.culprit is None else "a part of the domain's is private"),
            sharing_advice(context.domain.element, sharing.culprit),
            () if sharing.culprit is None else ((Spot(sharing.culprit), "this makes it private"),),
        )


@rule(
    "NET004",
    "vhostuser-source",
    outcome=Outcome.DEFINE,
    on="devices/interface",
    each=_each_of_rare_type,
    mentions=_OF_RARE_TYPES,
    source=f"libvirt 11.3.0 {_VALIDATE}, 7.0.0 and 9.0.0 src/conf/domain_conf.c (virDomainNetDefParseXML)",
    bad=Example(
        """\
<interface type='vhostuser'>
  <source type='unix' path='/run/switch/port1' mode='server'>
    <reconnect enabled='yes' timeout='10'/> <!-- NET004 -->
  </source>
  <model type='virtio'/>
</interface>
""",
        around="<memoryBacking>\n  <source type='memfd'/>\n  <access mode='shared'/>\n</memoryBacking>",
    ),
    good=Example(
        """\
<interface type='vhostuser'>
  <source type='unix' path='/run/switch/port1' mode='client'>
    <reconnect enabled='yes' timeout='10'/>
  </source>
  <model type='virtio'/>
</interface>
""",
        around="<memoryBacking>\n  <source type='memfd'/>\n  <access mode='shared'/>\n</memoryBacking>",
    ),
)
def vhostuser_source(context: Context, found: tuple[Element, str]) -> Problems:
    """The socket of a vhost-user interface is not there, or cannot do what is asked of it.

    Without passt, the interface needs the path of a socket; one that QEMU listens at is not connected again. Up to
    11.0.0, libvirt also wants type='unix' and a mode to be named. It refuses the definition.
    """
    interface, kind = found
    if kind != "vhostuser":
        return
    source, backend = child(interface, "source"), child_attribute(interface, "backend", "type")
    spot = Spot(interface if source is None else source)
    needed = ["path"] if backend is None or (isinstance(backend, str) and backend != "passt") else []
    if context.is_older_than((11, 1, 0)):
        needed = ["type", "path", "mode"]
    missing = [name for name in needed if attribute(source, name) is None]
    if missing:
        yield Problem(
            spot,
            f"a vhost-user interface without the {' and the '.join(missing)} of its socket",
            "say <source type='unix' path='…' mode='client'/>, with the socket of the switch",
        )
    reconnect = None if source is None else child(source, "reconnect")
    if reconnect is not None and attribute(reconnect, "enabled") == "yes" and attribute(reconnect, "timeout") is None:
        yield Problem(
            Spot(reconnect), "<reconnect> does not say after how many seconds", "add timeout='…', a number of seconds"
        )
    if reconnect is not None and attribute(reconnect, "enabled") == "yes" and attribute(source, "mode") == "server":
        yield Problem(
            Spot(reconnect),
            "QEMU listens at this socket (mode='server'), and can connect again only where it is the client",
            "remove <reconnect>, or say mode='client'",
        )


def _each_usb(context: Context, model: Element) -> Iterator[InterfacePart]:
    for part in each_part(context, model) if model.get("type") == "usb-net" else ():
        if child(part.interface, "address") is None and part.type != "hostdev":
            yield part


@rule(
    "NET005",
    "usb-nic-of-newer-libvirt",
    outcome=Outcome.DEFINE,
    on="devices/interface/model",
    each=_each_usb,
    needs=Needs.MACHINE,
    until="10.3.0",
    mentions=("usb-net",),
    source="libvirt 7.0.0 and 9.0.0 src/qemu/qemu_domain_address.c (qemuDomainDeviceCalculatePCIConnectFlags),"
    " 10.3.0 docs/formatdomain.rst; seen with libvirt 7.0.0 and 9.0.0",
    bad=Example("<interface type='user'>\n  <model type='usb-net'/> <!-- NET005 -->\n</interface>\n", libvirt="9.0.0"),
    good=Example("<interface type='user'>\n  <model type='e1000e'/>\n</interface>\n", libvirt="9.0.0"),
)
def usb_nic_of_newer_libvirt(context: Context, model: InterfacePart) -> Problems:
    """The NIC is one on USB, which libvirt knows since 10.3.0.

    Older ones look for a PCI slot, find that none is right for it, and refuse the definition.
    """
    if context.machine.root in (PciRoot.PCI, PciRoot.PCIE):
        yield Problem(
            Spot(model.element, "type"),
            "libvirt gives NICs of the model usb-net no place before 10.3.0",
            "take another model, or use libvirt 10.3.0 or newer",
        )
