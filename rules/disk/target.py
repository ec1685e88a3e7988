"""DISK00x and DISK01x: the name of a disk, its bus, and its address."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.architectures import LOONGARCH, S390
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import VIRTIO_ADDRESSES
from domlint.domain.disks import Disk, DiskName, take_apart, written_address
from domlint.domain.machine import MachineKind, PciRoot
from domlint.domain.values import UNKNOWN, attribute, child, decimal
from domlint.findings import Outcome, Severity
from domlint.hosts.answer import Presence
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.rules.disk import ON_DISKS, disk_of, each_disk
from domlint.versions import Version

_NAME = "libvirt 7.0.0 to 11.3.0 src/util/virutil.c (virDiskNameParse), src/qemu/qemu_validate.c"
_COMMON = "libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidate), 7.0.0 src/conf/domain_conf.c"
_FRONTEND = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDiskFrontend)"
_DRIVE = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefAddressDrive)"

_GOOD = Example(disk_of())
_COUNTED: Final = Version(11, 3, 0)
"""The first libvirt that is known to see that the number of a disk is too large."""

_LETTERS_OF_NAMES: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def _name_at(disk: Disk) -> Spot:
    return Spot(disk.element) if disk.target is None else Spot(disk.target, "dev")


def _apart(disk: Disk) -> DiskName | None:
    """A disk's name taken apart; None where it is unknown, and where it has a form that the schema has not."""
    if not isinstance(disk.name, str) or not _LETTERS_OF_NAMES.issuperset(disk.name):
        return None
    apart = take_apart(disk.name)
    return None if apart is None or apart.prefix == disk.name else apart


def _on_sata(address: str) -> Example:
    return Example(disk_of(address, target="  <target dev='sda' bus='sata'/>"))


@rule(
    "DISK001",
    "disk-name-unreadable",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=f"{_NAME}; 11.3.0 src/conf/domain_conf.c (virDomainDiskDefAssignAddress)",
    bad=Example(disk_of(target="  <target dev='vd1' bus='virtio'/> <!-- DISK001 -->")),
    good=_GOOD,
)
def disk_name_unreadable(_context: Context, disk: Disk) -> Problems:
    """libvirt cannot read a number from the disk's name.

    A name is one of fd, hd, sd, vd, xvd and ubd with small letters behind, which number the disk: vda, vdb … vdaa. What
    libvirt cannot read so it refuses, as it finds a disk by that number.
    """
    apart = _apart(disk)
    if apart is None or apart.is_too_long or (apart.number is not None and not apart.rest.strip("0123456789")):
        return
    what = "no small letter follows" if apart.number is None else f"'{apart.rest}' stands behind the letters"
    yield Problem(
        _name_at(disk),
        f"libvirt refuses the definition: it cannot read the name '{disk.name}' of a disk, as {what}",
        f"name the disk {apart.prefix} with small letters behind, as {apart.prefix}a or {apart.prefix}b",
    )


@rule(
    "DISK002",
    "disk-name-of-partition",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=f"{_NAME} (qemuValidateDomainDeviceDefDisk)",
    bad=Example(disk_of(target="  <target dev='vda1' bus='virtio'/> <!-- DISK002 -->")),
    good=_GOOD,
)
def disk_name_of_partition(_context: Context, disk: Disk) -> Problems:
    """The name of a disk ends with a number, which would be that of a partition.

    QEMU gives the guest whole disks. libvirt refuses names of partitions.
    """
    apart = _apart(disk)
    if apart is None or apart.number is None or not apart.rest or apart.rest.strip("0123456789") or apart.rest == "0":
        return
    whole = str(disk.name).removesuffix(apart.rest)
    yield Problem(
        _name_at(disk),
        f"libvirt refuses the definition: '{disk.name}' is the name of a partition, and a disk has none",
        f"name the disk '{whole}', or as no other disk is named",
    )


