"""DISK02x and DISK03x: options of disks that do not go with their bus, their device, their image or each other."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.domain import Context
from domlint.domain.disks import Disk, text_of
from domlint.domain.values import UNKNOWN, Maybe, attribute, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.rules.disk import ON_DISKS, Layer, disk_of, each_disk, each_disk_around
from domlint.versions import Version

_COMMON = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidate), alike in 7.0.0 and 9.0.0"
_FRONTEND = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDiskFrontend)"
_QEMU = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDisk)"

_GOOD = Example(disk_of())
_ALWAYS: Final = Version(0, 0, 0)
_NEVER: Final = Version(999, 0, 0)

_BUSES: Final = frozenset({"ide", "fdc", "scsi", "virtio", "usb", "sata", "sd"})
_DEVICES: Final = frozenset({"disk", "cdrom", "floppy", "lun"})


class _Option(NamedTuple):
    """An option that goes with some buses, or devices, alone: an attribute of a child ("" for the disk).

    Without attribute it is the child with its text, where it has one. ``values`` are those that count, if not all do;
    0 does not count of a number (``is_number``). The range of releases is that of the libvirts that ask so.
    """

    child: str
    attribute: str
    taken: frozenset[str]
    values: frozenset[str] = frozenset()
    is_number: bool = False
    asked: Version = _ALWAYS
    until: Version = _NEVER

    def found(self, disk: Disk) -> Spot | None:
        """Where a disk has the option; None where it has not, or where it is not known."""
        holder = disk.parts.get(self.child) if self.child else disk.element
        if holder is None:
            return None
        if not self.attribute:
            return Spot(holder) if isinstance(text_of(holder), str) else None
        value: Maybe[str] = attribute(holder, self.attribute)
        if not isinstance(value, str) or (self.values and value not in self.values):
            return None
        if self.is_number and decimal(value) in (0, UNKNOWN):
            return None
        return Spot(holder, self.attribute)

    @property
    def words(self) -> str:
        """What it is called in messages."""
        return self.attribute or f"<{self.child}>"


def _among(*names: str) -> frozenset[str]:
    return frozenset(names)


_VIRTIO: Final = _among("virtio")
_SCSI_REMOVABLE: Final = Version(9, 6, 0)
_ATA_PRODUCT: Final = Version(11, 1, 0)
_SEEN_IN_9: Final = Version(9, 0, 0)

_FOR_BUSES: Final = (
    _Option("", "model", _VIRTIO, _among("virtio", "virtio-transitional", "virtio-non-transitional")),
    _Option("driver", "queues", _VIRTIO, is_number=True),
    _Option("driver", "queue_size", _VIRTIO, is_number=True, asked=Version(7, 8, 0)),
    _Option("driver", "event_idx", _VIRTIO),
    _Option("driver", "ioeventfd", _VIRTIO),
    _Option("driver", "iommu", _VIRTIO),
    _Option("driver", "ats", _VIRTIO),
    _Option("driver", "packed", _VIRTIO),
    _Option("driver", "page_per_vq", _VIRTIO, asked=Version(7, 9, 0)),
    _Option("driver", "iothread", _VIRTIO, is_number=True),
    _Option("target", "removable", _among("usb"), until=_SCSI_REMOVABLE),
    _Option("target", "removable", _among("usb", "scsi"), asked=_SCSI_REMOVABLE),
    _Option("target", "rotation_rate", _among("scsi", "ide", "sata"), is_number=True, asked=Version(7, 3, 0)),
    _Option("wwn", "", _among("ide", "scsi")),
    _Option("vendor", "", _among("scsi")),
    _Option("product", "", _among("scsi"), until=_ATA_PRODUCT),
    _Option("product", "", _among("scsi", "ide", "sata"), asked=_ATA_PRODUCT),
    _Option("serial", "", _BUSES - {"sd"}),
    _Option("transient", "shareBacking", _among("usb", "virtio", "scsi"), _among("yes"), asked=Version(7, 4, 0)),
)

_FOR_DEVICES: Final = (
    _Option("", "rawio", _among("lun")),
    _Option("", "sgio", _among("lun")),
    _Option("target", "tray", _among("cdrom", "floppy"), _among("open")),
    _Option("target", "rotation_rate", _among("disk"), is_number=True, asked=Version(7, 3, 0)),
    _Option("wwn", "", _DEVICES - {"lun"}),
    _Option("vendor", "", _DEVICES - {"lun"}),
    _Option("product", "", _DEVICES - {"lun"}),
)

_FOR_DEVICES_ON_SCSI: Final = (
    _Option("target", "removable", _among("disk"), asked=_SCSI_REMOVABLE),
    _Option("serial", "", _DEVICES - {"lun"}),
)


def _asked(options: tuple[_Option, ...], libvirt: Version | None) -> Iterator[_Option]:
    """The options that a libvirt asks for; one whose version is not known is taken for the newest."""
    for option in options:
        if option.until is _NEVER if libvirt is None else option.asked <= libvirt < option.until:
            yield option


@rule(
    "DISK020",
    "option-not-for-bus",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=f"{_COMMON}; {_FRONTEND}",
    bad=Example(
        disk_of(
            driver="  <driver name='qemu' type='qcow2' queues='4'/> <!-- DISK020 -->",
            target="  <target dev='sda' bus='scsi'/>",
        )
    ),
    good=Example(disk_of(driver="  <driver name='qemu' type='qcow2' queues='4'/>")),
)
def option_not_for_bus(context: Context, disk: Disk) -> Problems:
    """Disks on this bus do not have the option.

    Queues, event_idx, ioeventfd, I/O threads, packed rings and the model are of virtio; what a SCSI, SATA or IDE disk
    tells of itself (wwn, vendor, product, rotation_rate) is of those; USB and SCSI disks alone can be removable. On
    SCSI what is of virtio belongs to the controller: `<controller type='scsi' model='virtio-scsi'>` has a driver, too.
    """
    if disk.bus not in _BUSES:
        return
    for option in _asked(_FOR_BUSES, context.libvirt):
        if disk.bus not in option.taken and (spot := option.found(disk)) is not None:
            buses = " or ".join(sorted(option.taken))
            # libvirt 7.0.0 looks at I/O threads when it makes QEMU's command line.
            late = option.attribute == "iothread" and context.is_older_than(_SEEN_IN_9)
            yield Problem(
                spot,
                f"{_refusal(late)}: {option.words} of the {disk} is for the bus {buses}, not for {disk.bus}",
                f"remove {option.words}, or put the disk on the bus {buses}",
                outcome=Outcome.START if late else None,
            )


def _refusal(is_late: bool) -> str:
    return "the domain does not start" if is_late else "libvirt refuses the definition"


@rule(
    "DISK021",
    "option-not-for-device",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    instead_of=("SCHEMA002", "SCHEMA004"),
    source=f"{_COMMON}; {_FRONTEND}",
    bad=Example(
        disk_of(
            opening="<disk type='block' device='disk' rawio='yes'> <!-- DISK021 -->",
            source="  <source dev='/dev/sdb'/>",
        )
    ),
    good=Example(
        disk_of(
            opening="<disk type='block' device='lun' rawio='yes'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source dev='/dev/sdb'/>",
            target="  <target dev='sda' bus='scsi'/>",
        )
    ),
)
def option_not_for_device(context: Context, disk: Disk) -> Problems:
    """The option is not for a device of this kind.

    rawio and sgio are for LUNs, whose SCSI commands go through to the host's device; as they do, libvirt lets nobody
    say what the LUN tells of itself. A tray is of CD-ROMs and floppies, a rotation rate of disks.
    """
    if disk.device not in _DEVICES:
        return
    options = (*_FOR_DEVICES, *_FOR_DEVICES_ON_SCSI) if disk.bus == "scsi" else _FOR_DEVICES
    for option in _asked(options, context.libvirt):
        if disk.device not in option.taken and (spot := option.found(disk)) is not None:
            devices = " or ".join(sorted(option.taken))
            yield Problem(
                spot,
                f"libvirt refuses the definition: {option.words} of the {disk} is for device='{devices}',"
                f" not for a {disk.device}",
                f"remove {option.words}" if spot.attribute is None else f"remove the attribute {option.words}",
            )


@rule(
    "DISK022",
    "geometry-not-for-bus",
    outcome=Outcome.DEFINE,
    on="devices/disk/geometry",
    each=each_disk_around,
    source=_FRONTEND,
    bad=Example(
        disk_of(
            "  <geometry cyls='16383' heads='16' secs='63' trans='lba'/> <!-- DISK022 -->",
            target="  <target dev='sda' bus='sata'/>",
        )
    ),
    good=Example(disk_of("  <geometry cyls='16383' heads='16' secs='63'/>", target="  <target dev='sda' bus='sata'/>")),
)
def geometry_not_for_bus(_context: Context, disk: Disk) -> Problems:
    """The disk's bus has no geometry, or no translation of it.

    Cylinders, heads and sectors can be said of disks but for USB and SD. How the BIOS translates them (trans) counts on
    IDE alone.
    """
    geometry = disk.parts["geometry"]
    numbers = [decimal(attribute(geometry, name)) for name in ("cyls", "heads", "secs")]
    if not all(isinstance(number, int) and number > 0 for number in numbers) or not isinstance(disk.bus, str):
        return
    if disk.bus in ("usb", "sd"):
        yield Problem(
            Spot(geometry),
            f"libvirt refuses the definition: the {disk} on {disk.bus} can have no geometry",
            "remove <geometry>",
        )
    elif disk.bus != "ide" and isinstance(attribute(geometry, "trans"), str):
        yield Problem(
            Spot(geometry, "trans"),
            f"libvirt refuses the definition: trans is for disks on ide, and the {disk} is on {disk.bus}",
            "remove the attribute trans",
        )


@rule(
    "DISK023",
    "native-io-with-host-cache",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=_FRONTEND,
    bad=Example(disk_of(driver="  <driver name='qemu' type='raw' io='native'/> <!-- DISK023 -->")),
    good=Example(disk_of(driver="  <driver name='qemu' type='raw' io='native' cache='none'/>")),
)
def native_io_with_host_cache(_context: Context, disk: Disk) -> Problems:
    """Native I/O does not go through the host's cache.

    io='native' (Linux AIO) needs files opened without the host's cache: cache='none' or 'directsync'. The default is a
    cache of another kind. QEMU would fall back to threads without a word; libvirt refuses.
    """
    cache = attribute(disk.driver, "cache")
    if disk.driver is None or attribute(disk.driver, "io") != "native" or cache in (UNKNOWN, "none", "directsync"):
        return
    yield Problem(
        Spot(disk.driver, "io"),
        f"libvirt refuses the definition: io='native' of the {disk} needs cache='none' or 'directsync',"
        f" not {'the default' if cache is None else repr(cache)}",
        "say cache='none', or io='io_uring' or 'threads'",
    )


@rule(
    "DISK024",
    "copy-on-read-without-writing",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=_FRONTEND,
    bad=Example(
        disk_of("  <readonly/>", driver="  <driver name='qemu' type='qcow2' copy_on_read='on'/> <!-- DISK024 -->")
    ),
    good=Example(disk_of(driver="  <driver name='qemu' type='qcow2' copy_on_read='on'/>")),
)
def copy_on_read_without_writing(_context: Context, disk: Disk) -> Problems:
    """What is read cannot be copied into the image.

    copy_on_read keeps what a guest reads from the image below in the disk's own: that must be writable, of a device
    with a fixed medium, and not a LUN, whose reads QEMU does not see.
    """
    if disk.driver is None or attribute(disk.driver, "copy_on_read") != "on":
        return
    if disk.device in ("cdrom", "floppy", "lun"):
        why = f"a {disk.device}"
    elif disk.is_read_only:
        why = "read-only"
    else:
        return
    yield Problem(
        Spot(disk.driver, "copy_on_read"),
        f"libvirt refuses the definition: copy_on_read cannot be on for the {disk}, which is {why}",
        "remove copy_on_read",
    )


@rule(
    "DISK025",
    "read-only-not-on-bus",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=_FRONTEND,
    bad=Example(disk_of("  <readonly/> <!-- DISK025 -->", target="  <target dev='sda' bus='sata'/>")),
    good=Example(disk_of("  <readonly/>", target="  <target dev='sda' bus='scsi'/>")),
)
def read_only_not_on_bus(_context: Context, disk: Disk) -> Problems:
    """IDE and SATA have no read-only disks.

    CD-ROMs there are read-only; of disks the hardware knows no such thing, and guests would write.
    """
    if "readonly" in disk.parts and disk.device == "disk" and disk.bus in ("ide", "sata"):
        yield Problem(
            Spot(disk.parts["readonly"]),
            f"libvirt refuses the definition: the {disk} on {disk.bus} cannot be read-only",
            "put it on the bus virtio or scsi, say device='cdrom', or remove <readonly/>",
        )


_ENCRYPTED: Final = """\
  <source file='/var/lib/libvirt/images/web1.img'>
    <encryption format='luks'>
      <secret type='passphrase' uuid='2d1f2e9c-53c0-4d4f-a3c4-3a8c1f6a5b70'/>
    </encryption>
  </source>
