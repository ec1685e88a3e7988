"""HOSTDEV00x to HOSTDEV02x and HOSTDEV031: what a device of the host cannot be given as."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import hostdev_mode, is_hostdev_of
from domlint.domain.hostdevs import usb_identity, usb_place
from domlint.domain.values import Maybe, Unknown, attribute, c_integer, child, child_attribute, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.versions import Version

_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainHostdevDefParseXMLSubsys), alike in 7.0.0 and 9.0.0"
_QEMU: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c"
_ON: Final = "devices/hostdev"


def _hostdev(
    kind: str, attributes: str = "", source: str = "", more: str = "", mark: str = "", at: str = "hostdev"
) -> str:
    """A hostdev, with a mark at the line of the part that is named."""
    marks = {at: f" <!-- {mark} -->" if mark else ""}
    inside = "".join(f"  {line}{marks.get('more', '')}\n" for line in more.splitlines())
    return (
        f"<hostdev mode='subsystem' type='{kind}'{attributes and ' '}{attributes}>{marks.get('hostdev', '')}\n"
        f"  <source{source and ' '}{source}>{marks.get('source', '')}\n    {_SOURCES[kind]}\n  </source>\n"
        f"{inside}</hostdev>\n"
    )


_SOURCES: Final = {
    "pci": "<address domain='0' bus='0x3b' slot='0x02' function='0'/>",
    "usb": "<vendor id='0x0951'/><product id='0x1666'/>",
    "scsi": "<adapter name='scsi_host4'/><address bus='0' target='3' unit='0'/>",
    "scsi_host": "",
    "mdev": "<address uuid='4b20d080-1b54-4048-85b3-a6a62d165c01'/>",
}
_VHOST: Final = "protocol='vhost' wwpn='naa.5123456789abcde0'"


def _each(context: Context, device: Element) -> Iterator[Element]:
    """The host devices of the QEMU driver, those of mode subsystem."""
    if context.domain.runs_on_qemu and hostdev_mode(device) == "subsystem":
        yield device


@rule(
    "HOSTDEV001",
    "hostdev-of-containers",
    outcome=Outcome.DEFINE,
    on=_ON,
    source=f"{_QEMU} (qemuValidateDomainDeviceDefHostdev), alike in 7.0.0 and 9.0.0",
    bad=Example("""\
<hostdev mode='capabilities' type='storage'> <!-- HOSTDEV001 -->
  <source>
    <block>/dev/sdf1</block>
  </source>
</hostdev>"""),
    good=Example("""\
<disk type='block' device='disk'>
  <source dev='/dev/sdf1'/>
  <target dev='vdb' bus='virtio'/>
