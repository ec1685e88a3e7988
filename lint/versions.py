"""Versions of libvirt and QEMU as comparable values."""

from typing import NamedTuple


class Version(NamedTuple):
    """A release number; compares as numbers do, so 10.0.0 comes after 9.2.0."""

    major: int
    minor: int
    micro: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.micro}"

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read "8.7", "8.7.0" or "v8.7.0".

        Raises ValueError when the text is none of these.
        """
        parts = text.strip().removeprefix("v").split(".")
        if len(parts) not in (2, 3) or not all(
            0 < len(part) <= 4 and part.isascii() and part.isdigit() for part in parts
        ):
            raise ValueError(f"not a version: {text!r} (expected for example 8.7.0)")
        major, minor, micro = (*map(int, parts), 0)[:3]
        return cls(major, minor, micro)

    @classmethod
    def from_number(cls, number: int) -> "Version":
        """Read libvirt's encoding major * 1000000 + minor * 1000 + micro.

        Source: libvirt include/libvirt/libvirt-common.h (LIBVIR_VERSION_NUMBER), and the ``<version>`` and
        ``<selfvers>`` elements of a qemuCaps file.
        """
        return cls(number // 1_000_000, number // 1000 % 1000, number % 1000)