@rule(
    "DISK003",
    "disk-number-too-large",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    since="some release after 9.0.0; older ones count wrong, and refuse the names that make a negative number",
    source=f"{_NAME}; seen with libvirt 9.0.0",
    bad=Example(disk_of(target="  <target dev='vdaaaaaaaaaa' bus='virtio'/> <!-- DISK003 -->")),
    good=_GOOD,
)
def disk_number_too_large(context: Context, disk: Disk) -> Problems:
    """The letters in the name of a disk are a larger number than libvirt can count.

    Seven letters can number more disks than 31 bits hold. libvirt refuses the name. Releases up to 9.0.0 at least do
    not see it: they go on with what is left of the number, and refuse the name only where that is negative.
    """
    apart = _apart(disk)
    libvirt = context.libvirt
    if apart is not None and apart.is_too_long and (apart.is_negative or libvirt is None or libvirt >= _COUNTED):
        yield Problem(
            _name_at(disk),
            f"libvirt refuses the definition: the letters of the name '{disk.name}' are too large a number",
            f"use fewer letters, as {apart.prefix}a",
        )


def _each_twin(context: Context, devices: Element) -> Iterator[tuple[Disk, Disk]]:
    domain = context.domain
    if devices is domain.devices and domain.disks.twins and domain.runs_on_qemu:
        yield from domain.disks.twins


@rule(
    "DISK004",
    "disk-name-twice",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_twin,
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefDuplicateDiskInfoValidate), 7.0.0, 9.0.0",
    bad=Example(
        disk_of()
        + disk_of(
            source="  <source file='/var/lib/libvirt/images/web1-data.qcow2'/>",
            target="  <target dev='vda' bus='virtio'/> <!-- DISK004 -->",
        )
    ),
    good=Example(
        disk_of()
        + disk_of(
            source="  <source file='/var/lib/libvirt/images/web1-data.qcow2'/>",
            target="  <target dev='vdb' bus='virtio'/>",
        )
    ),
)
def disk_name_twice(_context: Context, twins: tuple[Disk, Disk]) -> Problems:
    """Two disks have the same name.

    By its name libvirt finds a disk, whatever its bus; the guest need not see that name.
    """
    disk, other = twins
    yield Problem(
        _name_at(disk),
        f"libvirt refuses the definition: another disk has the name '{disk.name}'",
        "give each disk a name of its own",
        ((_name_at(other), "the other disk"),),
    )


_PREFIXES_OF_HARD_DISKS: Final = ("hd", "sd", "vd", "xvd", "ubd")


@rule(
    "DISK005",
    "disk-name-of-other-device",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=_COMMON,
    bad=Example(disk_of(target="  <target dev='fda' bus='virtio'/> <!-- DISK005 -->")),
    good=_GOOD,
)
def disk_name_of_other_device(_context: Context, disk: Disk) -> Problems:
    """A disk has the name of a floppy, or a floppy that of a disk.

    Names of floppies begin with fd, those of disks and LUNs with hd, sd, vd, xvd or ubd; a CD-ROM may have any.
    """
    if not isinstance(disk.name, str) or _apart(disk) is None:
        return
    begins = disk.name.startswith
    if disk.device in ("disk", "lun") and not begins(_PREFIXES_OF_HARD_DISKS):
        advice = "name it as the others, such as vdb, or say device='floppy'"
    elif disk.device == "floppy" and not begins("fd"):
        advice = "name it fda or fdb"
    else:
        return
    yield Problem(
        _name_at(disk), f"libvirt refuses the definition: '{disk.name}' is no name for a {disk.device}", advice
    )


_BUSES_OF_DEVICES: Final = {
    "floppy": frozenset({"fdc"}),
    "lun": frozenset({"scsi", "virtio"}),
    "cdrom": frozenset({"ide", "scsi", "sata", "usb", "xen", "uml"}),
    "disk": frozenset({"ide", "scsi", "sata", "usb", "virtio", "sd", "xen", "uml"}),
}
"""The buses that a device can be on."""

_BUSES: Final = frozenset({"ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd"})


