"""CHR00x and CHR01x: the host's end of ports, consoles and channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.character import LONGEST_SOCKET_PATH, Chardev
from domlint.domain.graphics import has_graphics
from domlint.domain.values import UNKNOWN, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c"
_SOURCE: Final = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainChrSourceDefValidate)"
_QEMU: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainChrSourceDef)"
_ALIKE: Final = "alike in 7.0.0 and 9.0.0"


def _each_chardev(context: Context, devices: Element) -> Iterator[Chardev]:
    """The devices whose host's end says where it leads, those of consoles among them that libvirt drops later."""
    if context.domain.runs_on_qemu and context.domain.devices is devices:
        for chardev in context.domain.chardevs:
            if isinstance(chardev.type, str):
                yield chardev


_REQUIRED: Final = {
    "file": ("path",),
    "dev": ("path",),
    "pipe": ("path",),
    "unix": ("path",),
    "tcp": ("host", "service"),
    "spiceport": ("channel",),
    "dbus": ("channel",),
}
"""What the source has to say, by the type of the host's end. Source: libvirt 11.3.0 src/conf/domain_validate.c
(virDomainChrSourceDefValidate), alike in 7.0.0 and 9.0.0."""

_WORDS: Final = {
    "path": "the path of it",
    "host": "the host",
    "service": "the port",
    "channel": "the name of the channel",
}


def _can_do_without(chardev: Chardev) -> bool:
    """Tell whether libvirt names the host's end itself; of random numbers another rule tells."""
    if chardev.device.tag == "rng":
        return True
    if chardev.device.tag == "redirdev":
        return chardev.type == "dbus"
    return chardev.device.tag == "channel" and chardev.type == "unix" and chardev.target in ("virtio", "xen", UNKNOWN)


@rule(
    "CHR001",
    "chardev-source-missing",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_SOURCE}, {_ALIKE}",
    bad=Example("<serial type='file'/> <!-- CHR001 -->"),
    good=Example("<serial type='file'>\n  <source path='/var/log/web1-serial.log'/>\n</serial>"),
)
def chardev_source_missing(context: Context, chardev: Chardev) -> Problems:
    """The host's end of a device is not named.

    A file, a device, a pipe and a socket need a path, TCP a host and a service, D-Bus and ports of SPICE a name. A
    channel of virtio can do without a path: libvirt makes a socket. Else it refuses to define the domain.
    """
    for name in () if chardev.is_aliased else _REQUIRED.get(str(chardev.type), ()):
        if attribute(chardev.source, name) is None and not _can_do_without(chardev):
            at = chardev.element if chardev.source is None else chardev.source
            yield Problem(
                Spot(at),
                f"type='{chardev.type}' needs {_WORDS[name]}: libvirt refuses the definition",
                f"add {'<source ' if chardev.source is None else ''}{name}='…'{'/>' if chardev.source is None else ''}",
            )


@rule(
    "CHR002",
    "udp-without-service",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_SOURCE}, {_ALIKE}",
    bad=Example(
        "<serial type='udp'>\n  <source mode='bind' host='0.0.0.0' service='4555'/> <!-- CHR002 -->\n</serial>"
    ),
    good=Example(
        "<serial type='udp'>\n  <source mode='bind' host='0.0.0.0' service='4555'/>\n"
        "  <source mode='connect' host='192.0.2.1' service='4556'/>\n</serial>"
    ),
)
def udp_without_service(context: Context, chardev: Chardev) -> Problems:
    """It is not said where datagrams go.

    UDP may have two sources: where it listens (bind), and where it sends to (connect), which it needs. libvirt refuses
    to define the domain without the service of that one.
    """
    if chardev.type != "udp" or chardev.device.tag == "rng" or chardev.is_aliased:
        return
    sending = [one for one in chardev.sources[:2] if attribute(one, "mode") in (None, "connect", UNKNOWN)]
    if not sending or attribute(sending[0], "service") is None:
        at = sending[0] if sending else chardev.source if chardev.source is not None else chardev.element
        yield Problem(
            Spot(at),
            "type='udp' needs the port that it sends to: libvirt refuses the definition",
            "add service='…'" if sending else "add <source mode='connect' host='…' service='…'/>",
        )


