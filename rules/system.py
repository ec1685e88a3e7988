"""SYS: the domain as a whole: its names, life cycle, operating system, firmware tables, and words for QEMU itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from domlint.architectures import X86
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import attribute, child, child_attribute, whole_text
from domlint.findings import Outcome
from domlint.placeholders import is_placeholder
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c"
_DOMAIN: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), alike in 7.0.0 and 9.0.0"

_GUEST: Final = """\
<domain type='kvm'{attributes}>
  <name>{name}</name>
  <memory unit='MiB'>1024</memory>
  {os}
{around}
</domain>
"""
_OS: Final = "<os>\n    <type arch='x86_64' machine='q35'>hvm</type>{more}\n  </os>"


def _guest(around: str = "", os: str = _OS.format(more=""), name: str = "vm1", attributes: str = "") -> Example:
    return Example("", document=_GUEST.format(around=around, os=os, name=name, attributes=attributes))


def _text(element: Element | None) -> str:
    """What libvirt reads as the text of an element: that of all in it. "" where it is not known, too."""
    text = whole_text(element)
    return "" if is_placeholder(text) else text


def _is_read(context: Context, element: Element) -> bool:
    """Tell whether the element is the one of its name that libvirt's QEMU driver reads."""
    return context.domain.runs_on_qemu and child(context.domain.element, element.tag) is element


def _each_without_os(context: Context, element: Element) -> Iterator[Element]:
    """The domain, where it is for libvirt's QEMU driver and does not say what it boots."""
    if element.tag == "domain" and context.domain.os is None and context.domain.runs_on_qemu:
        yield element


_EVENTS: Final = {
    "on_poweroff": ("destroy",),
    "on_reboot": ("restart",),
    "on_crash": ("destroy", "restart", "preserve"),
}
"""When something shall happen to a domain, and what mostly does: the QEMU driver does all that."""


def _each_eventful(context: Context, element: Element) -> Iterator[dict[str, Element]]:
    """What shall happen when the guest ends, where that is not as mostly: the events that libvirt reads, by name."""
    for event in element.iterchildren(*_EVENTS):
        if event.text not in _EVENTS[str(event.tag)]:
            if element.tag == "domain" and context.domain.runs_on_qemu:
                yield {str(one.tag): one for one in reversed(list(element.iterchildren(*_EVENTS)))}
            return


# Names.


@rule(
    "SYS001",
    "domain-name-with-slash",
    outcome=Outcome.DEFINE,
    on="name",
    source="libvirt 11.3.0 src/conf/domain_postparse.c (virDomainDefPostParseCheckFeatures), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "",
        document="<domain type='kvm'>\n  <name>web/1</name> <!-- SYS001 -->\n  <memory unit='MiB'>1024</memory>\n"
        f"  {_OS.format(more='')}\n</domain>\n",
    ),
    good=_guest(name="web-1"),
)
def domain_name_with_slash(context: Context, element: Element) -> Problems:
    """The domain's name holds a slash.

    QEMU's driver names files after the domain, and refuses the definition.
    """
    name = _text(element)
    if "/" in name and _is_read(context, element):
        yield Problem(
            Spot(element), f"the name '{name}' holds a slash: libvirt refuses the definition", "take another name"
        )


@rule(
    "SYS002",
    "title-with-line-break",
    outcome=Outcome.DEFINE,
    on="title",
    instead_of=("SCHEMA005",),
    source=f"{_PARSER} (virDomainDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=_guest("  <title>Web server <!-- SYS002 -->\n  of the shop</title>"),
    good=_guest("  <title>Web server of the shop</title>\n  <description>\n    Two lines\n  </description>"),
)
def title_with_line_break(context: Context, element: Element) -> Problems:
    """The title has more than one line.

    A title is one line, a description may have many. libvirt refuses the definition.
    """
    if "\n" in _text(element) and _is_read(context, element):
        yield Problem(
            Spot(element),
            "the title has more than one line: libvirt refuses the definition",
            "write it on one line, or use <description>",
        )


# The operating system.