@rule(
    "DISK006",
    "device-not-for-bus",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=f"{_FRONTEND}; {_COMMON}",
    bad=Example(
        disk_of(
            opening="<disk type='file' device='cdrom'>",
            driver="  <driver name='qemu' type='raw'/>",
            target="  <target dev='vda' bus='virtio'/> <!-- DISK006 -->",
        )
    ),
    good=Example(
        disk_of(
            opening="<disk type='file' device='cdrom'>",
            driver="  <driver name='qemu' type='raw'/>",
            target="  <target dev='sda' bus='sata'/>",
        )
    ),
)
def device_not_for_bus(_context: Context, disk: Disk) -> Problems:
    """There is no such device on the disk's bus.

    Floppies are on fdc, and nothing else is there. LUNs are on scsi, or on virtio with machines that have the old
    virtio. There is no CD-ROM on virtio: its tray could not open.
    """
    if disk.bus not in _BUSES or disk.device not in _BUSES_OF_DEVICES:
        return
    taken = _BUSES_OF_DEVICES[str(disk.device)]
    if disk.bus not in taken:
        spot = Spot(disk.target, "bus") if disk.target is not None else Spot(disk.element)
        implied = "" if attribute(disk.target, "bus") is not None else ", which its name stands for"
        yield Problem(
            spot,
            f"libvirt refuses the definition: a {disk.device} cannot be on the bus '{disk.bus}'{implied}",
            "say " + " or ".join(f"bus='{bus}'" for bus in sorted(taken - {"xen", "uml"})),
        )


@rule(
    "DISK007",
    "bus-not-for-qemu",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=each_disk,
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildDiskDeviceProps), alike in 7.0.0 and 9.0.0",
    bad=Example(disk_of(target="  <target dev='xvda' bus='xen'/> <!-- DISK007 -->")),
    good=_GOOD,
)
def bus_not_for_qemu(_context: Context, disk: Disk) -> Problems:
    """The bus is of another hypervisor: xen, or uml.

    libvirt defines such a domain, and refuses to start it: QEMU has no device for the disk. A name that begins with xvd
    or ubd stands for the bus, too.
    """
    if disk.bus in ("xen", "uml") and disk.device in ("disk", "cdrom"):
        yield Problem(
            _name_at(disk) if disk.target is None or disk.target.get("bus") is None else Spot(disk.target, "bus"),
            f"the domain does not start: QEMU has no bus '{disk.bus}' for the {disk}",
            "say bus='virtio', and name the disk vda or as the next that is free",
        )


class _Ide(NamedTuple):
    """The IDE disks and controllers of a domain."""

    disks: tuple[Disk, ...]
    controllers: tuple[Element, ...]


def _is_ide(controller: Element) -> bool:
    """Tell whether a controller is one for IDE, as one without a type is, unless it has a model."""
    kind = controller.get("type")
    return kind == "ide" or (kind is None and "model" not in controller.attrib)


def _each_ide(context: Context, devices: Element) -> Iterator[_Ide]:
    if devices is not context.domain.devices or not context.domain.runs_on_qemu:
        return
    disks = tuple(context.domain.disks.on_bus("ide"))
    controllers = tuple([one.element for one in context.domain.controllers if _is_ide(one.element)])
    if disks or controllers:
        yield _Ide(disks, controllers)


_OTHER_IDE_MACHINES: Final = frozenset({"malta", "sun4u", "g3beige"})


def _has_ide(context: Context) -> bool | None:
    """Tell whether the machine has an IDE controller of its own; None where it is not known.

    Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainMachineHasBuiltinIDE), alike in 7.0.0 and 9.0.0.
    """
    machine = context.machine
    if not isinstance(machine.name, str) or not isinstance(machine.arch, str):
        return None
    if machine.name in _OTHER_IDE_MACHINES:
        return True
    if not machine.is_x86:
        return False
    return None if machine.root is PciRoot.UNKNOWN else machine.root is PciRoot.PCI


