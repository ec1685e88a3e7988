"""BOOT: what a domain boots from, and what its BIOS and its tables for the guest are told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.architectures import X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.boot import boot_number
from domlint.domain.values import UNKNOWN, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule, whole_example

_VALIDATE: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c"
_POST_PARSE: Final = "libvirt 11.3.0 src/conf/domain_postparse.c, alike in 7.0.0 and 9.0.0"

_DISKS: Final = """\
<disk type='file' device='disk'>
  <source file='/srv/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
  <boot order='1'/>{first}
</disk>
<interface type='network'>
  <source network='default'/>
  <boot order='{order}'/>{second}
</interface>
"""


def _whole(os: str = "", around: str = "", devices: str = "", **details: str) -> Example:
    return whole_example(f"{around}  <devices>\n{devices}  </devices>\n", os=os, **details)


def _each_boot(context: Context, boot: Element) -> Iterator[Element]:
    """The ``<boot>`` of a device, where libvirt reads it."""
    if context.domain.runs_on_qemu and boot in context.domain.boot_order.of_devices:
        yield boot


@rule(
    "BOOT001",
    "boot-order-of-two-kinds",
    outcome=Outcome.DEFINE,
    on="devices/*/boot",
    each=_each_boot,
    mentions=("order",),
    source=f"{_POST_PARSE} (virDomainDefBootOrderPostParse)",
    bad=_whole(
        "    <boot dev='hd'/>\n",
        devices="    <disk type='file' device='disk'>\n      <source file='/srv/images/web1.qcow2'/>\n"
        "      <target dev='vda' bus='virtio'/>\n      <boot order='1'/> <!-- BOOT001 -->\n    </disk>\n",
    ),
    good=_whole(
        devices="    <disk type='file' device='disk'>\n      <source file='/srv/images/web1.qcow2'/>\n"
        "      <target dev='vda' bus='virtio'/>\n      <boot order='1'/>\n    </disk>\n",
    ),
)
def boot_order_of_two_kinds(context: Context, boot: Element) -> Problems:
    """The domain says in two places what it boots from.

    It is either said by kind of device, in `<os>`, or by a number at each device. libvirt refuses to define a domain
    that does both.
    """
    order = context.domain.boot_order
    if order.of_os and boot is order.of_devices[0]:
        first = order.of_os[0]
        yield Problem(
            Spot(boot),
            "what the domain boots from is said at its devices and in <os> as well",
            "remove each <boot dev='…'> from <os>, or the <boot order='…'> of all devices",
            ((Spot(first), "the one in <os>"),),
        )


@rule(
    "BOOT002",
    "boot-order-used-twice",
    outcome=Outcome.DEFINE,
    on="devices/*/boot",
    each=_each_boot,
    mentions=("order",),
    source=f"{_POST_PARSE} (virDomainDefCollectBootOrder)",
    bad=Example(_DISKS.format(order=1, first="", second=" <!-- BOOT002 -->")),
    good=Example(_DISKS.format(order=2, first="", second="")),
)
def boot_order_used_twice(context: Context, boot: Element) -> Problems:
    """Two devices have the same place in the boot order.

    Each number may be given once, whatever the kinds of the devices; numbers may be left out.
    """
    first = context.domain.boot_order.first_with_the_order_of(boot)
    number = boot_number(boot)
    if first is not boot and isinstance(number, int):
        yield Problem(
            Spot(boot, "order"),
            f"the place {number} in the boot order is that of another device already",
            "give each device that the domain may boot from a number of its own",
            ((Spot(first, "order"), "the first with this number"),),
        )


def _first_child(context: Context, element: Element) -> bool:
    """Tell whether libvirt reads this child of ``<os>``, not another one of that name before it."""
    os = context.domain.os
    return context.domain.runs_on_qemu and os is not None and child(os, element.tag) is element


def _needs_serial_port(context: Context, bios: Element) -> bool:
    """Tell whether BIOS output goes to a serial port and there is none; the first console may be one."""
    if attribute(bios, "useserial") != "yes" or not _first_child(context, bios):
        return False
    devices = context.domain.devices
    if devices is None:
        return True
    if child(devices, "serial") is not None:
        return False
    console = child(devices, "console")
    if console is None:
        return True
    target = child(console, "target")
    return target is not None and attribute(target, "type") not in (None, "serial", "none", UNKNOWN)


@rule(
    "BOOT010",
    "bios-output-without-port",
    outcome=Outcome.DEFINE,
    on="os/bios",
    source=f"{_VALIDATE} (qemuValidateDomainDef), alike in 7.0.0 and 9.0.0",
    bad=_whole("    <bios useserial='yes'/> <!-- BOOT010 -->\n"),
    good=_whole("    <bios useserial='yes'/>\n", devices="    <serial type='pty'/>\n"),
)
def bios_output_without_port(context: Context, bios: Element) -> Problems:
    """The BIOS shall write to a serial port, and the domain has none.

    A `<console>` counts, where it is the first and has no type or 'serial': libvirt makes a serial port of it.
    """
    if _needs_serial_port(context, bios):
        yield Problem(
            Spot(bios, "useserial"),
            "the BIOS shall write to a serial port, but the domain has none",
            "add <serial type='pty'/>, or remove useserial='yes'",
        )


@rule(
    "BOOT011",
    "bios-output-on-other-architecture",
    outcome=Outcome.DEFINE,
    on="os/bios",
    needs=Needs.MACHINE,
    asked="9.0.0",
    source=f"{_VALIDATE} (qemuValidateDomainDef), alike in 9.0.0",
    bad=_whole(
        "    <bios useserial='yes'/> <!-- BOOT011 -->\n",
        devices="    <serial type='pty'/>\n",
        arch="aarch64",
        machine="virt-8.2",
    ),
    good=_whole("    <bios useserial='yes'/>\n", devices="    <serial type='pty'/>\n"),
)
def bios_output_on_other_architecture(context: Context, bios: Element) -> Problems:
    """The output of the BIOS is to go to a serial port on an architecture without a BIOS.

    libvirt offers that on x86 only, and refuses to define the domain elsewhere.
    """
    arch = context.machine.arch
    if isinstance(arch, str) and arch not in X86 and _first_child(context, bios) and bios.get("useserial") == "yes":
        yield Problem(
            Spot(bios, "useserial"),
            f"the output of a BIOS cannot go to a serial port on {arch}",
            "remove useserial='yes'; firmware and kernels of this architecture use the serial port anyhow",
        )


@rule(
    "BOOT020",
    "acpi-table-unsupported",
    outcome=Outcome.DEFINE,
    on="os/acpi/table",
    asked="11.2.0",
    source=f"{_VALIDATE} (qemuValidateDomainDefBoot)",
    bad=_whole("    <acpi>\n      <table type='rawset'>/srv/tables.bin</table> <!-- BOOT020 -->\n    </acpi>\n"),
    good=_whole("    <acpi>\n      <table type='raw'>/srv/table.bin</table>\n    </acpi>\n"),
)
def acpi_table_unsupported(context: Context, table: Element) -> Problems:
    """Several ACPI tables in one file (rawset) are for Xen alone.

    libvirt refuses to define a domain of QEMU with them.
    """
    if attribute(table, "type") == "rawset" and context.domain.runs_on_qemu:
        yield Problem(
            Spot(table, "type"),
            "QEMU takes no file with several ACPI tables",
            "give each table a file and a <table type='raw'> of its own",
        )


@rule(
    "BOOT021",
    "shim-without-kernel",
    outcome=Outcome.DEFINE,
    on="os/shim",
    asked="11.2.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefOSValidate)",
    bad=_whole(
        "    <loader type='rom'>/srv/bios.bin</loader>\n    <shim>/srv/shim.efi</shim> <!-- BOOT021 -->\n",
    ),
    good=_whole(
        "    <loader type='rom'>/srv/bios.bin</loader>\n    <kernel>/srv/vmlinuz</kernel>\n"
        "    <shim>/srv/shim.efi</shim>\n",
    ),
)
def shim_without_kernel(context: Context, shim: Element) -> Problems:
    """A shim is there to check the kernel that is booted directly, and no kernel is named.

    libvirt refuses to define such a domain with firmware; without, it does nothing with the shim.
    """
    os = context.domain.os
    if os is None or not _first_child(context, shim) or not (shim.text or "").strip():
        return
    kernel = child(os, "kernel")
    if kernel is None or not kernel.text:
        has_firmware = os.get("firmware") is not None or any(
            child(os, name) is not None for name in ("loader", "nvram")
        )
        yield Problem(
            Spot(shim),
            "there is a shim and no kernel that it could check",
            "name the kernel with <kernel>, or remove <shim>",
            outcome=None if has_firmware else Outcome.BROKEN,
        )