@rule(
    "SYS010",
    "operating-system-missing",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_without_os,
    source=f"{_PARSER} (virDomainDefParseCaps), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "",
        document="<domain type='kvm'> <!-- SYS010 -->\n  <name>vm1</name>\n"
        "  <memory unit='MiB'>1024</memory>\n</domain>\n",
    ),
    good=_guest(),
)
def operating_system_missing(context: Context, element: Element) -> Problems:
    """The domain does not say what it boots.

    libvirt refuses a definition without <os> and the type in it.
    """
    if child(element, "bootloader") is None:
        yield Problem(
            Spot(element),
            "the domain has no <os>: libvirt refuses the definition",
            "add <os><type arch='x86_64' machine='q35'>hvm</type></os>",
        )


@rule(
    "SYS011",
    "operating-system-type",
    outcome=Outcome.DEFINE,
    on="os/type",
    source=_DOMAIN,
    bad=_guest(os="<os>\n    <type>linux</type> <!-- SYS011 -->\n  </os>"),
    good=_guest(),
)
def operating_system_type(context: Context, element: Element) -> Problems:
    """The domain boots as guests of Xen or containers do.

    QEMU has machines alone, whose type is 'hvm'. libvirt refuses to define the domain.
    """
    if element is context.domain.os_type and context.domain.runs_on_qemu and _text(element) in _OTHER_SYSTEMS:
        yield Problem(
            Spot(element),
            f"QEMU boots no '{_text(element)}': libvirt refuses the definition",
            "say <type>hvm</type>, or take another domain type than"
            f" '{context.domain.type}' for {_OTHER_SYSTEMS[_text(element)]}",
        )


_OTHER_SYSTEMS: Final = {
    "xen": "Xen",
    "linux": "Xen",
    "xenpvh": "Xen",
    "exe": "a container",
}


@rule(
    "SYS012",
    "boot-loader-of-xen",
    outcome=Outcome.DEFINE,
    on="bootloader",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefBoot), alike in 7.0.0 and 9.0.0",
    bad=_guest("  <bootloader>/usr/bin/pygrub</bootloader> <!-- SYS012 -->"),
    good=_guest(),
)
def boot_loader_of_xen(context: Context, element: Element) -> Problems:
    """The domain has a boot loader that runs on the host, which is for guests of Xen.

    libvirt refuses to define the domain.
    """
    if _text(element) and _is_read(context, element):
        yield Problem(
            Spot(element),
            "QEMU runs no boot loader on the host: libvirt refuses the definition",
            "remove <bootloader>, and say in <os> what to boot",
        )


_FIRST_WITH_MANY_TABLES: Final = Version(11, 2, 0)


@rule(
    "SYS013",
    "acpi-table-twice",
    outcome=Outcome.DEFINE,
    on="os/acpi/table",
    source=f"{_PARSER} (virDomainDefParseBootAcpiOptions); libvirt 7.0.0 and 9.0.0 (virDomainDefParseBootOptions)",
    bad=_guest(
        os=_OS.format(
            more="\n    <acpi>\n      <table type='slic'>/var/lib/slic1</table>\n"
            "      <table type='slic'>/var/lib/slic2</table> <!-- SYS013 -->\n    </acpi>"
        )
    ),
    good=_guest(os=_OS.format(more="\n    <acpi>\n      <table type='slic'>/var/lib/slic1</table>\n    </acpi>")),
)
def acpi_table_twice(context: Context, element: Element) -> Problems:
    """A domain has one ACPI table of each type at most, but for raw ones.

    Before libvirt 11.2 it has one at most at all. libvirt refuses the definition.
    """
    kind = attribute(element, "type")
    if not isinstance(kind, str) or not context.domain.runs_on_qemu:
        return
    is_single = context.is_older_than(_FIRST_WITH_MANY_TABLES)
    for other in element.itersiblings("table", preceding=True):
        if is_single or (kind != "raw" and attribute(other, "type") == kind):
            yield Problem(
                Spot(element),
                "this libvirt takes one ACPI table at most: it refuses the definition"
                if is_single
                else f"there is an ACPI table of the type '{kind}' already: libvirt refuses the definition",
                "remove one of the two",
                ((Spot(other), "the first one"),),
            )
            return


# Life cycle and power.


_NOWHERE: Final = "rename-restart"
_ONLY_AFTER_CRASHES: Final = "preserve"


