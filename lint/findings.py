"""What domlint says: a finding, where it is, how grave it is, and what the host would do."""

from enum import Enum
from typing import NamedTuple


class Severity(str, Enum):
    """How grave a finding is; the exit status compares it with ``--fail-on``."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    def at_least(self, other: "Severity") -> bool:
        """Tell whether this is as grave as the other, or graver."""
        return _GRAVITY[self] >= _GRAVITY[other]


_GRAVITY = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}


class Outcome(str, Enum):
    """What the host does with the domain. Only DEFINE and START are refusals."""

    DEFINE = "define"
    START = "start"
    BROKEN = "broken"
    MIGRATE = "migrate"
    NOTE = "note"

    @property
    def severity(self) -> Severity:
        """The severity a finding with this outcome has unless its rule says otherwise."""
        return _SEVERITY[self]

    @property
    def in_words(self) -> str:
        """What the outcome means, for people."""
        return _IN_WORDS[self]


_SEVERITY = {
    Outcome.DEFINE: Severity.ERROR,
    Outcome.START: Severity.ERROR,
    Outcome.BROKEN: Severity.ERROR,
    Outcome.MIGRATE: Severity.WARNING,
    Outcome.NOTE: Severity.NOTE,
}

_IN_WORDS = {
    Outcome.DEFINE: "libvirt refuses the definition",
    Outcome.START: "libvirt or QEMU refuses to start the domain",
    Outcome.BROKEN: "the domain starts, but what was asked for does not work",
    Outcome.MIGRATE: "the domain runs, but its live migration is refused",
    Outcome.NOTE: "nothing fails; worth knowing",
}


class Location(NamedTuple):
    """A span of a file.

    Lines and columns count from 1, columns in characters; ``end_column`` is the column behind the last character.
    Offsets count bytes of the file from 0. ``xpath`` leads to the element or attribute ("" where there is none).
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    offset: int = 0
    end_offset: int = 0
    xpath: str = ""


class Related(NamedTuple):
    """Another place that a finding is about, such as the partner device."""

    location: Location
    message: str


class Edit(NamedTuple):
    """A span of a file (lines and columns from 1, offsets in bytes from 0) and the text that comes in its place."""

    line: int
    column: int
    end_line: int
    end_column: int
    offset: int
    end_offset: int
    text: str


class Remedy(NamedTuple):
    """What mends a finding: its edits belong together, and leave all other bytes of the file as they are.

    It is safe where nothing changes for the guest that worked before.
    """

    words: str
    is_safe: bool
    edits: tuple[Edit, ...]


class Finding(NamedTuple):
    """One thing that is wrong, or worth knowing, at one place of one file, on the hosts named."""

    code: str
    name: str
    severity: Severity
    outcome: Outcome
    message: str
    location: Location
    hosts: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    help: str = ""
    url: str = ""
    remedy: Remedy | None = None

    def remedy_for(self, with_unsafe: bool) -> Remedy | None:
        """The remedy, if it is safe or, ``with_unsafe``, in any case."""
        return self.remedy if self.remedy is not None and (self.remedy.is_safe or with_unsafe) else None


class Suppressed(NamedTuple):
    """A finding that the file itself says shall not be told.

    ``kind`` tells what says so, "comment" or "metadata", ``by`` where that stands, and ``reason`` the reason that is
    given there.
    """

    finding: Finding
    kind: str
    by: Location
    reason: str
