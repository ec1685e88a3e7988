"""How old is the libvirt that wrote a ``<domainCapabilities>`` file? The file does not say it; what it has tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts.parts import DomainCapabilities

NEWEST_WITHOUT: Final = {
    "features/backingStoreInput": Version(5, 9, 0),
    "memoryBacking": Version(7, 0, 0),
    "devices/filesystem": Version(7, 0, 0),
    "devices/tpm": Version(7, 0, 0),
    "devices/redirdev": Version(8, 8, 0),
    "devices/channel": Version(8, 8, 0),
    "devices/crypto": Version(9, 0, 0),
    "devices/interface": Version(9, 0, 0),
    "devices/panic": Version(9, 0, 0),
    "features/ps2": Version(9, 0, 0),
    "devices/console": Version(11, 3, 0),
}
"""Elements that libvirt's QEMU driver writes whatever the QEMU: the newest libvirt known not to write them.

Only elements that no distribution is known to have put into an older libvirt: ``<launchSecurity>`` and
``<async-teardown>`` are missing for that reason.
Source: src/conf/domain_capabilities.c (virDomainCapsFormat) of libvirt 7.0.0, 9.0.0 and 11.3.0;
docs/formatdomaincaps.rst for backingStoreInput; NEWS of libvirt 8.9.0 for redirdev and channel; files of libvirt 12
for console.
"""


def newer_than(capabilities: DomainCapabilities) -> Version | None:
    """A version of libvirt that the one which wrote the file is certainly newer than; None where nothing tells."""
    found = [version for path, version in NEWEST_WITHOUT.items() if path in capabilities.supported]
    return max(found, default=None)
