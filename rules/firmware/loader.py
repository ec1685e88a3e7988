"""FW: the parts of ``<os>`` that name firmware, or say what it must be like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.firmware import Firmware
from domlint.domain.machine import MachineKind
from domlint.domain.values import UNKNOWN, attribute, child
from domlint.findings import Outcome
from domlint.rule import Needs, Problem, Problems, Spot, rule
from domlint.rules.firmware import PERSISTENT, firmware_example, is_forgetful

_VALIDATE: Final = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefOSValidate)"
_BOOT: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefBoot), alike in 7.0.0 and 9.0.0"
_NVRAM: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefNvram), alike in 9.0.0"
_IMPROVED: Final = "8.6.0"
"""The libvirt that began to check what <os> asks of firmware (NEWS.rst, "Improved firmware autoselection")."""


def _each(context: Context, element: Element) -> Iterator[Firmware]:
    """What ``<os>`` says of firmware, where this is the part of it that libvirt reads and it can be known."""
    firmware, os = context.domain.firmware, context.domain.os
    if firmware is None or os is None or not context.domain.runs_on_qemu or child(os, element.tag) is not element:
        return
    if firmware.selection is not UNKNOWN:
        yield firmware


@rule(
    "FW001",
    "loader-without-path",
    outcome=Outcome.DEFINE,
    on="os/loader",
    each=_each,
    source=f"{_VALIDATE}, alike in 7.0.0 and 9.0.0",
    bad=firmware_example("    <loader readonly='yes' type='pflash'/> <!-- FW001 -->\n"),
    good=firmware_example("    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n"),
)
def loader_without_path(context: Context, firmware: Firmware) -> Problems:
    """There is a `<loader>` that names no firmware, and libvirt is not told to choose one.

    Without firmware='efi' or 'bios' at `<os>`, `<loader>` has to hold the path. libvirt refuses to define the domain.
    """
    if firmware.selection is None and firmware.loader is not None and firmware.path is None:
        yield Problem(
            Spot(firmware.loader),
            "<loader> names no file, and libvirt is not told to choose the firmware",
            "write the path of the firmware into <loader>, or let libvirt choose: <os firmware='efi'>",
        )


@rule(
    "FW002",
    "nvram-without-loader",
    outcome=Outcome.DEFINE,
    on="os/nvram",
    each=_each,
    asked=_IMPROVED,
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=firmware_example("    <nvram>/srv/web1_VARS.fd</nvram> <!-- FW002 -->\n"),
    good=firmware_example(
        "    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n"
        "    <nvram>/srv/web1_VARS.fd</nvram>\n"
    ),
)
def nvram_without_loader(context: Context, firmware: Firmware) -> Problems:
    """There is a store of firmware variables, and no firmware.

    libvirt refuses to define the domain; before 8.6.0 it dropped `<nvram>`.
    """
    if firmware.selection is None and firmware.loader is None and firmware.nvram is not None:
        yield Problem(
            Spot(firmware.nvram),
            "<nvram> is for UEFI, and neither is a <loader> named, nor libvirt told to choose one",
            "add a <loader>, or <os firmware='efi'>; or remove <nvram>",
        )


_NOT_WITH_SELECTION: Final = (
    ("readonly", None, "whether the loader is read-only"),
    ("type", None, "the type of the loader"),
    ("", None, "the path of the loader"),
    ("secure", "no", "that Secure Boot is off"),
)
"""What libvirt once took from nobody where it chose the firmware: an attribute of the loader ("" is its text), and a
value where it is only that.

