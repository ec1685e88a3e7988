"""How a capability that an element of a domain needs is written down: a row of data in domlint.rules.capabilities."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from domlint.domain.machine import MachineKind, kind_of
from domlint.findings import Outcome

if TYPE_CHECKING:
    from domlint.selector import Selector


class Capability(NamedTuple):
    """Something that a host must have, and the elements that need it.

    ``name`` is unique among all rows; ``words`` say what it is, so that "no WORDS" and "needs WORDS" can be read.
    ``on`` are selectors (see domlint.selector). ``flags`` are the names libvirt gives to QEMU's capabilities:
    "a", all of "a + b", or one of "a | b"; "" where none says it.

    ``architectures``, ``machines`` (of MACHINES) and ``types`` of domains: the row is about these only; empty for
    all of them. ``libvirt`` is the first one that reads the element as documented, "" for all that matter.
    ``qemu`` is the first that has it, where no flag says so.

    ``outcome`` is what libvirt does where the flags are missing, as read in its source; None: it does not ask, or not
    always, or a rule of another family tells of it. ``asked`` is the oldest libvirt seen to ask, ``until`` one that
    does not any more: "" for the one that has retired the flags.
    """

    name: str
    words: str
    on: tuple[str, ...]
    source: str
    flags: str = ""
    libvirt: str = ""
    qemu: str = ""
    outcome: Outcome | None = None
    asked: str = "7.0.0"
    until: str = ""
    architectures: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """The flags as a choice of sets of which all are needed."""
        return tuple(tuple(part.split(" + ")) for part in self.flags.split(" | ")) if self.flags else ()

    @property
    def selectors(self) -> "Iterator[Selector]":
        """The selectors, read. Raises SelectorError."""
        from domlint.selector import parse_selector

        return (parse_selector(text) for text in self.on)


class Clue(NamedTuple):
    """What is needed to see that a capability may be missing: the table of these is made, to be read fast.

    Every domain that the selector selects something in has an element at ``path``, and all of ``texts`` in its file;
    ``number`` is the selector's place among the row's.
    ``since`` and ``until`` are the libvirt that is seen to ask for the flags, and the one that does not any more.
    ``architectures`` are those that the row is about, empty for all.
    """

    texts: tuple[bytes, ...]
    subject: str
    name: str
    number: int
    alternatives: tuple[tuple[str, ...], ...]
    since: tuple[int, int, int]
    until: tuple[int, int, int] | None
    architectures: tuple[str, ...]
    path: str


MACHINES: Final = {
    "i440fx": (MachineKind.I440FX,),
    "q35": (MachineKind.Q35,),
    "virt": (MachineKind.ARM_VIRT, MachineKind.RISCV_VIRT, MachineKind.LOONGARCH_VIRT),
    "pseries": (MachineKind.PSERIES,),
    "ccw": (MachineKind.S390_CCW,),
}
"""The machines that rows tell apart."""


def machine_class(arch: str | None, machine: str | None) -> str | None:
    """Which of MACHINES a machine is; None for another, and where it is not known."""
    if arch is None or machine is None:
        return None
    kind = kind_of(arch, machine)
    return next((name for name, kinds in MACHINES.items() if kind in kinds), None)


def is_about(row: Capability, arch: str | None, machine: str | None, domain_type: str | None) -> bool:
    """Tell whether a row is about domains of this kind. What is not known fits no row that asks for it."""
    return (
        (not row.architectures or arch in row.architectures)
        and (not row.machines or machine_class(arch, machine) in row.machines)
        and (not row.types or domain_type in row.types)
    )


def all_of(modules: Iterable[tuple[str, tuple[Capability, ...]]]) -> dict[str, tuple[str, Capability]]:
    """Rows by name, each with its subject. Raises ValueError where two have the same name."""
    found: dict[str, tuple[str, Capability]] = {}
    for subject, rows in modules:
        for row in rows:
            if row.name in found:
                raise ValueError(f"two capabilities have the name {row.name!r}")
            found[row.name] = (subject, row)
    return found
