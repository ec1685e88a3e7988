"""FS: folders of the host that the guest sees (``<filesystem>``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.memory_backing import memory_sharing, sharing_advice
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, child_attribute
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_VALIDATE = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefFS)"
_COMMON = "libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainFSDefValidate)"
_COMMAND = "libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildVirtioDevGetConfigDev)"
_ON = "devices/filesystem"


class Filesystem(NamedTuple):
    """A ``<filesystem>`` of a domain of the QEMU driver, as libvirt reads it; without a driver, it is 9p."""

    element: Element
    type: Maybe[str]
    driver: Maybe[str]
    tag: Maybe[str]

    @property
    def is_virtiofs(self) -> bool:
        """Tell whether virtiofsd serves it."""
        return self.driver == "virtiofs"

    def __str__(self) -> str:
        return f"filesystem '{self.tag}'" if isinstance(self.tag, str) else "filesystem"


def _read(element: Element) -> Filesystem:
    kind = attribute(element, "type")
    driver = child_attribute(element, "driver", "type")
    tag = child_attribute(element, "target", "dir")
    return Filesystem(element, "mount" if kind is None else kind, "path" if driver is None else driver, tag)


def _each(context: Context, element: Element) -> Iterator[Filesystem]:
    if context.domain.runs_on_qemu:
        yield _read(element)


# Parts of the examples.

_SHARED: Final = "<memoryBacking>\n  <access mode='shared'/>\n</memoryBacking>"


def _folder(
    *more: str,
    opening: str = "<filesystem type='mount' accessmode='passthrough'>",
    driver: str = "",
    target: str = "  <target dir='data'/>",
) -> str:
    lines = (opening, driver, "  <source dir='/srv/data'/>", target, *more, "</filesystem>")
    return "".join(f"{line}\n" for line in lines if line)


def _virtiofs(*more: str, opening: str = "", driver: str = "  <driver type='virtiofs'/>", target: str = "") -> str:
    return _folder(
        *more,
        opening=opening or "<filesystem type='mount' accessmode='passthrough'>",
        driver=driver,
        target=target or "  <target dir='data'/>",
    )


_GOOD = Example(_folder())
_GOOD_VIRTIOFS = Example(_virtiofs(), around=_SHARED)


@rule(
    "FS001",
    "filesystem-type-not-for-qemu",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    source=_VALIDATE,
    bad=Example("""\
<filesystem type='bind'> <!-- FS001 -->
  <source dir='/srv/data'/>
  <target dir='data'/>
