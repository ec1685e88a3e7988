"""Small domainCapabilities and capabilities files for tests, with only what a test is about."""

from __future__ import annotations

Q35 = "pc-q35-7.2"


def domaincaps(
    machine: str | None = Q35,
    virt_type: str = "kvm",
    arch: str = "x86_64",
    emulator: str = "/usr/bin/qemu-system-x86_64",
    tail: str = "",
) -> bytes:
    """What ``virsh domcapabilities`` prints of domains of this type on this machine."""
    named = "" if machine is None else f"<machine>{machine}</machine>"
    return (
        f"<domainCapabilities>\n<path>{emulator}</path>\n<domain>{virt_type}</domain>\n{named}\n<arch>{arch}</arch>\n"
        f"{tail}\n</domainCapabilities>\n"
    ).encode()


def guest(arch: str = "x86_64", within: str | None = None, os_type: str = "hvm", around: str = "") -> str:
    """A guest of ``<capabilities>``; ``within`` is what stands in its architecture, ``around`` beside that."""
    if within is None:
        within = (
            f"<emulator>/usr/bin/qemu-system-{arch}</emulator><machine maxCpus='288'>{Q35}</machine>"
            f"<machine canonical='{Q35}' maxCpus='288'>q35</machine><domain type='qemu'/><domain type='kvm'/>"
        )
    return f"<guest>\n<os_type>{os_type}</os_type>\n<arch name='{arch}'>\n{within}\n</arch>\n{around}</guest>\n"


def capabilities(*guests: str, host: str = "<cpu><arch>x86_64</arch></cpu>") -> bytes:
    """What ``virsh capabilities`` prints."""
    return f"<capabilities>\n<host>\n{host}\n</host>\n{''.join(guests or (guest(),))}</capabilities>\n".encode()
