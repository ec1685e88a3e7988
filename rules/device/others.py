"""DEV06x to DEV09x: devices that few domains have: vsock, NVRAM, pstore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind
from domlint.domain.sizes import is_power_of_two, scaled_size
from domlint.domain.values import attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule


def _each_on_qemu(context: Context, device: Element) -> Iterator[Element]:
    if context.domain.runs_on_qemu:
        yield device


_FIRST_CID: Final = 3


@rule(
    "DEV060",
    "vsock-cid-reserved",
    outcome=Outcome.DEFINE,
    on="devices/vsock/cid",
    each=_each_on_qemu,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainVsockDefValidate), src/conf/domain_conf.c"
    " (virDomainVsockDefParseXML)",
    bad=Example("<vsock model='virtio'>\n  <cid auto='no' address='2'/> <!-- DEV060 -->\n</vsock>\n"),
    good=Example("<vsock model='virtio'>\n  <cid auto='no' address='3'/>\n</vsock>\n"),
)
def vsock_cid_reserved(context: Context, cid: Element) -> Problems:
    """The guest is to have a CID that is not for guests.

    0 is the hypervisor, 1 the loopback, 2 the host. libvirt refuses the definition, also with auto='yes'.
    """
    number = decimal(attribute(cid, "address"))
    parent = cid.getparent()
    if isinstance(number, int) and number < _FIRST_CID and parent is not None and child(parent, "cid") is cid:
        yield Problem(
            Spot(cid, "address"),
            f"the CID {number} is not for guests: theirs begin with {_FIRST_CID}",
            "choose a number from 3 on that no other guest of the host has, or say auto='yes' without an address",
        )


@rule(
    "DEV080",
    "nvram-of-other-machine",
    outcome=Outcome.DEFINE,
    on="devices/nvram",
    each=_each_on_qemu,
    needs=Needs.MACHINE,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefNVRAM)",
    bad=Example("<nvram/> <!-- DEV080 -->"),
    good=Example(
        "<nvram>\n  <address type='spapr-vio' reg='0x3000'/>\n</nvram>\n", arch="ppc64", machine="pseries", type="qemu"
    ),
)
def nvram_of_other_machine(context: Context, nvram: Element) -> Problems:
    """The device <nvram> is one of the pseries machine.

    It has nothing to do with the variables of UEFI, which are <nvram> in <os>. libvirt refuses the definition.
    """
    if context.machine.kind not in (MachineKind.PSERIES, MachineKind.UNKNOWN):
        yield Problem(
            Spot(nvram),
            f"the device <nvram> is one of the machine pseries, and this is {context.machine}",
            "remove it; the variables of UEFI are <nvram> in <os>",
        )


_LEAST_PSTORE: Final = 4
_PSTORE: Final = """\
<pstore backend='acpi-erst'>
  <path>/srv/pstore/web1</path>
  <size unit='KiB'>{size}</size>{mark}
</pstore>
"""


@rule(
    "DEV090",
    "pstore-size",
    outcome=Outcome.DEFINE,
    on="devices/pstore/size",
    each=_each_on_qemu,
    asked="10.6.0",
    since="libvirt 10.6.0, which brought the device: an older one drops it",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainPstoreDefValidate); seen with libvirt 11.3.0; 9.0.0 "
    "defines the domain",
    bad=Example(_PSTORE.format(size=96, mark=" <!-- DEV090 -->")),
    good=Example(_PSTORE.format(size=64, mark="")),
)
def pstore_size(context: Context, size: Element) -> Problems:
    """The size of a pstore device is none that it can have.

    libvirt takes a power of two, of at least 4 KiB; parts of a KiB are rounded up. It refuses the definition otherwise.
    """
    given = scaled_size(size, default_unit=1024)
    if not isinstance(given, int):
        return
    kibibytes = -(-given // 1024)
    if kibibytes < _LEAST_PSTORE or not is_power_of_two(kibibytes):
        wanted = max(_LEAST_PSTORE, 1 << max(0, kibibytes - 1).bit_length())
        yield Problem(
            Spot(size),
            f"a pstore device of {kibibytes} KiB: it must be a power of two, and at least {_LEAST_PSTORE} KiB",
            f"say <size unit='KiB'>{wanted}</size>",
        )