</filesystem>"""),
    good=_GOOD,
)
def filesystem_type(_context: Context, filesystem: Filesystem) -> Problems:
    """QEMU takes folders alone, type 'mount'.

    The other types (template, file, block, ram, bind, volume) are of containers: LXC, OpenVZ and Virtuozzo.
    """
    if isinstance(filesystem.type, str) and filesystem.type in _TYPES_OF_CONTAINERS:
        yield Problem(
            Spot(filesystem.element, "type"),
            f"libvirt refuses the definition: QEMU has no filesystem of type '{filesystem.type}', only 'mount'",
            "give the guest a folder with type='mount', or an image as a <disk>",
        )


_TYPES_OF_CONTAINERS: Final = frozenset({"template", "file", "block", "ram", "bind", "volume"})


@rule(
    "FS002",
    "filesystem-limit-not-for-qemu",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="11.3.0",
    since="some release after 9.0.0 began to refuse it; older ones do without the limit",
    source=_VALIDATE,
    bad=Example(_folder("  <space_hard_limit unit='G'>10</space_hard_limit> <!-- FS002 -->")),
    good=_GOOD,
)
def filesystem_limit(_context: Context, filesystem: Filesystem) -> Problems:
    """QEMU cannot limit how much a guest writes into a folder.

    `<space_hard_limit>` and `<space_soft_limit>` are for containers.
    """
    for name in ("space_hard_limit", "space_soft_limit"):
        limit = child(filesystem.element, name)
        text = "" if limit is None else (limit.text or "").strip()
        if limit is not None and text.isdecimal() and int(text[:40]) > 0:
            yield Problem(
                Spot(limit),
                f"libvirt refuses the definition: QEMU has no <{name}> for the {filesystem}",
                f"remove <{name}>, and set a quota for the folder on the host",
            )


@rule(
    "FS003",
    "filesystem-driver-not-for-qemu",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    source=_VALIDATE,
    bad=Example(_folder(driver="  <driver type='loop'/> <!-- FS003 -->")),
    good=_GOOD,
)
def filesystem_driver(_context: Context, filesystem: Filesystem) -> Problems:
    """The driver is none of QEMU's.

    QEMU has path (9p, the default), handle, virtiofs and mtp; loop, nbd and ploop are of containers.
    """
    driver = child(filesystem.element, "driver")
    if driver is not None and filesystem.driver in ("loop", "nbd", "ploop"):
        yield Problem(
            Spot(driver, "type"),
            f"libvirt refuses the definition: QEMU has no driver '{filesystem.driver}' for the {filesystem}",
            "use the driver 'virtiofs' or 'path'",
        )


class _Refused(NamedTuple):
    """What a driver does not take: an attribute of a child ("" for the filesystem), but for these values.

    Where libvirt does not run virtiofsd itself, it does not mind some of them.
    """

    driver: str
    child: str
    attribute: str
    taken: tuple[str, ...] = ()
    with_socket: bool = True


_REFUSED: Final = (
    _Refused("virtiofs", "", "accessmode", ("passthrough",), with_socket=False),
    _Refused("virtiofs", "driver", "wrpolicy", with_socket=False),
    _Refused("virtiofs", "driver", "format"),
    _Refused("virtiofs", "", "model"),
    _Refused("virtiofs", "", "multidevs", ("default",)),
    _Refused("handle", "", "accessmode", ("passthrough",)),
    _Refused("mtp", "", "accessmode", ("passthrough",)),
)


@rule(
    "FS004",
    "option-not-for-filesystem-driver",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    instead_of=("SCHEMA004",),
    source=_VALIDATE,
    bad=Example(
        _virtiofs(opening="<filesystem type='mount' accessmode='mapped'> <!-- FS004 -->"),
        around=_SHARED,
    ),
    good=_GOOD_VIRTIOFS,
)
def option_not_for_driver(_context: Context, filesystem: Filesystem) -> Problems:
    """The filesystem's driver does not take the option.

    virtiofs passes all access through: it has no accessmode but that, no model, no format of images, no write policy
    and no choice of how to treat several devices. handle and mtp have no accessmode but passthrough, either.
    """
    has_socket = child_attribute(filesystem.element, "source", "socket") is not None
    for driver, child_name, name, taken, with_socket in _REFUSED:
        if driver != filesystem.driver or (has_socket and not with_socket):
            continue
        holder = child(filesystem.element, child_name) if child_name else filesystem.element
        value = attribute(holder, name)
        if holder is not None and isinstance(value, str) and value not in taken:
            yield Problem(
                Spot(holder, name),
                f"libvirt refuses the definition: the {filesystem} with driver '{driver}' cannot have {name}='{value}'",
                f"remove {name}" + (f", or say '{taken[0]}'" if taken else ""),
            )
    if has_socket and filesystem.driver in ("handle", "mtp") and filesystem.element.get("accessmode") is None:
        yield Problem(
            Spot(filesystem.element),
            f"libvirt refuses the definition: the {filesystem} with driver '{filesystem.driver}' has a socket, which is"
            " for virtiofs",
            "remove socket, and say which folder it is with dir",
        )


@rule(
    "FS005",
    "create-mode-not-mapped",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    source=_VALIDATE,
    bad=Example(_folder(opening="<filesystem type='mount' accessmode='passthrough' fmode='644'> <!-- FS005 -->")),
    good=Example(_folder(opening="<filesystem type='mount' accessmode='mapped' fmode='644'>")),
)
def create_mode_not_mapped(_context: Context, filesystem: Filesystem) -> Problems:
    """fmode and dmode count in a 9p filesystem with accessmode 'mapped' alone.

    They are the modes of the files and folders on the host that stand for the guest's. Passed through, files have the
    modes that the guest gives them; virtiofs always does that.
    """
    mode = attribute(filesystem.element, "accessmode")
    if mode is UNKNOWN or (mode == "mapped" and not filesystem.is_virtiofs):
        return
    for name in ("fmode", "dmode"):
        value = attribute(filesystem.element, name)
        if isinstance(value, str) and value.strip().strip("01234567") == "" and value.strip("0 "):
            needed = "no virtiofs" if filesystem.is_virtiofs else "accessmode='mapped'"
            yield Problem(
                Spot(filesystem.element, name),
                f"libvirt refuses the definition: {name} of the {filesystem} needs {needed}",
                f"remove {name}" + ("" if filesystem.is_virtiofs else ", or say accessmode='mapped'"),
            )


@rule(
    "FS006",
    "virtiofs-read-only",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="6.4.0",
    until="11.0.0",
    source=f"{_VALIDATE}; NEWS.rst, 6.4.0 and 11.0.0",
    bad=Example(_virtiofs("  <readonly/> <!-- FS006 -->"), around=_SHARED, libvirt="9.0.0"),
    good=Example(_virtiofs("  <readonly/>"), around=_SHARED, libvirt="11.0.0"),
)
def virtiofs_read_only(_context: Context, filesystem: Filesystem) -> Problems:
    """Read-only virtiofs needs libvirt 11.0.0.

    Older ones refuse it, as virtiofsd did not know the option; unless another program runs virtiofsd (`<source
    socket=…/>`).
    """
    read_only, socket = child(filesystem.element, "readonly"), child_attribute(filesystem.element, "source", "socket")
    if filesystem.is_virtiofs and read_only is not None and socket is None:
        yield Problem(
            Spot(read_only),
            f"libvirt refuses the definition: its virtiofs cannot be read-only, as the {filesystem} wants to be",
            "use libvirt 11.0.0 or newer, or remove <readonly/> and mount it read-only in the guest",
        )


@rule(
    "FS007",
    "virtiofs-without-shared-memory",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    source=f"{_VALIDATE}, (qemuValidateDomainDefVhostUserRequireSharedMemory)",
    bad=Example(_virtiofs(driver="  <driver type='virtiofs'/> <!-- FS007 -->")),
    good=_GOOD_VIRTIOFS,
)
def virtiofs_without_shared_memory(context: Context, filesystem: Filesystem) -> Problems:
    """virtiofs needs memory that virtiofsd can share.

    virtiofsd reads and writes the guest's memory itself. Memory is private unless `<memoryBacking>` or the NUMA cells
    say that it is shared.
    """
    domain = context.domain.element
    if not filesystem.is_virtiofs:
        return
    sharing = memory_sharing(domain)
    driver = child(filesystem.element, "driver")
    if sharing.is_shared is False and driver is not None:
        culprit = sharing.culprit
        yield Problem(
            Spot(driver),
            f"libvirt refuses the definition: the {filesystem} is virtiofs, which needs shared memory",
            sharing_advice(domain, culprit),
            () if culprit is None else ((Spot(culprit), "private memory"),),
        )


_QEMU_NAMING_MEMORY: Final = Version(5, 2, 0)
"""The QEMU that tells the name of a machine's memory, by which libvirt replaces it."""


