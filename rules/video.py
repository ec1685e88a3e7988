"""VIDEO: graphics cards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, decimal, has_twin
from domlint.domain.video import PLAIN, Video, default_type_on
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_DEVICE: Final = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainVideoDefValidate)"
_QEMU: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefVideo)"
_ALIKE: Final = "alike in 7.0.0 and 9.0.0"


def _video_of(context: Context, element: Element) -> Video | None:
    if not context.domain.runs_on_qemu:
        return None
    return next((one for one in context.domain.videos if one.element is element), None)


def _in_words(kind: str) -> str:
    return "without a type" if kind == PLAIN else f"of the type '{kind}'"


# Several cards.


def _each_further(context: Context, element: Element) -> Iterator[Video]:
    """A card that is not the only one."""
    if has_twin(element) and len(context.domain.videos) > 1:
        video = _video_of(context, element)
        if video is not None:
            yield video


@rule(
    "VIDEO001",
    "video-primary-twice",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_further,
    source=f"libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefVideoValidate), {_ALIKE}",
    bad=Example(
        "<video>\n  <model type='qxl' primary='yes'/>\n</video>\n"
        "<video>\n  <model type='qxl' primary='yes'/> <!-- VIDEO001 -->\n</video>"
    ),
    good=Example("<video>\n  <model type='qxl' primary='yes'/>\n</video>\n<video>\n  <model type='qxl'/>\n</video>"),
)
def video_primary_twice(context: Context, video: Video) -> Problems:
    """Two graphics cards shall be the primary one.

    libvirt refuses to define the domain.
    """
    primary = [one for one in context.domain.videos if attribute(one.model, "primary") == "yes"]
    # Each primary card goes to the front, so that the last of them is the first in the file.
    if video in primary and video is not primary[-1] and video.model is not None and primary[-1].model is not None:
        yield Problem(
            Spot(video.model, "primary"),
            "another graphics card is the primary one already",
            "set primary='yes' at one card",
            ((Spot(primary[-1].model, "primary"), "the first one"),),
        )


@rule(
    "VIDEO002",
    "video-none-and-others",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_further,
    source=f"{_DEVICE}, {_ALIKE}",
    bad=Example(
        "<video>\n  <model type='none'/> <!-- VIDEO002 -->\n</video>\n<video>\n  <model type='qxl'/>\n</video>"
    ),
    good=Example("<video>\n  <model type='none'/>\n</video>"),
)
def video_none_and_others(context: Context, video: Video) -> Problems:
    """The domain shall have no graphics card, and has one.

    The type none keeps libvirt from adding a card. It refuses to define a domain that has another one besides.
    """
    if video.written == "none" and video.model is not None:
        yield Problem(
            Spot(video.model, "type"),
            "type='none' says that there is no graphics card, and the domain has another one",
            "remove this <video>, or all others",
        )


_SECONDARY: Final = ("qxl", "virtio", "none")
"""The types that a card may be of which is not the primary one."""


@rule(
    "VIDEO003",
    "video-secondary-type",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_further,
    needs=Needs.MACHINE,
    source=f"{_QEMU}, {_ALIKE}",
    bad=Example("<video>\n  <model type='qxl'/>\n</video>\n<video>\n  <model type='vga'/> <!-- VIDEO003 -->\n</video>"),
    good=Example("<video>\n  <model type='vga'/>\n</video>\n<video>\n  <model type='qxl'/>\n</video>"),
)
def video_secondary_type(context: Context, video: Video) -> Problems:
    """A graphics card of this type can only be the primary one.

    Further cards can be of the types virtio and qxl. The primary one is that with primary='yes', else the first.
    libvirt refuses to define the domain.
    """
    kind = video.type_on(context.machine)
    if video is context.domain.videos[0] or not isinstance(kind, str) or kind in _SECONDARY:
        return
    yield Problem(
        Spot(video.element) if video.model is None else Spot(video.model, None if kind == PLAIN else "type"),
        f"a graphics card {_in_words(kind)} can only be the primary one",
        "make it the first one, or take type='virtio'",
    )


# What a type of card cannot have.


class _Limited(NamedTuple):
    """What only some types of cards take: an attribute of a child of ``<video>``, or that child's child as a whole."""

    path: tuple[str, ...]
    attribute: str
    types: tuple[str, ...]
    is_asked_for: Callable[[str], bool]
    words: str


def _is_not_zero(value: str) -> bool:
    return decimal(value) not in (0, UNKNOWN)


def _is_there(value: str) -> bool:
    return True


def _is_yes(value: str) -> bool:
    return value == "yes"


