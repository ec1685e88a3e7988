"""The names of QEMU's machine types: which are versions of one family, whose they are, and when QEMU drops them."""

from functools import lru_cache
from typing import Final, NamedTuple

from domlint.versions import Version

FAMILIES: Final = ("pc-i440fx", "pc-q35", "pc", "virt", "pseries", "s390-ccw-virtio")
"""Families whose machines carry the version of QEMU they came with, as in pc-q35-8.2.

Source: QEMU 10.0 hw/i386/pc_piix.c, hw/i386/pc_q35.c, hw/arm/virt.c, hw/m68k/virt.c, hw/ppc/spapr.c,
hw/s390x/s390-virtio-ccw.c.
"""

FAMILY_ALIASES: Final = {"pc-i440fx": "pc", "pc": "pc", "pc-q35": "q35"}
"""The aliases of the newest machine of a family, where they are not the family's own name."""

UBUNTU_RELEASES: Final = {
    "trusty": (2, 0),
    "utopic": (2, 1),
    "vivid": (2, 2),
    "wily": (2, 3),
    "xenial": (2, 5),
    "yakkety": (2, 6),
    "zesty": (2, 8),
    "artful": (2, 10),
    "bionic": (2, 11),
    "cosmic": (2, 12),
    "disco": (3, 1),
    "eoan": (4, 0),
    "focal": (4, 2),
    "groovy": (5, 0),
    "hirsute": (5, 2),
    "impish": (6, 0),
    "jammy": (6, 2),
    "kinetic": (7, 0),
    "lunar": (7, 2),
    "mantic": (8, 0),
    "noble": (8, 2),
    "oracular": (9, 0),
    "plucky": (9, 2),
}
"""Releases of Ubuntu that QEMU's machines there are named for, with the QEMU each has.

Source: the versions of the package qemu in Ubuntu's releases; the names are those of Ubuntu's patch "define-ubuntu-
machine-types".
"""

DROPPED_FAMILIES: Final = (
    ("pc-q35", (2, 3), (2, 6)),
    ("pc", (0, 11), (4, 0)),
    ("pc", (0, 15), (5, 0)),
    ("pc", (1, 3), (6, 0)),
    ("pc-i440fx", (1, 7), (8, 2)),
    ("pc-i440fx", (2, 3), (9, 1)),
    ("pseries", (2, 12), (10, 0)),
    ("s390-ccw-virtio", (2, 8), (10, 0)),
)
"""A family, the newest of its machines that went, and the QEMU that no longer had it; the first row that fits counts.

Source: the lists of machines that QEMU 1.5 to 10.0 give, release by release (query-machines), and QEMU 10.0
docs/about/removed-features.rst.
"""

DROPPED: Final = {
    "s390-virtio": ((2, 6), "s390-ccw-virtio"),
    "s390-ccw": ((2, 7), "s390-ccw-virtio"),
    "xlnx-ep108": ((3, 0), "xlnx-zcu102"),
    "spike_v1.9.1": ((5, 1), "spike"),
    "spike_v1.10": ((5, 1), "spike"),
    "fulong2e": ((6, 0), "fuloong2e"),
    "raspi2": ((6, 2), "raspi2b"),
    "raspi3": ((6, 2), "raspi3b"),
    "swift-bmc": ((7, 0), "witherspoon-bmc"),
    "taihu": ((7, 2), "ref405ep"),
    "shix": ((9, 2), ""),
    **dict.fromkeys(
        (
            *("akita", "borzoi", "cheetah", "connex", "mainstone", "n800", "n810"),
            *("spitz", "terrier", "tosa", "verdex", "z2"),
        ),
        ((9, 2), ""),
    ),
    "tacoma-bmc": ((10, 0), "rainier-bmc"),
    "ref405ep": ((10, 0), ""),
}
"""Other machines that QEMU dropped: the release that no longer had it, and what to take instead ("" for nothing).

Source: QEMU 10.0 docs/about/removed-features.rst ("System emulator machines"); for s390-ccw, an alias, the lists of
machines that QEMU gives.
"""

_FIRST_DELETING: Final = (10, 1)
_YEARS_KEPT: Final = 6
_FIRST_DEPRECATING: Final = (9, 1)


class MachineType(NamedTuple):
    """The name of a machine, taken apart.

    ``version`` is QEMU's where ``vendor`` is "", else the vendor's; () for a name without one.
    """

    family: str
    version: tuple[int, ...]
    vendor: str = ""


@lru_cache(maxsize=1024)
def take_apart(name: str) -> MachineType | None:
    """The family, version and vendor in a machine's name; None for a machine that is no version of a family."""
    for family in FAMILIES:
        rest = name.removeprefix(f"{family}-")
        if rest == name:
            continue
        if rest.startswith("rhel"):
            return MachineType(family, _numbers(rest.removeprefix("rhel")), "Red Hat")
        codename = rest.partition("-")[0]
        if codename in UBUNTU_RELEASES:
            return MachineType(family, UBUNTU_RELEASES[codename], "Ubuntu")
        version = _numbers(rest.partition("-")[0])
        if version:
            return MachineType(family, version)
    return None


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return ()
    return tuple(map(int, parts))


def dropped_in(name: str) -> tuple[int, int] | None:
    """The first QEMU without this machine, of those known; None where none is known to have dropped it.

    QEMU 10.1 and later delete each versioned machine six years after it came: X.Y goes in (X+6).Y.
    Source: QEMU 10.0 include/hw/boards.h (MACHINE_VER_DELETION), docs/about/deprecated.rst.
    """
    if name in DROPPED:
        return DROPPED[name][0]
    machine = take_apart(name)
    if machine is None or machine.vendor or not machine.version:
        return None
    for family, newest, release in DROPPED_FAMILIES:
        if family == machine.family and machine.version[:2] <= newest:
            return release
    if machine.family == "pc":
        return None
    return max((machine.version[0] + _YEARS_KEPT, machine.version[1]), _FIRST_DELETING)


def goes_in(name: str, qemu: Version | None) -> tuple[int, int] | None:
    """The QEMU that will drop a machine which ``qemu`` says is deprecated; None where that is not settled."""
    release = dropped_in(name)
    if release is None or qemu is None or qemu[:2] >= release:
        return None
    machine = take_apart(name)
    is_by_age = (machine is not None and release[0] == machine.version[0] + _YEARS_KEPT) or release == _FIRST_DELETING
    return None if is_by_age and qemu[:2] < _FIRST_DEPRECATING else release


def came_in(name: str) -> tuple[int, ...] | None:
    """The QEMU that a machine came with; None where its name does not tell."""
    machine = take_apart(name)
    return machine.version if machine is not None and not machine.vendor and machine.version else None