@rule(
    "CHR003",
    "chardev-sources",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_PARSER} (virDomainChrSourceDefParseXML), {_ALIKE}",
    bad=Example(
        "<serial type='unix'>\n  <source mode='bind' path='/run/a'/>\n"
        "  <source mode='bind' path='/run/b'/> <!-- CHR003 -->\n</serial>"
    ),
    good=Example("<serial type='unix'>\n  <source mode='bind' path='/run/a'/>\n</serial>"),
)
def chardev_sources(context: Context, chardev: Chardev) -> Problems:
    """A device leads to more places on the host than it can.

    It leads to one; with UDP it may have one to listen and one to send to. libvirt refuses to define the domain.
    """
    most = 2 if chardev.type == "udp" else 1
    if len(chardev.sources) > most and chardev.type is not UNKNOWN:
        yield Problem(
            Spot(chardev.sources[most]),
            f"type='{chardev.type}' takes {'two sources' if most == 2 else 'one source'} at most:"
            " libvirt refuses the definition",
            "remove this one, or give it a device of its own",
            ((Spot(chardev.sources[0]), "the first one"),),
        )


@rule(
    "CHR004",
    "chardev-mode",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_PARSER} (virDomainChrSourceDefParseTCP, -ParseUDP, -ParseUnix), {_ALIKE}",
    bad=Example("<serial type='unix'>\n  <source mode='listen' path='/run/a'/> <!-- CHR004 -->\n</serial>"),
    good=Example("<serial type='unix'>\n  <source mode='bind' path='/run/a'/>\n</serial>"),
)
def chardev_mode(context: Context, chardev: Chardev) -> Problems:
    """Whether QEMU listens or connects is said in a word that libvirt does not know.

    libvirt refuses to define the domain.
    """
    if chardev.type not in ("tcp", "udp", "unix"):
        return
    for source in chardev.sources[: 2 if chardev.type == "udp" else 1]:
        mode = attribute(source, "mode")
        if isinstance(mode, str) and mode not in ("bind", "connect"):
            yield Problem(
                Spot(source, "mode"),
                f"'{mode}' is no mode: libvirt refuses the definition",
                "write 'bind' where QEMU shall listen, 'connect' where it shall connect",
            )


@rule(
    "CHR005",
    "reconnect-time-missing",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_PARSER} (virDomainChrSourceReconnectDefParseXML), {_ALIKE}",
    bad=Example(
        "<serial type='unix'>\n  <source mode='connect' path='/run/a'>\n"
        "    <reconnect enabled='yes'/> <!-- CHR005 -->\n  </source>\n</serial>"
    ),
    good=Example(
        "<serial type='unix'>\n  <source mode='connect' path='/run/a'>\n"
        "    <reconnect enabled='yes' timeout='5'/>\n  </source>\n</serial>"
    ),
)
def reconnect_time_missing(context: Context, chardev: Chardev) -> Problems:
    """QEMU shall connect again, and it is not said after how many seconds.

    libvirt refuses to define the domain.
    """
    reconnect = chardev.reconnect
    if reconnect is not None and attribute(reconnect, "enabled") == "yes" and reconnect.get("timeout") is None:
        yield Problem(Spot(reconnect), "it is not said after how many seconds QEMU connects again", "add timeout='…'")


@rule(
    "CHR006",
    "reconnect-impossible",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_SOURCE}; src/qemu/qemu_validate.c (qemuValidateDomainChrSourceReconnectDef), {_ALIKE}",
    bad=Example(
        "<serial type='unix'>\n  <source mode='bind' path='/run/a'>\n"
        "    <reconnect enabled='yes' timeout='5'/> <!-- CHR006 -->\n  </source>\n</serial>"
    ),
    good=Example(
        "<serial type='unix'>\n  <source mode='connect' path='/run/a'>\n"
        "    <reconnect enabled='yes' timeout='5'/>\n  </source>\n</serial>"
    ),
)
def reconnect_impossible(context: Context, chardev: Chardev) -> Problems:
    """QEMU shall connect again where it listens, or after no time.

    Only with mode='connect' there is a connection to make again, and it needs a time of at least one second. libvirt
    refuses to define the domain; enabled='no' is refused as well where QEMU listens.
    """
    reconnect = chardev.reconnect
    if reconnect is None or chardev.is_aliased:
        return
    enabled = attribute(reconnect, "enabled")
    if chardev.is_listening and enabled in ("yes", "no") and chardev.device.tag != "rng":
        yield Problem(
            Spot(reconnect),
            "QEMU listens here, so that it has nothing to connect to again: libvirt refuses the definition",
            "remove <reconnect>, or set mode='connect'",
        )
    elif enabled == "yes" and decimal(attribute(reconnect, "timeout")) == 0:
        yield Problem(Spot(reconnect, "timeout"), "QEMU cannot connect again after 0 seconds", "write at least 1")