"""


@rule(
    "DISK026",
    "shared-image-not-raw",
    outcome=Outcome.DEFINE,
    on="devices/disk/shareable",
    each=each_disk_around,
    source=f"{_QEMU}, src/qemu/qemu_block.c (qemuBlockStorageSourceSupportsConcurrentAccess)",
    bad=Example(disk_of("  <shareable/> <!-- DISK026 -->")),
    good=Example(disk_of("  <shareable/>", driver="  <driver name='qemu' type='raw'/>")),
)
def shared_image_not_raw(_context: Context, disk: Disk) -> Problems:
    """Guests can write at the same time to a raw image alone.

    Other formats keep tables in the file, of which each QEMU would have its own idea. libvirt lets a disk be shareable
    if it is raw, or read-only.
    """
    format_ = disk.storage.format
    if disk.is_read_only is False and format_ is not UNKNOWN and format_ != "raw":
        what = "an image of no format" if format_ is None else f"an image of the format {format_}"
        yield Problem(
            Spot(disk.parts["shareable"]),
            f"libvirt refuses the definition: the {disk} is shareable, and {what} cannot be written by several guests",
            "use a raw image, and say type='raw' in <driver>; or add <readonly/>",
        )


@rule(
    "DISK030",
    "shared-image-encrypted",
    outcome=Outcome.DEFINE,
    on="devices/disk/shareable",
    each=each_disk_around,
    asked="10.0.0",
    since="some release after 9.0.0",
    source="libvirt 11.3.0 src/qemu/qemu_block.c (qemuBlockStorageSourceIsRaw), not in 9.0.0",
    bad=Example(
        disk_of(
            "  <shareable/> <!-- DISK030 -->",
            driver="  <driver name='qemu' type='raw'/>",
            source=_ENCRYPTED,
        )
    ),
    good=Example(
        disk_of("  <shareable/>\n  <readonly/>", driver="  <driver name='qemu' type='raw'/>", source=_ENCRYPTED)
    ),
)
def shared_image_encrypted(_context: Context, disk: Disk) -> Problems:
    """An image that QEMU decrypts is no raw one, which alone several guests can write at the same time.

    libvirt refuses the definition.
    """
    encryption = Layer(disk, disk.storage, True).part("encryption")
    is_decrypted = attribute(encryption, "format") == "luks" and attribute(encryption, "engine") in (None, "qemu")
    if disk.is_read_only is False and disk.storage.format == "raw" and is_decrypted:
        yield Problem(
            Spot(disk.parts["shareable"]),
            f"libvirt refuses the definition: the {disk} is shareable, and an image that QEMU decrypts cannot be"
            " written by several guests",
            "let the guests decrypt it instead: remove <encryption>; or add <readonly/>",
        )


@rule(
    "DISK027",
    "driver-not-of-qemu",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=_QEMU,
    bad=Example(disk_of(driver="  <driver name='file' type='raw'/> <!-- DISK027 -->")),
    good=_GOOD,
)
def driver_not_of_qemu(_context: Context, disk: Disk) -> Problems:
    """The driver is of another hypervisor.

    The only driver of QEMU is called qemu; file, phy and tap are Xen's.
    """
    name = attribute(disk.driver, "name")
    if disk.driver is not None and isinstance(name, str) and name != "qemu":
        yield Problem(
            Spot(disk.driver, "name"),
            f"libvirt refuses the definition: the {disk} has the driver '{name}', which is none of QEMU's",
            "say name='qemu', or leave name out",
        )


@rule(
    "DISK028",
    "option-not-for-format",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    asked="9.5.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidate)",
    bad=Example(disk_of(driver="  <driver name='qemu' type='raw' discard_no_unref='on'/> <!-- DISK028 -->")),
    good=Example(disk_of(driver="  <driver name='qemu' type='qcow2' discard_no_unref='on'/>")),
)
def option_not_for_format(_context: Context, disk: Disk) -> Problems:
    """discard_no_unref is for qcow2 images that the guest writes to.

    It keeps the clusters of a qcow2 image where they are when the guest discards what is in them.
    """
    if disk.driver is None or attribute(disk.driver, "discard_no_unref") != "on":
        return
    format_ = disk.storage.format
    if isinstance(format_, str) and format_ != "qcow2":
        why, advice = f"is {format_}, not qcow2", "remove discard_no_unref"
    elif disk.is_read_only:
        why, advice = "is read-only", "remove discard_no_unref"
    else:
        return
    yield Problem(
        Spot(disk.driver, "discard_no_unref"),
        f"libvirt refuses the definition: discard_no_unref cannot be on, as the {disk} {why}",
        advice,
    )


@rule(
    "DISK029",
    "product-too-long",
    outcome=Outcome.DEFINE,
    on="devices/disk/product",
    each=each_disk_around,
    source=_COMMON,
    bad=Example(
        disk_of("  <product>A name of a product</product> <!-- DISK029 -->", target="  <target dev='sda' bus='scsi'/>")
    ),
    good=Example(disk_of("  <product>Short name</product>", target="  <target dev='sda' bus='scsi'/>")),
)
def product_too_long(context: Context, disk: Disk) -> Problems:
    """The product of a SCSI disk has 16 characters at most.

    SATA and IDE disks can have 40 since libvirt 11.1.0; before that, no disk had more than 16.
    """
    text = text_of(disk.parts["product"])
    is_old = context.is_older_than(_ATA_PRODUCT)
    length = len(text.encode()) if isinstance(text, str) else 0
    if 16 < length <= 40 and (disk.bus == "scsi" or is_old):
        yield Problem(
            Spot(disk.parts["product"]),
            f"libvirt refuses the definition: the product of the {disk} has {length} characters, more than 16",
            "shorten it",
        )