</disk>"""),
)
def hostdev_of_containers(context: Context, device: Element) -> Problems:
    """A host device is given in a way that only containers have.

    The mode `capabilities` lets a container see a device node or a network interface of the host. A virtual machine has
    no use for it: libvirt refuses the definition.
    """
    if context.domain.runs_on_qemu and hostdev_mode(device) == "capabilities":
        yield Problem(
            Spot(device, "mode"),
            "the mode 'capabilities' is for containers: libvirt refuses the definition",
            "give a block device as a <disk>, a network interface as an <interface>",
        )


class _Belonging(NamedTuple):
    """An attribute that belongs to host devices of some types; ``is_of_source`` tells where it stands."""

    name: str
    types: tuple[str, ...]
    is_of_source: bool = False


_BELONGINGS: Final = (
    _Belonging("startupPolicy", ("usb",), True),
    _Belonging("sgio", ("scsi",)),
    _Belonging("rawio", ("scsi",)),
    _Belonging("model", ("mdev", "scsi_host")),
)


@rule(
    "HOSTDEV002",
    "hostdev-attribute-of-other-type",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    instead_of=("SCHEMA002", "SCHEMA004"),
    source=_PARSER,
    bad=Example(_hostdev("pci", "managed='yes' rawio='yes'", mark="HOSTDEV002")),
    good=Example(_hostdev("pci", "managed='yes'")),
)
def hostdev_attribute_of_other_type(context: Context, device: Element) -> Problems:
    """A host device has an attribute that belongs to devices of another type.

    Most attributes that libvirt does not expect it drops. Of these it knows better, and refuses the definition: the
    startup policy is for USB devices, `sgio` and `rawio` for SCSI devices, and mediated devices and vhost SCSI alone
    have models.
    """
    kind = attribute(device, "type")
    for name, types, is_of_source in _BELONGINGS:
        element = child(device, "source") if is_of_source else device
        if element is not None and isinstance(kind, str) and kind not in types and name in element.attrib:
            yield Problem(
                Spot(element, name),
                f"'{name}' is for host devices of the type {' or '.join(types)}, and this is one of the type {kind}:"
                " libvirt refuses the definition",
                f"remove '{name}'",
            )


@rule(
    "HOSTDEV003",
    "hostdev-write-filtering",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="6.8.0",
    source=f"{_QEMU} (qemuValidateDomainDeviceDefHostdev), alike in 7.0.0 and 9.0.0; NEWS.rst, 6.8.0",
    bad=Example(_hostdev("pci", "managed='yes'", "writeFiltering='no'", mark="HOSTDEV003", at="source")),
    good=Example(_hostdev("pci", "managed='yes'")),
)
def hostdev_write_filtering(context: Context, device: Element) -> Problems:
    """A PCI device is to have its writes to the configuration space filtered, or not.

    That is a choice in Xen. QEMU has none: libvirt refuses the definition, whichever is chosen.
    """
    source = child(device, "source")
    if source is not None and attribute(device, "type") == "pci" and "writeFiltering" in source.attrib:
        yield Problem(
            Spot(source, "writeFiltering"),
            "QEMU gives no choice in the filtering of writes: libvirt refuses the definition",
            "remove 'writeFiltering'",
        )


@rule(
    "HOSTDEV004",
    "hostdev-unfiltered-sgio",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="9.0.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainHostdevDefValidate), alike in 9.0.0, not in 7.0.0",
    bad=Example(_hostdev("scsi", "sgio='unfiltered'", mark="HOSTDEV004")),
    good=Example(_hostdev("scsi", "rawio='yes'")),
)
def hostdev_unfiltered_sgio(context: Context, device: Element) -> Problems:
    """A SCSI device shall take all commands, by way of a file of the kernel that is no more.

    Linux dropped the patch of some distributions that unfiltered SG_IO needs; libvirt has come to refuse the
    definition.
    """
    if attribute(device, "type") == "scsi" and attribute(device, "sgio") == "unfiltered":
        yield Problem(
            Spot(device, "sgio"),
            "there is no unfiltered SG_IO any more: libvirt refuses the definition",
            "remove 'sgio', and write rawio='yes' where the guest needs commands that are filtered",
        )


# Order of boot, ROMs and places.


@rule(
    "HOSTDEV011",
    "hostdev-cannot-boot",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    source=f"{_QEMU} (qemuValidateDomainDeviceDefHostdev, qemuValidateDomainMdevDef), alike in 7.0.0 and 9.0.0",
    bad=Example(_hostdev("mdev", "model='vfio-pci'", more="<boot order='1'/>", mark="HOSTDEV011", at="more")),
    good=Example(_hostdev("pci", "managed='yes'", more="<boot order='1'/>")),
)
def hostdev_cannot_boot(context: Context, device: Element) -> Problems:
    """A host device shall be booted from that cannot be.

    Mediated devices of PCI and of crypto adapters, and vhost SCSI, have no place in the order of boot: libvirt refuses
    the definition.
    """
    boot = child(device, "boot")
    is_mediated = is_hostdev_of(device, "mdev") and attribute(device, "model") in ("vfio-pci", "vfio-ap")
    if boot is not None and (is_mediated or is_hostdev_of(device, "scsi_host")):
        what = f"mediated device of the model {device.get('model')}" if is_mediated else "vhost SCSI device"
        yield Problem(
            Spot(boot),
            f"the guest cannot boot from a {what}: libvirt refuses the definition",
            "remove <boot>",
        )


@rule(
    "HOSTDEV012",
    "hostdev-without-rom",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="9.0.0",
    source=f"{_QEMU} (qemuValidateDomainDeviceInfo), alike in 9.0.0",
    bad=Example(_hostdev("scsi", more="<rom bar='off'/>", mark="HOSTDEV012", at="more")),
    good=Example(_hostdev("pci", "managed='yes'", more="<rom bar='off'/>")),
)
def hostdev_without_rom(context: Context, device: Element) -> Problems:
    """A host device has a setting of its option ROM, and is no PCI device.

    Only PCI devices have ROMs: libvirt refuses the definition of the domain.
    """
    rom = child(device, "rom")
    at = child_attribute(device, "address", "type")
    is_elsewhere = is_hostdev_of(device, "scsi") or (is_hostdev_of(device, "usb") and at == "usb")
    if rom is not None and is_elsewhere and any(name in rom.attrib for name in ("enabled", "bar", "file")):
        yield Problem(
            Spot(rom),
            f"only PCI devices have option ROMs, and this is a {device.get('type')} device:"
            " libvirt refuses the definition",
            "remove <rom>",
        )


@rule(
    "HOSTDEV013",
    "hostdev-not-on-scsi-controller",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="9.0.0",
    source=f"{_QEMU} (qemuValidateDomainDeviceDefAddressDrive), alike in 9.0.0, not in 7.0.0",
    bad=Example(
        _hostdev(
            "scsi",
            more="<address type='drive' controller='0' bus='1' target='0' unit='3'/>",
            mark="HOSTDEV013",
            at="more",
        )
    ),
    good=Example(_hostdev("scsi", more="<address type='drive' controller='0' bus='0' target='0' unit='3'/>")),
)
def hostdev_not_on_scsi_controller(context: Context, device: Element) -> Problems:
    """A SCSI device shall be at a place that its controller in the guest does not have.

    SCSI controllers have one bus, and those of the model lsilogic no targets. libvirt refuses the definition.
    """
    address = child(device, "address")
    if address is None or not is_hostdev_of(device, "scsi") or attribute(address, "type") != "drive":
        return
    places = ["bus"]
    number = decimal(attribute(address, "controller")) or 0
    if any(
        one.type == "scsi" and one.number == number and one.model == "lsilogic" for one in context.domain.controllers
    ):
        places.append("target")
    for place in places:
        if decimal(attribute(address, place)):
            yield Problem(
                Spot(address, place),
                f"the SCSI controller {number} has no {place} but 0: libvirt refuses the definition",
                f"write {place}='0', or remove the address",
            )


# Displays.


def _each_shown(context: Context, device: Element) -> Iterator[Element]:
    for one in _each(context, device):
        devices = context.domain.devices
        if attribute(one, "display") == "on" and devices is not None and child(devices, "graphics") is None:
            yield one


def _without_graphics(device: Element) -> Problems:
    yield Problem(
        Spot(device, "display"),
        "the display of this device needs <graphics>, which the domain does not have: libvirt refuses the definition",
        "add <graphics>, or write display='off'",
    )


@rule(
    "HOSTDEV020",
    "mediated-display-without-graphics",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each_shown,
    source=f"{_QEMU} (qemuValidateDomainMdevDefVFIOPCI), alike in 7.0.0 and 9.0.0",
    bad=Example(_hostdev("mdev", "model='vfio-pci' display='on'", mark="HOSTDEV020")),
    good=Example(_hostdev("mdev", "model='vfio-pci' display='on'") + "<graphics type='vnc'/>\n"),
)
def mediated_display_without_graphics(context: Context, device: Element) -> Problems:
    """A mediated device has a display, and the domain has no graphics to show it.

    libvirt refuses the definition.
    """
    if is_hostdev_of(device, "mdev") and attribute(device, "model") == "vfio-pci":
        yield from _without_graphics(device)


@rule(
    "HOSTDEV021",
    "assigned-display-without-graphics",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each_shown,
    asked="10.3.0",
    source=f"{_QEMU} (qemuValidateDomainDeviceDefHostdev); docs/formatdomain.rst, display",
    bad=Example(_hostdev("pci", "managed='yes' display='on'", mark="HOSTDEV021")),
    good=Example(_hostdev("pci", "managed='yes' display='on'") + "<graphics type='vnc'/>\n"),
)
def assigned_display_without_graphics(context: Context, device: Element) -> Problems:
    """A virtual GPU that is a PCI device of its own has a display, and the domain has no graphics to show it.

    libvirt refuses the definition.
    """
    if is_hostdev_of(device, "pci"):
        yield from _without_graphics(device)


def _earlier(device: Element) -> Iterator[Element]:
    return device.itersiblings("hostdev", preceding=True)


def _has_ramfb(context: Context, device: Element) -> bool:
    is_pci_too = not context.is_older_than(_RAMFB_OF_PCI)
    return attribute(device, "ramfb") == "on" and is_hostdev_of(device, "mdev", *(("pci",) if is_pci_too else ()))


_RAMFB_OF_PCI: Final = Version(10, 3, 0)
"""The libvirt that came to read `ramfb` of PCI devices (docs/formatdomain.rst)."""


@rule(
    "HOSTDEV022",
    "ramfb-repeated",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="9.0.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefHostdevValidate), alike in 9.0.0, not in 7.0.0",
    bad=Example(
        _hostdev("mdev", "model='vfio-pci' display='on' ramfb='on'")
        + _hostdev("mdev", "model='vfio-pci' display='on' ramfb='on'", mark="HOSTDEV022").replace("5c01", "5c02")
        + "<graphics type='vnc'/>\n"
    ),
    good=Example(
        _hostdev("mdev", "model='vfio-pci' display='on' ramfb='on'")
        + _hostdev("mdev", "model='vfio-pci' display='on'").replace("5c01", "5c02")
        + "<graphics type='vnc'/>\n"
    ),
)
def ramfb_repeated(context: Context, device: Element) -> Problems:
    """Two devices shall be the display while the guest boots.

    There is one frame buffer in memory: libvirt refuses the definition.
    """
    if _has_ramfb(context, device):
        first = next((one for one in _earlier(device) if _has_ramfb(context, one)), None)
        if first is not None:
            yield Problem(
                Spot(device, "ramfb"),
                "another device has the boot display already: libvirt refuses the definition",
                "write ramfb='off'",
                ((Spot(first, "ramfb"), "the other device"),),
            )


@rule(
    "HOSTDEV023",
    "crypto-adapters-repeated",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    source=f"{_QEMU} (qemuValidateDomainMdevDefVFIOAP), alike in 7.0.0 and 9.0.0",
    bad=Example(
        _hostdev("mdev", "model='vfio-ap'")
        + _hostdev("mdev", "model='vfio-ap'", mark="HOSTDEV023").replace("5c01", "5c02"),
        arch="s390x",
        machine="s390-ccw-virtio",
    ),
    good=Example(_hostdev("mdev", "model='vfio-ap'"), arch="s390x", machine="s390-ccw-virtio"),
)
def crypto_adapters_repeated(context: Context, device: Element) -> Problems:
    """The domain has more than one mediated device of crypto adapters.

    One device of the model vfio-ap holds all adapters and domains that the guest gets: libvirt refuses a second one.
    """
    if is_hostdev_of(device, "mdev") and attribute(device, "model") == "vfio-ap":
        first = next(
            (one for one in _earlier(device) if is_hostdev_of(one, "mdev") and attribute(one, "model") == "vfio-ap"),
            None,
        )
        if first is not None:
            yield Problem(
                Spot(device),
                "a domain has one device of the model vfio-ap: libvirt refuses the definition",
                "put all adapters and domains into one mediated device of the host",
                ((Spot(first), "the first one"),),
            )


# Which device it is.


@rule(
    "HOSTDEV031",
    "usb-vendor-zero",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainHostdevSubsysUSBDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=Example("""\
