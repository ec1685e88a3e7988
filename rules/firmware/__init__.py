"""FW: firmware, named by a path or chosen by libvirt."""

from __future__ import annotations

from typing import Final

from domlint.domain import Context
from domlint.rule import Example, whole_example
from domlint.versions import Version

PERSISTENT: Final = "9.2.0"
"""The libvirt that keeps the firmware it has chosen in the definition (NEWS.rst, "Make firmware selection
persistent"), and reads descriptors of firmware when the domain is defined."""

ACPI: Final = "  <features>\n    <acpi/>\n  </features>\n"


def firmware_example(
    os: str, after: str = ACPI, attributes: str = "", libvirt: str = "", arch: str = "x86_64", machine: str = "q35"
) -> Example:
    """An example: a domain with this in ``<os>``, with these attributes of it, and with ACPI."""
    return whole_example(after, os=os, opening=f"<os{attributes}>", libvirt=libvirt, arch=arch, machine=machine)


def is_forgetful(context: Context) -> bool:
    """Tell whether libvirt forgets which firmware it has chosen, and chooses anew at every start."""
    return context.is_older_than(Version.parse(PERSISTENT))
