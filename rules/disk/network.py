"""DISK06x and DISK07x: disks that a server on a network has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import UNKNOWN, Unknown, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.rules.disk import ON_DISKS, Layer, disk_of, each_layer
from domlint.versions import Version

_BLOCK = "libvirt 11.3.0 src/qemu/qemu_block.c (qemuBlockStorageSourceGetBackendProps)"
_OLD_BLOCK = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_block.c"
_PARSER = "libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainDiskSourceNetworkParse)"
_HOST = "libvirt 7.0.0 to 11.3.0 src/conf/domain_conf.c (virDomainStorageNetworkParseHost)"
_SOURCE = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_domain.c (qemuDomainValidateStorageSource)"
_CHAIN = "libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidateSourceChainOne)"

_PROTOCOLS: Final = frozenset(
    {"nbd", "rbd", "iscsi", "gluster", "sheepdog", "http", "https", "ftp", "ftps", "tftp", "vxhs", "nfs", "ssh"}
)


def _each_network(context: Context, devices: Element) -> Iterator[Layer]:
    """The images of notable disks that are on a server, by a protocol that is known."""
    return (layer for layer in each_layer(context, devices) if layer.storage.protocol in _PROTOCOLS)


def _remote(
    *parts: str,
    protocol: str = "nbd",
    name: str = "web1",
    host: str = "<host name='storage.example.org'/>",
    more: str = "",
    mark: str = "",
) -> str:
    """An example: a disk on a server."""
    inner = "".join(f"    {line}\n" for line in (host, *parts) if line)
    return disk_of(
        opening="<disk type='network' device='disk'>",
        driver="  <driver name='qemu' type='raw'/>",
        source=f"  <source protocol='{protocol}' name='{name}'{more}>{mark}\n{inner}  </source>",
    )


_GOOD = Example(_remote())
_ONE_HOST: Final = frozenset({"nbd", "iscsi", "http", "https", "ftp", "ftps", "ssh", "vxhs"})
_ISCSI_COUNTED: Final = Version(11, 3, 0)


@rule(
    "DISK060",
    "not-one-server",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=_each_network,
    instead_of=("SCHEMA007", "SCHEMA008"),
    mentions=("protocol",),
    source=f"{_OLD_BLOCK}, {_SOURCE}",
    bad=Example(_remote(host="", mark=" <!-- DISK060 -->")),
    good=_GOOD,
)
def not_one_server(context: Context, layer: Layer) -> Problems:
    """The protocol has one server, and the file names none, or several.

    Ceph (rbd) and Gluster have many. libvirt defines the domain, and refuses to start it; with NFS it refuses the
    definition.
    """
    protocol, source = layer.storage.protocol, layer.storage.source
    hosts = [] if source is None else list(source.iterchildren("host"))
    if source is None or len(hosts) == 1 or protocol not in (*_ONE_HOST, "nfs"):
        return
    # Older ones take no server of iSCSI for granted; which release began to count them is not known.
    if protocol == "iscsi" and context.is_older_than(_ISCSI_COUNTED):
        return
    outcome = Outcome.DEFINE if protocol == "nfs" else Outcome.START
    yield Problem(
        Spot(hosts[1] if hosts else source),
        f"{_then(outcome)}: {layer.words} is read by {protocol} from {len(hosts) or 'no'} servers, and needs one",
        "leave one <host>" if hosts else "add <host name=…/> with the server",
        outcome=outcome,
    )


def _then(outcome: Outcome) -> str:
    return "libvirt refuses the definition" if outcome is Outcome.DEFINE else "the domain does not start"


_ONLY_TCP: Final = frozenset({"rbd", "ssh", "vxhs", "nfs"})
_NO_RDMA: Final = frozenset({"nbd", "gluster"})


@rule(
    "DISK061",
    "transport-not-for-protocol",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=_each_network,
    mentions=("protocol",),
    source=f"{_OLD_BLOCK} (qemuBlockStorageSourceBuildJSONSocketAddress, -InetSocketAddress); {_SOURCE}",
    bad=Example(_remote(host="<host transport='rdma' name='storage.example.org'/> <!-- DISK061 -->")),
    good=_GOOD,
)
def transport_not_for_protocol(_context: Context, layer: Layer) -> Problems:
    """QEMU does not reach the server in this way.

    rbd, ssh and nfs go over TCP; nbd and gluster also over sockets of the host (unix), and nothing over RDMA any more.
    """
    protocol, source = layer.storage.protocol, layer.storage.source
    for host in () if source is None else source.iterchildren("host"):
        transport = attribute(host, "transport")
        wrong = (protocol in _ONLY_TCP and transport in ("unix", "rdma")) or (
            protocol in _NO_RDMA and transport == "rdma"
        )
        if wrong and protocol != "vxhs":
            outcome = Outcome.DEFINE if protocol == "nfs" else Outcome.START
            yield Problem(
                Spot(host, "transport"),
                f"{_then(outcome)}: QEMU reads {layer.words} by {protocol} over TCP"
                f"{'' if protocol in _ONLY_TCP else ' or a socket'}, not over '{transport}'",
                "remove transport, and name the server",
                outcome=outcome,
            )


@rule(
    "DISK062",
    "server-with-wrong-address",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_network,
    instead_of=("SCHEMA004",),
    mentions=("protocol",),
    source=f"{_HOST}; {_SOURCE}",
    bad=Example(_remote(host="<host name='storage.example.org' socket='/run/nbd.sock'/> <!-- DISK062 -->")),
    good=Example(_remote(host="<host transport='unix' socket='/run/nbd.sock'/>")),
)
def server_with_wrong_address(_context: Context, layer: Layer) -> Problems:
    """The server has a socket without transport='unix', or a port with NFS.

    A socket of the host is another way to the server than its name. NFS has one port, which nobody says.
    """
    source = layer.storage.source
    for host in () if source is None else source.iterchildren("host"):
        transport = attribute(host, "transport")
        if host.get("socket") is not None and transport in (None, "tcp", "rdma"):
            yield Problem(
                Spot(host, "socket"),
                f"libvirt refuses the definition: the server of {layer.words} is reached by TCP, and has a socket",
                "say transport='unix' and leave out name and port, or remove socket",
            )
        if layer.storage.protocol == "nfs" and decimal(attribute(host, "port")) not in (None, 0, UNKNOWN):
            yield Problem(
                Spot(host, "port"),
                f"libvirt refuses the definition: the NFS server of {layer.words} has a port",
                "remove port",
            )


@rule(
    "DISK063",
    "tls-not-for-protocol",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=_each_network,
    instead_of=("SCHEMA004",),
    mentions=("protocol",),
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_domain.c (qemuDomainPrepareStorageSourceTLS), 9.0.0 and 11.3.0"
    " (qemuDomainValidateStorageSource)",
    bad=Example(_remote(protocol="rbd", name="pool/web1", more=" tls='yes'", mark=" <!-- DISK063 -->")),
    good=Example(_remote(more=" tls='yes'")),
)
def tls_not_for_protocol(context: Context, layer: Layer) -> Problems:
    """TLS of this kind is for NBD alone.

    tls='yes' makes QEMU use its certificates; https and ftps are encrypted without. libvirt refuses to start a domain
    that asks for it with another protocol, and to define one with tlsHostname.
    """
    source, protocol = layer.storage.source, layer.storage.protocol
    if source is None or protocol == "nbd":
        return
    if attribute(source, "tls") == "yes" and protocol not in ("vxhs", "tftp", "sheepdog"):
        yield Problem(
            Spot(source, "tls"),
            f"the domain does not start: {layer.words} is read by {protocol}, and tls is for nbd",
            "remove tls",
        )
    if isinstance(attribute(source, "tlsHostname"), str) and not context.is_older_than(Version(8, 2, 0)):
        yield Problem(
            Spot(source, "tlsHostname"),
            f"libvirt refuses the definition: {layer.words} is read by {protocol}, and tlsHostname is for nbd",
            "remove tlsHostname",
            outcome=Outcome.DEFINE,
        )


@rule(
    "DISK064",
    "pool-and-image-not-named",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_network,
    mentions=("protocol",),
    source=_PARSER,
    bad=Example(_remote(protocol="rbd", name="web1", mark=" <!-- DISK064 -->")),
    good=Example(_remote(protocol="rbd", name="pool/web1")),
)
def pool_and_image_not_named(_context: Context, layer: Layer) -> Problems:
    """The name of the image is missing, or not of the form pool/image.

    Ceph (rbd) wants the pool and the image with a slash between, Gluster the volume and the path. Every protocol but
    NBD needs a name.
    """
    source, protocol = layer.storage.source, layer.storage.protocol
    name = attribute(source, "name")
    if source is None or name is UNKNOWN or protocol == "nbd":
        return
    if name is None and protocol == "rbd":
        yield Problem(
            Spot(source),
            f"libvirt refuses the definition: the image of {layer.words} has no name",
            "add name='pool/image'",
        )
    elif isinstance(name, str) and protocol in ("rbd", "gluster") and name.find("/") < 1:
        parts = "pool and image" if protocol == "rbd" else "volume and path"
        yield Problem(
            Spot(source, "name"),
            f"libvirt refuses the definition: the name '{name}' of {layer.words} is not {parts} with a slash between",
            f"say {' and '.join(parts.split(' and '))} as name='a/b'",
        )


@rule(
    "DISK065",
    "iscsi-unit-not-a-number",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=_each_network,
    mentions=("protocol",),
    source=f"{_OLD_BLOCK} (qemuBlockStorageSourceGetISCSIProps)",
    bad=Example(_remote(protocol="iscsi", name="iqn.2013-07.com.example:web/one", mark=" <!-- DISK065 -->")),
    good=Example(_remote(protocol="iscsi", name="iqn.2013-07.com.example:web/1")),
)
def iscsi_unit_not_a_number(_context: Context, layer: Layer) -> Problems:
    """What stands behind the slash in an iSCSI name is not the number of a unit.

    The name is that of the target, and may have a slash and the number of the unit behind; without, it is unit 0.
    libvirt defines such a domain, and refuses to start it.
    """
    source = layer.storage.source
    name = attribute(source, "name") if layer.storage.protocol == "iscsi" else None
    if source is None or not isinstance(name, str) or "/" not in name:
        return
    unit = name.partition("/")[2]
    if not unit.startswith("-") and isinstance(decimal(unit), Unknown):
        yield Problem(
            Spot(source, "name"),
            f"the domain does not start: '{unit}' in the name of {layer.words} is no number of a unit",
            "say the target and the number of the unit, as name='iqn.2013-07.com.example:web/1'",
        )


@rule(
    "DISK066",
    "protocol-gone",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=_each_network,
    mentions=("protocol",),
    source=f"{_SOURCE}; 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidateSourceChainOne);"
    " src/qemu/qemu_process.c (qemuProcessStartValidateDisks)",
    bad=Example(_remote(protocol="vxhs", name="eb90327c-8302-4725-9e1b-4e85ed4dc251", mark=" <!-- DISK066 -->")),
    good=_GOOD,
)
def protocol_gone(context: Context, layer: Layer) -> Problems:
    """QEMU no longer has the protocol: tftp, Sheepdog, or Veritas HyperScale.

    libvirt refuses to define domains with the first two, and to start one with the last.
    """
    protocol, source = layer.storage.protocol, layer.storage.source
    since = _GONE.get(str(protocol))
    if source is None or since is None or context.is_older_than(since) or (protocol == "vxhs" and not layer.is_top):
        return
    outcome = Outcome.START if protocol == "vxhs" else Outcome.DEFINE
    yield Problem(
        Spot(source, "protocol"),
        f"{_then(outcome)}: {layer.words} is read by {protocol}, which QEMU no longer has",
        "use another protocol",
        outcome=outcome,
    )


_GONE: Final = {"tftp": Version(9, 0, 0), "sheepdog": Version(11, 3, 0), "vxhs": Version(10, 7, 0)}
"""The releases that refuse a protocol on every host, as far as they were seen."""

_WITHOUT_AUTH: Final = frozenset({"nbd", "sheepdog", "gluster", "tftp", "vxhs", "nfs"})
_SECRETS: Final = {"iscsi": "iscsi", "rbd": "ceph"}
_SECRET_TYPES: Final = frozenset({"volume", "ceph", "iscsi", "tls", "vtpm"})


@rule(
    "DISK067",
    "authentication-not-for-protocol",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_network,
    instead_of=("SCHEMA004",),
    mentions=("protocol",),
    source=f"{_CHAIN}; 7.0.0 src/conf/domain_conf.c (virDomainDiskSourceDefParseAuthValidate)",
    bad=Example(
        _remote(
            "<auth username='web'>",
            "  <secret type='iscsi' usage='storage'/> <!-- DISK067 -->",
            "</auth>",
            protocol="rbd",
            name="pool/web1",
        )
    ),
    good=Example(
        _remote(
            "<auth username='web'>",
            "  <secret type='ceph' usage='storage'/>",
            "</auth>",
            protocol="rbd",
            name="pool/web1",
        )
    ),
)
def authentication_not_for_protocol(context: Context, layer: Layer) -> Problems:
    """The protocol knows no user, or has secrets of another type.

    The secret of iSCSI has the type iscsi, that of Ceph (rbd) the type ceph. NBD, Gluster and NFS have none.
    """
    protocol, auth = layer.storage.protocol, layer.part("auth")
    if auth is None:
        return
    secret = child(auth, "secret")
    kind, needed = attribute(secret, "type"), _SECRETS.get(str(protocol))
    if protocol in _WITHOUT_AUTH and not context.is_older_than(Version(9, 0, 0)):
        yield Problem(
            Spot(auth),
            f"libvirt refuses the definition: {layer.words} is read by {protocol}, which knows no users",
            "remove <auth>",
        )
    elif secret is not None and needed is not None and kind in _SECRET_TYPES and kind != needed:
        yield Problem(
            Spot(secret, "type"),
            f"libvirt refuses the definition: {layer.words} is read by {protocol}, whose secrets are of the type"
            f" '{needed}', not '{kind}'",
            f"say type='{needed}', and name such a secret",
        )


_NOT_IN_COOKIES: Final = frozenset({*map(chr, range(1, 0x20)), *' ",;\\'})


@rule(
    "DISK068",
    "cookie-twice",
    outcome=Outcome.DEFINE,
    on="devices/disk/source/cookies",
    source="libvirt 7.0.0 to 11.3.0 src/conf/storage_source_conf.c (virStorageSourceNetCookiesValidate)",
    bad=Example(
        _remote(
            "<cookies>",
            "  <cookie name='session'>a1</cookie>",
            "  <cookie name='session'>b2</cookie> <!-- DISK068 -->",
            "</cookies>",
            protocol="https",
        )
    ),
    good=Example(_remote("<cookies>", "  <cookie name='session'>a1</cookie>", "</cookies>", protocol="https")),
)
def cookie_twice(context: Context, cookies: Element) -> Problems:
    """Two cookies have the same name, or the value of one begins with a quote and does not end with one.

    libvirt sends the cookies as one line; the quotes around a value must be a pair.
    """
    source = cookies.getparent()
    if source is None or attribute(source, "protocol") not in ("http", "https") or not context.domain.runs_on_qemu:
        return
    seen: set[str] = set()
    for cookie in cookies.iterchildren("cookie"):
        name, value = attribute(cookie, "name"), cookie.text or ""
        if isinstance(name, str) and name in seen:
            yield Problem(
                Spot(cookie),
                f"libvirt refuses the definition: another cookie has the name '{name}'",
                "give each cookie its own name",
            )
        elif value.startswith('"') and (not value.endswith('"') or not _NOT_IN_COOKIES.isdisjoint(value[1:-1])):
            yield Problem(
                Spot(cookie),
                f"libvirt refuses the definition: the quotes around the value of the cookie '{name}' are no pair",
                "remove the quote, or add the other one",
            )
        if isinstance(name, str):
            seen.add(name)
