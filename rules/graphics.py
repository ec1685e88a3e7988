"""GFX: displays, where they listen, and who may look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.graphics import LISTENING, Graphics, has_graphics
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, decimal, has_twin
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.versions import Version

_VALIDATE: Final = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefGraphics)"
_PARSER: Final = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainGraphicsListenDefParseXML)"
_LISTENS: Final = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainGraphicsDefListensValidate)"
_START: Final = "libvirt 11.3.0 src/qemu/qemu_process.c (qemuProcessStartValidateGraphics)"
_COMMAND: Final = "libvirt 11.3.0 src/qemu/qemu_command.c"
_ALIKE: Final = "alike in 7.0.0 and 9.0.0"

_RDP_SINCE: Final = Version(11, 1, 0)
"""The libvirt whose QEMU driver has RDP (NEWS.rst, 11.1.0)."""


def _graphics_of(context: Context, element: Element) -> Graphics | None:
    if not context.domain.runs_on_qemu:
        return None
    return next((one for one in context.domain.graphics if one.element is element), None)


# Several displays.


def _each_further(context: Context, element: Element) -> Iterator[Graphics]:
    """A display that is not the only one, of a type that is known."""
    if has_twin(element) and len(context.domain.graphics) > 1:
        graphics = _graphics_of(context, element)
        if graphics is not None and isinstance(graphics.type, str):
            yield graphics


@rule(
    "GFX001",
    "graphics-of-one-type",
    outcome=Outcome.START,
    on="devices/graphics",
    each=_each_further,
    source=f"{_COMMAND} (qemuBuildCommandLineValidate), {_ALIKE}",
    bad=Example("<graphics type='vnc'/>\n<graphics type='vnc' port='5999'/> <!-- GFX001 -->"),
    good=Example("<graphics type='vnc'/>\n<graphics type='spice' autoport='yes'/>"),
)
def graphics_of_one_type(context: Context, graphics: Graphics) -> Problems:
    """There are two displays of one type.

    QEMU has one VNC server, one for SPICE, one window, one display on D-Bus. libvirt defines the domain, and does not
    start it.
    """
    first = next(one for one in context.domain.graphics if one.type == graphics.type)
    if first is not graphics and graphics.type not in _NEVER:
        yield Problem(
            Spot(graphics.element),
            f"there is a display of the type '{graphics.type}' already: QEMU has one of each type",
            "remove one of the two",
            ((Spot(first.element), "the first one"),),
        )


_BESIDE_EGL: Final = ("egl-headless", "vnc", "spice")


@rule(
    "GFX002",
    "egl-headless-company",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_further,
    source=f"{_VALIDATE}, {_ALIKE}",
    bad=Example("<graphics type='egl-headless'/>\n<graphics type='sdl'/> <!-- GFX002 -->"),
    good=Example("<graphics type='egl-headless'/>\n<graphics type='vnc'/>"),
)
def egl_headless_company(context: Context, graphics: Graphics) -> Problems:
    """egl-headless draws for displays of another type than this one.

    It goes with VNC and SPICE alone. libvirt refuses to define the domain.
    """
    if graphics.type not in _BESIDE_EGL and has_graphics(context.domain.graphics, "egl-headless"):
        yield Problem(
            Spot(graphics.element, "type"),
            f"egl-headless draws for VNC and SPICE, not for a display of the type '{graphics.type}'",
            "remove one of the two displays",
        )


@rule(
    "GFX003",
    "opengl-twice",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_further,
    source=f"{_VALIDATE}, {_ALIKE}",
    bad=Example(
        "<graphics type='egl-headless'/>\n<graphics type='spice' autoport='yes'>\n"
        "  <gl enable='yes'/> <!-- GFX003 -->\n</graphics>"
    ),
    good=Example("<graphics type='egl-headless'/>\n<graphics type='spice' autoport='yes'/>"),
)
def opengl_twice(context: Context, graphics: Graphics) -> Problems:
    """SPICE and egl-headless shall both draw with OpenGL.

    QEMU lets one of them. libvirt refuses to define the domain.
    """
    gl = child(graphics.element, "gl")
    if graphics.type != "spice" or gl is None or attribute(gl, "enable") != "yes":
        return
    if has_graphics(context.domain.graphics, "egl-headless"):
        yield Problem(
            Spot(gl, "enable"),
            "SPICE and egl-headless shall both draw with OpenGL, and QEMU lets one of them",
            "set <gl enable='no'/>, or remove the display 'egl-headless'",
        )


# Types.

_NEVER: Final = ("desktop",)
"""Types that QEMU has no display for. Source: libvirt 11.3.0 src/qemu/qemu_capabilities.c
(virQEMUCapsFillDomainDeviceGraphicsCaps), alike in 7.0.0 and 9.0.0."""


def _each_strange(context: Context, element: Element) -> Iterator[Graphics]:
    """A display of a type that is not in common use."""
    if element.get("type") not in ("vnc", "spice", "sdl", "egl-headless"):
        graphics = _graphics_of(context, element)
        if graphics is not None:
            yield graphics


@rule(
    "GFX010",
    "graphics-type-unsupported",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_strange,
    source=f"{_VALIDATE}, {_ALIKE}",
    bad=Example("<graphics type='desktop'/> <!-- GFX010 -->"),
    good=Example("<graphics type='sdl'/>"),
)
def graphics_type_unsupported(context: Context, graphics: Graphics) -> Problems:
    """The type of the display is one of other hypervisors.

    The desktop is VirtualBox's; libvirt offers RDP of QEMU since 11.1.0. It refuses to define the domain.
    """
    is_old = graphics.type == "rdp" and context.is_older_than(_RDP_SINCE)
    if graphics.type in _NEVER or is_old:
        yield Problem(
            Spot(graphics.element, "type"),
            f"libvirt has no display of the type '{graphics.type}' for QEMU" + (" before 11.1.0" if is_old else ""),
            "take 'vnc' or 'spice' to look from elsewhere, 'sdl' for a window on the host",
        )


@rule(
    "GFX011",
    "dbus-address-of-peer",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_strange,
    instead_of=("SCHEMA011",),
    asked="8.4.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainGraphicsDefValidate), alike in 9.0.0",
    bad=Example("<graphics type='dbus' p2p='yes' address='unix:path=/run/bus'/> <!-- GFX011 -->"),
    good=Example("<graphics type='dbus' p2p='yes'/>"),
)
def dbus_address_of_peer(context: Context, graphics: Graphics) -> Problems:
    """A display on D-Bus is for one peer that connects to it, and names the address of a bus.

    libvirt refuses to define the domain.
    """
    is_both = attribute(graphics.element, "p2p") == "yes" and graphics.element.get("address") is not None
    if graphics.type == "dbus" and is_both:
        yield Problem(
            Spot(graphics.element, "address"),
            "with p2p='yes' there is no bus, so that it has no address",
            "remove the address, or p2p='yes'",
        )


_RDP_ATTRIBUTES: Final = (("replaceUser", "yes"), ("multiUser", "yes"), ("passwdValidTo", None))
"""What QEMU's RDP cannot: attributes, and the value that asks for it. The last one counts where there is a password.

