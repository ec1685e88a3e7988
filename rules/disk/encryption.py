"""DISK08x: encryption of images, and secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import UNKNOWN, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.rules.disk import ON_DISKS, Layer, disk_of, each_layer
from domlint.versions import Version

_SOURCE = "libvirt 9.0.0 and 11.3.0 src/qemu/qemu_domain.c (qemuDomainValidateStorageSource), otherwise in 7.0.0"
_PARSER = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainDiskDefParseSourceXML), alike in 7.0.0 and 9.0.0"
_SECRET = "libvirt 7.0.0 to 11.3.0 src/util/virsecret.c (virSecretLookupParseSecret)"
_UUID: Final = "0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f"
_ENGINES: Final = Version(7, 9, 0)
"""The libvirt that came to know librbd's encryption beside QEMU's."""


def _each_encrypted(context: Context, devices: Element) -> Iterator[tuple[Layer, Element]]:
    for layer in each_layer(context, devices):
        encryption = layer.part("encryption")
        if encryption is not None:
            yield layer, encryption


def _encrypted(
    *,
    encryption: str = "<encryption format='luks'>",
    secrets: tuple[str, ...] = (f"<secret type='passphrase' uuid='{_UUID}'/>",),
    image: str = "qcow2",
    more: str = "",
) -> str:
    """An example: a disk with an encrypted image."""
    inner = "".join(f"      {line}\n" for line in secrets)
    return disk_of(
        *((more,) if more else ()),
        driver=f"  <driver name='qemu' type='{image}'/>",
        source=f"  <source file='/var/lib/libvirt/images/web1.img'>\n    {encryption}\n{inner}    </encryption>\n"
        "  </source>",
    )


_GOOD = Example(_encrypted())


@rule(
    "DISK080",
    "encryption-or-user-twice",
    outcome=Outcome.DEFINE,
    on="devices/disk/source/*",
    mentions=("encryption", "auth"),
    source=_PARSER,
    bad=Example(
        _encrypted(
            encryption="<encryption format='luks'> <!-- DISK080 -->",
            more=f"  <encryption format='luks'>\n    <secret type='passphrase' uuid='{_UUID}'/>\n  </encryption>",
        )
    ),
    good=_GOOD,
)
def encryption_or_user_twice(context: Context, part: Element) -> Problems:
    """`<encryption>` or `<auth>` stands in `<source>` and in `<disk>`.

    Both places are read; libvirt refuses to choose.
    """
    source = part.getparent()
    parent = None if source is None or part.tag not in ("encryption", "auth") else source.getparent()
    disk = None if parent is None else context.domain.disks.by_element.get(parent)
    if disk is None or disk.source is not source or not context.domain.runs_on_qemu:
        return
    other = disk.parts.get(part.tag)
    if other is not None:
        yield Problem(
            Spot(part),
            f"libvirt refuses the definition: the {disk} has <{part.tag}> in <source> and beside it",
            "remove the one beside <source>",
            ((Spot(other), "the other one"),),
        )


@rule(
    "DISK081",
    "encryption-not-for-image",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_encrypted,
    mentions=("encryption",),
    source=_SOURCE,
    bad=Example(_encrypted(encryption="<encryption format='qcow'> <!-- DISK081 -->")),
    good=_GOOD,
)
def encryption_not_for_image(context: Context, encrypted: tuple[Layer, Element]) -> Problems:
    """The image cannot be encrypted in this way.

    QEMU decrypts LUKS, of its first version, in raw and qcow2 images. The encryption that qcow2 once had (formats
    qcow and default) is gone. luks2, and luks-any, are librbd's, for images of Ceph.
    """
    layer, encryption = encrypted
    format_, engine = attribute(encryption, "format"), attribute(encryption, "engine")
    image = layer.storage.format
    if not isinstance(format_, str) or engine is UNKNOWN:
        return
    spot, is_new = Spot(encryption, "format"), not context.is_older_than(_ENGINES)
    if format_ in ("default", "qcow"):
        if not is_new and image not in ("qcow", "qcow2"):
            return
        wrong, advice = f"the encryption '{format_}' of old qcow2 images is gone", "convert the image to LUKS"
    elif not is_new:
        return
    elif engine == "librbd":
        if layer.storage.type in (UNKNOWN, "network"):
            return
        wrong, advice = "librbd decrypts images of Ceph alone", "remove engine"
        spot = Spot(encryption, "engine")
    elif format_ in ("luks2", "luks-any"):
        wrong, advice = f"QEMU does not decrypt '{format_}'", "say engine='librbd' for an image of Ceph, or use luks"
    elif image not in ("raw", "qcow2", UNKNOWN):
        wrong = f"QEMU decrypts raw and qcow2 images, not {image or 'one of no format'}"
        advice = "say type='qcow2' or 'raw' in <driver>" if image is None else "convert the image to qcow2"
    else:
        return
    yield Problem(spot, f"libvirt refuses the definition of {layer.words}: {wrong}", advice)


@rule(
    "DISK082",
    "several-secrets-for-image",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_encrypted,
    asked="9.3.0",
    mentions=("encryption",),
    source="libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainValidateStorageSource)",
    bad=Example(
        _encrypted(
            encryption="<encryption format='luks'> <!-- DISK082 -->",
            secrets=(
                f"<secret type='passphrase' uuid='{_UUID}'/>",
                "<secret type='passphrase' uuid='4a81f5b2-8403-7b23-c8d6-21ccc2f80d6f'/>",
            ),
        )
    ),
    good=_GOOD,
)
def several_secrets_for_image(_context: Context, encrypted: tuple[Layer, Element]) -> Problems:
    """QEMU decrypts an image with one secret.

    Several are for librbd, whose images can be encrypted layer by layer.
    """
    layer, encryption = encrypted
    secrets = list(encryption.iterchildren("secret"))
    if len(secrets) > 1 and attribute(encryption, "engine") in (None, "qemu"):
        yield Problem(
            Spot(encryption),
            f"libvirt refuses the definition: {layer.words} has {len(secrets)} secrets, and QEMU takes one",
            "leave the secret that the image is encrypted with",
        )


@rule(
    "DISK083",
    "secret-missing",
    outcome=Outcome.START,
    on=ON_DISKS,
    each=_each_encrypted,
    mentions=("encryption",),
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_block.c (qemuBlockStorageSourceGetFormatLUKSProps)",
    bad=Example(
        _encrypted(encryption="<encryption format='luks'> <!-- DISK083 -->", secrets=(), image="raw"),
    ),
    good=Example(_encrypted(image="raw")),
)
def secret_missing(_context: Context, encrypted: tuple[Layer, Element]) -> Problems:
    """An image encrypted with LUKS has no secret to decrypt it with.

    libvirt defines such a domain, and refuses to start it.
    """
    layer, encryption = encrypted
    is_raw = layer.storage.format == "raw" and layer.storage.is_empty is False and layer.disk.bus != "sd"
    is_luks = attribute(encryption, "format") == "luks" and attribute(encryption, "engine") in (None, "qemu")
    if is_raw and is_luks and child(encryption, "secret") is None:
        yield Problem(
            Spot(encryption),
            f"the domain does not start: {layer.words} is encrypted, and there is no secret for it",
            "add <secret type='passphrase' uuid=…/> with a secret of libvirt's (virsh secret-define)",
        )


@rule(
    "DISK084",
    "secret-by-uuid-and-usage",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=each_layer,
    instead_of=("SCHEMA002", "SCHEMA004"),
    mentions=("secret",),
    source=_SECRET,
    bad=Example(
        _encrypted(secrets=(f"<secret type='passphrase' usage='web1' uuid='{_UUID}'/> <!-- DISK084 -->",)),
    ),
    good=_GOOD,
)
def secret_by_uuid_and_usage(_context: Context, layer: Layer) -> Problems:
    """A secret is named by its UUID and by what it is for.

    Either would do. libvirt refuses both, as they could name two secrets.
    """
    for name in ("encryption", "auth"):
        part = layer.part(name)
        for secret in () if part is None else part.iterchildren("secret"):
            if secret.get("uuid") is not None and secret.get("usage") is not None:
                yield Problem(
                    Spot(secret, "usage"),
                    f"libvirt refuses the definition: a secret of {layer.words} has both uuid and usage",
                    "leave one of them",
                )


@rule(
    "DISK085",
    "reservations-without-socket",
    outcome=Outcome.DEFINE,
    on="devices/disk/source/reservations",
    source="libvirt 7.0.0 to 11.3.0 src/conf/storage_source_conf.c (virStoragePRDefParseXML)",
    bad=Example(
        disk_of(
            opening="<disk type='block' device='lun'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source dev='/dev/sdb'>\n    <reservations managed='no'/> <!-- DISK085 -->\n  </source>",
            target="  <target dev='sda' bus='scsi'/>",
        )
    ),
    good=Example(
        disk_of(
            opening="<disk type='block' device='lun'>",
            driver="  <driver name='qemu' type='raw'/>",
            source="  <source dev='/dev/sdb'>\n    <reservations managed='no'>\n"
            "      <source type='unix' path='/run/pr-helper.sock' mode='client'/>\n    </reservations>\n  </source>",
            target="  <target dev='sda' bus='scsi'/>",
        )
    ),
)
def reservations_without_socket(context: Context, reservations: Element) -> Problems:
    """The helper for persistent reservations is not said.

    libvirt starts it (managed='yes'), or it is there, and `<source type='unix' path=… mode='client'/>` says where.
    """
    managed, source = attribute(reservations, "managed"), child(reservations, "source")
    if not context.domain.runs_on_qemu or managed is UNKNOWN:
        return
    if managed is None:
        yield Problem(
            Spot(reservations),
            "libvirt refuses the definition: <reservations> does not say whether libvirt manages the helper",
            "say managed='yes'",
        )
    elif managed == "no" and source is None:
        yield Problem(
            Spot(reservations),
            "libvirt refuses the definition: <reservations managed='no'> does not say where the helper is",
            "add <source type='unix' path=… mode='client'/>, or say managed='yes'",
        )
    elif attribute(source, "mode") == "server" and source is not None:
        yield Problem(
            Spot(source, "mode"),
            "libvirt refuses the definition: QEMU connects to the helper of <reservations>, as mode='client' says",
            "say mode='client'",
        )


@rule(
    "DISK086",
    "cipher-of-luks",
    outcome=Outcome.DEFINE,
    on=ON_DISKS,
    each=_each_encrypted,
    instead_of=("SCHEMA011", "SCHEMA006"),
    mentions=("encryption",),
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDiskDefValidateSourceChainOne), alike in 7.0.0;"
    " src/conf/storage_encryption_conf.c",
    bad=Example(
        _encrypted(
            secrets=(
                f"<secret type='passphrase' uuid='{_UUID}'/>",
                "<cipher name='aes' size='256' mode='xts' hash='sha256'/> <!-- DISK086 -->",
                "<ivgen name='plain64' hash='sha256'/>",
            )
        )
    ),
    good=_GOOD,
)
def cipher_of_luks(_context: Context, encrypted: tuple[Layer, Element]) -> Problems:
    """The cipher of a LUKS image is said.

    It stands in the image's header. `<cipher>` and `<ivgen>` are for volumes that libvirt creates.
    """
    layer, encryption = encrypted
    if attribute(encryption, "format") != "luks":
        return
    cipher, ivgen = child(encryption, "cipher"), child(encryption, "ivgen")
    found = cipher if cipher is not None else ivgen
    if found is not None:
        yield Problem(
            Spot(found),
            f"libvirt refuses the definition: <{found.tag}> of {layer.words} stands in the image itself",
            "remove <cipher> and <ivgen>",
        )