_MODEL: Final = ("model",)
_LIMITED: Final = (
    _Limited(_MODEL, "ram", ("qxl",), _is_not_zero, "a size of a second memory (ram)"),
    _Limited(_MODEL, "vram64", ("qxl",), _is_not_zero, "a size of memory above 4 GiB (vram64)"),
    _Limited(_MODEL, "vgamem", ("qxl",), _is_not_zero, "a size of memory for VGA (vgamem)"),
    _Limited(("model", "resolution"), "", ("vga", "qxl", "virtio", "bochs"), _is_there, "a resolution"),
)
"""Source: libvirt 11.3.0 src/conf/domain_validate.c (virDomainVideoDefValidate), src/qemu/qemu_validate.c
(qemuValidateDomainDeviceDefVideo), alike in 7.0.0 and 9.0.0.
"""

_LIMITED_LATER: Final = (
    _Limited(("driver",), "iommu", ("virtio",), _is_there, "an IOMMU for it (iommu)"),
    _Limited(("driver",), "ats", ("virtio",), _is_there, "translation of addresses (ats)"),
    _Limited(("driver",), "packed", ("virtio",), _is_there, "packed queues"),
    _Limited(("driver",), "page_per_vq", ("virtio",), _is_there, "a page for each queue (page_per_vq)"),
    _Limited(_MODEL, "blob", ("virtio",), _is_there, "blob resources"),
)
"""Source: libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainVideoDefValidate); blob came with 9.2.0."""


def _limited(context: Context, video: Video, rows: tuple[_Limited, ...]) -> Problems:
    kind = video.type_on(context.machine)
    if not isinstance(kind, str) or kind == "none":
        return
    for row in rows:
        holder: Element | None = video.element
        for name in row.path:
            holder = None if holder is None else child(holder, name)
        value = "" if holder is not None and not row.attribute else attribute(holder, row.attribute)
        # VGA takes a resolution, and Cirrus does not.
        may_be = kind in row.types or (kind == PLAIN and "vga" in row.types)
        if holder is not None and isinstance(value, str) and row.is_asked_for(value) and not may_be:
            yield Problem(
                Spot(holder, row.attribute or None),
                f"a graphics card {_in_words(kind)} takes no {row.words.removeprefix('a ')}",
                f"remove it, or take a card of the type {' or '.join(row.types)}",
            )


def _each_detailed(context: Context, element: Element) -> Iterator[Video]:
    """A card that says more than its type, its memory, its heads and that it is the primary one."""
    model = child(element, "model")
    if child(element, "driver") is None and (model is None or (_COMMON.issuperset(model.keys()) and not len(model))):
        return
    video = _video_of(context, element)
    if video is not None:
        yield video


_COMMON: Final = frozenset({"type", "vram", "heads", "primary"})


@rule(
    "VIDEO010",
    "video-detail-of-other-type",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_detailed,
    needs=Needs.MACHINE,
    instead_of=("SCHEMA002", "SCHEMA004"),
    source=f"{_DEVICE}; {_QEMU}, {_ALIKE}",
    bad=Example("<video>\n  <model type='vga' vgamem='16384'/> <!-- VIDEO010 -->\n</video>"),
    good=Example("<video>\n  <model type='qxl' vgamem='16384'/>\n</video>"),
)
def video_detail_of_other_type(context: Context, video: Video) -> Problems:
    """A graphics card is told something that cards of its type do not take.

    ram, vram64 and vgamem are sizes of QXL; a resolution is for vga, qxl, virtio and bochs. libvirt refuses to define
    the domain.
    """
    yield from _limited(context, video, _LIMITED)


@rule(
    "VIDEO011",
    "video-option-of-virtio",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_detailed,
    needs=Needs.MACHINE,
    asked="9.0.0",
    source=f"{_DEVICE}, alike in 9.0.0",
    bad=Example("<video>\n  <driver iommu='on'/> <!-- VIDEO011 -->\n  <model type='vga'/>\n</video>"),
    good=Example("<video>\n  <driver iommu='on'/>\n  <model type='virtio'/>\n</video>"),
)
def video_option_of_virtio(context: Context, video: Video) -> Problems:
    """An option of virtio is given to a graphics card of another type.

    libvirt refuses to define the domain; older ones dropped the option.
    """
    yield from _limited(context, video, _LIMITED_LATER)