@rule(
    "SYS020",
    "action-unsupported",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_eventful,
    asked="7.7.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateLifecycleAction), alike in 9.0.0; NEWS.rst for 7.7.0",
    bad=_guest("  <on_poweroff>preserve</on_poweroff> <!-- SYS020 -->"),
    good=_guest("  <on_poweroff>destroy</on_poweroff>\n  <on_crash>preserve</on_crash>"),
)
def action_unsupported(context: Context, events: dict[str, Element]) -> Problems:
    """The QEMU driver cannot do what shall happen when the guest powers off, reboots or crashes.

    It restarts domains under their own name alone, and keeps what is left of them after a crash alone. libvirt refuses
    to define the domain.
    """
    actions = {name: _text(event) for name, event in events.items()}
    for name, action in actions.items():
        if action == _NOWHERE or (action == _ONLY_AFTER_CRASHES and name != "on_crash"):
            yield Problem(
                Spot(events[name]),
                f"the QEMU driver cannot do '{action}' for {name}: libvirt refuses the definition",
                "take 'restart' or 'destroy'",
            )
    if actions.get("on_poweroff") == "restart" and actions.get("on_reboot") == "destroy":
        yield Problem(
            Spot(events["on_reboot"]),
            "a domain that restarts when it powers off cannot end when it reboots: libvirt refuses the definition",
            "say <on_reboot>restart</on_reboot>, or <on_poweroff>destroy</on_poweroff>",
            ((Spot(events["on_poweroff"]), "restarts here"),),
        )


@rule(
    "SYS021",
    "suspend-states-of-x86",
    outcome=Outcome.DEFINE,
    on="pm",
    needs=Needs.MACHINE,
    source=_DOMAIN,
    bad=_guest(
        "  <pm>\n    <suspend-to-mem enabled='no'/> <!-- SYS021 -->\n  </pm>",
        os="<os>\n    <type arch='aarch64' machine='virt'>hvm</type>\n  </os>",
    ),
    good=_guest("  <pm>\n    <suspend-to-mem enabled='no'/>\n  </pm>"),
)
def suspend_states_of_x86(context: Context, element: Element) -> Problems:
    """Only x86 machines can be told which states of sleep there are.

    libvirt refuses to define the domain, also where the states are to be off.
    """
    arch = context.machine.arch
    if not isinstance(arch, str) or arch in X86 or not _is_read(context, element):
        return
    for name in ("suspend-to-mem", "suspend-to-disk"):
        state = child(element, name)
        if state is not None and attribute(state, "enabled") in ("yes", "no"):
            yield Problem(
                Spot(state),
                f"there is no choice of <{name}> on {arch}: libvirt refuses the definition",
                "remove <pm>",
            )


@rule(
    "SYS022",
    "perf-event-twice",
    outcome=Outcome.DEFINE,
    on="perf/event",
    source=f"{_PARSER} (virDomainPerfEventDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=_guest(
        "  <perf>\n    <event name='cmt' enabled='yes'/>\n"
        "    <event name='cmt' enabled='no'/> <!-- SYS022 -->\n  </perf>"
    ),
    good=_guest("  <perf>\n    <event name='cmt' enabled='yes'/>\n    <event name='mbmt' enabled='no'/>\n  </perf>"),
)
def perf_event_twice(context: Context, element: Element) -> Problems:
    """A performance event is there twice.

    libvirt refuses the definition.
    """
    name = attribute(element, "name")
    if not isinstance(name, str) or not context.domain.runs_on_qemu:
        return
    for other in element.itersiblings("event", preceding=True):
        if attribute(other, "name") == name and attribute(other, "enabled") in ("yes", "no"):
            yield Problem(
                Spot(element, "name"),
                f"the event '{name}' is there twice: libvirt refuses the definition",
                "remove one of the two",
                ((Spot(other, "name"), "the first one"),),
            )
            return


