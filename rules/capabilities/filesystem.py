"""What ``<filesystem>`` needs."""

from domlint.capability import Capability
from domlint.findings import Outcome

_VALIDATE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefFS)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Filesystems"

ROWS = (
    Capability(
        "filesystem-virtiofs",
        "virtiofs",
        ("devices/filesystem/driver[@type='virtiofs']",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="vhost-user-fs",
        libvirt="6.2.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "filesystem-virtiofs-boot",
        "booting from virtiofs",
        ("devices/filesystem[driver/@type='virtiofs']/boot/@order",),
        f"{_VALIDATE}, 9.0.0 and 11.3.0",
        flags="vhost-user-fs.bootindex",
        libvirt="7.1.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
    ),
    Capability(
        "filesystem-multidevs",
        "a choice of how 9p treats several devices in one export",
        ("devices/filesystem/@multidevs!='default'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="fsdev.multidevs",
        libvirt="6.3.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "filesystem-create-mode",
        "modes of what a guest creates in a 9p filesystem (fmode, dmode)",
        ("devices/filesystem/@fmode", "devices/filesystem/@dmode"),
        f"{_VALIDATE}, 7.0.0; {_FORMAT}",
        flags="fsdev.createmode",
        libvirt="6.10.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "filesystem-mtp",
        "a folder as a USB MTP device",
        ("devices/filesystem/driver[@type='mtp']",),
        f"{_VALIDATE}, 11.3.0; {_FORMAT}",
        flags="usb-mtp",
        libvirt="10.2.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    Capability(
        "filesystem-virtiofs-sandbox",
        "a choice of virtiofsd's sandbox",
        ("devices/filesystem/binary/sandbox",),
        _FORMAT,
        libvirt="7.2.0",
    ),
    Capability(
        "filesystem-virtiofs-threads",
        "the size of virtiofsd's thread pool",
        ("devices/filesystem/binary/thread_pool",),
        _FORMAT,
        libvirt="8.5.0",
    ),
    Capability(
        "filesystem-virtiofs-idmap",
        "user namespaces of virtiofsd",
        ("devices/filesystem[driver/@type='virtiofs']/idmap",),
        _FORMAT,
        libvirt="10.0.0",
    ),
    Capability(
        "filesystem-virtiofs-open-files",
        "a limit of virtiofsd's open files",
        ("devices/filesystem/binary/openfiles",),
        _FORMAT,
        libvirt="10.6.0",
    ),
)
