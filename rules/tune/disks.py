"""TUNE05x, TUNE08x: which I/O threads and throttle groups disks name."""

from __future__ import annotations

from collections.abc import Iterator

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import disk_bus
from domlint.domain.iothreads import FaultyMapping, mapping_faults
from domlint.domain.values import attribute, child, decimal
from domlint.findings import Outcome
from domlint.placeholders import is_placeholder
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.rules.tune.threads import missing_thread

_VALIDATE = "libvirt 11.3.0 src/qemu/qemu_validate.c"
_CONF = "libvirt 11.3.0 src/conf/domain_conf.c"


def _disk(*inside: str, opening: str = "<driver name='qemu' type='raw'/>", around: str = "") -> Example:
    lines = "".join(f"  {line}\n" for line in (opening, *inside))
    return Example(
        "<disk type='file' device='disk'>\n"
        f"{lines}"
        "  <source file='/srv/images/web1.img'/>\n"
        "  <target dev='vda' bus='virtio'/>\n"
        "</disk>",
        around=around,
    )


_TWO = "<iothreads>2</iothreads>"


def _mapped(*threads: str) -> tuple[str, ...]:
    return ("  <iothreads>", *(f"    {thread}" for thread in threads), "  </iothreads>", "</driver>")


def _each_driver(context: Context, driver: Element) -> Iterator[Element]:
    """The drivers of virtio disks that name I/O threads."""
    if "iothread" not in driver.attrib and child(driver, "iothreads") is None:
        return
    disk = driver.getparent()
    if (
        disk is not None
        and child(disk, "driver") is driver
        and disk_bus(disk) == "virtio"
        and context.domain.runs_on_qemu
    ):
        yield driver


@rule(
    "TUNE060",
    "disk-io-thread-missing",
    outcome=Outcome.DEFINE,
    on="devices/disk/driver",
    each=_each_driver,
    mentions=("iothread", "iothreads"),
    source=f"{_VALIDATE} (qemuValidateDomainDeviceDefDiskIOThreads), alike in 7.0.0 and 9.0.0",
    bad=_disk(opening="<driver name='qemu' type='raw' iothread='3'/> <!-- TUNE060 -->", around=_TWO),
    good=_disk(opening="<driver name='qemu' type='raw' iothread='2'/>", around=_TWO),
)
def disk_io_thread_missing(context: Context, driver: Element) -> Problems:
    """A disk names an I/O thread that the domain does not have.

    libvirt refuses to define the domain. It has as many as `<iothreads>` says, numbered from 1, or those of
    `<iothreadids>`.
    """
    number, ids = decimal(attribute(driver, "iothread")), context.domain.iothread_ids
    if isinstance(number, int) and ids is not None and number not in ids:
        yield Problem(Spot(driver, "iothread"), *missing_thread(context, number))


def _each_fault(context: Context, driver: Element) -> Iterator[FaultyMapping]:
    for one in _each_driver(context, driver):
        yield from mapping_faults(one, context.domain.iothread_ids)


@rule(
    "TUNE061",
    "disk-queues-mismatched",
    outcome=Outcome.DEFINE,
    on="devices/disk/driver",
    each=_each_fault,
    asked="10.0.0",
    mentions=("iothread", "iothreads"),
    source=f"{_VALIDATE} (qemuDomainValidateIothreadMapping); NEWS.rst, 10.0.0",
    bad=_disk(
        *_mapped("<iothread id='1'/>", "<iothread id='1'/> <!-- TUNE061 -->"),
        opening="<driver name='qemu' type='raw'>",
        around=_TWO,
    ),
    good=_disk(
        *_mapped("<iothread id='1'/>", "<iothread id='2'/>"),
        opening="<driver name='qemu' type='raw'>",
        around=_TWO,
    ),
)
def disk_queues_mismatched(context: Context, mapping: FaultyMapping) -> Problems:
    """The queues of a disk are not divided among its I/O threads as they must be.

    Either no thread names queues, and QEMU divides them; or each thread does, each queue of the disk has one thread,
    and the disk says how many queues it has. libvirt refuses to define the domain otherwise.
    """
    yield Problem(Spot(mapping.element), mapping.message, mapping.way_out)


@rule(
    "TUNE062",
    "io-threads-of-other-bus",
    outcome=Outcome.DEFINE,
    on="devices/disk/driver/iothreads",
    asked="10.0.0",
    source=f"{_VALIDATE} (qemuValidateDomainDeviceDefDiskIOThreads)",
    bad=Example(
        """\
<disk type='file' device='disk'>
  <driver name='qemu' type='raw'>
    <iothreads> <!-- TUNE062 -->
      <iothread id='1'/>
    </iothreads>
  </driver>
  <source file='/srv/images/web1.img'/>
  <target dev='sda' bus='sata'/>
</disk>""",
        around=_TWO,
    ),
    good=_disk(*_mapped("<iothread id='2'/>"), opening="<driver name='qemu' type='raw'>", around=_TWO),
)
def io_threads_of_other_bus(context: Context, mapping: Element) -> Problems:
    """A disk has a list of I/O threads that is no virtio disk.

    libvirt refuses to define the domain. Of SCSI disks, the controller has them.
    """
    driver = mapping.getparent()
    disk = None if driver is None else driver.getparent()
    if disk is None or child(mapping, "iothread") is None or not context.domain.runs_on_qemu:
        return
    bus = disk_bus(disk)
    if isinstance(bus, str) and bus != "virtio":
        yield Problem(
            Spot(mapping),
            f"a disk on the bus '{bus}' cannot have I/O threads: only virtio disks can",
            "give them to the virtio-scsi controller of the disk" if bus == "scsi" else "take bus='virtio'",
        )