@rule(
    "DISK008",
    "ide-not-on-machine",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_ide,
    needs=Needs.MACHINE,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerIDE)",
    bad=Example(
        disk_of(opening="<disk type='file' device='disk'> <!-- DISK008 -->", target="  <target dev='hda' bus='ide'/>")
    ),
    good=Example(disk_of(target="  <target dev='hda' bus='ide'/>"), machine="pc-i440fx-8.2"),
)
def ide_not_on_machine(context: Context, ide: _Ide) -> Problems:
    """The machine has no IDE.

    libvirt uses the IDE controller that a machine has of its own, and adds none: i440fx has one (machine 'pc'), q35 has
    SATA, virt and s390 have neither. A disk whose name begins with hd is on IDE when it names no bus.
    """
    if _has_ide(context) is not False:
        return
    is_q35 = context.machine.kind is MachineKind.Q35
    way_out = "say bus='sata'" if is_q35 else "say bus='scsi' for a CD-ROM, bus='virtio' for a disk"
    found: list[tuple[Element, str, str]] = [(disk.element, f", where the {disk} is", way_out) for disk in ide.disks]
    found += [(controller, "", "remove the controller") for controller in ide.controllers if not ide.disks]
    for element, what, advice in found:
        yield Problem(
            Spot(element), f"libvirt refuses the definition: the machine {context.machine} has no IDE{what}", advice
        )


@rule(
    "DISK009",
    "second-ide-controller",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_ide,
    needs=Needs.MACHINE,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerIDE)",
    bad=Example("<controller type='ide' index='1'/> <!-- DISK009 -->", machine="pc-i440fx-8.2"),
    good=Example("<controller type='ide' index='0'/>", machine="pc-i440fx-8.2"),
)
def second_ide_controller(context: Context, ide: _Ide) -> Problems:
    """A machine has one IDE controller at most.

    It takes four drives. libvirt refuses every other one.
    """
    if not _has_ide(context):
        return
    for controller in ide.controllers:
        index = decimal(attribute(controller, "index"))
        if isinstance(index, int) and index > 0:
            yield Problem(
                Spot(controller, "index"),
                f"libvirt refuses the definition: the machine {context.machine} has one IDE controller, of index 0",
                "remove the controller; put further disks on bus='virtio' or bus='scsi'",
            )


def _each_floppy(context: Context, devices: Element) -> Iterator[Disk]:
    return (disk for disk in each_disk(context, devices) if disk.device == "floppy")


@rule(
    "DISK010",
    "floppy-not-on-machine",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=_each_floppy,
    needs=Needs.MACHINE,
    mentions=("floppy",),
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_process.c (qemuProcessStartValidateDisks)",
    bad=Example(
        disk_of(
            opening="<disk type='file' device='floppy'> <!-- DISK010 -->",
            driver="  <driver name='qemu' type='raw'/>",
            target="  <target dev='fda' bus='fdc'/>",
        ),
        arch="ppc64",
        machine="pseries-8.2",
    ),
    good=Example(
        disk_of(
            opening="<disk type='file' device='floppy'>",
            driver="  <driver name='qemu' type='raw'/>",
            target="  <target dev='fda' bus='fdc'/>",
        ),
    ),
)
def floppy_not_on_machine(context: Context, disk: Disk) -> Problems:
    """The machine pseries has no floppies.

    libvirt defines such a domain, and refuses to start it.
    """
    machine = context.machine
    if isinstance(machine.name, str) and f"{machine.name}-".startswith("pseries-"):
        yield Problem(
            Spot(disk.element, "device"),
            f"the domain does not start: the machine {machine} has no floppies, as the {disk}",
            "use a CD-ROM: device='cdrom' with bus='scsi'",
        )


_ADDRESS_TYPES: Final = {
    "ide": ("drive",),
    "fdc": ("drive",),
    "scsi": ("drive",),
    "sata": ("drive",),
    "usb": ("usb",),
    "virtio": VIRTIO_ADDRESSES,
}
_OTHER_ADDRESS_TYPES: Final = frozenset(
    {*VIRTIO_ADDRESSES, "drive", "usb", "spapr-vio", "isa", "unassigned", "ccid", "virtio-serial", "dimm"}
)


