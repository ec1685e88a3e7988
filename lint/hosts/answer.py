"""The answer to "does this host have that capability?", as a value. How it is found: ``lifecycle.py``."""

# No "from __future__ import annotations": see model.py.
from enum import Enum
from typing import NamedTuple


class Presence(Enum):
    """Whether a host has a capability."""

    PRESENT = "present"
    """Listed in the host's file."""
    IMPLIED = "implied"
    """Not listed, because the libvirt that wrote the file no longer lists what every QEMU it supports has."""
    ABSENT = "absent"
    """Not listed, by a libvirt that would have listed it; or QEMU is known not to have it."""
    UNKNOWN = "unknown"
    """The file does not tell."""


class Answer(NamedTuple):
    """Whether a host has the capability ``flag``; ``reason`` is for people to read."""

    flag: str
    presence: Presence
    reason: str
