"""Panic devices: the model that libvirt takes where a domain names none."""

from __future__ import annotations

from typing import Final

from domlint.domain.machine import Machine, MachineKind

NO_PANIC_MODEL: Final = (None, "", "default")
"""What stands in the model of a panic device that names none."""


def default_panic_model(machine: Machine) -> str | None:
    """The model of a panic device that names none; "" where there is none, None where that is not known.

    Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainDefaultPanicModel).
    """
    if machine.is_x86:
        return "isa"
    if machine.is_s390:
        return "s390"
    found = {MachineKind.PSERIES: "pseries", MachineKind.ARM_VIRT: "pvpanic", MachineKind.UNKNOWN: None}
    return found.get(machine.kind, "")