Source: libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefRDPGraphics).
"""


@rule(
    "GFX012",
    "rdp-option",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_strange,
    asked="11.1.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefRDPGraphics)",
    bad=Example("<graphics type='dbus'/>\n<graphics type='rdp' multiUser='yes'/> <!-- GFX012 -->"),
    good=Example("<graphics type='dbus'/>\n<graphics type='rdp'/>"),
)
def rdp_option(context: Context, graphics: Graphics) -> Problems:
    """RDP shall do what it cannot with QEMU.

    It has one user at a time, who keeps others out, and passwords that do not end. libvirt refuses to define the
    domain.
    """
    for name, value in _RDP_ATTRIBUTES if graphics.type == "rdp" else ():
        found = attribute(graphics.element, name)
        if isinstance(found, str) and value in (None, found) and (value or graphics.element.get("passwd") is not None):
            yield Problem(
                Spot(graphics.element, name), f"QEMU's RDP cannot do what {name}='{found}' asks", f"remove {name}"
            )


@rule(
    "GFX013",
    "rdp-without-dbus",
    outcome=Outcome.START,
    on="devices/graphics",
    each=_each_strange,
    asked="11.1.0",
    source=_START,
    bad=Example("<graphics type='rdp'/> <!-- GFX013 -->"),
    good=Example("<graphics type='dbus'/>\n<graphics type='rdp'/>"),
)
def rdp_without_dbus(context: Context, graphics: Graphics) -> Problems:
    """RDP needs a display on a D-Bus bus, which it serves.

    libvirt starts the program qemu-rdp, which looks at QEMU's display there. Without one, libvirt does not start the
    domain.
    """
    buses = [one for one in context.domain.graphics if one.type in ("dbus", UNKNOWN)]
    if graphics.type == "rdp" and (not buses or attribute(buses[0].element, "p2p") == "yes"):
        yield Problem(
            Spot(graphics.element),
            "RDP serves a display on a D-Bus bus, and the domain has none",
            "add <graphics type='dbus'/>, without p2p='yes'",
        )


# Where they listen.


def _each_listen(context: Context, listen: Element) -> Iterator[tuple[Graphics, Element]]:
    """A ``<listen>`` that libvirt reads, with its display."""
    holder = listen.getparent()
    graphics = None if holder is None else _graphics_of(context, holder)
    if graphics is not None and graphics.type in LISTENING:
        yield graphics, listen


@rule(
    "GFX020",
    "several-listens",
    outcome=Outcome.START,
    on="devices/graphics/listen",
    each=_each_listen,
    source=f"{_START}, {_ALIKE}",
    bad=Example(
        "<graphics type='vnc'>\n  <listen type='address' address='127.0.0.1'/>\n"
        "  <listen type='address' address='192.0.2.1'/> <!-- GFX020 -->\n</graphics>"
    ),
    good=Example("<graphics type='vnc'>\n  <listen type='address' address='127.0.0.1'/>\n</graphics>"),
)
def several_listens(context: Context, item: tuple[Graphics, Element]) -> Problems:
    """A display shall listen at more than one place.

    QEMU listens at one. libvirt defines the domain, and does not start it.
    """
    graphics, listen = item
    if len(graphics.listens) > 1 and graphics.listens[1] is listen:
        yield Problem(
            Spot(listen),
            "a display listens at one place: the domain does not start with several",
            "keep one <listen>; 0.0.0.0 or :: stand for all addresses of the host",
            ((Spot(graphics.listens[0]), "the first one"),),
        )


@rule(
    "GFX021",
    "listen-type-of-display",
    outcome=Outcome.DEFINE,
    on="devices/graphics/listen",
    each=_each_listen,
    source=f"{_LISTENS}; 7.0.0 and 9.0.0 src/conf/domain_conf.c (virDomainGraphicsListenDefParseXML)",
    bad=Example("<graphics type='dbus'/>\n<graphics type='rdp'>\n  <listen type='none'/> <!-- GFX021 -->\n</graphics>"),
    good=Example("<graphics type='vnc'>\n  <listen type='none'/>\n</graphics>"),
)
def listen_type_of_display(context: Context, item: tuple[Graphics, Element]) -> Problems:
    """RDP is a protocol of networks: it listens on no socket in a file, and not nowhere.

    libvirt refuses to define the domain.
    """
    graphics, listen = item
    kind = attribute(listen, "type")
    if graphics.type == "rdp" and kind in ("socket", "none"):
        yield Problem(
            Spot(listen, "type"), f"RDP cannot listen as type='{kind}' says", "take type='address' or type='network'"
        )


class _Elsewhere(NamedTuple):
    attribute: str
    type: str


_ATTRIBUTES_OF_LISTENS: Final = (_Elsewhere("network", "network"), _Elsewhere("socket", "socket"))


@rule(
    "GFX022",
    "listen-attribute-of-other-type",
    outcome=Outcome.DEFINE,
    on="devices/graphics/listen",
    each=_each_listen,
    instead_of=("SCHEMA002", "SCHEMA004"),
    source=f"{_PARSER}, {_ALIKE}",
    bad=Example("<graphics type='vnc'>\n  <listen type='address' network='default'/> <!-- GFX022 -->\n</graphics>"),
    good=Example("<graphics type='vnc'>\n  <listen type='network' network='default'/>\n</graphics>"),
)
def listen_attribute_of_other_type(context: Context, item: tuple[Graphics, Element]) -> Problems:
    """A display listens in one way, and the place is said for another.

    The attribute network goes with the type network, socket with socket. libvirt refuses to define the domain.
    """
    _graphics, listen = item
    kind = attribute(listen, "type")
    for name, wanted in _ATTRIBUTES_OF_LISTENS:
        if listen.get(name) and isinstance(kind, str) and kind != wanted:
            yield Problem(
                Spot(listen, name),
                f"'{name}' says where to listen with type='{wanted}', and this is type='{kind}'",
                f"write type='{wanted}', or remove {name}",
            )


@rule(
    "GFX023",
    "listen-contradiction",
    outcome=Outcome.DEFINE,
    on="devices/graphics/listen",
    each=_each_listen,
    source=f"{_PARSER}, {_ALIKE}",
    bad=Example(
        "<graphics type='vnc' listen='127.0.0.1'>\n"
        "  <listen type='address' address='192.0.2.1'/> <!-- GFX023 -->\n</graphics>"
    ),
    good=Example(
        "<graphics type='vnc' listen='127.0.0.1'>\n  <listen type='address' address='127.0.0.1'/>\n</graphics>"
    ),
)
def listen_contradiction(context: Context, item: tuple[Graphics, Element]) -> Problems:
    """Where a display listens is said twice, and not alike.

    The attribute of `<graphics>` is an older way to say what the first `<listen>` says. libvirt refuses to define the
    domain where they differ.
    """
    graphics, listen = item
    if graphics.listens[0] is not listen:
        return
    kind = attribute(listen, "type")
    for wanted, old, new in (("address", "listen", "address"), ("socket", "socket", "socket")):
        above, here = attribute(graphics.element, old), attribute(listen, new)
        if kind == wanted and isinstance(above, str) and isinstance(here, str) and above != here:
            yield Problem(
                Spot(listen, new),
                f"'{here}' is not '{above}', which {old}='…' of <graphics> says",
                f"remove {old}='{above}' from <graphics>, or write the same",
                ((Spot(graphics.element, old), "says another place"),),
            )


@rule(
    "GFX024",
    "listen-network-empty",
    outcome=Outcome.DEFINE,
    on="devices/graphics/listen",
    each=_each_listen,
    instead_of=("SCHEMA006",),
    asked="9.0.0",
    source=f"{_LISTENS}, alike in 9.0.0",
    bad=Example("<graphics type='vnc'>\n  <listen type='network' network=''/> <!-- GFX024 -->\n</graphics>"),
    good=Example("<graphics type='vnc'>\n  <listen type='network' network='default'/>\n</graphics>"),
)
def listen_network_empty(context: Context, item: tuple[Graphics, Element]) -> Problems:
    """A display shall listen on a network that is not named.

    libvirt refuses to define the domain.
    """
    _graphics, listen = item
    if attribute(listen, "type") == "network" and not listen.get("network"):
        yield Problem(
            Spot(listen, "type"),
            "type='network' needs the name of a network: libvirt refuses the definition",
            "write network='…', or take type='address'",
        )


# Ports, channels and passwords.


def _number(value: Maybe[str]) -> Maybe[int]:
    if isinstance(value, str) and value.lstrip().startswith("-"):
        below = decimal(value.lstrip()[1:])
        return -below if isinstance(below, int) else below
    return decimal(value)


def _each_vnc(context: Context, element: Element) -> Iterator[Graphics]:
    """A VNC display that says something of ports, but to take any, or of passwords."""
    if element.get("type") != "vnc" or (element.get("autoport") == "yes" and "passwd" not in element.attrib):
        return
    if element.get("passwd") is not None or element.get("port") is not None or element.get("autoport") is not None:
        graphics = _graphics_of(context, element)
        if graphics is not None:
            yield graphics


@rule(
    "GFX030",
    "vnc-port",
    outcome=Outcome.START,
    on="devices/graphics",
    each=_each_vnc,
    source=f"{_COMMAND} (qemuBuildGraphicsVNCCommandLine), {_ALIKE}",
    bad=Example("<graphics type='vnc' port='1234'/> <!-- GFX030 -->"),
    good=Example("<graphics type='vnc' port='5901'/>"),
)
def vnc_port(context: Context, graphics: Graphics) -> Problems:
    """VNC shall listen on a port that it cannot.

    QEMU counts its ports from 5900. libvirt defines the domain with a lower one, or with none where autoport is off,
    and does not start it.
    """
    port, auto = attribute(graphics.element, "port"), attribute(graphics.element, "autoport")
    if graphics.listen_type not in ("address", "network") or auto in ("yes", UNKNOWN):
        return
    number = _number(port)
    if isinstance(number, Unknown) or (auto != "no" and number in (None, -1)):
        return
    if number is None or number == -1:
        yield Problem(
            Spot(graphics.element, "autoport"),
            "VNC has no port: autoport is off, and none is named",
            "name one from 5900 to 65535, or set autoport='yes'",
        )
    elif not 5900 <= number <= 65535:
        yield Problem(
            Spot(graphics.element, "port"),
            f"VNC cannot listen on port {number}: QEMU's ports for it are 5900 to 65535",
            "name one of these, or set autoport='yes'",
        )


_LONGEST_VNC_PASSWORD: Final = 8


@rule(
    "GFX031",
    "vnc-password-too-long",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_vnc,
    asked="9.0.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefVNCGraphics), alike in 9.0.0",
    bad=Example("<graphics type='vnc' passwd='123456789'/> <!-- GFX031 -->"),
    good=Example("<graphics type='vnc' passwd='12345678'/>"),
)
def vnc_password_too_long(context: Context, graphics: Graphics) -> Problems:
    """A password of VNC has eight bytes at most.

    That is all that the protocol can. libvirt refuses to define the domain; older ones left it to QEMU.
    """
    password = attribute(graphics.element, "passwd")
    if isinstance(password, str) and len(password.encode()) > _LONGEST_VNC_PASSWORD:
        yield Problem(
            Spot(graphics.element, "passwd"),
            f"the password has {len(password.encode())} bytes, and VNC can have {_LONGEST_VNC_PASSWORD} at most",
            "shorten it; it protects little anyhow: let VNC listen on 127.0.0.1 and reach it over SSH",
        )


_CONNECTED: Final = {"vnc": ("keep",), "spice": ("fail", "disconnect", "keep"), "rdp": ("fail", "disconnect", "keep")}
"""What becomes of those who are connected when the password ends, by the type of display.

Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainGraphicsAuthDefParseXML), alike in 7.0.0 and 9.0.0.
"""


def _each_password(context: Context, element: Element) -> Iterator[Graphics]:
    """A display with a password that ends; libvirt does not look at when without a password."""
    if element.get("passwdValidTo") is None and element.get("connected") is None:
        return
    graphics = _graphics_of(context, element)
    if graphics is not None and graphics.type in _CONNECTED and element.get("passwd") is not None:
        yield graphics


def _is_time(text: str) -> bool:
    """Tell whether libvirt reads a date and a time: six numbers with what stands between them."""
    date, separator, time = text.partition("T")
    parts = [*date.split("-"), *time.split(":")]
    return bool(separator) and len(date.split("-")) == 3 and len(parts) == 6 and all(map(_is_number, parts))


def _is_number(text: str) -> bool:
    return text.strip().isdigit() and text.isascii() and len(text) < 10 and text == text.rstrip()


@rule(
    "GFX033",
    "password-end",
    outcome=Outcome.DEFINE,
    on="devices/graphics",
    each=_each_password,
    instead_of=("SCHEMA005",),
    mentions=("passwdValidTo", "connected"),
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainGraphicsAuthDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=Example("<graphics type='vnc' passwd='secret' passwdValidTo='tomorrow'/> <!-- GFX033 -->"),
    good=Example("<graphics type='vnc' passwd='secret' passwdValidTo='2030-01-31T23:59:59'/>"),
)
def password_end(context: Context, graphics: Graphics) -> Problems:
    """When a password ends, or what happens then, is not said in a way that libvirt reads.

    The end is a date and a time, in UTC. VNC can only keep those who are connected; SPICE can also throw them out.
    libvirt refuses to define the domain.
    """
    end, connected = (attribute(graphics.element, name) for name in ("passwdValidTo", "connected"))
    if isinstance(end, str) and not _is_time(end) and "--" not in end and "+" not in end:
        yield Problem(
            Spot(graphics.element, "passwdValidTo"),
            f"'{end}' is no time that libvirt reads",
            "write it as 2030-01-31T23:59:59",
        )
    values = _CONNECTED[str(graphics.type)]
    if isinstance(connected, str) and connected not in values:
        yield Problem(
            Spot(graphics.element, "connected"),
            f"'{connected}' is nothing that {graphics.type} can do with those who are connected",
            f"it can be {' or '.join(repr(value) for value in values)}",
        )


class _Connections(NamedTuple):
    """The kinds of connections that a display of SPICE offers; None: it is not known."""

    secure: bool | None
    insecure: bool | None


def _spice_connections(graphics: Graphics) -> _Connections:
    """Which connections there are.

    Source: libvirt 11.3.0 src/qemu/qemu_command.c (qemuBuildGraphicsSPICECommandLine), src/conf/domain_conf.c
    (virDomainGraphicsDefParseXMLSpice), src/conf/domain_postparse.c (virDomainDefPostParseGraphics).
    """
    kind = graphics.listen_type
    if kind in ("socket", "none"):
        return _Connections(False, True)
    auto = attribute(graphics.element, "autoport")
    numbers = [_number(attribute(graphics.element, name)) for name in ("port", "tlsPort")]
    if kind not in ("address", "network") or auto in ("yes", UNKNOWN):
        return _Connections(None, None)
    if any(isinstance(number, Unknown) or number == -1 for number in numbers):
        return _Connections(None, None)
    plain, tls = (bool(number) for number in numbers)
    if kind == "address" and not plain and not tls:
        return _Connections(False, True)
    return _Connections(tls, plain)


def _each_spice_mode(context: Context, element: Element) -> Iterator[tuple[Graphics, Spot, str]]:
    """What asks for connections of a kind: the default mode, and the last mode of each channel."""
    if element.get("type") != "spice" or (element.get("defaultMode") is None and child(element, "channel") is None):
        return
    graphics = _graphics_of(context, element)
    if graphics is None:
        return
    modes = {"": (Spot(element, "defaultMode"), attribute(element, "defaultMode"))}
    for channel in element.iterchildren("channel"):
        name = attribute(channel, "name")
        if isinstance(name, str):
            modes[name] = Spot(channel, "mode"), attribute(channel, "mode")
    for spot, mode in modes.values():
        if mode in ("secure", "insecure"):
            yield graphics, spot, mode


@rule(
    "GFX032",
    "spice-connection-missing",
    outcome=Outcome.START,
    on="devices/graphics",
    each=_each_spice_mode,
    source=f"{_COMMAND} (qemuBuildGraphicsSPICECommandLine), {_ALIKE}",
    bad=Example("<graphics type='spice' port='5901' autoport='no' defaultMode='secure'/> <!-- GFX032 -->"),
    good=Example("<graphics type='spice' port='5901' tlsPort='5902' autoport='no' defaultMode='secure'/>"),
)
def spice_connection_missing(context: Context, item: tuple[Graphics, Spot, str]) -> Problems:
    """Channels of SPICE shall be encrypted, or not, and there is no connection of that kind.

    Encrypted channels need the port tlsPort, others need port (or a socket). libvirt defines the domain, and does not
    start it.
    """
    graphics, spot, mode = item
    connections = _spice_connections(graphics)
    if (connections.secure if mode == "secure" else connections.insecure) is False:
        what, way = ("with TLS", "tlsPort") if mode == "secure" else ("without TLS", "port")
        yield Problem(
            spot,
            f"connections {what} are asked for, and this display offers none",
            f"name a port for them ({way}='…'), or set autoport='yes'",
        )


# Sound that goes with them.


def _each_audio(context: Context, audio: Element) -> Iterator[tuple[Graphics, Element]]:
    holder = audio.getparent()
    graphics = None if holder is None else _graphics_of(context, holder)
    if graphics is not None and graphics.audio is audio:
        yield graphics, audio


@rule(
    "GFX040",
    "graphics-audio-missing",
    outcome=Outcome.DEFINE,
    on="devices/graphics/audio",
    each=_each_audio,
    asked="7.2.0",
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainEnsureAudioID); src/qemu/qemu_command.c"
    " (qemuBuildGraphicsDBusCommandLine), alike in 9.0.0",
    bad=Example("<graphics type='vnc'>\n  <audio id='2'/> <!-- GFX040 -->\n</graphics>\n<audio id='1' type='none'/>"),
    good=Example("<graphics type='vnc'>\n  <audio id='1'/>\n</graphics>\n<audio id='1' type='none'/>"),
)
def graphics_audio_missing(context: Context, item: tuple[Graphics, Element]) -> Problems:
    """A display names an audio backend that the domain does not have.

    libvirt refuses to define the domain with VNC, and does not start it with D-Bus.
    """
    graphics, audio = item
    wanted = decimal(attribute(audio, "id"))
    if isinstance(wanted, int) and context.domain.audio.has(wanted) is False:
        yield Problem(
            Spot(audio, "id"),
            f"there is no <audio id='{wanted}'>",
            "write the id of an audio backend of the domain, or add one",
            outcome=Outcome.START if graphics.type == "dbus" else None,
        )


@rule(
    "GFX041",
    "dbus-audio-type",
    outcome=Outcome.DEFINE,
    on="devices/graphics/audio",
    each=_each_audio,
    asked="8.4.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefDBusGraphics), alike in 9.0.0",
    bad=Example("<graphics type='dbus'>\n  <audio id='1'/> <!-- GFX041 -->\n</graphics>\n<audio id='1' type='none'/>"),
    good=Example("<graphics type='dbus'>\n  <audio id='1'/>\n</graphics>\n<audio id='1' type='dbus'/>"),
)
def dbus_audio_type(context: Context, item: tuple[Graphics, Element]) -> Problems:
    """The audio backend of a display on D-Bus is not on D-Bus itself.

    libvirt refuses to define the domain.
    """
    graphics, audio = item
    wanted = decimal(attribute(audio, "id"))
    if graphics.type != "dbus" or not isinstance(wanted, int):
        return
    backend = next((one for one, number in context.domain.audio.written if number == wanted), None)
    if backend is not None and attribute(backend, "type") not in ("dbus", UNKNOWN):
        yield Problem(
            Spot(audio, "id"),
            f"the audio backend {wanted} is of the type '{backend.get('type')}', and a display on D-Bus needs 'dbus'",
            "make it <audio type='dbus'>, or name another one",
            ((Spot(backend, "type"), "the backend"),),
        )