@rule(
    "VIDEO012",
    "video-vhost-user-type",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_detailed,
    needs=Needs.MACHINE,
    source=f"{_DEVICE}, {_ALIKE}",
    bad=Example("<video>\n  <driver name='vhostuser'/> <!-- VIDEO012 -->\n  <model type='vga'/>\n</video>"),
    good=Example("<video>\n  <driver name='vhostuser'/>\n  <model type='virtio'/>\n</video>"),
)
def video_vhost_user_type(context: Context, video: Video) -> Problems:
    """A process of its own can draw for virtio cards alone.

    libvirt refuses to define the domain.
    """
    kind, driver = video.type_on(context.machine), child(video.element, "driver")
    if video.is_vhost_user and driver is not None and isinstance(kind, str) and kind not in ("virtio", "none"):
        yield Problem(
            Spot(driver, "name"),
            f"name='vhostuser' is for cards of the type virtio, and this is one {_in_words(kind)}",
            "take <model type='virtio'>, or remove the driver",
        )


@rule(
    "VIDEO013",
    "video-acceleration",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_detailed,
    needs=Needs.MACHINE,
    source=f"{_DEVICE}; {_QEMU}; src/conf/domain_conf.c (virDomainVideoAccelDefParseXML), {_ALIKE}",
    bad=Example(
        "<video>\n  <model type='vga'>\n    <acceleration accel3d='yes'/> <!-- VIDEO013 -->\n  </model>\n</video>"
    ),
    good=Example("<video>\n  <model type='virtio'>\n    <acceleration accel3d='yes'/>\n  </model>\n</video>"),
)
def video_acceleration(context: Context, video: Video) -> Problems:
    """The host shall draw for the guest in a way that it does not for this card.

    QEMU accelerates 3D for virtio cards, and 2D for none; a GPU can be chosen where another process draws (vhostuser),
    else at the display. libvirt refuses to define the domain.
    """
    element, kind = video.acceleration, video.type_on(context.machine)
    if element is None:
        return
    asked = {name: attribute(element, name) for name in ("rendernode", "accel3d", "accel2d")}
    if all(value is None for value in asked.values()):
        yield Problem(Spot(element), "<acceleration> does not say what shall be accelerated", "add accel3d='yes'")
        return
    if not isinstance(kind, str) or kind == "none":
        return
    if asked["rendernode"] is not None and video.is_vhost_user is False:
        yield Problem(
            Spot(element, "rendernode"),
            "the GPU is chosen at the card only where another process draws for it",
            "choose it at the display (<gl rendernode='…'> of <graphics>), or add <driver name='vhostuser'/>",
        )
    if asked["accel2d"] == "yes":
        yield Problem(Spot(element, "accel2d"), "QEMU accelerates no 2D", "remove accel2d")
    if asked["accel3d"] == "yes" and kind != "virtio" and not video.is_vhost_user:
        yield Problem(
            Spot(element, "accel3d"),
            f"3D is accelerated for cards of the type virtio, and this is one {_in_words(kind)}",
            "take type='virtio', or remove accel3d",
        )


@rule(
    "VIDEO014",
    "video-resolution-zero",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_detailed,
    source=f"{_DEVICE}, {_ALIKE}",
    bad=Example(
        "<video>\n  <model type='vga'>\n    <resolution x='800' y='0'/> <!-- VIDEO014 -->\n  </model>\n</video>"
    ),
    good=Example("<video>\n  <model type='vga'>\n    <resolution x='800' y='600'/>\n  </model>\n</video>"),
)
def video_resolution_zero(context: Context, video: Video) -> Problems:
    """A resolution has no pixels.

    libvirt refuses to define the domain.
    """
    if video.resolution is not None and video.written != "none":
        for name in ("x", "y"):
            if decimal(attribute(video.resolution, name)) == 0:
                yield Problem(Spot(video.resolution, name), f"{name}='0' leaves no pixels", "write at least 1")


@rule(
    "VIDEO015",
    "video-blob-without-memfd",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_detailed,
    asked="9.2.0",
    source=_QEMU,
    bad=Example("<video>\n  <model type='virtio' blob='on'/> <!-- VIDEO015 -->\n</video>"),
    good=Example(
        "<video>\n  <model type='virtio' blob='on'/>\n</video>",
        around="<memoryBacking>\n  <source type='memfd'/>\n</memoryBacking>",
    ),
)
def video_blob_without_memfd(context: Context, video: Video) -> Problems:
    """Blob resources need the guest's memory in an anonymous file that others can map.

    libvirt refuses to define the domain.
    """
    if video.model is None or attribute(video.model, "blob") != "on" or video.written != "virtio":
        return
    backing = child(context.domain.element, "memoryBacking")
    source = None if backing is None else child(backing, "source")
    if attribute(source, "type") not in ("memfd", UNKNOWN):
        yield Problem(
            Spot(video.model, "blob"),
            "blob='on' needs the guest's memory in memfd",
            "add <memoryBacking><source type='memfd'/></memoryBacking>",
        )


