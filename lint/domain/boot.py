"""Which devices a domain says it boots from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.domain.values import attribute, child, decimal

if TYPE_CHECKING:
    from domlint.document import Element
    from domlint.domain.values import Maybe

BOOTABLE: Final = ("disk", "interface", "hostdev", "redirdev", "filesystem")
"""The devices whose ``<boot>`` libvirt reads.

Source: libvirt 11.3.0 src/conf/domain_conf.c, where VIR_DOMAIN_DEF_PARSE_ALLOW_BOOT is given; 7.0.0 has no
``<filesystem>`` there (NEWS.rst, 7.1.0).
"""


class BootOrder:
    """The ``<boot>`` elements of devices that libvirt reads, and those of ``<os>``."""

    def __init__(self, os: Element | None, devices: Element | None) -> None:
        self.of_os = [] if os is None else list(os.iterchildren("boot"))
        self.of_devices: list[Element] = []
        for device in devices.iterchildren(*BOOTABLE) if devices is not None else ():
            boot = child(device, "boot")
            if boot is not None:
                self.of_devices.append(boot)

    def first_with_the_order_of(self, boot: Element) -> Element:
        """The first element that gives the same order as this one."""
        order = boot_number(boot)
        return next((other for other in self.of_devices if boot_number(other) == order), boot)


def boot_number(boot: Element) -> Maybe[int]:
    """The place in the order that a ``<boot>`` of a device gives."""
    return decimal(attribute(boot, "order"))