@rule(
    "TUNE063",
    "disk-io-threads-both-ways",
    outcome=Outcome.DEFINE,
    on="devices/disk/driver",
    each=_each_driver,
    asked="10.0.0",
    mentions=("iothread", "iothreads"),
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidate); NEWS.rst, 10.0.0",
    bad=_disk(
        *_mapped("<iothread id='2'/>"),
        opening="<driver name='qemu' type='raw' iothread='1'> <!-- TUNE063 -->",
        around=_TWO,
    ),
    good=_disk(*_mapped("<iothread id='2'/>"), opening="<driver name='qemu' type='raw'>", around=_TWO),
)
def disk_io_threads_both_ways(context: Context, driver: Element) -> Problems:
    """A disk names one I/O thread, and a list of them.

    libvirt refuses to define the domain.
    """
    mapping, number = child(driver, "iothreads"), decimal(attribute(driver, "iothread"))
    if mapping is not None and child(mapping, "iothread") is not None and isinstance(number, int) and number:
        yield Problem(
            Spot(driver, "iothread"),
            "the disk names one I/O thread here, and a list of them below",
            f"put thread {number} into the list, or remove the list",
            ((Spot(mapping), "the list"),),
        )


# Throttle groups


@rule(
    "TUNE080",
    "throttle-group-twice",
    outcome=Outcome.DEFINE,
    on="throttlegroups/throttlegroup",
    asked="11.2.0",
    source=f"{_CONF} (virDomainDefThrottleGroupsParse, virDomainThrottleGroupDefParseXML); NEWS.rst, 11.2.0",
    bad=Example(
        "",
        around="<throttlegroups>\n"
        "  <throttlegroup>\n    <group_name>slow</group_name>\n  </throttlegroup>\n"
        "  <throttlegroup>\n    <group_name>slow</group_name> <!-- TUNE080 -->\n  </throttlegroup>\n"
        "</throttlegroups>",
    ),
    good=Example(
        "",
        around="<throttlegroups>\n"
        "  <throttlegroup>\n    <group_name>slow</group_name>\n  </throttlegroup>\n"
        "  <throttlegroup>\n    <group_name>slower</group_name>\n  </throttlegroup>\n"
        "</throttlegroups>",
    ),
)
def throttle_group_twice(context: Context, group: Element) -> Problems:
    """A throttle group has no name, or that of another.

    libvirt refuses to define the domain: disks name their groups.
    """
    if not context.domain.runs_on_qemu:
        return
    name = child(group, "group_name")
    if name is None or not name.text:
        yield Problem(
            Spot(group if name is None else name),
            "the throttle group has no name, so that no disk can be in it",
            "add <group_name>slow</group_name>",
            instead_of=("SCHEMA007",),
        )
        return
    for other in group.itersiblings("throttlegroup", preceding=True):
        its = child(other, "group_name")
        if its is not None and its.text == name.text and not is_placeholder(name.text):
            yield Problem(
                Spot(name),
                f"there is a throttle group '{name.text}' before this one",
                "take another name",
                ((Spot(its), "the other group"),),
            )
            return


_SLOW = (
    "<throttlegroups>\n  <throttlegroup>\n    <read_iops_sec>500</read_iops_sec>\n    <group_name>slow</group_name>\n"
    "  </throttlegroup>\n</throttlegroups>"
)


def _filters_before(element: Element) -> Iterator[Element]:
    """The throttle groups that the disk is in before this one."""
    filters = element.getparent()
    disk = None if filters is None else filters.getparent()
    for other in () if disk is None else disk.iterfind("throttlefilters/throttlefilter"):
        if other is element:
            return
        yield other


@rule(
    "TUNE081",
    "throttle-group-missing",
    outcome=Outcome.DEFINE,
    on="devices/disk/throttlefilters/throttlefilter",
    asked="11.2.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidate); NEWS.rst, 11.2.0",
    bad=_disk(
        "<throttlefilters>",
        "  <throttlefilter group='fast'/> <!-- TUNE081 -->",
        "</throttlefilters>",
        around=_SLOW,
    ),
    good=_disk("<throttlefilters>", "  <throttlefilter group='slow'/>", "</throttlefilters>", around=_SLOW),
)
def throttle_group_missing(context: Context, element: Element) -> Problems:
    """A disk is in a throttle group that the domain does not have, or twice in the same.

    libvirt refuses to define the domain.
    """
    group = attribute(element, "group")
    if not isinstance(group, str) or not context.domain.runs_on_qemu:
        return
    names = [name.text or "" for name in context.domain.element.iterfind("throttlegroups/throttlegroup/group_name")]
    for other in _filters_before(element):
        if attribute(other, "group") == group:
            yield Problem(
                Spot(element, "group"),
                f"the disk is in the throttle group '{group}' already",
                "remove one of them",
                ((Spot(other), "the other one"),),
            )
            return
    if group not in names and not any(map(is_placeholder, names)):
        yield Problem(
            Spot(element, "group"),
            f"there is no throttle group '{group}'",
            "name one of <throttlegroups>, or add it there",
        )