# Sizes and heads.


def _each_plain(context: Context, element: Element) -> Iterator[Video]:
    """A card that names a number of heads or a size."""
    model = child(element, "model")
    if model is None or (_SIZES.isdisjoint(model.keys()) and model.get("heads", "1") == "1"):
        return
    video = _video_of(context, element)
    if video is not None:
        yield video


_SIZES: Final = frozenset({"vram", "ram", "vgamem"})


@rule(
    "VIDEO020",
    "video-heads",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_plain,
    needs=Needs.MACHINE,
    asked="9.0.0",
    source=f"{_QEMU}, alike in 9.0.0",
    bad=Example("<video>\n  <model type='vga' heads='2'/> <!-- VIDEO020 -->\n</video>"),
    good=Example("<video>\n  <model type='virtio' heads='2'/>\n</video>"),
)
def video_heads(context: Context, video: Video) -> Problems:
    """A graphics card shall have several heads, which cards of its type do not.

    virtio and qxl have. libvirt refuses to define the domain; older ones passed over the number.
    """
    kind, heads = video.type_on(context.machine), decimal(attribute(video.model, "heads"))
    if video.model is None or not isinstance(kind, str) or kind in _SECONDARY:
        return
    if isinstance(heads, int) and heads != 1:
        yield Problem(
            Spot(video.model, "heads"),
            f"a graphics card {_in_words(kind)} has one head, not {heads}",
            "remove heads, or take type='virtio'",
        )


_MOST_QXL: Final = 4194303
"""KiB: a size of 32 bits, in bytes."""

_LEAST: Final = 1024
"""KiB."""


def _rounded(size: int) -> int:
    """The next power of two, which libvirt makes of sizes but vgamem."""
    return 1 << (size - 1).bit_length() if size else 0


def _size_problem(kind: Maybe[str], name: str, size: int) -> tuple[str, str] | None:
    """What is wrong with a size, and the way out.

    Source: libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefVideo), src/conf/domain_postparse.c
    (virDomainVideoDefPostParse), alike in 7.0.0 and 9.0.0.
    """
    if kind == "qxl" and name != "vgamem":
        is_wrong = _MOST_QXL < _rounded(size) <= 1 << 31
        return ("is too much, as libvirt makes a power of two of it", "write 2097152 at most") if is_wrong else None
    if kind == "qxl":
        if 0 < size < _LEAST:
            return "is too little", "write at least 1024 (1 MiB)"
        if size and size != _rounded(size):
            return "is no power of two", f"write {_rounded(size)}"
    if kind in ("vga", "vmvga") and name == "vram" and 0 < _rounded(size) < _LEAST:
        return "is too little", "write at least 1024 (1 MiB)"
    return None


@rule(
    "VIDEO021",
    "video-memory",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_plain,
    needs=Needs.MACHINE,
    source=f"{_QEMU}, {_ALIKE}",
    bad=Example("<video>\n  <model type='qxl' vgamem='20000'/> <!-- VIDEO021 -->\n</video>"),
    good=Example("<video>\n  <model type='qxl' vgamem='32768'/>\n</video>"),
)
def video_memory(context: Context, video: Video) -> Problems:
    """A graphics card cannot have that much memory, or that little.

    QXL's vgamem is a power of two from 1024 KiB on, its other sizes are below 4 GiB; VGA and VMware's card have at
    least 1024 KiB. libvirt refuses to define the domain.
    """
    kind = video.type_on(context.machine)
    for name in ("vram", "ram", "vgamem") if video.model is not None else ():
        size = decimal(attribute(video.model, name))
        found = _size_problem(kind, name, size) if isinstance(size, int) else None
        if found is not None and video.model is not None:
            yield Problem(Spot(video.model, name), f"{size} KiB of {name} {found[0]}", found[1])


# Addresses and types.


@rule(
    "VIDEO030",
    "ramfb-address",
    outcome=Outcome.DEFINE,
    on="devices/video/address",
    source=f"{_DEVICE}; {_QEMU}, {_ALIKE}",
    bad=Example(
        "<video>\n  <model type='ramfb'/>\n  <address type='pci' bus='0' slot='2'/> <!-- VIDEO030 -->\n</video>"
    ),
    good=Example("<video>\n  <model type='ramfb'/>\n</video>"),
)
def ramfb_address(context: Context, address: Element) -> Problems:
    """A RAM framebuffer is no device on a bus, and has no address.

    libvirt refuses to define the domain.
    """
    holder = address.getparent()
    video = None if holder is None else _video_of(context, holder)
    if video is not None and video.written == "ramfb" and attribute(address, "type") not in (None, "none", UNKNOWN):
        yield Problem(Spot(address), "a RAM framebuffer has no address", "remove <address>")