@rule(
    "DISK011",
    "address-type-not-for-bus",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=f"{_COMMON}; {_FRONTEND}; qemu_domain_address.c (qemuDomainAssignDevicePCISlots)",
    bad=_on_sata("  <address type='pci' slot='0x07'/> <!-- DISK011 -->"),
    good=_on_sata("  <address type='drive' controller='0' unit='2'/>"),
)
def address_type_not_for_bus(_context: Context, disk: Disk) -> Problems:
    """The address is of another bus than the disk.

    Disks on ide, fdc, scsi and sata have drive addresses: a controller, and a place on it. A virtio disk is a device
    of its own on PCI (or CCW, or virtio-mmio), a USB disk one on USB. This happens when the bus of a disk is changed,
    and its address is left.
    """
    address, kind = disk.parts.get("address"), disk.address_type
    if address is None or kind not in _OTHER_ADDRESS_TYPES:
        return
    taken = _ADDRESS_TYPES.get(disk.bus) if isinstance(disk.bus, str) else None
    if taken is not None and kind not in taken:
        yield Problem(
            Spot(address, "type"),
            f"libvirt refuses the definition: the {disk} is on the bus '{disk.bus}', and cannot have an address of type"
            f" '{kind}'",
            "remove <address>: libvirt finds a place for the disk",
        )


_MUST_BE_ZERO: Final = {
    "ide": (("controller", 0), ("target", 2)),
    "fdc": (("controller", 0), ("bus", 1), ("target", 2)),
    "sata": (("bus", 1), ("target", 2)),
    "scsi": (("bus", 1),),
}
"""The parts of a drive address that can be nothing but 0, by the bus."""


@rule(
    "DISK012",
    "drive-address-out-of-range",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=_DRIVE,
    bad=_on_sata("  <address type='drive' controller='0' bus='1' unit='0'/> <!-- DISK012 -->"),
    good=_on_sata("  <address type='drive' controller='0' bus='0' unit='1'/>"),
)
def drive_address_out_of_range(context: Context, disk: Disk) -> Problems:
    """A drive address names a controller, bus or target that there is not.

    A SATA, SCSI or floppy controller has one bus; IDE has one controller with two, and floppies have one controller.
    IDE, SATA and floppies have no targets, and neither has SCSI with an lsilogic controller. A disk without address is
    put where its name says: hde would be on a second IDE controller.
    """
    address, bus = disk.drive_address, str(disk.bus)
    if not isinstance(address, tuple) or bus not in _MUST_BE_ZERO:
        return
    parts = _MUST_BE_ZERO[bus]
    if bus == "scsi" and _has_lsilogic(context, address[0]):
        parts = (*parts, ("target", 2))
    wrong = [(name, address[place]) for name, place in parts if address[place]]
    if not wrong:
        return
    element = disk.parts.get("address")
    told = " and ".join(f"{name} {number}" for name, number in wrong)
    if element is None:
        message, advice = (
            f"by its name, the {disk} would be at {told} of {bus}",
            "give it an earlier name, or another bus",
        )
    else:
        message, advice = f"there is no {told} of {bus} for the {disk}", "say 0, or remove <address>"
    spot = _name_at(disk) if element is None else Spot(element, wrong[0][0])
    yield Problem(spot, f"libvirt refuses the definition: {message}, which has 0 alone", advice)


def _has_lsilogic(context: Context, index: int) -> bool:
    """Tell whether the file says that a SCSI controller is an lsilogic."""
    devices = context.domain.devices
    controllers = () if devices is None else devices.iterchildren("controller")
    return any(
        one.get("type") == "scsi" and one.get("model") == "lsilogic" and decimal(attribute(one, "index")) == index
        for one in controllers
    )