@rule(
    "SYS023",
    "resource-empty",
    outcome=Outcome.DEFINE,
    on="resource",
    source=f"{_PARSER} (virDomainResourceDefParse), alike in 7.0.0 and 9.0.0",
    bad=_guest("  <resource/> <!-- SYS023 -->"),
    good=_guest("  <resource>\n    <partition>/machine/shop</partition>\n  </resource>"),
)
def resource_empty(context: Context, element: Element) -> Problems:
    """<resource> names no partition, and no identifier for Fibre Channel.

    libvirt refuses the definition, and does not say why.
    """
    partition, channel = child(element, "partition"), child_attribute(element, "fibrechannel", "appid")
    if whole_text(partition):
        return
    if channel in (None, "") and _is_read(context, element):
        yield Problem(
            Spot(element),
            "<resource> says nothing: libvirt refuses the definition, without a reason",
            "remove it, or name a <partition>",
        )


# What the firmware tells the guest.


_SYSINFO: Final = f"{_PARSER} (virSysinfoParseXML and the functions it calls), alike in 7.0.0 and 9.0.0"
_SMBIOS: Final = "\n    <smbios mode='sysinfo'/>"


def _sysinfo(inside: str, kind: str = "smbios", more: str = _SMBIOS, around: str = "") -> Example:
    return _guest(f"{around}  <sysinfo type='{kind}'>\n    {inside}\n  </sysinfo>", os=_OS.format(more=more))


def _named_entry(parent: Element, name: str) -> Element | None:
    """The first entry of a name, which is the one that libvirt reads."""
    return next((entry for entry in parent.iterchildren("entry") if entry.get("name") == name), None)


@rule(
    "SYS030",
    "firmware-entry-name",
    outcome=Outcome.DEFINE,
    on="sysinfo/entry",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefSysinfo), alike in 7.0.0 and 9.0.0",
    bad=_sysinfo("<entry name='com.example.role'>web</entry> <!-- SYS030 -->", "fwcfg", ""),
    good=_sysinfo("<entry name='opt/com.example/role'>web</entry>", "fwcfg", ""),
)
def firmware_entry_name(context: Context, element: Element) -> Problems:
    """The name of a value for the guest is none that users may give.

    Names of their own begin with opt/, and those below opt/ovmf/ and opt/org.qemu/ are reserved. libvirt refuses to
    define the domain.
    """
    name = attribute(element, "name")
    if not isinstance(name, str) or not _is_firmware_entry(context, element):
        return
    if not name.startswith("opt/"):
        yield Problem(
            Spot(element, "name"),
            f"the name '{name}' does not begin with opt/: libvirt refuses the definition",
            f"say name='opt/{name}', or better with a domain of yours, as opt/com.example/{name}",
        )
    elif name.startswith(("opt/ovmf/", "opt/org.qemu/")):
        yield Problem(
            Spot(element, "name"),
            f"names like '{name}' are reserved: libvirt refuses the definition",
            "take one below a domain of yours, as opt/com.example/…",
        )


def _is_firmware_entry(context: Context, element: Element) -> bool:
    return context.domain.runs_on_qemu and attribute(element.getparent(), "type") == "fwcfg"


@rule(
    "SYS031",
    "firmware-entry-empty",
    outcome=Outcome.DEFINE,
    on="sysinfo/entry",
    source=_SYSINFO,
    bad=_sysinfo("<entry name='opt/com.example/role'/> <!-- SYS031 -->", "fwcfg", ""),
    good=_sysinfo("<entry name='opt/com.example/role' file='/etc/role'/>", "fwcfg", ""),
)
def firmware_entry_empty(context: Context, element: Element) -> Problems:
    """A value for the guest has neither a text nor a file.

    libvirt refuses the definition.
    """
    is_empty = "file" not in element.attrib and not whole_text(element)
    if is_empty and "name" in element.attrib and _is_firmware_entry(context, element):
        yield Problem(
            Spot(element),
            "the value is empty: libvirt refuses the definition",
            "write it between the tags, or say file='…'",
        )


def _is_date(text: str) -> bool:
    """Tell whether libvirt takes a text for a date: month, day and year, two digits of the year or from 1900 on."""
    parts = text.split("/")
    numbers = [part.lstrip(" \t\n\r").removeprefix("+") for part in parts]
    if len(numbers) != 3 or not all(number.isdecimal() and number.isascii() for number in numbers):
        return False
    month, day, year = (int(number) if len(number) < 10 else -1 for number in numbers)
    return 1 <= month <= 12 and 1 <= day <= 31 and (0 <= year < 100 or year >= 1900)


