"""DISK09x: limits of disks, and of groups of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.disks import Disk, text_of
from domlint.domain.values import UNKNOWN, Maybe, child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.rules.disk import disk_of, each_disk_around

_COMMON = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskIoTuneValidate), alike in 7.0.0 and 9.0.0"
_TUNE = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDiskBlkdeviotune)"

_MOST: Final = 10**15
"""The highest limit that QEMU takes."""

_TOTALS: Final = ("bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max")


class _Limits(NamedTuple):
    """The limits of an ``<iotune>`` or a ``<throttlegroup>`` that are not 0; ``is_known`` without placeholders."""

    element: Element
    values: dict[str, int]
    group: Maybe[str]
    is_known: bool


def _read(element: Element) -> _Limits:
    values: dict[str, int] = {}
    is_known = True
    seen: set[str] = set()
    for part in element.iterchildren("*"):
        name, text = str(part.tag), text_of(part)
        if name in seen or name == "group_name":
            continue
        seen.add(name)
        if isinstance(text, str) and text.strip().isdecimal() and len(text) < _LONGEST:
            if int(text):
                values[name] = int(text)
        elif text is not None:
            is_known = False
    return _Limits(element, values, text_of(child(element, "group_name")), is_known)


_LONGEST: Final = 30


def _each_iotune(context: Context, element: Element) -> Iterator[tuple[Disk, _Limits]]:
    return ((disk, _read(element)) for disk in each_disk_around(context, element))


def _tuned(*parts: str, target: str = "  <target dev='vda' bus='virtio'/>", mark: str = "") -> str:
    """An example: a disk with limits."""
    return disk_of(f"  <iotune>{mark}", *(f"    {part}" for part in parts), "  </iotune>", target=target)


_LIMIT: Final = "<total_iops_sec>2000</total_iops_sec>"
_GOOD = Example(_tuned(_LIMIT))


def _doubled(limits: _Limits, what: str) -> Problems:
    for name in _TOTALS:
        parts = [f"{way}_{name}" for way in ("read", "write") if f"{way}_{name}" in limits.values]
        if f"total_{name}" in limits.values and parts:
            yield Problem(
                Spot(limits.element),
                f"libvirt refuses the definition: {what} has both total_{name} and {' and '.join(parts)}",
                "leave the total, or the limits of reading and writing",
            )


@rule(
    "DISK090",
    "limit-of-total-and-part",
    outcome=Outcome.DEFINE,
    on="devices/disk/iotune",
    each=_each_iotune,
    instead_of=("SCHEMA011",),
    source=_COMMON,
    bad=Example(_tuned(_LIMIT, "<read_iops_sec>1500</read_iops_sec>", mark=" <!-- DISK090 -->")),
    good=_GOOD,
)
def limit_of_total_and_part(_context: Context, tuned: tuple[Disk, _Limits]) -> Problems:
    """A disk has a limit of all it reads and writes, and one of either.

    A limit of 0 is none.
    """
    disk, limits = tuned
    yield from _doubled(limits, f"the {disk}")


@rule(
    "DISK091",
    "limit-too-high",
    outcome=Outcome.DEFINE,
    on="devices/disk/iotune",
    each=_each_iotune,
    source=_TUNE,
    bad=Example(_tuned("<total_bytes_sec>2000000000000000</total_bytes_sec> <!-- DISK091 -->")),
    good=_GOOD,
)
def limit_too_high(_context: Context, tuned: tuple[Disk, _Limits]) -> Problems:
    """A limit is higher than QEMU can keep: 10^15.

    That many bytes a second are no limit; how long a burst lasts may be any number.
    """
    disk, limits = tuned
    for name, value in limits.values.items():
        if value > _MOST and not name.endswith("_length"):
            element = child(limits.element, name)
            yield Problem(
                Spot(limits.element if element is None else element),
                f"libvirt refuses the definition: {name} of the {disk} is more than {_MOST}",
                "lower it, or remove it",
            )


def _others(context: Context, disk: Disk, group: str) -> Iterator[tuple[Disk, _Limits]]:
    """The other disks with limits of the same group."""
    for other in context.domain.disks.all:
        iotune = other.parts.get("iotune")
        if other is not disk and iotune is not None and other.name != disk.name:
            limits = _read(iotune)
            if limits.group == group or limits.group is UNKNOWN:
                yield other, limits


@rule(
    "DISK092",
    "group-without-limits",
    outcome=Outcome.DEFINE,
    on="devices/disk/iotune",
    each=_each_iotune,
    source=_TUNE,
    bad=Example(_tuned("<group_name>slow</group_name>", mark=" <!-- DISK092 -->")),
    good=Example(_tuned(_LIMIT, "<group_name>slow</group_name>")),
)
def group_without_limits(context: Context, tuned: tuple[Disk, _Limits]) -> Problems:
    """A disk is in a group that has no limits.

    One disk of the group must have them; the others get them from it.
    """
    disk, limits = tuned
    if not isinstance(limits.group, str) or limits.values or not limits.is_known:
        return
    if not any(other.values or not other.is_known for _disk, other in _others(context, disk, limits.group)):
        yield Problem(
            Spot(limits.element),
            f"libvirt refuses the definition: the {disk} is in the group '{limits.group}', which has no limits",
            "add limits to one disk of the group, or remove <group_name>",
        )


@rule(
    "DISK093",
    "limits-of-group-differ",
    outcome=Outcome.DEFINE,
    on="devices/disk/iotune",
    each=_each_iotune,
    source=_TUNE,
    bad=Example(
        _tuned(_LIMIT, "<group_name>slow</group_name>", mark=" <!-- DISK093 -->")
        + _tuned(
            "<total_iops_sec>500</total_iops_sec>",
            "<group_name>slow</group_name>",
            target="  <target dev='vdb' bus='virtio'/>",
        )
    ),
    good=Example(
        _tuned(_LIMIT, "<group_name>slow</group_name>")
        + _tuned(_LIMIT, "<group_name>slow</group_name>", target="  <target dev='vdb' bus='virtio'/>")
    ),
)
def limits_of_group_differ(context: Context, tuned: tuple[Disk, _Limits]) -> Problems:
    """Disks of one group have different limits.

    They share one budget: the limits are the group's. libvirt wants them to be said alike, or once.
    """
    disk, limits = tuned
    if not isinstance(limits.group, str) or not limits.values or not limits.is_known:
        return
    elements = [one.element for one in context.domain.disks.all]
    for other, others in _others(context, disk, limits.group):
        is_later = elements.index(other.element) > elements.index(disk.element)
        if is_later and others.group is not UNKNOWN and others.is_known and others.values not in ({}, limits.values):
            yield Problem(
                Spot(limits.element),
                f"libvirt refuses the definition: the {disk} and the {other} are in the group '{limits.group}',"
                " and have different limits",
                "say the limits of one of them alone, or alike",
                ((Spot(others.element), "the other limits"),),
            )
            return


@rule(
    "DISK094",
    "limits-on-sd",
    outcome=Outcome.DEFINE,
    on="devices/disk/iotune",
    each=_each_iotune,
    asked="11.3.0",
    since="some release after 9.0.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDiskBlkdeviotune)",
    bad=Example(_tuned(_LIMIT, target="  <target dev='sda' bus='sd'/>", mark=" <!-- DISK094 -->")),
    good=_GOOD,
)
def limits_on_sd(_context: Context, tuned: tuple[Disk, _Limits]) -> Problems:
    """SD cards have no limits.

    QEMU did nothing of them; libvirt refuses now.
    """
    disk, limits = tuned
    if disk.bus == "sd" and limits.values:
        yield Problem(
            Spot(limits.element),
            f"libvirt refuses the definition: the {disk} is on the bus sd, and cannot have limits",
            "remove <iotune>, or put the disk on another bus",
        )


_SLOW: Final = """\
<throttlegroups>
  <throttlegroup>
    <total_iops_sec>2000</total_iops_sec>{more}
    <group_name>slow</group_name>
  </throttlegroup>