def _each_with_target(context: Context, devices: Element) -> Iterator[Disk]:
    """The SCSI disks with a target other than 0 on a controller whose model the file does not tell."""
    for disk in each_disk(context, devices):
        address = disk.drive_address
        if disk.bus == "scsi" and isinstance(address, tuple) and address[2] and not _names_model(devices, address[0]):
            yield disk


def _names_model(devices: Element, index: int) -> bool:
    """Tell whether the file says the model of a SCSI controller, or may say it."""
    for one in devices.iterchildren("controller"):
        if one.get("type") == "scsi" and decimal(attribute(one, "index")) in (index, None, UNKNOWN):
            return attribute(one, "model") not in (None, "auto")
    return False


@rule(
    "DISK016",
    "target-on-default-controller",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_with_target,
    needs=Needs.HOST,
    source=f"{_DRIVE}; src/qemu/qemu_domain.c (qemuDomainGetSCSIControllerModel)",
    bad=Example(
        disk_of(
            "  <address type='drive' controller='0' bus='0' target='3' unit='0'/> <!-- DISK016 -->",
            target="  <target dev='sda' bus='scsi'/>",
        ),
        host="qemu-9.2",
    ),
    good=Example(
        disk_of(
            "  <address type='drive' controller='0' bus='0' target='0' unit='3'/>",
            target="  <target dev='sda' bus='scsi'/>",
        ),
        host="qemu-9.2",
    ),
)
def target_on_default_controller(context: Context, disk: Disk) -> Problems:
    """A SCSI disk has a target, and its controller is an lsilogic, which has none.

    That is what libvirt takes where no model is said and the host's QEMU has it; on pseries and s390x it takes others.
    """
    machine, host, element = context.machine, context.host, disk.parts.get("address")
    if host is None or element is None or not context.is_judged or not isinstance(machine.name, str):
        return
    if machine.arch in (*S390, *LOONGARCH) or machine.kind is MachineKind.PSERIES:
        return
    if host.answer("lsi").presence is Presence.PRESENT:
        yield Problem(
            Spot(element, "target"),
            f"libvirt refuses the definition: the {disk} has a target, and its SCSI controller is an lsilogic without",
            "add <controller type='scsi' index='0' model='virtio-scsi'/>, or say target='0'",
        )


def _each_at_one_address(context: Context, devices: Element) -> Iterator[tuple[Disk, Disk]]:
    domain = context.domain
    if devices is domain.devices and domain.disks.at_one_address and domain.runs_on_qemu:
        yield from domain.disks.at_one_address


def _place(address: tuple[int, int, int, int]) -> str:
    return "controller {}, bus {}, target {}, unit {}".format(*address)


@rule(
    "DISK013",
    "drive-address-twice",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_at_one_address,
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefDuplicateDriveAddressesValidate), alike in 7.0.0",
    bad=Example(
        disk_of(target="  <target dev='sda' bus='sata'/>")
        + disk_of(
            "  <address type='drive' controller='0' bus='0' unit='0'/> <!-- DISK013 -->",
            source="  <source file='/var/lib/libvirt/images/web1-data.qcow2'/>",
            target="  <target dev='sdb' bus='sata'/>",
        )
    ),
    good=Example(
        disk_of(target="  <target dev='sda' bus='sata'/>")
        + disk_of(
            "  <address type='drive' controller='0' bus='0' unit='1'/>",
            source="  <source file='/var/lib/libvirt/images/web1-data.qcow2'/>",
            target="  <target dev='sdb' bus='sata'/>",
        )
    ),
)
def drive_address_twice(_context: Context, disks: tuple[Disk, Disk]) -> Problems:
    """Two disks are at the same place of a controller.

    A disk without an address gets one by its name, whatever the others have: sda is unit 0, sdb unit 1, and so on.
    """
    disk, other = disks
    address = disk.drive_address
    if disk.name != other.name and isinstance(address, tuple):
        element = disk.parts.get("address")
        yield Problem(
            _name_at(disk) if element is None else Spot(element),
            f"libvirt refuses the definition: {disk} and {other} are both at {_place(address)} of {disk.bus}",
            "remove <address> of both, or give them different units",
            ((_name_at(other), "the other disk"),),
        )


