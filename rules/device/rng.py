"""DEV05x: daemons that random numbers come from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import UNKNOWN, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule

_NEEDED: Final = {
    "tcp": ("host", "service"),
    "udp": ("service",),
    "unix": ("path",),
    "file": ("path",),
    "dev": ("path",),
    "pipe": ("path",),
    "spiceport": ("channel",),
    "dbus": ("channel",),
}
"""What the source of a character device of each type must name.

Source: libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainChrSourceDefValidate).
"""

_CONNECTED: Final = ("tcp", "unix")


class _Daemon(NamedTuple):
    """The backend of a random number generator that is a daemon, its type, and the source that is connected to."""

    backend: Element
    type: str
    source: Element | None


def _each_daemon(context: Context, backend: Element) -> Iterator[_Daemon]:
    kind = attribute(backend, "type")
    if backend.get("model") != "egd" or not isinstance(kind, str) or not context.domain.runs_on_qemu:
        return
    sources = list(backend.iterchildren("source"))
    if kind == "udp":
        if any(attribute(source, "mode") is UNKNOWN for source in sources):
            return
        sources = [source for source in sources if attribute(source, "mode") in (None, "connect")]
    yield _Daemon(backend, kind, sources[0] if sources else None)


_EGD: Final = """\
<rng model='virtio'>
  <backend model='egd' type='{}'>
    {}
  </backend>
</rng>
"""


@rule(
    "DEV050",
    "rng-source-incomplete",
    outcome=Outcome.DEFINE,
    on="devices/rng/backend",
    each=_each_daemon,
    mentions=("egd",),
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainChrSourceDefValidate); seen with 11.3.0",
    bad=Example(_EGD.format("tcp", "<source mode='connect' host='192.0.2.7'/> <!-- DEV050 -->")),
    good=Example(_EGD.format("tcp", "<source mode='connect' host='192.0.2.7' service='708'/>")),
    instead_of=("SCHEMA006",),
)
def rng_source_incomplete(context: Context, daemon: _Daemon) -> Problems:
    """The daemon that random numbers come from cannot be reached: a part of its address is missing.

    What the source must name hangs on the type of the backend: host and service for TCP, a path for a Unix socket.
    libvirt refuses the definition.
    """
    missing = [name for name in _NEEDED.get(daemon.type, ()) if attribute(daemon.source, name) is None]
    if missing:
        yield Problem(
            Spot(daemon.backend if daemon.source is None else daemon.source),
            f"the source of random numbers, of type '{daemon.type}', has no {' and no '.join(missing)}",
            f"add <source mode='connect' {' '.join(f'{name}=…' for name in missing)}/>"
            if daemon.source is None
            else f"add {' and '.join(missing)}",
        )


@rule(
    "DEV051",
    "rng-source-reconnecting",
    outcome=Outcome.DEFINE,
    on="devices/rng/backend",
    each=_each_daemon,
    mentions=("egd",),
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainChrSourceDefValidate); seen with 11.3.0",
    bad=Example(
        _EGD.format(
            "unix",
            "<source mode='bind' path='/run/egd.sock'>\n"
            "      <reconnect enabled='yes' timeout='10'/> <!-- DEV051 -->\n    </source>",
        )
    ),
    good=Example(
        _EGD.format(
            "unix",
            "<source mode='connect' path='/run/egd.sock'>\n"
            "      <reconnect enabled='yes' timeout='10'/>\n    </source>",
        )
    ),
)
def rng_source_reconnecting(context: Context, daemon: _Daemon) -> Problems:
    """QEMU listens for the daemon, and is to connect again.

    Only who connects can do so again. libvirt refuses the definition, also with enabled='no'.
    """
    source = daemon.source
    if daemon.type not in _CONNECTED or source is None or attribute(source, "mode") != "bind":
        return
    reconnect = child(source, "reconnect")
    if reconnect is not None and attribute(reconnect, "enabled") in ("yes", "no"):
        yield Problem(
            Spot(reconnect),
            "QEMU listens here (mode='bind'), and can connect again only where it is the client",
            "remove <reconnect>, or say mode='connect'",
        )
