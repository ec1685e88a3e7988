"""Input devices: the bus of one that names none."""

from __future__ import annotations

from domlint.architectures import S390, X86
from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute


def input_bus(device: Element, arch: Maybe[str]) -> Maybe[str]:
    """The bus of an ``<input>`` of a guest of this architecture; UNKNOWN where it hangs on what is not known.

    Source: libvirt 11.3.0 src/conf/domain_postparse.c (virDomainInputDefPostParse), 7.0.0 and 9.0.0
    src/conf/domain_conf.c (virDomainInputDefParseXML).
    """
    written, kind = attribute(device, "bus"), attribute(device, "type")
    if written is not None or isinstance(kind, Unknown):
        return UNKNOWN if written is None else written
    if not isinstance(arch, str):
        return UNKNOWN
    if kind in ("mouse", "keyboard") and arch in X86:
        return "ps2"
    if kind == "passthrough" or arch in S390:
        return "virtio"
    return "none" if kind == "evdev" else "usb"
