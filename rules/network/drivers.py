"""NET040, NET041 and NET055: what stands in the driver of an interface, and cannot be so."""

from __future__ import annotations

from typing import Final

from domlint.domain import Context
from domlint.domain.devices import is_virtio, network_model
from domlint.domain.interfaces import VIRTIO_OPTIONS, InterfacePart, each_part
from domlint.domain.sizes import is_power_of_two
from domlint.domain.values import Unknown, attribute, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_VALIDATE: Final = "src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefNetwork)"


_BRIDGE: Final = "<interface type='bridge'>\n  <source bridge='br0'/>\n{}</interface>\n"


_VIRTIO: Final = _BRIDGE.format("  <model type='virtio'/>\n{}")


@rule(
    "NET040",
    "queue-size",
    outcome=Outcome.DEFINE,
    on="devices/interface/driver",
    each=each_part,
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example(_VIRTIO.format("  <driver rx_queue_size='1000'/> <!-- NET040 -->\n")),
    good=Example(_VIRTIO.format("  <driver rx_queue_size='1024'/>\n")),
)
def queue_size(context: Context, driver: InterfacePart) -> Problems:
    """The size of a virtio NIC's queues is not a power of two.

    libvirt refuses the definition.
    """
    for name in ("rx_queue_size", "tx_queue_size"):
        size = decimal(attribute(driver.element, name))
        if isinstance(size, int) and size > 0 and not is_power_of_two(size) and driver.has_written_virtio:
            below = 1 << (size.bit_length() - 1)
            yield Problem(
                Spot(driver.element, name),
                f"a queue of {size} packets: it must be a power of two",
                f"say {below} or {below * 2}",
            )


@rule(
    "NET041",
    "virtio-options-of-other-model",
    outcome=Outcome.DEFINE,
    on="devices/interface/driver",
    each=each_part,
    needs=Needs.HOST,
    source="libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainNetDefValidate), 7.0.0"
    " src/conf/domain_conf.c; seen with libvirt 7.0.0 and 11.3.0",
    bad=Example(_BRIDGE.format("  <model type='e1000'/>\n  <driver iommu='on'/> <!-- NET041 -->\n")),
    good=Example(_VIRTIO.format("  <driver iommu='on'/>\n")),
)
def virtio_options_of_other_model(context: Context, driver: InterfacePart) -> Problems:
    """A NIC has options of virtio devices, and is none.

    libvirt refuses the definition. A NIC that names no model has one that hangs on the machine, which is virtio on
    few.
    """
    options = [name for name in VIRTIO_OPTIONS if isinstance(attribute(driver.element, name), str)]
    if context.is_older_than((7, 9, 0)):
        options = [name for name in options if name != "page_per_vq"]  # which it does not know
    if options and _is_virtio_in_the_end(context, driver) is False:
        model = network_model(driver.interface)
        yield Problem(
            Spot(driver.element, options[0]),
            f"{' and '.join(options)} in the <driver> of a NIC that is not virtio"
            + (f" but '{model}'" if model else ""),
            "say <model type='virtio'/>, or remove it",
        )


def _is_virtio_in_the_end(context: Context, part: InterfacePart) -> bool | None:
    """Tell whether the NIC is virtio, also without naming a model; None where that is not known."""
    model = network_model(part.interface)
    if isinstance(model, Unknown):
        return None
    if model and model.lower() != "unknown":
        return is_virtio(model)
    if part.type == "hostdev":
        return False
    if part.type in ("vdpa", "vhostuser"):
        return None
    default = context.default_network_model
    if not isinstance(default, str) or (is_virtio(default) and part.type == "network"):
        return None
    return is_virtio(default)


_TAGGED: Final = "<interface type='hostdev' managed='yes'>\n  <source>\n" + (
    "    <address type='pci' domain='0x0000' bus='0x03' slot='0x10' function='0x1'/>\n  </source>\n{}</interface>\n"
)


_DRIVERS: Final = ("vfio", "kvm", "xen")


@rule(
    "NET055",
    "hostdev-driver",
    outcome=Outcome.DEFINE,
    on="devices/interface/driver",
    each=each_part,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainHostdevDefParseXMLSubsys),"
    " src/qemu/qemu_command.c (qemuBuildPCIHostdevDevProps); seen with libvirt 11.3.0",
    bad=Example(_TAGGED.format("  <driver name='vhost'/> <!-- NET055 -->\n")),
    good=Example(_TAGGED.format("  <driver name='vfio'/>\n")),
    instead_of=("SCHEMA005",),
)
def hostdev_driver(context: Context, driver: InterfacePart) -> Problems:
    """An assigned NIC is to be run by a driver that is none for assigned devices.

    It is VFIO. 'qemu' and 'vhost' are for NICs that the host emulates: libvirt refuses the definition. 'xen' is for
    another hypervisor, and 'kvm' is gone from QEMU: libvirt refuses to start the domain.
    """
    name = attribute(driver.element, "name")
    if driver.type != "hostdev" or not isinstance(name, str) or name == "vfio":
        return
    yield Problem(
        Spot(driver.element, "name"),
        f"an assigned NIC is run by vfio, not by '{name}'",
        "say <driver name='vfio'/>, or remove it",
        outcome=Outcome.START if name in _DRIVERS else Outcome.DEFINE,
    )