_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
"""Source: libvirt 11.3.0 src/conf/domain_validate.c (SERIAL_CHANNEL_NAME_CHARS)."""


@rule(
    "CHR007",
    "chardev-channel-name",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_SOURCE}, {_ALIKE}",
    bad=Example(
        "<serial type='spiceport'>\n  <source channel='org example'/> <!-- CHR007 -->\n</serial>\n"
        "<graphics type='spice' autoport='yes'/>"
    ),
    good=Example(
        "<serial type='spiceport'>\n  <source channel='org.example.console.0'/>\n</serial>\n"
        "<graphics type='spice' autoport='yes'/>"
    ),
)
def chardev_channel_name(context: Context, chardev: Chardev) -> Problems:
    """The name of a port of SPICE or D-Bus has characters that it cannot have.

    It may have letters, digits, dots, hyphens and underscores. libvirt refuses to define the domain.
    """
    name = attribute(chardev.source, "channel") if chardev.type in ("spiceport", "dbus") else None
    if chardev.is_aliased:
        return
    if isinstance(name, str) and chardev.source is not None and not _NAME_CHARACTERS.issuperset(name):
        yield Problem(
            Spot(chardev.source, "channel"),
            f"'{name}' has characters that the name of a channel cannot have",
            "use letters, digits, '.', '-' and '_'",
        )


@rule(
    "CHR008",
    "tcp-protocol-unsupported",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    asked="11.3.0",
    source=_QEMU,
    bad=Example(
        "<serial type='tcp'>\n  <source mode='connect' host='192.0.2.1' service='2445'/>\n"
        "  <protocol type='telnets'/> <!-- CHR008 -->\n</serial>"
    ),
    good=Example(
        "<serial type='tcp'>\n  <source mode='connect' host='192.0.2.1' service='2445'/>\n"
        "  <protocol type='telnet'/>\n</serial>"
    ),
)
def tcp_protocol_unsupported(context: Context, chardev: Chardev) -> Problems:
    """QEMU does not speak this protocol on TCP connections.

    It speaks raw and telnet, and TLS where tls='yes' stands at the source. libvirt refuses to define the domain; older
    ones spoke raw TCP instead.
    """
    protocol = child(chardev.element, "protocol") if chardev.type == "tcp" else None
    kind = attribute(protocol, "type")
    if protocol is not None and kind in ("telnets", "tls") and not chardev.is_aliased:
        yield Problem(
            Spot(protocol, "type"),
            f"QEMU does not speak '{kind}'",
            "write 'raw' or 'telnet'; encryption is tls='yes' at <source>",
        )


@rule(
    "CHR009",
    "spice-port-without-display",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    instead_of=("HOST161", "HOST162"),
    asked="9.0.0",
    source=f"{_QEMU}, alike in 9.0.0",
    bad=Example("<channel type='spicevmc'> <!-- CHR009 -->\n  <target type='virtio'/>\n</channel>"),
    good=Example(
        "<channel type='spicevmc'>\n  <target type='virtio'/>\n</channel>\n<graphics type='spice' autoport='yes'/>"
    ),
)
def spice_port_without_display(context: Context, chardev: Chardev) -> Problems:
    """A device leads to the client of a SPICE display, and the domain has no such display.

    That is so of channels for copy and paste, of redirected USB devices and smartcards, where somebody has removed
    SPICE. libvirt refuses to define the domain; older ones left it to QEMU.
    """
    if chardev.type not in ("spicevmc", "spiceport") or chardev.is_aliased:
        return
    if has_graphics(context.domain.graphics, "spice") is False:
        yield Problem(
            Spot(chardev.element, "type"),
            f"type='{chardev.type}' leads to the client of a SPICE display, and the domain has none",
            f"remove the <{chardev.device.tag}>, or add <graphics type='spice'/>",
        )


