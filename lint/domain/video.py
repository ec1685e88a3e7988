"""The graphics cards of a domain: ``<video>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.architectures import PPC64, S390
from domlint.cached import cached_property
from domlint.domain.machine import MachineKind
from domlint.domain.values import UNKNOWN, Unknown, attribute, child

if TYPE_CHECKING:
    from domlint.document import Element
    from domlint.domain.machine import Machine
    from domlint.domain.values import Maybe

_VIRTIO_BY_DEFAULT: Final = frozenset(
    {MachineKind.ARM_VIRT, MachineKind.RISCV_VIRT, MachineKind.LOONGARCH_VIRT, MachineKind.S390_CCW}
)

PLAIN: Final = "cirrus or vga"
"""What a card without a type becomes where that is one of these two, whichever QEMU has."""


class Video:
    """One ``<video>``."""

    def __init__(self, element: Element) -> None:
        self.element = element
        self.model = child(element, "model")
        self.written: Maybe[str] = attribute(self.model, "type")
        self.is_vhost_user: Maybe[bool] = _is(attribute(child(element, "driver"), "name"), "vhostuser")

    @cached_property
    def acceleration(self) -> Element | None:
        """Its ``<acceleration>``."""
        return None if self.model is None else child(self.model, "acceleration")

    @cached_property
    def resolution(self) -> Element | None:
        """Its ``<resolution>``."""
        return None if self.model is None else child(self.model, "resolution")

    def type_on(self, machine: Machine) -> Maybe[str]:
        """The type that it has on a machine: as written, or what libvirt makes of none.

        PLAIN where that is Cirrus or VGA; UNKNOWN where it hangs on what is not known.
        Source: libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefaultVideoDevice), alike in 7.0.0 but for
        LoongArch.
        """
        return default_type_on(machine) if self.written in (None, "default") else self.written


def default_type_on(machine: Machine) -> str | Unknown:
    """The type of a card that names none."""
    arch = machine.arch
    if not isinstance(arch, str):
        return UNKNOWN
    if arch in PPC64:
        return "vga"
    if arch in S390 or machine.kind in _VIRTIO_BY_DEFAULT:
        return "virtio"
    return UNKNOWN if machine.kind is MachineKind.UNKNOWN else PLAIN


def read_videos(devices: Element | None) -> tuple[Video, ...]:
    """The cards, in the order in which libvirt has them: each primary one goes before all those before it.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefParseXML), alike in 7.0.0 and 9.0.0.
    """
    found: list[Video] = []
    for element in devices.iterchildren("video") if devices is not None else ():
        video = Video(element)
        found.insert(0 if attribute(video.model, "primary") == "yes" else len(found), video)
    return tuple(found)


def _is(value: Maybe[str], wanted: str) -> Maybe[bool]:
    return value if isinstance(value, Unknown) else value == wanted