<hostdev mode='subsystem' type='usb'>
  <source>
    <vendor id='0x0000'/> <!-- HOSTDEV031 -->
    <product id='0x1666'/>
  </source>
</hostdev>"""),
    good=Example(_hostdev("usb")),
)
def usb_vendor_zero(context: Context, device: Element) -> Problems:
    """A USB device of the host has 0 for its vendor.

    There is no such vendor: libvirt refuses the definition.
    """
    source = child(device, "source")
    if source is not None and attribute(device, "type") == "usb":
        vendor = child(source, "vendor")
        if vendor is not None and c_integer(attribute(vendor, "id")) == 0:
            yield Problem(
                Spot(vendor, "id"),
                "there is no USB vendor 0: libvirt refuses the definition",
                "take the vendor that lsusb tells, or name the device by its place: <address bus='…' device='…'/>",
            )


@rule(
    "HOSTDEV032",
    "usb-place-zero",
    outcome=Outcome.BROKEN,
    on=_ON,
    each=_each,
    source="libvirt 7.0.0 to 11.3.0 src/hypervisor/virhostdev.c (virHostdevFindUSBDevice); seen with libvirt 9.0.0",
    bad=Example("""\
<hostdev mode='subsystem' type='usb'>
  <source>
    <address bus='0' device='0'/> <!-- HOSTDEV032 -->
  </source>