@rule(
    "SYS032",
    "bios-date",
    outcome=Outcome.DEFINE,
    on="sysinfo/bios",
    source=_SYSINFO,
    bad=_sysinfo("<bios>\n      <entry name='date'>2024-05-01</entry> <!-- SYS032 -->\n    </bios>"),
    good=_sysinfo("<bios>\n      <entry name='date'>05/01/2024</entry>\n    </bios>"),
)
def bios_date(context: Context, element: Element) -> Problems:
    """The date of the BIOS is not written as SMBIOS wants it.

    It is month, day and year, as 05/01/2024. libvirt refuses other forms.
    """
    date = _named_entry(element, "date")
    if date is not None and _text(date) and not _is_date(_text(date)) and _is_smbios(context, element):
        yield Problem(
            Spot(date),
            f"'{_text(date)}' is no date as SMBIOS writes it: libvirt refuses the definition",
            "write month/day/year, as 05/01/2024",
        )


def _is_smbios(context: Context, element: Element) -> bool:
    return context.domain.runs_on_qemu and attribute(element.getparent(), "type") == "smbios"


def _uuid(text: str) -> str | None:
    """The digits of a UUID as libvirt reads it, which passes over dashes and spaces; None for what it refuses.

    Source: libvirt 11.3.0 src/util/viruuid.c (virUUIDParse).
    """
    digits = text.strip(" \t\n\v\f\r").replace("-", "").replace(" ", "").lower()
    return digits if len(digits) == 32 and not set(digits) - set("0123456789abcdef") else None


@rule(
    "SYS033",
    "sysinfo-uuid",
    outcome=Outcome.DEFINE,
    on="sysinfo/system",
    source=_SYSINFO,
    bad=_sysinfo(
        "<system>\n      <entry name='uuid'>6f7d8a1e-3c6b-4d0a-9f5e-1a2b3c4d5e6f</entry> <!-- SYS033 -->\n"
        "    </system>",
        around="  <uuid>0c9d8a1e-3c6b-4d0a-9f5e-1a2b3c4d5e6f</uuid>\n",
    ),
    good=_sysinfo(
        "<system>\n      <entry name='uuid'>6f7d8a1e-3c6b-4d0a-9f5e-1a2b3c4d5e6f</entry>\n    </system>",
        around="  <uuid>6f7d8a1e-3c6b-4d0a-9f5e-1a2b3c4d5e6f</uuid>\n",
    ),
)
def sysinfo_uuid(context: Context, element: Element) -> Problems:
    """The UUID that the guest shall see is not the domain's.

    They are one and the same for libvirt, which refuses the definition where they differ, or where one is no UUID.
    """
    entry = _named_entry(element, "uuid")
    if entry is None or not _text(entry) or not _is_smbios(context, element):
        return
    shown, own = _uuid(_text(entry)), child(context.domain.element, "uuid")
    if shown is None:
        yield Problem(
            Spot(entry),
            f"'{_text(entry)}' is no UUID: libvirt refuses the definition",
            "remove it: the guest sees the domain's own",
        )
        return
    domains = _uuid(_text(own))
    if own is not None and domains is not None and domains != shown:
        yield Problem(
            Spot(entry),
            "the guest would see another UUID than the domain's: libvirt refuses the definition",
            "remove it: the guest sees the domain's own",
            ((Spot(own), "the domain's UUID"),),
        )


@rule(
    "SYS034",
    "smbios-without-sysinfo",
    outcome=Outcome.START,
    on="os/smbios",
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildSmbiosCommandLine), alike in 7.0.0 and 9.0.0",
    bad=_guest(os=_OS.format(more="\n    <smbios mode='sysinfo'/> <!-- SYS034 -->")),
    good=_sysinfo("<system>\n      <entry name='product'>Shop</entry>\n    </system>"),
)
def smbios_without_sysinfo(context: Context, element: Element) -> Problems:
    """SMBIOS shall tell the guest what <sysinfo> says, and there is none.

    libvirt defines the domain, and refuses to start it.
    """
    if attribute(element, "mode") != "sysinfo" or not context.domain.runs_on_qemu:
        return
    tables = [attribute(table, "type") for table in context.domain.element.iterchildren("sysinfo")]
    if all(isinstance(table, str) and table != "smbios" for table in tables):
        yield Problem(
            Spot(element),
            "there is no <sysinfo type='smbios'> to show to the guest: libvirt refuses to start the domain",
            "add it, or say mode='emulate'",
        )