Source: libvirt 9.0.0 src/conf/domain_validate.c (virDomainDefOSValidate).
"""


@rule(
    "FW003",
    "selection-with-details",
    outcome=Outcome.DEFINE,
    on="os/loader",
    each=_each,
    asked=_IMPROVED,
    until=PERSISTENT,
    source="libvirt 9.0.0 src/conf/domain_validate.c (virDomainDefOSValidate)",
    bad=firmware_example(
        "    <loader readonly='yes'/> <!-- FW003 -->\n", attributes=" firmware='efi'", libvirt="9.0.0"
    ),
    good=firmware_example("", attributes=" firmware='efi'", libvirt="9.0.0"),
)
def selection_with_details(context: Context, firmware: Firmware) -> Problems:
    """libvirt shall choose the firmware, and is told what it chooses itself.

    libvirt 8.6.0 to 9.1.0 refuse to define the domain; older ones passed over the details, newer ones choose among
    the firmware that has them.
    """
    if firmware.selection is None or firmware.loader is None:
        return
    for name, value, words in _NOT_WITH_SELECTION:
        found = attribute(firmware.loader, name) if name else firmware.path
        if isinstance(found, str) and value in (None, found):
            yield Problem(
                Spot(firmware.loader, name or None),
                f"libvirt {context.libvirt} chooses the firmware, and takes nobody's word for {words}",
                "remove it, or take it from the firmware: name the <loader> yourself and remove firmware='…'",
            )


@rule(
    "FW009",
    "selection-with-template",
    outcome=Outcome.DEFINE,
    on="os/nvram",
    each=_each,
    asked=_IMPROVED,
    until=PERSISTENT,
    source="libvirt 9.0.0 src/conf/domain_validate.c (virDomainDefOSValidate)",
    bad=firmware_example(
        "    <nvram template='/usr/share/OVMF/OVMF_VARS.fd'/> <!-- FW009 -->\n",
        attributes=" firmware='efi'",
        libvirt="9.0.0",
    ),
    good=firmware_example("    <nvram>/srv/web1_VARS.fd</nvram>\n", attributes=" firmware='efi'", libvirt="9.0.0"),
)
def selection_with_template(context: Context, firmware: Firmware) -> Problems:
    """libvirt shall choose the firmware, and is told which template of variables goes with it.

    libvirt 8.6.0 to 9.1.0 refuse to define the domain; older ones passed over the template, newer ones take it.
    """
    if firmware.nvram is not None and isinstance(attribute(firmware.nvram, "template"), str) and firmware.selection:
        yield Problem(
            Spot(firmware.nvram, "template"),
            f"libvirt {context.libvirt} chooses the firmware, and with it the template for its variables",
            "remove the template, or name the <loader> yourself and remove firmware='…'",
        )


@rule(
    "FW004",
    "nvram-with-bios",
    outcome=Outcome.DEFINE,
    on="os/nvram",
    each=_each,
    asked=_IMPROVED,
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=firmware_example("    <nvram>/srv/web1_VARS.fd</nvram> <!-- FW004 -->\n", attributes=" firmware='bios'"),
    good=firmware_example("    <nvram>/srv/web1_VARS.fd</nvram>\n", attributes=" firmware='efi'"),
)
def nvram_with_bios(context: Context, firmware: Firmware) -> Problems:
    """A BIOS keeps no variables, and there is a store for them.

    libvirt refuses to define the domain.
    """
    if firmware.selection != "bios" or firmware.nvram is None:
        return
    if firmware.has_nvram or (firmware.has_nvram is False and not is_forgetful(context)):
        yield Problem(
            Spot(firmware.nvram),
            "firmware='bios' keeps no variables: libvirt refuses <nvram>",
            "remove <nvram>, or choose firmware='efi'",
        )


@rule(
    "FW005",
    "keys-without-secure-boot",
    outcome=Outcome.DEFINE,
    on="os/firmware",
    each=_each,
    asked=_IMPROVED,
    source=f"{_VALIDATE}; 9.0.0 src/conf/domain_postparse.c (virDomainDefPostParseOs)",
    bad=firmware_example(
        "    <firmware>\n      <feature enabled='no' name='secure-boot'/>\n"
        "      <feature enabled='yes' name='enrolled-keys'/> <!-- FW005 -->\n    </firmware>\n",
        attributes=" firmware='efi'",
    ),
    good=firmware_example(
        "    <firmware>\n      <feature enabled='yes' name='secure-boot'/>\n"
        "      <feature enabled='yes' name='enrolled-keys'/>\n    </firmware>\n",
        attributes=" firmware='efi'",
    ),
)
def keys_without_secure_boot(context: Context, firmware: Firmware) -> Problems:
    """The keys of Secure Boot shall be there, and Secure Boot shall not.

    No firmware can be like that: libvirt refuses to define the domain.
    """
    keys, secure = firmware.features.get("enrolled-keys"), firmware.features.get("secure-boot")
    if firmware.selection is not None and keys and secure and keys[1] == "yes" and secure[1] == "no":
        yield Problem(
            Spot(keys[0]),
            "the keys of Secure Boot cannot be enrolled in firmware without Secure Boot",
            "enable secure-boot as well, or do not ask for enrolled-keys",
            ((Spot(secure[0]), "Secure Boot is turned off here"),),
        )


@rule(
    "FW006",
    "features-without-selection",
    outcome=Outcome.DEFINE,
    on="os/firmware",
    each=_each,
    asked=_IMPROVED,
    source=f"{_VALIDATE}, src/conf/domain_conf.c (virDomainDefParseBootFirmwareOptions), alike in 9.0.0",
    bad=firmware_example(
        "    <firmware> <!-- FW006 -->\n      <feature enabled='yes' name='secure-boot'/>\n    </firmware>\n",
        libvirt="9.0.0",
    ),
    good=firmware_example(
        "    <firmware>\n      <feature enabled='yes' name='secure-boot'/>\n    </firmware>\n",
        attributes=" firmware='efi'",
        libvirt="9.0.0",
    ),
)
def features_without_selection(context: Context, firmware: Firmware) -> Problems:
    """The firmware shall have features, and libvirt is not told to choose one.

    libvirt refuses to define the domain. From 9.2.0 on, it passes over the features in a domain that it has defined
    already: such came from libvirt 8.6.0 to 9.1.0.
    """
    if firmware.selection is None and firmware.features:
        holder = child(firmware.os, "firmware")
        yield Problem(
            Spot(firmware.os if holder is None else holder),
            "libvirt is not told to choose the firmware, so nothing can come of the features that it shall have",
            "add firmware='efi' to <os>, or remove the features",
            outcome=None if is_forgetful(context) else Outcome.BROKEN,
        )


@rule(
    "FW007",
    "stateless-with-nvram",
    outcome=Outcome.DEFINE,
    on="os/nvram",
    each=_each,
    asked=_IMPROVED,
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=firmware_example(
        "    <loader readonly='yes' type='pflash' stateless='yes'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n"
        "    <nvram>/srv/web1_VARS.fd</nvram> <!-- FW007 -->\n"
    ),
    good=firmware_example(
        "    <loader readonly='yes' type='pflash' stateless='yes'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n"
    ),
)
def stateless_with_nvram(context: Context, firmware: Firmware) -> Problems:
    """The firmware shall keep no variables, and there is a store for them, or a template for one.

    libvirt refuses to define the domain.
    """
    nvram = firmware.nvram
    if nvram is None or attribute(firmware.loader, "stateless") != "yes":
        return
    is_there = firmware.has_nvram or not is_forgetful(context)
    if attribute(nvram, "template") is not None or is_there:
        yield Problem(
            Spot(nvram),
            "firmware that is stateless keeps no variables: libvirt refuses <nvram>",
            "remove <nvram>, or stateless='yes'",
        )


@rule(
    "FW008",
    "stateful-without-flash",
    outcome=Outcome.DEFINE,
    on="os/loader",
    each=_each,
    asked=_IMPROVED,
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=firmware_example("    <loader type='rom' stateless='no'>/srv/bios.bin</loader> <!-- FW008 -->\n"),
    good=firmware_example("    <loader type='rom'>/srv/bios.bin</loader>\n"),
)
def stateful_without_flash(context: Context, firmware: Firmware) -> Problems:
    """The firmware shall keep variables, and is of a kind that cannot.

    Only UEFI in flash memory keeps variables. libvirt refuses to define the domain.
    """
    if firmware.loader is None or attribute(firmware.loader, "stateless") != "no":
        return
    if firmware.selection == "bios" or (firmware.selection is None and firmware.kind not in ("pflash", UNKNOWN)):
        what = "a BIOS" if firmware.selection == "bios" else f"a loader of the type '{firmware.kind or 'rom'}'"
        yield Problem(
            Spot(firmware.loader, "stateless"),
            f"{what} cannot keep variables, as stateless='no' asks",
            "remove stateless='no', or take UEFI: type='pflash'",
        )


@rule(
    "FW010",
    "secure-loader-machine",
    outcome=Outcome.DEFINE,
    on="os/loader",
    each=_each,
    needs=Needs.MACHINE,
    source=_BOOT,
    bad=firmware_example(
        "    <loader secure='yes'/> <!-- FW010 -->\n", attributes=" firmware='efi'", machine="pc-i440fx-8.2"
    ),
    good=firmware_example("    <loader secure='yes'/>\n", attributes=" firmware='efi'", machine="pc-q35-8.2"),
)
def secure_loader_machine(context: Context, firmware: Firmware) -> Problems:
    """A loader that protects its variables needs a machine q35 of x86_64.

    Only there the firmware can keep the guest's system from the flash memory. libvirt refuses to define the domain on
    another machine.
    """
    machine = context.machine
    if firmware.loader is None or attribute(firmware.loader, "secure") != "yes":
        return
    is_known = isinstance(machine.arch, str) and machine.kind is not MachineKind.UNKNOWN
    if is_known and (machine.kind is not MachineKind.Q35 or machine.arch != "x86_64"):
        yield Problem(
            Spot(firmware.loader, "secure"),
            f"secure='yes' needs a machine q35 of x86_64, not {machine} of {machine.arch}",
            "take the machine q35, or remove secure='yes'",
        )


@rule(
    "FW011",
    "secure-loader-without-smm",
    outcome=Outcome.DEFINE,
    on="os/loader",
    each=_each,
    source=f"{_BOOT}; 11.3.0 src/qemu/qemu_firmware.c (qemuFirmwareMatchDomain)",
    bad=firmware_example(
        "    <loader readonly='yes' secure='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader> <!-- FW011 -->\n",
        "  <features>\n    <acpi/>\n    <smm state='off'/>\n  </features>\n",
    ),
    good=firmware_example(
        "    <loader readonly='yes' secure='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n",
        "  <features>\n    <acpi/>\n    <smm state='on'/>\n  </features>\n",
    ),
)
def secure_loader_without_smm(context: Context, firmware: Firmware) -> Problems:
    """A loader that protects its variables needs System Management Mode, which is off.

    libvirt turns it on itself where it chooses the firmware; since 9.2.0 also where the loader is one that a
    descriptor on the host names, unless `<smm>` is turned off. Else it refuses to define the domain.
    """
    if firmware.selection is not None or attribute(firmware.loader, "secure") != "yes" or firmware.loader is None:
        return
    features = child(context.domain.element, "features")
    smm = None if features is None else child(features, "smm")
    is_off = smm is not None and attribute(smm, "state") == "off"
    if is_off or (smm is None and (is_forgetful(context) or not firmware.may_be_described)):
        yield Problem(
            Spot(firmware.loader, "secure"),
            "secure='yes' needs System Management Mode, " + ("which is turned off" if is_off else "which is not on"),
            "turn it on: <smm state='on'/> in <features>",
            ((Spot(smm), "turned off here"),) if smm is not None else (),
        )


_NVRAM_TYPES: Final = ("file", "block", "network")


@rule(
    "FW020",
    "nvram-storage",
    outcome=Outcome.DEFINE,
    on="os/nvram",
    each=_each,
    asked="8.5.0",
    source=_NVRAM,
    bad=firmware_example(
        "    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n"
        "    <nvram type='dir'> <!-- FW020 -->\n      <source dir='/srv'/>\n    </nvram>\n"
    ),
    good=firmware_example(
        "    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>\n"
        "    <nvram type='file'>\n      <source file='/srv/web1_VARS.fd'/>\n    </nvram>\n"
    ),
)
def nvram_storage(context: Context, firmware: Firmware) -> Problems:
    """The firmware's variables are in storage that libvirt does not take for them.

    It takes a file, a block device and storage on the network, whole: no slices, no persistent reservations, no
    backing store. Else it refuses to define the domain.
    """
    nvram = firmware.nvram
    kind = attribute(nvram, "type")
    if nvram is None or not isinstance(kind, str):
        return
    source = child(nvram, "source")
    if kind not in _NVRAM_TYPES:
        yield Problem(
            Spot(nvram, "type"),
            f"variables of firmware cannot be kept in storage of the type '{kind}'",
            "take a file (type='file'), a block device (type='block') or type='network'",
        )
    elif source is None:
        yield Problem(Spot(nvram), "<nvram> has a type and no <source>", "add <source>")
    else:
        for name in ("slices", "reservations"):
            part = child(source, name)
            if part is not None and next(part.iterchildren("*"), None if name == "slices" else part) is not None:
                yield Problem(Spot(part), f"variables of firmware take no <{name}>", f"remove <{name}>")


@rule(
    "FW021",
    "nvram-without-format",
    outcome=Outcome.START,
    on="os/nvram",
    each=_each,
    asked=PERSISTENT,
    source="libvirt 11.3.0 src/qemu/qemu_firmware.c (qemuFirmwareEnsureNVRAM), qemu_block.c"
    " (qemuBlockStorageSourceGetBlockdevFormatProps)",
    bad=firmware_example(
        "    <loader readonly='no' type='pflash'>/srv/OVMF_CODE.fd</loader>\n"
        "    <nvram>/srv/web1_VARS.fd</nvram> <!-- FW021 -->\n"
    ),
    good=firmware_example(
        "    <loader readonly='yes' type='pflash'>/srv/OVMF_CODE.fd</loader>\n    <nvram>/srv/web1_VARS.fd</nvram>\n"
    ),
)
def nvram_without_format(context: Context, firmware: Firmware) -> Problems:
    """Nothing tells the format of the firmware's variables, as the loader is not read-only.

    libvirt takes the format of the loader for `<nvram>` where the loader is flash memory that is read-only. Since
    9.2.0 it knows none where it is not, and does not start the domain.
    """
    nvram, loader = firmware.nvram, firmware.loader
    if nvram is None or loader is None or firmware.selection is not None or not firmware.is_flash:
        return
    readonly = attribute(loader, "readonly")
    is_writable = readonly == "no" or (readonly is None and not firmware.may_be_described)
    if is_writable and attribute(nvram, "format") is None and attribute(loader, "stateless") != "yes":
        yield Problem(
            Spot(nvram),
            "the format of <nvram> is not known, as the loader is not read-only: the domain does not start",
            "make the loader read-only (readonly='yes'), or name the format: <nvram format='raw'>",
            ((Spot(loader), "the loader"),),
        )


@rule(
    "FW022",
    "selection-without-match",
    outcome=Outcome.START,
    on="os/loader",
    each=_each,
    asked=PERSISTENT,
    source="libvirt 11.3.0 src/qemu/qemu_firmware.c (qemuFirmwareMatchDomain)",
    bad=firmware_example("    <loader readonly='no'/> <!-- FW022 -->\n", attributes=" firmware='efi'"),
    good=firmware_example("    <loader readonly='yes'/>\n", attributes=" firmware='efi'"),
)
def selection_without_match(context: Context, firmware: Firmware) -> Problems:
    """libvirt shall choose firmware that cannot be.

    All firmware that it chooses from is read-only; what protects its variables needs System Management Mode. Whatever
    is installed, libvirt finds none.
    """
    if firmware.selection is None or firmware.loader is None:
        return
    if attribute(firmware.loader, "readonly") == "no":
        yield Problem(
            Spot(firmware.loader, "readonly"),
            "libvirt chooses among firmware that is read-only, and finds none for readonly='no'",
            "remove readonly='no'",
        )
    features = child(context.domain.element, "features")
    smm = None if features is None else child(features, "smm")
    if smm is not None and attribute(smm, "state") == "off" and attribute(firmware.loader, "secure") == "yes":
        yield Problem(
            Spot(firmware.loader, "secure"),
            "no firmware can protect its variables (secure='yes') without System Management Mode, which is turned off",
            "turn <smm> on, or remove secure='yes'",
            ((Spot(smm), "turned off here"),),
        )