</throttlegroups>"""


def _filtered(opening: str = "<disk type='file' device='disk'>", *, mark: str = "") -> str:
    """An example: a drive that falls under a group of limits."""
    return disk_of(
        f"  <throttlefilters>{mark}",
        "    <throttlefilter group='slow'/>",
        "  </throttlefilters>",
        opening=opening,
        target="  <target dev='sda' bus='sata'/>",
    )


@rule(
    "DISK095",
    "throttle-filters-not-for-disk",
    outcome=Outcome.DEFINE,
    on="devices/disk/throttlefilters",
    each=each_disk_around,
    asked="11.2.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidate)",
    bad=Example(_filtered("<disk type='file' device='cdrom'>", mark=" <!-- DISK095 -->"), around=_SLOW.format(more="")),
    good=Example(_filtered(), around=_SLOW.format(more="")),
)
def throttle_filters_not_for_disk(_context: Context, disk: Disk) -> Problems:
    """A CD-ROM cannot be in groups of limits.

    libvirt refuses the definition.
    """
    filters = disk.parts["throttlefilters"]
    if child(filters, "throttlefilter") is not None and disk.device == "cdrom":
        yield Problem(
            Spot(filters),
            f"libvirt refuses the definition: the {disk} is a CD-ROM, which can be in no group of limits",
            "remove <throttlefilters>",
        )


@rule(
    "DISK096",
    "group-with-total-and-part",
    outcome=Outcome.DEFINE,
    on="throttlegroups/throttlegroup",
    instead_of=("SCHEMA011",),
    asked="11.2.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskIoTuneValidate)",
    bad=Example(
        "",
        around=_SLOW.format(more="\n    <read_iops_sec>1500</read_iops_sec>").replace(
            "<throttlegroup>", "<throttlegroup> <!-- DISK096 -->"
        ),
    ),
    good=Example("", around=_SLOW.format(more="")),
)
def group_with_total_and_part(context: Context, group: Element) -> Problems:
    """A group has a limit of all that is read and written, and one of either.

    A limit of 0 is none.
    """
    if context.domain.runs_on_qemu:
        yield from _doubled(_read(group), "a group of limits")