_OF_OTHERS: Final = frozenset({"xen", "vbox", "parallels", "gop"})
"""The types of cards that QEMU never has. Source: libvirt 11.3.0 src/qemu/qemu_capabilities.c
(virQEMUCapsFillDomainDeviceVideoCaps), alike in 7.0.0 and 9.0.0."""


def _each_of_others(context: Context, element: Element) -> Iterator[Video]:
    model = child(element, "model")
    if model is not None and model.get("type") in _OF_OTHERS:
        video = _video_of(context, element)
        if video is not None:
            yield video


@rule(
    "VIDEO031",
    "video-type-unsupported",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_of_others,
    source=f"{_QEMU}, {_ALIKE}",
    bad=Example("<video>\n  <model type='xen'/> <!-- VIDEO031 -->\n</video>"),
    good=Example("<video>\n  <model type='virtio'/>\n</video>"),
)
def video_type_unsupported(context: Context, video: Video) -> Problems:
    """The graphics card is one of another hypervisor.

    libvirt refuses to define the domain.
    """
    if video.model is not None:
        yield Problem(
            Spot(video.model, "type"), f"QEMU has no graphics card of the type '{video.written}'", "take type='virtio'"
        )


_FLAGS: Final = {"vga": ("VGA",), "virtio": ("virtio-gpu",), PLAIN: ("cirrus-vga", "VGA")}
"""The flags of what a card without a type may become: one of them is enough."""


def _each_untyped(context: Context, element: Element) -> Iterator[Element]:
    """The card that libvirt adds where there is a display and none, or one that names no type."""
    if element.tag == "graphics":
        devices = context.domain.devices
        if devices is None or child(devices, "video") is not None or child(devices, "graphics") is not element:
            return
    elif attribute(child(element, "model"), "type") is not None:
        return
    if context.is_judged and context.domain.runs_on_qemu:
        yield element


def _lacks_default(context: Context, element: Element) -> Problems:
    from domlint.hosts.answer import Presence

    kind = default_type_on(context.machine)
    if context.host is None or not isinstance(kind, str):
        return
    answers = [context.host.answer(flag) for flag in _FLAGS[kind]]
    if all(answer.presence is Presence.ABSENT for answer in answers):
        what = "neither Cirrus nor VGA" if kind == PLAIN else f"no '{kind}'"
        card = "a graphics card without a type" if element.tag == "video" else "the graphics card of a display"
        yield Problem(
            Spot(element),
            f"{card} shall be one that the host's QEMU has not: there is {what}",
            "name a type that it has: <video><model type='…'/></video>; 'none' is for no card",
        )


@rule(
    "VIDEO032",
    "video-default-missing",
    outcome=Outcome.DEFINE,
    on="devices/video",
    each=_each_untyped,
    needs=Needs.HOST,
    source=f"{_DEVICE}; src/qemu/qemu_postparse.c (qemuDomainDefaultVideoDevice), {_ALIKE}",
    bad=Example("<video/> <!-- VIDEO032 -->", host="aarch64-8.2", arch="aarch64", machine="raspi3b"),
    good=Example("<video>\n  <model type='none'/>\n</video>", host="aarch64-8.2", arch="aarch64", machine="raspi3b"),
)
def video_default_missing(context: Context, element: Element) -> Problems:
    """A graphics card names no type, and the host's QEMU has none of those that libvirt takes then.

    It takes virtio on boards 'virt' and s390x, VGA on ppc64, else Cirrus or VGA. libvirt refuses to define the domain.
    """
    yield from _lacks_default(context, element)


@rule(
    "VIDEO033",
    "graphics-default-video-missing",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_untyped,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefAddImplicitVideo), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "<graphics type='sdl'/> <!-- VIDEO033 -->",
        host="aarch64-8.2",
        arch="aarch64",
        machine="virt-8.2",
        libvirt="7.0.0",
    ),
    good=Example(
        "<graphics type='sdl'/>\n<video>\n  <model type='none'/>\n</video>",
        host="aarch64-8.2",
        arch="aarch64",
        machine="virt-8.2",
        libvirt="7.0.0",
    ),
)
def graphics_default_video_missing(context: Context, element: Element) -> Problems:
    """There is a display and no graphics card, and the host's QEMU has none of those that libvirt adds then.

    libvirt refuses to define the domain.
    """
    yield from _lacks_default(context, element)