@rule(
    "SYS035",
    "several-base-boards",
    outcome=Outcome.START,
    on="sysinfo/baseBoard",
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildSmbiosCommandLine), alike in 7.0.0 and 9.0.0",
    bad=_sysinfo(
        "<baseBoard>\n      <entry name='product'>One</entry>\n    </baseBoard>\n"
        "    <baseBoard> <!-- SYS035 -->\n      <entry name='product'>Two</entry>\n    </baseBoard>"
    ),
    good=_sysinfo("<baseBoard>\n      <entry name='product'>One</entry>\n    </baseBoard>"),
)
def several_base_boards(context: Context, element: Element) -> Problems:
    """QEMU's SMBIOS tables tell of one base board.

    libvirt defines a domain with several, and refuses to start it where SMBIOS shall show them.
    """
    os, parent = child(context.domain.element, "os"), element.getparent()
    if os is None or child_attribute(os, "smbios", "mode") != "sysinfo" or not _is_smbios(context, element):
        return
    tables = context.domain.element.iterchildren("sysinfo")
    if next((table for table in tables if table.get("type") == "smbios"), None) is not parent or not _says(element):
        return
    first = next((other for other in element.itersiblings("baseBoard", preceding=True) if _says(other)), None)
    if first is not None:
        yield Problem(
            Spot(element),
            "QEMU shows one base board alone: libvirt refuses to start the domain",
            "remove all but one <baseBoard>",
            ((Spot(first), "the first one"),),
        )


def _says(board: Element) -> bool:
    """Tell whether libvirt reads anything of a base board."""
    return any(entry.get("name") in _BOARD and whole_text(entry) for entry in board.iterchildren("entry"))


_BOARD: Final = frozenset({"manufacturer", "product", "version", "serial", "asset", "location"})


# Words for QEMU itself.


_QEMU: Final = "{http://libvirt.org/schemas/domain/qemu/1.0}"
_NAMESPACE: Final = " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
_NAMESPACE_PARSER: Final = (
    "libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainDefNamespaceParse and the functions it calls)"
)


def _qemu(inside: str) -> Example:
    return _guest(f"  {inside}", attributes=_NAMESPACE)


def _each_qemu(context: Context, element: Element) -> Iterator[Element]:
    """The elements of the domain that are for QEMU's driver alone."""
    if element.tag == "domain" and context.domain.runs_on_qemu:
        yield from element.iterchildren(f"{_QEMU}*")


@rule(
    "SYS040",
    "environment-name",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_qemu,
    mentions=("schemas",),
    source=_NAMESPACE_PARSER,
    bad=_qemu("<qemu:commandline>\n    <qemu:env name='1ST' value='x'/> <!-- SYS040 -->\n  </qemu:commandline>"),
    good=_qemu("<qemu:commandline>\n    <qemu:env name='FIRST' value='x'/>\n  </qemu:commandline>"),
)
def environment_name(context: Context, part: Element) -> Problems:
    """The name of an environment variable begins with a digit.

    libvirt refuses the definition.
    """
    for variable in part.iterchildren(f"{_QEMU}env") if part.tag == f"{_QEMU}commandline" else ():
        name = attribute(variable, "name")
        if isinstance(name, str) and name[:1].isascii() and name[:1].isdigit():
            yield Problem(
                Spot(variable, "name"),
                f"the variable '{name}' begins with a digit: libvirt refuses the definition",
                "begin it with a letter or _",
            )


def _is_integer(text: str, has_sign: bool) -> bool:
    digits = text.lstrip(" \t\n\v\f\r")
    digits = digits[1:] if digits[:1] == "+" or (has_sign and digits[:1] == "-") else digits
    return digits.isascii() and digits.isdecimal()


