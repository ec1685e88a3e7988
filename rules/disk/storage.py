"""DISK04x and DISK05x: what disks are read from, and the images below."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.disks import PATH_OF, Disk, Storage, text_of
from domlint.domain.memory_backing import memory_sharing, sharing_advice
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.rules.disk import ON_DISKS, Layer, disk_of, each_disk, each_disk_around, each_layer
from domlint.versions import Version

_COMMON = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidate), alike in 7.0.0 and 9.0.0"
_CHAIN = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainDiskBackingStoreParse), alike in 7.0.0 and 9.0.0"
_SOURCE = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_domain.c (qemuDomainValidateStorageSource)"
_BLOCK = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_block.c"
_LUN = "libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainDiskDefSourceLUNValidate)"

_GOOD = Example(disk_of())
_LUN_DISK: Final = "<disk type='block' device='lun'>"
_LUN_SOURCE: Final = "  <source dev='/dev/disk/by-id/wwn-0x5000c50015ea71aa'/>"
_ON_SCSI: Final = "  <target dev='sda' bus='scsi'/>"


@rule(
    "DISK040",
    "source-missing",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    instead_of=("SCHEMA004", "SCHEMA005", "SCHEMA007"),
    source=f"{_COMMON}; src/conf/storage_source_conf.c (virStorageSourceIsEmpty)",
    bad=Example(disk_of(opening="<disk type='file' device='disk'> <!-- DISK040 -->", source="")),
    good=Example(
        disk_of(opening="<disk type='file' device='cdrom'>", source="", target="  <target dev='sda' bus='sata'/>")
    ),
)
def source_missing(context: Context, disk: Disk) -> Problems:
    """A disk has nothing to be read from.

    A CD-ROM or floppy drive may be empty, a disk may not. It is empty as well where `<source>` has an attribute of
    another type than the disk: type 'file' reads file, 'block' reads dev, 'dir' reads dir. USB drives for CD-ROMs
    cannot be empty, either, since some release after 9.0.0.
    """
    if not disk.storage.is_empty:
        return
    wanted = PATH_OF.get(str(attribute(disk.element, "type") or "file"))
    spot = Spot(disk.element) if disk.source is None else Spot(disk.source)
    says = f" ({wanted}=… in <source>)" if wanted is not None else ""
    if disk.device == "disk":
        advice = "say what it is read from, or device='cdrom' for an empty drive"
        if "type" not in disk.element.attrib and disk.source is not None:
            # What is missing is the type.
            says += ": without 'type' it is a file"
            advice = "say which type of disk <source> is of: type='block' for dev=…, type='network' for protocol=…"
        yield Problem(spot, f"libvirt refuses the definition: the {disk} has no source{says}", advice)
    elif disk.bus == "usb" and not context.is_older_than(_NEWEST):
        yield Problem(
            spot,
            f"libvirt refuses the definition: the {disk} is a drive on USB, and has no medium",
            "give it a source, or put the drive on sata or scsi",
        )


_NEWEST: Final = Version(11, 3, 0)

_NOT_FOR_QEMU: Final = {
    "cow": "QEMU no longer has it; convert the image to qcow2",
    "dir": "say type='dir' of the disk, and the format 'fat'",
    "iso": "say 'raw'",
    "luks": "say 'raw', and <encryption format='luks'> with the secret",
}
"""The formats that libvirt has names for and QEMU has not, and what to do."""


@rule(
    "DISK041",
    "format-not-for-qemu",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_layer,
    source=_SOURCE,
    bad=Example(
        disk_of(
            opening="<disk type='file' device='cdrom'>",
            driver="  <driver name='qemu' type='iso'/> <!-- DISK041 -->",
            source="  <source file='/var/lib/libvirt/images/install.iso'/>",
            target="  <target dev='sda' bus='sata'/>",
        )
    ),
    good=Example(
        disk_of(
            opening="<disk type='file' device='cdrom'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source file='/var/lib/libvirt/images/install.iso'/>",
            target="  <target dev='sda' bus='sata'/>",
        )
    ),
)
def format_not_for_qemu(_context: Context, layer: Layer) -> Problems:
    """The image has a format that QEMU does not read.

    An ISO image is raw to QEMU, a folder is no format but a type of storage, LUKS is encryption of a raw image, and the
    old cow is gone. A FAT file system made of a folder (fat) needs type='dir'.
    """
    format_, kind = layer.storage.format, layer.storage.type
    if isinstance(format_, str) and format_ in _NOT_FOR_QEMU:
        advice = _NOT_FOR_QEMU[format_]
    elif format_ == "fat" and isinstance(kind, str) and kind not in ("dir", "volume"):
        advice = "say type='dir' and the folder in <source dir=…/>, or the format that the image has"
    else:
        return
    yield Problem(
        layer.format_at,
        f"libvirt refuses the definition: QEMU cannot read {layer.words} as '{format_}'",
        advice,
    )


@rule(
    "DISK042",
    "folder-not-as-fat",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_layer,
    source=_SOURCE,
    bad=Example(
        disk_of(
            "  <readonly/>",
            opening="<disk type='dir' device='disk'> <!-- DISK042 -->",
            driver="",
            source="  <source dir='/srv/drivers'/>",
        )
    ),
    good=Example(
        disk_of(
            "  <readonly/>",
            opening="<disk type='dir' device='disk'>",
            driver="  <driver name='qemu' type='fat'/>",
            source="  <source dir='/srv/drivers'/>",
        )
    ),
)
def folder_not_as_fat(_context: Context, layer: Layer) -> Problems:
    """A folder is not shown to the guest as a FAT file system that it can only read.

    That is all QEMU makes of a folder: the format must be fat (without one it is raw), and the disk read-only.
    """
    format_ = layer.storage.format
    if layer.storage.type != "dir":
        return
    if isinstance(format_, str) and format_ not in ("fat", *_NOT_FOR_QEMU):
        yield Problem(
            layer.format_at,
            f"libvirt refuses the definition: {layer.words} is a folder, which QEMU shows as 'fat', not as '{format_}'",
            "say type='fat' in <driver>" if layer.is_top else "say type='fat' in <format>",
        )
    elif layer.is_top and layer.disk.is_read_only is False:
        yield Problem(
            Spot(layer.disk.element),
            f"libvirt refuses the definition: {layer.words} is a folder, to which the guest cannot write",
            "add <readonly/>",
        )


_WITHOUT_BACKING: Final = frozenset({"bochs", "cloop", "dmg", "vpc", "vdi", "vhd", "ploop"})
_RAW_WITH_BACKING_IN: Final = Version(9, 0, 0)
"""The newest libvirt seen that refuses it for raw images on every host; for newer ones it hangs on QEMU."""


@rule(
    "DISK043",
    "format-without-backing",
    outcome=Outcome.START,
    on="devices/disk/backingStore",
    each=each_disk_around,
    source=f"{_BLOCK} (qemuBlockStorageSourceGetFormatProps)",
    bad=Example(
        disk_of(
            "  <backingStore type='file'> <!-- DISK043 -->",
            "    <format type='qcow2'/>",
            "    <source file='/var/lib/libvirt/images/base.qcow2'/>",
            "  </backingStore>",
            driver="  <driver name='qemu' type='vdi'/>",
        )
    ),
    good=Example(
        disk_of(
            "  <backingStore type='file'>",
            "    <format type='qcow2'/>",
            "    <source file='/var/lib/libvirt/images/base.qcow2'/>",
            "  </backingStore>",
        )
    ),
)
def format_without_backing(context: Context, disk: Disk) -> Problems:
    """An image has another one below, and its format knows no such thing.

    cow, qcow, qcow2, qed and vmdk can hold what differs from another image; the others are whole. libvirt defines
    such a domain, and refuses to start it.
    """
    layers = list(disk.layers())
    libvirt = context.libvirt
    for upper, lower in pairwise(layers):
        is_whole = isinstance(upper.format, str) and upper.format in _WITHOUT_BACKING
        if upper.format == "raw" and libvirt is not None and libvirt <= _RAW_WITH_BACKING_IN:
            is_whole = disk.bus != "sd"
        if is_whole:
            yield Problem(
                Spot(lower.holder),
                f"the domain does not start: an image of the format {upper.format} of the {disk} has none below",
                "remove <backingStore>, or say the format that the upper image has",
            )


@rule(
    "DISK044",
    "backing-source-missing",
    outcome=Outcome.DEFINE,
    on="devices/disk/backingStore",
    each=each_disk_around,
    instead_of=("SCHEMA004", "SCHEMA005", "SCHEMA007"),
    source=_CHAIN,
    bad=Example(
        disk_of(
            "  <backingStore type='file'> <!-- DISK044 -->",
            "    <format type='qcow2'/>",
            "  </backingStore>",
        )
    ),
    good=Example(
        disk_of(
            "  <backingStore type='file'>",
            "    <format type='qcow2'/>",
            "    <source file='/var/lib/libvirt/images/base.qcow2'/>",
            "  </backingStore>",
        )
    ),
)
def backing_source_missing(_context: Context, disk: Disk) -> Problems:
    """An image below a disk has no source.

    `<backingStore/>` without a type ends the chain; one with a type must say where the image is. Without `<source>`
    libvirt refuses the definition, and with one that has no path it refuses to start the domain.
    """
    for storage in list(disk.layers())[1:]:
        if storage.source is None:
            yield Problem(
                Spot(storage.holder),
                f"libvirt refuses the definition: an image below the {disk} has no <source>",
                "say where the image is, or write <backingStore/> where the chain ends",
            )
        elif storage.is_empty:
            yield Problem(
                Spot(storage.source),
                f"the domain does not start: an image below the {disk} has no path in <source>",
                f"say {PATH_OF[str(storage.type)]}=… in <source>",
                outcome=Outcome.START,
            )


_WITH_FILES: Final = frozenset({*PATH_OF, "volume"})


@rule(
    "DISK045",
    "startup-policy-not-for-disk",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    instead_of=("SCHEMA004",),
    source=f"{_COMMON} (virDomainDiskDefValidateStartupPolicy)",
    bad=Example(
        disk_of(
            source="  <source file='/var/lib/libvirt/images/web1.qcow2' startupPolicy='requisite'/> <!-- DISK045 -->"
        )
    ),
    good=Example(disk_of(source="  <source file='/var/lib/libvirt/images/web1.qcow2' startupPolicy='optional'/>")),
)
def startup_policy_not_for_disk(context: Context, disk: Disk) -> Problems:
    """The disk cannot have the startup policy.

    It says what happens when a file or device of the host is missing, so it is for those (and volumes) alone;
    'requisite' drops a medium from its drive when the domain migrates, which a disk has not.
    """
    policy, kind = attribute(disk.source, "startupPolicy"), disk.storage.type
    if disk.source is None or not isinstance(policy, str) or not isinstance(kind, str):
        return
    is_old = context.is_older_than(Version(9, 0, 0))
    if kind == "network" or (kind not in _WITH_FILES and not is_old):
        what = f"a disk of type '{kind}' has none"
    elif policy == "requisite" and disk.device in ("disk", "lun"):
        what = "'requisite' is for CD-ROMs and floppies"
    else:
        return
    yield Problem(
        Spot(disk.source, "startupPolicy"),
        f"libvirt refuses the definition: startupPolicy='{policy}' cannot be for the {disk}, as {what}",
        "remove startupPolicy" if kind not in _WITH_FILES else "say 'optional' or 'mandatory'",
    )


@rule(
    "DISK046",
    "lun-not-a-whole-device",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    instead_of=("SCHEMA005",),
    source=f"{_LUN}; 7.0.0 src/qemu/qemu_domain.c (qemuDomainDefValidateDiskLunSource)",
    bad=Example(disk_of(opening="<disk type='file' device='lun'> <!-- DISK046 -->", target=_ON_SCSI)),
    good=Example(
        disk_of(opening=_LUN_DISK, driver="  <driver name='qemu' type='raw'/>", source=_LUN_SOURCE, target=_ON_SCSI)
    ),
)
def lun_not_a_whole_device(_context: Context, disk: Disk) -> Problems:
    """A LUN is not a whole device of the host, as it is.

    device='lun' sends the guest's SCSI commands to the device: a block device, a volume, or a unit of iSCSI. There is
    no image format between (raw is none), no slice and no encryption.
    """
    storage = disk.storage
    if disk.device != "lun" or not isinstance(storage.type, str):
        return
    protocol = storage.protocol
    if storage.type == "network":
        wrong = None if protocol is UNKNOWN or protocol == "iscsi" else f"it is read by {protocol}"
    else:
        wrong = None if storage.type in ("block", "volume") else f"it is of type '{storage.type}'"
    spot = Spot(disk.element)
    if wrong is None and isinstance(storage.format, str) and storage.format != "raw":
        wrong, spot = f"its format is {storage.format}", Layer(disk, storage, True).format_at
    if wrong is None:
        part = _lun_part(disk)
        wrong, spot = (f"it has <{part.tag}>", Spot(part)) if part is not None else (None, spot)
    if wrong is not None:
        yield Problem(
            spot,
            f"libvirt refuses the definition: the {disk} is a LUN, and {wrong}",
            "use a block device as it is, with the format raw, or device='disk'",
        )


def _lun_part(disk: Disk) -> Element | None:
    """What stands between a LUN and its device: a slice, or encryption."""
    slices = None if disk.source is None else child(disk.source, "slices")
    for one in () if slices is None else slices.iterchildren("slice"):
        if attribute(one, "type") == "storage":
            return one
    encryption = Layer(disk, disk.storage, True).part("encryption")
    format_ = attribute(encryption, "format")
    return encryption if isinstance(format_, str) and format_ != "default" else None


@rule(
    "DISK047",
    "reservations-without-lun",
    outcome=Outcome.DEFINE,
    on="devices/disk/source/reservations",
    source=_COMMON,
    bad=Example(
        disk_of(
            opening="<disk type='block' device='disk'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source dev='/dev/sdb'>\n    <reservations managed='yes'/> <!-- DISK047 -->\n  </source>",
            target=_ON_SCSI,
        )
    ),
    good=Example(
        disk_of(
            opening=_LUN_DISK,
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source dev='/dev/sdb'>\n    <reservations managed='yes'/>\n  </source>",
            target=_ON_SCSI,
        )
    ),
)
def reservations_without_lun(context: Context, reservations: Element) -> Problems:
    """Persistent reservations are for LUNs alone.

    A helper of the host carries out the guest's commands of that kind; only a LUN sends them to the device. One that
    libvirt does not start itself (managed='no') is reached by a socket.
    """
    source = reservations.getparent()
    parent = None if source is None else source.getparent()
    disk = None if parent is None else context.domain.disks.by_element.get(parent)
    if disk is None or not context.domain.runs_on_qemu or disk.source is not source:
        return
    if disk.device is not UNKNOWN and disk.device != "lun":
        yield Problem(
            Spot(reservations),
            f"libvirt refuses the definition: the {disk} has <reservations>, and is a {disk.device}, not a lun",
            "say device='lun', or remove <reservations>",
        )


@rule(
    "DISK048",
    "nvme-namespace-zero",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source=_COMMON,
    bad=Example(
        disk_of(
            opening="<disk type='nvme' device='disk'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source type='pci' managed='yes' namespace='0'> <!-- DISK048 -->\n"
            "    <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n  </source>",
        )
    ),
    good=Example(
        disk_of(
            opening="<disk type='nvme' device='disk'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source type='pci' managed='yes' namespace='1'>\n"
            "    <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n  </source>",
        )
    ),
)
def nvme_namespace_zero(_context: Context, disk: Disk) -> Problems:
    """The namespaces of an NVMe controller are counted from 1.

    libvirt refuses namespace 0.
    """
    if disk.storage.type == "nvme" and disk.source is not None and decimal(attribute(disk.source, "namespace")) == 0:
        yield Problem(
            Spot(disk.source, "namespace"),
            f"libvirt refuses the definition: the {disk} is namespace 0, and the first is 1",
            "say namespace='1', or which it is",
        )


_SHARING_SINCE: Final = {"vhostuser": Version(7, 1, 0), "vhostvdpa": Version(9, 8, 0)}


def _vhost_user(
    mark: str = "",
    driver: str = "  <driver name='qemu' type='raw'/>",
    around: str = "<memoryBacking>\n  <access mode='shared'/>\n</memoryBacking>",
) -> Example:
    source = "  <source type='unix' path='/run/spdk/vhost0.sock'/>"
    opening = f"<disk type='vhostuser' device='disk'>{mark}"
    return Example(disk_of(opening=opening, driver=driver, source=source), around=around)


@rule(
    "DISK049",
    "vhost-disk-without-shared-memory",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    source="libvirt 9.0.0 and 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDisk)",
    bad=_vhost_user(mark=" <!-- DISK049 -->", around=""),
    good=_vhost_user(),
)
def vhost_disk_without_shared_memory(context: Context, disk: Disk) -> Problems:
    """Who serves the disk must share the guest's memory.

    A vhost-user process and a vDPA device read and write it themselves. Memory is private unless `<memoryBacking>` or
    the NUMA cells say that it is shared.
    """
    kind = disk.storage.type
    since = _SHARING_SINCE.get(kind) if isinstance(kind, str) else None
    if since is None or context.is_older_than(since):
        return
    domain = context.domain.element
    sharing = memory_sharing(domain)
    if sharing.is_shared is False:
        yield Problem(
            Spot(disk.element),
            f"libvirt refuses the definition: the {disk} of type '{kind}' needs shared memory",
            sharing_advice(domain, sharing.culprit),
            () if sharing.culprit is None else ((Spot(sharing.culprit), "private memory"),),
        )


@rule(
    "DISK050",
    "vdpa-disk-with-host-cache",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    asked="9.8.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDisk)",
    bad=Example(
        disk_of(
            opening="<disk type='vhostvdpa' device='disk'> <!-- DISK050 -->",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source dev='/dev/vhost-vdpa-0'/>",
        ),
        around="<memoryBacking>\n  <access mode='shared'/>\n</memoryBacking>",
    ),
    good=Example(
        disk_of(
            opening="<disk type='vhostvdpa' device='disk'>",
            driver="  <driver name='qemu' type='raw' cache='none'/>",
            source="  <source dev='/dev/vhost-vdpa-0'/>",
        ),
        around="<memoryBacking>\n  <access mode='shared'/>\n</memoryBacking>",
    ),
)
def vdpa_disk_with_host_cache(_context: Context, disk: Disk) -> Problems:
    """A vDPA disk does not go through the host's cache.

    libvirt wants cache='none' or 'directsync' to be said.
    """
    cache = attribute(disk.driver, "cache")
    if disk.storage.type == "vhostvdpa" and cache not in (UNKNOWN, "none", "directsync"):
        yield Problem(
            Spot(disk.element),
            f"libvirt refuses the definition: the {disk} of type 'vhostvdpa' needs cache='none' or 'directsync'",
            "say cache='none' in <driver>",
        )


_NOT_WITH_VHOST_USER: Final = (
    ("driver", "error_policy"),
    ("driver", "rerror_policy"),
    ("driver", "io"),
    ("driver", "ioeventfd"),
    ("driver", "copy_on_read"),
    ("driver", "discard"),
    ("driver", "iothread"),
    ("driver", "detect_zeroes"),
    *((name, "") for name in ("backingStore", "encryption", "readonly", "shareable", "transient", "auth")),
    *((name, "text") for name in ("serial", "wwn", "vendor", "product")),
)
"""Attributes of ``<driver>``, children, and children with a text that a vhost-user disk cannot have."""


_NOTHING: Final = (0, None, UNKNOWN)


def _not_with_vhost_user(disk: Disk) -> Iterator[Spot]:
    for name, what in _NOT_WITH_VHOST_USER:
        part = disk.parts.get(name)
        if part is None:
            continue
        if name == "driver":
            if isinstance(attribute(part, what), str):
                yield Spot(part, what)
        elif not what or isinstance(text_of(part), str):
            yield Spot(part)
    inner = None if disk.storage.source is None else child(disk.storage.source, "encryption")
    if inner is not None:
        yield Spot(inner)
    cache, snapshot = attribute(disk.driver, "cache"), attribute(disk.element, "snapshot")
    if disk.driver is not None and isinstance(cache, str) and cache != "default":
        yield Spot(disk.driver, "cache")
    if isinstance(snapshot, str) and snapshot != "no":
        yield Spot(disk.element, "snapshot")
    for name in ("geometry", "blockio"):
        part = disk.parts.get(name)
        if part is not None and any(
            decimal(attribute(part, str(one))) not in (0, None, UNKNOWN) for one in part.attrib
        ):
            yield Spot(part)
    limits = disk.parts.get("iotune")
    if limits is not None and any(text_of(limit) not in (None, UNKNOWN, "0") for limit in limits.iterchildren("*")):
        yield Spot(limits)


@rule(
    "DISK051",
    "option-not-for-vhost-user-disk",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_disk,
    asked="9.0.0",
    since="some release from 7.1.0 on",
    source="libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainDiskVhostUserValidate)",
    bad=_vhost_user(driver="  <driver name='qemu' type='raw' cache='none'/> <!-- DISK051 -->"),
    good=_vhost_user(),
)
def option_not_for_vhost_user_disk(_context: Context, disk: Disk) -> Problems:
    """QEMU does nothing of this for a vhost-user disk: another process reads and writes.

    Caches, error policies, I/O modes, limits, serial numbers, images below, snapshots and the like are that process's
    matter. The disk is a virtio device.
    """
    if disk.storage.type != "vhostuser":
        return
    if isinstance(disk.bus, str) and disk.bus != "virtio":
        spot = Spot(disk.element) if disk.target is None else Spot(disk.target, "bus")
        yield Problem(
            spot,
            f"libvirt refuses the definition: the {disk} is of type 'vhostuser', which is on virtio, not on {disk.bus}",
            "say bus='virtio'",
        )
    for spot in _not_with_vhost_user(disk):
        what = spot.attribute or f"<{spot.element.tag}>"
        yield Problem(
            spot,
            f"libvirt refuses the definition: the {disk} of type 'vhostuser' cannot have {what}",
            f"remove {what}; the process that serves the disk decides on that",
        )


@rule(
    "DISK052",
    "transient-not-for-disk",
    outcome=Outcome.DEFINE,
    on="devices/disk/transient",
    each=each_disk_around,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDiskTransient)",
    bad=Example(
        disk_of(
            "  <transient/> <!-- DISK052 -->",
            opening="<disk type='block' device='disk'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source dev='/dev/vg0/web1'/>",
        )
    ),
    good=Example(disk_of("  <transient/>")),
)
def transient_not_for_disk(_context: Context, disk: Disk) -> Problems:
    """What the guest writes cannot be dropped for this disk.

    libvirt puts a file of its own beside the image of a transient disk: the image must be a file, the device a disk,
    and writable.
    """
    kind = disk.storage.type
    if disk.device in ("cdrom", "floppy", "lun"):
        wrong = f"it is a {disk.device}"
    elif isinstance(kind, str) and kind not in ("file", "volume"):
        wrong = f"it is of type '{kind}', not 'file'"
    elif "readonly" in disk.parts:
        wrong = "it is read-only"
    else:
        return
    yield Problem(
        Spot(disk.parts["transient"]),
        f"libvirt refuses the definition: the {disk} cannot be transient, as {wrong}",
        "remove <transient>",
    )


@rule(
    "DISK053",
    "metadata-cache-not-for-format",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_layer,
    asked="7.0.0",
    source=_SOURCE,
    bad=Example(
        disk_of(
            driver="  <driver name='qemu' type='raw'>\n"
            "    <metadata_cache>\n"
            "      <max_size unit='MiB'>16</max_size> <!-- DISK053 -->\n"
            "    </metadata_cache>\n"
            "  </driver>"
        )
    ),
    good=Example(
        disk_of(
            driver="  <driver name='qemu' type='qcow2'>\n"
            "    <metadata_cache>\n"
            "      <max_size unit='MiB'>16</max_size>\n"
            "    </metadata_cache>\n"
            "  </driver>"
        )
    ),
)
def metadata_cache_not_for_format(_context: Context, layer: Layer) -> Problems:
    """Only qcow2 images have metadata that QEMU caches.

    libvirt refuses a limit of that cache for others.
    """
    at = layer.disk.driver if layer.is_top else layer.storage.format_at
    cache = None if at is None else child(at, "metadata_cache")
    limit = None if cache is None else child(cache, "max_size")
    size, format_ = text_of(limit), layer.storage.format
    if limit is None or not isinstance(size, str) or not size.strip().isdecimal() or not size.strip().strip("0"):
        return
    if format_ is None or (isinstance(format_, str) and format_ != "qcow2"):
        yield Problem(
            Spot(limit),
            f"libvirt refuses the definition: {layer.words} is {format_ or 'of no format'}, which has no such cache",
            "remove <metadata_cache>",
        )


_DATA_STORE: Final = """\
  <source file='/var/lib/libvirt/images/web1.qcow2'>
    <dataStore type='file'>{mark}
      <format type='{format}'/>
      <source file='/var/lib/libvirt/images/web1.data'/>
    </dataStore>
  </source>"""


@rule(
    "DISK054",
    "data-file-not-for-image",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_layer,
    instead_of=("SCHEMA004", "SCHEMA007"),
    asked="10.10.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidateSourceChainOne), domain_conf.c"
    " (virDomainDiskDataStoreParse)",
    bad=Example(disk_of(source=_DATA_STORE.format(mark=" <!-- DISK054 -->", format="qcow2"))),
    good=Example(disk_of(source=_DATA_STORE.format(mark="", format="raw"))),
)
def data_file_not_for_image(_context: Context, layer: Layer) -> Problems:
    """The image cannot have this data file.

    A qcow2 image can have its data in another file, which is raw, and is whole: with no data file, no image below and
    no slice of its own. A data file without a path is found when the domain starts.
    """
    source = layer.storage.source
    inside = None if source is None else child(source, "dataStore")
    beside = None if layer.is_top else child(layer.storage.holder, "dataStore")
    for store in (inside, beside):
        if store is None:
            continue
        if (wrong := _wrong_with_data_file(store, layer.storage.format)) is not None:
            yield Problem(
                Spot(store),
                f"libvirt refuses the definition: {layer.words} cannot have this data file, as {wrong}",
                "give a qcow2 image a raw file as a whole, or remove <dataStore>",
            )
        elif Storage(store, child(store, "source"), attribute(store, "type"), None, None).is_empty:
            yield Problem(
                Spot(store),
                f"the domain does not start: the data file of {layer.words} has no path in <source>",
                "say where it is",
                outcome=Outcome.START,
            )


def _wrong_with_data_file(store: Element, format_: Maybe[str]) -> str | None:
    """What libvirt refuses of a data file of an image of a format."""
    own_format = attribute(child(store, "format"), "type")
    source = child(store, "source")
    if source is None or attribute(store, "type") is None:
        return "it has no <source>" if source is None else "it does not say its type"
    if isinstance(format_, str) and format_ != "qcow2":
        return f"the image is {format_}, not qcow2"
    if isinstance(own_format, str) and own_format != "raw":
        return f"its format is {own_format}, not raw"
    if child(source, "dataStore") is not None:
        return "it has a data file itself"
    return "it is a slice" if child(source, "slices") is not None else None