</hostdev>"""),
    good=Example("""\
<hostdev mode='subsystem' type='usb'>
  <source>
    <address bus='3' device='7'/>
  </source>
</hostdev>"""),
)
def usb_place_zero(context: Context, device: Element) -> Problems:
    """A USB device of the host is at bus 0 and device 0, and has no vendor and product.

    Both are numbered from 1. libvirt looks for no device at all then, takes it for missing, and starts the domain
    without it.
    """
    source = child(device, "source")
    if source is None or attribute(device, "type") != "usb" or usb_identity(source) is not None:
        return
    address = child(source, "address")
    if address is not None and usb_place(source) == (0, 0) and child(source, "vendor") is None:
        yield Problem(
            Spot(address),
            "there is no USB bus 0: the domain starts without the device",
            "take bus and device that lsusb tells, or vendor and product",
        )


@rule(
    "HOSTDEV033",
    "hostdev-driver-of-the-past",
    outcome=Outcome.START,
    on=_ON,
    each=_each,
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildPCIHostdevDevProps), 7.0.0 and 9.0.0"
    " src/qemu/qemu_hostdev.c (qemuHostdevPreparePCIDevicesCheckSupport)",
    bad=Example(_hostdev("pci", "managed='yes'", more="<driver name='kvm'/>", mark="HOSTDEV033", at="more")),
    good=Example(_hostdev("pci", "managed='yes'", more="<driver name='vfio'/>")),
)
def hostdev_driver_of_the_past(context: Context, device: Element) -> Problems:
    """A PCI device is to be given by another driver than VFIO.

    KVM's own assignment of devices left Linux with 4.12; Xen's is Xen's. libvirt defines the domain, and does not start
    it.
    """
    driver = child(device, "driver")
    name: Maybe[str] = attribute(driver, "name")
    if driver is None or isinstance(name, Unknown) or not is_hostdev_of(device, "pci"):
        return
    is_used = child_attribute(device, "address", "type") != "unassigned"
    if name in ("kvm", "xen") and is_used:
        yield Problem(
            Spot(driver, "name"),
            f"QEMU has no driver '{name}' for PCI devices of the host: libvirt does not start the domain",
            "write <driver name='vfio'/>, or nothing",
        )


@rule(
    "HOSTDEV034",
    "iscsi-of-several-hosts",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    instead_of=("SCHEMA008",),
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainHostdevSubsysSCSIiSCSIDefParseXML), alike in 7.0.0 and"
    " 9.0.0",
    bad=Example("""\
