"""Small qemuCaps files for tests, with only what a test is about."""

from __future__ import annotations

from domlint.hosts.model import Host
from domlint.hosts.qemucaps import read_qemucaps


def caps(
    *flags: str,
    version: str = "7.2.0",
    selfvers: str | None = "0",
    package: str | None = None,
    arch: str = "x86_64",
    machines: str = "<machine type='tcg' name='pc-i440fx-7.2' alias='pc' maxCpus='255' default='yes'/>",
    tail: str = "",
) -> bytes:
    """A file with these flags; ``version`` and ``selfvers`` in dots ("0" stays 0, None leaves the element out)."""
    lines = ["<qemuCaps>", "<qemuctime>1</qemuctime>", "<selfctime>1</selfctime>"]
    if selfvers is not None:
        lines.append(f"<selfvers>{number(selfvers)}</selfvers>")
    lines += [f"<flag name='{flag}'/>" for flag in flags]
    lines.append(f"<version>{number(version)}</version>")
    if package is not None:
        lines.append(f"<package>{package}</package>")
    lines += [f"<arch>{arch}</arch>", machines, tail, "</qemuCaps>"]
    return "\n".join(lines).encode()


def host(*flags: str, version: str = "7.2.0", selfvers: str | None = "0", **more: str) -> Host:
    """The host of such a file."""
    return read_qemucaps(caps(*flags, version=version, selfvers=selfvers, **more), "test.xml", "test")


def number(dotted: str) -> int:
    """libvirt's one number for a version in dots."""
    if "." not in dotted:
        return int(dotted)
    major, minor, micro = map(int, dotted.split("."))
    return major * 1_000_000 + minor * 1_000 + micro