def _each_without_cells(context: Context, driver: Element) -> Iterator[Element]:
    """The ``<driver>`` of virtiofs where the host's QEMU is too old to share memory that is not in NUMA cells."""
    host = context.host
    if driver.get("type") != "virtiofs" or host is None or not context.is_judged or not context.domain.runs_on_qemu:
        return
    is_old = host.qemu_version is not None and host.qemu_version < _QEMU_NAMING_MEMORY
    if is_old and not context.domain.numa.cells and memory_sharing(context.domain.element).is_shared:
        yield driver


@rule(
    "FS012",
    "virtiofs-without-numa-cells",
    outcome=Outcome.DEFINE,
    on="devices/filesystem/driver",
    each=_each_without_cells,
    needs=Needs.HOST,
    source="libvirt 7.0.0 src/qemu/qemu_validate.c (qemuValidateDomainDefVirtioFSSharedMemory), 9.0.0"
    " (qemuValidateDomainDefVhostUserRequireSharedMemory), src/qemu/qemu_capabilities.c"
    " (virQEMUCapsGetMachineDefaultRAMid)",
    bad=Example(
        _virtiofs(driver="  <driver type='virtiofs'/> <!-- FS012 -->"),
        around=_SHARED,
        host="qemu-5.1",
        machine="pc-q35-5.1",
        libvirt="7.0.0",
    ),
    good=_GOOD,
)
def virtiofs_without_numa_cells(_context: Context, driver: Element) -> Problems:
    """virtiofs needs memory that virtiofsd can share, and QEMU before 5.2 shares that of NUMA cells alone.

    libvirt refuses the definition.
    """
    yield Problem(
        Spot(driver),
        "libvirt refuses the definition: the host's QEMU is older than 5.2, and can share memory only in NUMA cells",
        "add <numa><cell id='0' cpus='…' memory='…' memAccess='shared'/></numa> to <cpu>, or take a newer QEMU",
    )


_MIXED_TAGS: Final = Version(11, 3, 0)
"""A libvirt that compares the tags of virtiofs with those of 9p; 9.0.0 compares those of virtiofs alone."""


def _are_mixed_tags_refused(context: Context) -> bool:
    return not context.is_older_than(_MIXED_TAGS)