_FITS: Final[dict[str, Callable[[str], bool]]] = {
    "signed": lambda text: _is_integer(text, True),
    "unsigned": lambda text: _is_integer(text, False),
    "bool": lambda text: text in ("true", "false"),
}
"""Which values a property of a type can have; any where the type is not named."""


@rule(
    "SYS041",
    "property-override",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_qemu,
    asked="8.2.0",
    mentions=("schemas",),
    source=_NAMESPACE_PARSER,
    bad=_qemu(
        "<qemu:override>\n    <qemu:device alias='net0'>\n      <qemu:frontend>\n"
        "        <qemu:property name='x-txtimer' type='bool' value='yes'/> <!-- SYS041 -->\n"
        "      </qemu:frontend>\n    </qemu:device>\n  </qemu:override>"
    ),
    good=_qemu(
        "<qemu:override>\n    <qemu:device alias='net0'>\n      <qemu:frontend>\n"
        "        <qemu:property name='x-txtimer' type='bool' value='true'/>\n"
        "      </qemu:frontend>\n    </qemu:device>\n  </qemu:override>"
    ),
)
def property_override(context: Context, part: Element) -> Problems:
    """A property of QEMU's device cannot be overridden like this.

    A property has a name other than 'id' and a value of its type, or is removed and has none. libvirt refuses the
    definition.
    """
    if part.tag != f"{_QEMU}override":
        return
    for one in part.iterfind(f"{_QEMU}device/{_QEMU}frontend/{_QEMU}property"):
        kind, value = attribute(one, "type"), attribute(one, "value")
        if attribute(one, "name") == "id":
            yield Problem(
                Spot(one, "name"), "the property 'id' is libvirt's own: it refuses the definition", "remove it"
            )
        if kind == "remove" and value is not None:
            yield Problem(
                Spot(one, "value"),
                "a property that is removed has no value: libvirt refuses the definition",
                "remove value=, or take another type",
            )
        elif isinstance(kind, str) and kind in ("string", *_FITS) and value is None:
            yield Problem(Spot(one), "the property has no value: libvirt refuses the definition", "add value='…'")
        elif isinstance(kind, str) and isinstance(value, str) and kind in _FITS and not _FITS[kind](value):
            yield Problem(
                Spot(one, "value"),
                f"'{value}' is no value of the type '{kind}': libvirt refuses the definition",
                "write true or false" if kind == "bool" else "write a decimal number",
            )


_NEWEST_READ: Final = Version(11, 3, 0)


@rule(
    "SYS042",
    "capability-unknown",
    outcome=Outcome.START,
    on=".",
    each=_each_qemu,
    mentions=("schemas",),
    source="libvirt 11.3.0 src/qemu/qemu_process.c (qemuProcessStartUpdateCustomCaps), alike in 7.0.0 and 9.0.0",
    bad=_qemu(
        "<qemu:capabilities>\n    <qemu:del capability='virtio-nett'/> <!-- SYS042 -->\n  </qemu:capabilities>"
    )._replace(libvirt="11.3.0"),
    good=_qemu("<qemu:capabilities>\n    <qemu:del capability='virtio-net.rss'/>\n  </qemu:capabilities>")._replace(
        libvirt="11.3.0"
    ),
)
def capability_unknown(context: Context, part: Element) -> Problems:
    """libvirt knows no capability of that name.

    The domain adds or takes away what libvirt believes of QEMU, by libvirt's names. libvirt defines the domain, and
    refuses to start it where it does not know one.
    """
    libvirt = context.libvirt
    if part.tag != f"{_QEMU}capabilities" or libvirt is None or libvirt > _NEWEST_READ:
        return
    from domlint.hosts.lifecycle import table

    for one in part.iterchildren(f"{_QEMU}add", f"{_QEMU}del"):
        name = attribute(one, "capability")
        if not isinstance(name, str):
            continue
        known = table().get(name)
        if known is None or (known.known_after is not None and libvirt <= known.known_after):
            yield Problem(
                Spot(one, "capability"),
                f"libvirt {libvirt} knows no capability '{name}': it refuses to start the domain",
                "take a name of docs/capabilities.md, or remove it",
            )