@rule(
    "DISK014",
    "drive-address-of-hostdev",
    outcome=Outcome.DEFINE,
    on="devices/hostdev/address",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefDuplicateDriveAddressesValidate), alike in 7.0.0",
    bad=Example(
        disk_of(target="  <target dev='sda' bus='scsi'/>")
        + """\
<hostdev mode='subsystem' type='scsi'>
  <source>
    <adapter name='scsi_host0'/>
    <address bus='0' target='0' unit='0'/>
  </source>
  <address type='drive' controller='0' unit='0'/> <!-- DISK014 -->
</hostdev>"""
    ),
    good=Example(
        disk_of(target="  <target dev='sda' bus='scsi'/>")
        + """\
<hostdev mode='subsystem' type='scsi'>
  <source>
    <adapter name='scsi_host0'/>
    <address bus='0' target='0' unit='0'/>
  </source>
  <address type='drive' controller='0' unit='1'/>
</hostdev>"""
    ),
)
def drive_address_of_hostdev(context: Context, address: Element) -> Problems:
    """A SCSI device of the host is where a disk or another such device is.

    Both are on the guest's SCSI controllers. libvirt finds a free place for a device without address, and refuses two
    at one.
    """
    wanted = _scsi_address(address.getparent())
    hostdev = address.getparent()
    if wanted is None or hostdev is None or not context.domain.runs_on_qemu:
        return
    others = [disk.element for disk in context.domain.disks.all if disk.bus == "scsi" and disk.drive_address == wanted]
    earlier = hostdev.itersiblings("hostdev", preceding=True)
    others += [one for one in earlier if _scsi_address(one) == wanted]
    if others:
        yield Problem(
            Spot(address),
            f"libvirt refuses the definition: another device is at {_place(wanted)} of scsi",
            "remove <address> of one of them",
            tuple((Spot(other), "the other device") for other in others),
        )


def _scsi_address(hostdev: Element | None) -> tuple[int, int, int, int] | None:
    """The drive address in the file of a SCSI device of the host."""
    if hostdev is None or hostdev.get("type") != "scsi" or attribute(hostdev, "mode") not in (None, "subsystem"):
        return None
    address = child(hostdev, "address")
    if address is None or attribute(address, "type") != "drive":
        return None
    found = written_address(address)
    return found if isinstance(found, tuple) else None


_MOST: Final = {"ide": (1, 1), "sata": (0, 5), "fdc": (0, 1)}
"""The highest bus and unit of controllers in QEMU."""


@rule(
    "DISK015",
    "drive-not-on-controller",
    outcome=Outcome.BROKEN,
    severity=Severity.ERROR,
    on=ON_DISKS,
    each=each_disk,
    source="QEMU 9.0 hw/ide/qdev.c (ide_qdev_realize), hw/block/fdc.c (floppy_drive_realize), hw/ide/ich.c",
    bad=_on_sata("  <address type='drive' controller='0' bus='0' unit='6'/> <!-- DISK015 -->"),
    good=_on_sata("  <address type='drive' controller='0' bus='0' unit='5'/>"),
)
def drive_not_on_controller(_context: Context, disk: Disk) -> Problems:
    """The controller has no such place: QEMU ends when it comes to the disk.

    IDE has two buses with two drives each, a SATA controller six ports, and a floppy controller two drives. libvirt
    does not look.
    """
    address, most = disk.drive_address, _MOST.get(str(disk.bus))
    if most is None or not isinstance(address, tuple):
        return
    element = disk.parts.get("address")
    for name, place, highest in (("bus", 1, most[0]), ("unit", 3, most[1])):
        if highest < address[place] and element is not None and (name, place) not in _MUST_BE_ZERO[str(disk.bus)]:
            yield Problem(
                Spot(element, name),
                f"QEMU does not start: {name} {address[place]} of the {disk} is more than the {highest} that"
                f" {disk.bus} has",
                f"say {name}='{highest}' or less",
            )
