"""The aliases that users choose, and where one stands twice."""

from __future__ import annotations

from collections.abc import Iterator

from domlint.document import Element
from domlint.domain.devices import is_user_alias
from domlint.domain.values import child

_WITHOUT = frozenset({"graphics", "audio", "lease", "redirfilter", "emulator"})
"""Children of ``<devices>`` that have no alias, or none that libvirt compares. Seen with libvirt 11.3.0."""


def twin_aliases(devices: Element) -> Iterator[tuple[Element, Element]]:
    """The devices with an alias that one before them has, each with that one.

    The first serial device and the first console, which are mostly one, libvirt compares with nothing.
    Source: libvirt 11.3.0 src/conf/domain_validate.c (virDomainDeviceDefValidateAliasesIterator), alike in 7.0.0 and
    9.0.0.
    """
    elements = list(devices.iterdescendants("alias"))
    if len(elements) < 2:
        return
    first: dict[str, Element] = {}
    left_out = {child(devices, "serial"), child(devices, "console")}
    for element in elements:
        device, alias = element.getparent(), element.get("name", "")
        if device is None or device.getparent() is not devices or not is_user_alias(alias):
            continue
        if device.tag not in _WITHOUT and device not in left_out and child(device, "alias") is element:
            before = first.setdefault(alias, device)
            if before is not device:
                yield device, before