<hostdev mode='subsystem' type='scsi'>
  <source protocol='iscsi' name='iqn.2013-07.com.example:iscsi-pool/1'>
    <host name='192.0.2.11' port='3260'/>
    <host name='192.0.2.12' port='3260'/> <!-- HOSTDEV034 -->
  </source>
</hostdev>"""),
    good=Example("""\
<hostdev mode='subsystem' type='scsi'>
  <source protocol='iscsi' name='iqn.2013-07.com.example:iscsi-pool/1'>
    <host name='192.0.2.11' port='3260'/>
  </source>
</hostdev>"""),
)
def iscsi_of_several_hosts(context: Context, device: Element) -> Problems:
    """An iSCSI unit is to be reached at more than one address.

    libvirt hands one address to QEMU, which knows of no second way: it refuses the definition.
    """
    source = child(device, "source")
    if source is None or attribute(device, "type") != "scsi" or attribute(source, "protocol") != "iscsi":
        return
    first, *others = (*source.iterchildren("host"), None)
    if first is not None and len(others) > 1 and others[0] is not None:
        yield Problem(
            Spot(others[0]),
            "an iSCSI unit has one <host>: libvirt refuses the definition",
            "remove this one, or let multipath of the host do it: <disk type='block'>",
            ((Spot(first), "the first one"),),
        )


def _each_rom(context: Context, rom: Element) -> Iterator[Element]:
    """The ``<rom>`` of a device of the host that libvirt reads, where it turns the option ROM off."""
    holder = rom.getparent()
    is_read = context.domain.runs_on_qemu and holder is not None and child(holder, "rom") is rom
    if is_read and attribute(rom, "enabled") == "no":
        yield rom


@rule(
    "HOSTDEV024",
    "hostdev-rom-disabled-and-set",
    outcome=Outcome.DEFINE,
    on="devices/hostdev/rom",
    each=_each_rom,
    source="libvirt 7.0.0 and 11.3.0 src/conf/domain_conf.c (virDomainDeviceInfoParseXML)",
    bad=Example(_hostdev("pci", more="<rom enabled='no' file='/srv/card.rom'/>", mark="HOSTDEV024", at="more")),
    good=Example(_hostdev("pci", more="<rom file='/srv/card.rom'/>")),
)
def hostdev_rom_disabled_and_set(_context: Context, rom: Element) -> Problems:
    """The option ROM of a device of the host is turned off, and something is set of it.

    libvirt refuses the definition.
    """
    given = next((name for name in ("bar", "file") if name in rom.attrib), None)
    if given:
        yield Problem(
            Spot(rom, given),
            f"the option ROM is turned off, and '{given}' is set of it: libvirt refuses the definition",
            f"remove {given}=…, or enabled='no'",
        )
