"""HOSTDEV030: a device of the host that is given twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import describe, is_hostdev_of
from domlint.domain.hostdevs import duplicates
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_DEVICE: Final = """\
<hostdev mode='subsystem' type='pci' managed='yes'>{mark}
  <source>
    <address domain='0' bus='0x3b' slot='0x02' function='{function}'/>
  </source>
</hostdev>
"""


def _device(function: int, mark: str = "") -> str:
    return _DEVICE.format(function=function, mark=f" <!-- {mark} -->" if mark else "")


def _each_duplicate(context: Context, devices: Element) -> Iterator[tuple[Element, Element]]:
    """A device that is given twice; where there is <teaming>, TEAM038 speaks of those of PCI."""
    if context.domain.runs_on_qemu and devices is context.domain.devices:
        for device, before in duplicates(devices):
            is_pci = device.tag == "interface" or is_hostdev_of(device, "pci")
            if not (is_pci and context.failover.teamings):
                yield device, before


@rule(
    "HOSTDEV030",
    "hostdev-given-twice",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_duplicate,
    asked="9.0.0",
    mentions=("hostdev",),
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefHostdevValidate), alike in 9.0.0, not in 7.0.0",
    bad=Example(_device(0) + _device(0, "HOSTDEV030")),
    good=Example(_device(0) + _device(1)),
)
def hostdev_given_twice(context: Context, pair: tuple[Element, Element]) -> Problems:
    """The domain gets the same device of the host twice.

    libvirt compares addresses of the host; a USB device without one by vendor and product, so that two alike need their
    bus and device. It refuses the definition; before 9.0.0 it found out when the domain was started.
    """
    device, before = pair
    yield Problem(
        Spot(device),
        f"the {describe(device)} is a device of the host that the domain has already: libvirt refuses the definition",
        "remove one of them"
        + (", or name bus and device of each in <address>" if is_hostdev_of(device, "usb") else ""),
        ((Spot(before), "the first time"),),
    )
