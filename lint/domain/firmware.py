"""What ``<os>`` says of firmware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.cached import cached_property
from domlint.domain.values import UNKNOWN, attribute, child
from domlint.placeholders import is_placeholder

if TYPE_CHECKING:
    from domlint.document import Element
    from domlint.domain.values import Maybe

_INSTALLED: Final = ("/usr/", "/nix/", "/gnu/", "/etc/", "/opt/", "/run/")
"""Where the firmware lies that is installed with a descriptor; a path of a file that somebody copied is elsewhere."""


class Firmware:
    """The parts of ``<os>`` that choose firmware, as written."""

    def __init__(self, os: Element) -> None:
        self.os = os
        self.loader = child(os, "loader")
        self.nvram = child(os, "nvram")
        written = attribute(os, "firmware")
        self.selection: Maybe[str] = None if written == "" else written
        """bios or efi, where libvirt shall choose; None where it shall not."""

    @property
    def is_named(self) -> bool:
        """Tell whether there is a ``<loader>``, or a ``<nvram>``."""
        return self.loader is not None or self.nvram is not None

    @cached_property
    def path(self) -> Maybe[str]:
        """The path of the loader; None for an empty one."""
        return _text(self.loader)

    @cached_property
    def has_nvram(self) -> bool | None:
        """Tell whether a store of variables is named; None where that is not known."""
        if self.nvram is None:
            return False
        if attribute(self.nvram, "type") is not None:
            return True
        text = _text(self.nvram)
        return None if text is UNKNOWN else text is not None

    @cached_property
    def kind(self) -> Maybe[str]:
        """The type of the loader as written: rom or pflash."""
        return attribute(self.loader, "type")

    @property
    def is_flash(self) -> bool:
        """Tell whether the loader is said to be flash memory, that is to be UEFI."""
        return self.kind == "pflash"

    @property
    def is_flash_for_sure_or_unknown(self) -> bool:
        """Tell whether the loader is flash memory, or may be when a placeholder is filled in."""
        return self.kind in ("pflash", UNKNOWN)

    @property
    def may_be_described(self) -> bool:
        """Tell whether the host may have a firmware descriptor that names the loader: libvirt then knows more of it."""
        return not isinstance(self.path, str) or self.path.startswith(_INSTALLED)

    @cached_property
    def features(self) -> dict[str, tuple[Element, Maybe[str]]]:
        """What the chosen firmware must have or not, by name: the last element of each counts."""
        found: dict[str, tuple[Element, Maybe[str]]] = {}
        for holder in self.os.iterchildren("firmware"):
            for feature in holder.iterchildren("feature"):
                name = attribute(feature, "name")
                found[name if isinstance(name, str) else "?"] = feature, attribute(feature, "enabled")
        return found


def _text(element: Element | None) -> Maybe[str]:
    text = "" if element is None else "".join(map(str, element.itertext()))
    return UNKNOWN if is_placeholder(text) else text or None
