"""Bundled profiles: what a release of QEMU can do, for hosts that nobody has a file of."""

from __future__ import annotations

from domlint.hosts.errors import HostError
from domlint.hosts.model import Host


def profile_names() -> tuple[str, ...]:
    """The names that ``--caps`` takes, oldest first."""
    return ()


def find_profile(name: str) -> Host:
    """The profile of that name. Raises HostError where there is none."""
    raise HostError(name, "no such file")
