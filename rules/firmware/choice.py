"""FW: what follows from the choice of a BIOS or UEFI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.architectures import ARM, LOONGARCH, RISCV, X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.firmware import Firmware
from domlint.domain.values import UNKNOWN, child
from domlint.findings import Outcome
from domlint.rule import Needs, Problem, Problems, Spot, rule
from domlint.rules.firmware import ACPI, firmware_example, is_forgetful


def _each(context: Context, os: Element) -> Iterator[Firmware]:
    """What ``<os>`` says of firmware, where that is UEFI for sure or to be chosen."""
    if os.get("firmware") is None and next(os.iterchildren("loader"), None) is None:
        return
    firmware = context.domain.firmware
    if firmware is not None and firmware.os is os and context.domain.runs_on_qemu and firmware.selection is not UNKNOWN:
        yield firmware


@rule(
    "FW012",
    "uefi-without-acpi",
    outcome=Outcome.DEFINE,
    on="os",
    each=_each,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), alike in 7.0.0 and 9.0.0",
    bad=firmware_example("", "", attributes=" firmware='efi'> <!-- FW012 --"),
    good=firmware_example("", attributes=" firmware='efi'"),
)
def uefi_without_acpi(context: Context, firmware: Firmware) -> Problems:
    """UEFI on x86 needs ACPI, which the domain does not ask for.

    libvirt refuses to define the domain.
    """
    if context.machine.arch not in X86 or not (firmware.selection == "efi" or _is_flash(context, firmware)):
        return
    features = child(context.domain.element, "features")
    if features is None or child(features, "acpi") is None:
        flash = firmware.loader if firmware.selection is None else None
        yield Problem(
            Spot(firmware.os, "firmware") if flash is None else Spot(flash, "type"),
            "UEFI needs ACPI on this architecture, and <features> has none",
            "add <features><acpi/></features>",
        )


def _is_flash(context: Context, firmware: Firmware) -> bool:
    """Tell whether the loader is flash memory as libvirt sees it: older ones do not look where they choose."""
    return firmware.is_flash and (firmware.selection is None or not is_forgetful(context))


@rule(
    "FW013",
    "acpi-without-uefi",
    outcome=Outcome.DEFINE,
    on="features/acpi",
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), alike in 7.0.0 and 9.0.0",
    bad=firmware_example(
        "", "  <features>\n    <acpi/> <!-- FW013 -->\n  </features>\n", arch="aarch64", machine="virt-8.2"
    ),
    good=firmware_example("", ACPI, attributes=" firmware='efi'", arch="aarch64", machine="virt-8.2"),
)
def acpi_without_uefi(context: Context, acpi: Element) -> Problems:
    """On aarch64, it is UEFI that tells the guest of ACPI, and the domain has none.

    libvirt refuses to define the domain. Without `<acpi/>`, the guest gets a device tree.
    """
    if context.machine.arch != "aarch64" or not context.domain.runs_on_qemu:
        return
    firmware = context.domain.firmware
    if firmware is None:
        return
    if firmware.selection in ("efi", UNKNOWN) or firmware.is_flash_for_sure_or_unknown:
        return
    yield Problem(
        Spot(acpi),
        "ACPI needs UEFI on aarch64, and the domain has no such firmware",
        "let libvirt choose one: <os firmware='efi'>; or remove <acpi/>",
    )


_SELECTABLE: Final = {
    "bios": X86,
    "efi": (*X86, *ARM, *RISCV, *LOONGARCH),
}
"""The architectures for which there is firmware of a kind at all, so that a descriptor may name some.

Source: QEMU 10.0 pc-bios/descriptors, and the firmware that TianoCore's edk2 has platforms for.
"""


@rule(
    "FW023",
    "selection-on-architecture",
    outcome=Outcome.START,
    on="os",
    each=_each,
    needs=Needs.MACHINE,
    source="libvirt 11.3.0 src/qemu/qemu_firmware.c (qemuFirmwareFillDomain), alike in 7.0.0 and 9.0.0",
    bad=firmware_example("", "", " firmware='efi'> <!-- FW023 --", arch="s390x", machine="s390-ccw-virtio"),
    good=firmware_example("", "", arch="s390x", machine="s390-ccw-virtio"),
)
def selection_on_architecture(context: Context, firmware: Firmware) -> Problems:
    """libvirt shall choose firmware of a kind that the architecture does not have.

    There is a BIOS on x86 alone, and no UEFI for s390x, ppc64 and SPARC: no host has a descriptor of such firmware, so
    that libvirt finds none.
    """
    arch = context.machine.arch
    known = _SELECTABLE.get(firmware.selection) if isinstance(firmware.selection, str) else None
    if known is not None and isinstance(arch, str) and arch not in known:
        yield Problem(
            Spot(firmware.os, "firmware"),
            f"there is no firmware '{firmware.selection}' for {arch}: libvirt finds none to choose",
            "remove firmware='…': QEMU brings the firmware of this machine itself"
            if arch not in (*ARM, *RISCV)
            else "choose firmware='efi', or remove it",
        )