@rule(
    "FS008",
    "filesystem-target-twice",
    outcome=Outcome.DEFINE,
    on=_ON,
    each=_each,
    asked="9.0.0",
    since="some release after 7.0.0",
    source=_COMMON,
    bad=Example(_virtiofs() + _virtiofs(target="  <target dir='data'/> <!-- FS008 -->"), around=_SHARED),
    good=Example(_virtiofs() + _virtiofs(target="  <target dir='logs'/>"), around=_SHARED),
)
def filesystem_target_twice(context: Context, filesystem: Filesystem) -> Problems:
    """Two filesystems have the same tag, and one of them is virtiofs.

    The guest mounts a filesystem by its tag, `<target dir=…/>`. libvirt refuses two of virtiofs with the same, and
    one of virtiofs beside one of 9p.
    """
    target = child(filesystem.element, "target")
    if not isinstance(filesystem.tag, str) or target is None:
        return
    for other in map(_read, filesystem.element.itersiblings("filesystem", preceding=True)):
        is_same = other.tag == filesystem.tag and (other.is_virtiofs or filesystem.is_virtiofs)
        if is_same and (_are_mixed_tags_refused(context) or (other.is_virtiofs and filesystem.is_virtiofs)):
            yield Problem(
                Spot(target, "dir"),
                f"libvirt refuses the definition: another filesystem has the tag '{filesystem.tag}'",
                "give each its own, and mount it by that in the guest",
                ((Spot(other.element), "the other one"),),
            )
            return


@rule(
    "FS009",
    "boot-from-9p",
    outcome=Outcome.DEFINE,
    on="devices/filesystem/boot",
    asked="9.0.0",
    since="some release after 7.0.0; older ones pass over <boot> there",
    source=_COMMON,
    bad=Example(_folder("  <boot order='2'/> <!-- FS009 -->")),
    good=Example(_virtiofs("  <boot order='2'/>"), around=_SHARED),
)
def boot_from_9p(context: Context, boot: Element) -> Problems:
    """A guest can boot from virtiofs alone, from no other filesystem.

    The firmware has no 9p. libvirt refuses to define a domain with a boot order of such a filesystem.
    """
    element = boot.getparent()
    if element is None or not context.domain.runs_on_qemu or attribute(boot, "order") in (None, UNKNOWN):
        return
    filesystem = _read(element)
    if filesystem.driver is not UNKNOWN and not filesystem.is_virtiofs:
        yield Problem(
            Spot(boot),
            f"libvirt refuses the definition: it cannot boot from the {filesystem}, which is no virtiofs",
            "remove <boot>, or use <driver type='virtiofs'/>",
        )


@rule(
    "FS010",
    "virtiofs-boot-not-on-pci",
    outcome=Outcome.DEFINE,
    on="devices/filesystem/boot",
    needs=Needs.MACHINE,
    asked="10.3.0",
    source=f"{_VALIDATE}; NEWS.rst, 10.4.0",
    bad=Example(
        _virtiofs("  <boot order='1'/> <!-- FS010 -->"),
        around=_SHARED,
        arch="s390x",
        machine="s390-ccw-virtio",
    ),
    good=Example(
        _virtiofs("  <boot order='1'/>", "  <address type='pci'/>"),
        around=_SHARED,
        arch="s390x",
        machine="s390-ccw-virtio",
    ),
)
def virtiofs_boot_not_on_pci(context: Context, boot: Element) -> Problems:
    """virtiofs that the guest boots from must be a PCI device.

    On s390x devices have CCW addresses unless the file says otherwise.
    """
    element = boot.getparent()
    if element is None or not context.domain.runs_on_qemu or attribute(boot, "order") in (None, UNKNOWN):
        return
    filesystem = _read(element)
    kind = child_attribute(element, "address", "type")
    if kind is None and str(context.machine.name).startswith("s390-ccw"):
        kind = "ccw"
    if filesystem.is_virtiofs and isinstance(kind, str) and kind != "pci":
        yield Problem(
            Spot(boot),
            f"libvirt refuses the definition: it can boot from virtiofs on PCI alone, and the {filesystem} has"
            f" an address of type '{kind}'",
            "give it <address type='pci'/>, or remove <boot>",
        )


_OF_OTHERS: Final = frozenset({"usb", "drive", "spapr-vio", "isa", "ccid", "virtio-serial", "dimm"})


@rule(
    "FS011",
    "address-type-not-for-filesystem",
    outcome=Outcome.START,
    on=_ON,
    each=_each,
    source=_COMMAND,
    bad=Example(_folder("  <address type='usb' bus='0' port='1'/> <!-- FS011 -->")),
    good=Example(_folder("  <address type='pci' bus='0' slot='9'/>")),
)
def address_type_not_for_filesystem(_context: Context, filesystem: Filesystem) -> Problems:
    """A filesystem has an address of a bus that it cannot be on.

    9p and virtiofs are virtio devices: on PCI, as CCW devices on s390x, or on virtio-mmio. libvirt defines the domain,
    and refuses to start it.
    """
    address = child(filesystem.element, "address")
    kind = attribute(address, "type")
    if address is not None and kind in _OF_OTHERS and filesystem.driver in ("path", "handle", "virtiofs"):
        yield Problem(
            Spot(address, "type"),
            f"the domain does not start: the {filesystem} cannot have an address of type '{kind}'",
            "remove <address>: libvirt finds a place for the device",
        )