@rule(
    "CHR010",
    "spicevmc-target",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_chardev,
    source=f"{_PARSER} (virDomainChrDefParseXML), {_ALIKE}",
    bad=Example("<serial type='spicevmc'/> <!-- CHR010 -->\n<graphics type='spice' autoport='yes'/>"),
    good=Example(
        "<channel type='spicevmc'>\n  <target type='virtio'/>\n</channel>\n<graphics type='spice' autoport='yes'/>"
    ),
)
def spicevmc_target(context: Context, chardev: Chardev) -> Problems:
    """What SPICE uses for copy and paste is a channel of virtio.

    A port or console cannot be of the type spicevmc. libvirt refuses to define the domain.
    """
    if chardev.type != "spicevmc" or chardev.device.tag not in ("serial", "parallel", "console", "channel"):
        return
    # libvirt compares numbers of targets: those of virtio channels, USB serial ports and Xen consoles are the same.
    same = {"channel": ("virtio",), "serial": ("usb-serial",), "console": ("xen",)}.get(str(chardev.device.tag), ())
    if chardev.target not in (*same, UNKNOWN):
        yield Problem(
            Spot(chardev.element, "type"),
            f"type='spicevmc' is for channels of virtio, not for this <{chardev.device.tag}>",
            "make it <channel type='spicevmc'><target type='virtio'/></channel>, or take another type, as 'pty'",
        )


@rule(
    "CHR011",
    "chardev-null-modem",
    outcome=Outcome.START,
    on="devices",
    each=_each_chardev,
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildChardevCommand); 7.0.0 (qemuBuildChrChardevStr)",
    bad=Example(
        "<serial type='nmdm'> <!-- CHR011 -->\n  <source master='/dev/nmdm0A' slave='/dev/nmdm0B'/>\n</serial>"
    ),
    good=Example("<serial type='pty'/>"),
)
def chardev_null_modem(context: Context, chardev: Chardev) -> Problems:
    """A null modem is a pair of devices of FreeBSD, for bhyve.

    libvirt defines the domain with both ends named (or none), and does not start it: QEMU has no such thing.
    """
    if chardev.type != "nmdm" or chardev.is_aliased:
        return
    ends = [name for name in ("master", "slave") if chardev.source is not None and chardev.source.get(name) is not None]
    is_half = len(ends) == 1
    yield Problem(
        Spot(chardev.element, "type"),
        "QEMU has no null modem" + (", and only one end of it is named" if is_half else ""),
        "take type='pty'",
        outcome=Outcome.DEFINE if is_half else None,
    )


@rule(
    "CHR012",
    "chardev-socket-path",
    outcome=Outcome.START,
    on="devices",
    each=_each_chardev,
    source="libvirt 11.3.0 src/qemu/qemu_command.c (qemuOpenChrChardevUNIXSocket), alike in 7.0.0 and 9.0.0; unix(7)",
    bad=Example(f"<serial type='unix'>\n  <source mode='bind' path='/run/{'a' * 103}'/> <!-- CHR012 -->\n</serial>"),
    good=Example(f"<serial type='unix'>\n  <source mode='bind' path='/run/{'a' * 102}'/>\n</serial>"),
)
def chardev_socket_path(context: Context, chardev: Chardev) -> Problems:
    """The path of a socket is longer than sockets can have.

    Linux has room for 107 bytes. libvirt defines the domain, and does not start it.
    """
    path = attribute(chardev.source, "path") if chardev.type == "unix" else None
    if not isinstance(path, str) or chardev.source is None or not chardev.is_listening or chardev.is_aliased:
        return
    if len(path.encode()) > LONGEST_SOCKET_PATH:
        yield Problem(
            Spot(chardev.source, "path"),
            f"the path of the socket has {len(path.encode())} bytes, and can have {LONGEST_SOCKET_PATH} at most",
            "choose a shorter one",
        )
