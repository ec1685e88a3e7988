"""What serial ports, consoles, channels, smartcards and redirected USB devices need."""

from domlint.architectures import ARM, PPC64, S390, X86
from domlint.capability import Capability
from domlint.findings import Outcome

_SOURCE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainChrSourceDef)"
_SERIAL = "libvirt src/qemu/qemu_command.c (qemuBuildSerialChrDeviceProps), 7.0.0 to 11.3.0"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Consoles, serial, parallel and channel devices"
_DEVICES = ("serial", "parallel", "console", "channel")


def _serial(model: str, words: str, flag: str, architectures: tuple[str, ...] = (), kind: str = "") -> Capability:
    """A model of serial ports, and the type that has no other."""
    of_type = (f"devices/serial/target[@type='{kind}'][not(model)]",) if kind else ()
    return Capability(
        f"serial-{model}",
        words,
        (f"devices/serial/target/model/@name='{model}'", *of_type),
        f"{_SERIAL}; {_FORMAT}",
        flags=flag,
        libvirt="3.10.0",
        outcome=Outcome.START,
        architectures=architectures,
    )


ROWS = (
    _serial("isa-serial", "ISA serial ports", "isa-serial", X86),
    _serial("usb-serial", "USB serial ports", "usb-serial", kind="usb-serial"),
    _serial("pci-serial", "PCI serial ports", "pci-serial", kind="pci-serial"),
    _serial("spapr-vty", "pSeries serial ports", "spapr-vty", PPC64),
    _serial("sclpconsole", "consoles by SCLP", "s390-sclp", S390),
    _serial("sclplmconsole", "line mode consoles by SCLP", "sclplmconsole", S390),
    Capability(
        "serial-pl011",
        "PL011 serial ports",
        ("devices/serial/target/model/@name='pl011'",),
        _FORMAT,
        flags="pl011",
        libvirt="3.10.0",
        architectures=ARM,
    ),
    Capability(
        "serial-isa-debug",
        "ISA debug consoles",
        ("devices/serial/target/@type='isa-debug'",),
        _FORMAT,
        libvirt="8.1.0",
    ),
    Capability(
        "console-sclp",
        "consoles by SCLP, as <console>",
        ("devices/console/target/@type='sclp'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefConsole), 7.0.0 to 11.3.0",
        flags="s390-sclp",
        outcome=Outcome.DEFINE,
        architectures=S390,
    ),
    Capability(
        "console-sclplm",
        "line mode consoles by SCLP, as <console>",
        ("devices/console/target/@type='sclplm'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefConsole), 7.0.0 to 11.3.0",
        flags="sclplmconsole",
        outcome=Outcome.DEFINE,
        architectures=S390,
    ),
    Capability(
        "chardev-append",
        "a choice between appending and writing anew to a file",
        tuple(f"devices/{device}[@type='file']/source/@append" for device in _DEVICES),
        f"{_SOURCE}, 7.0.0",
        flags="chardev-file-append",
        libvirt="1.3.1",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "chardev-log",
        "logs of what goes through a port",
        tuple(f"devices/{device}/log/@file" for device in _DEVICES),
        f"{_SOURCE}, 7.0.0",
        flags="chardev-logfile",
        libvirt="1.3.3",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "chardev-reconnect",
        "ports that connect again",
        tuple(f"devices/{device}/source/reconnect/@enabled='yes'" for device in _DEVICES),
        _FORMAT,
        flags="chardev-reconnect | chardev-reconnect-miliseconds",
        libvirt="3.7.0",
    ),
    Capability(
        "channel-vdagent",
        "copy and paste without SPICE (qemu-vdagent)",
        ("devices/channel/@type='qemu-vdagent'",),
        f"{_SOURCE}, 9.0.0 and 11.3.0; {_FORMAT}",
        flags="chardev.qemu-vdagent",
        libvirt="8.4.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
    ),
    Capability(
        "channel-dbus",
        "channels on D-Bus",
        ("devices/channel/@type='dbus'",),
        "libvirt NEWS.rst, 8.4.0",
        libvirt="8.4.0",
    ),
    Capability(
        "smartcard-host",
        "smartcards of the host",
        ("devices/smartcard/@mode=('host', 'host-certificates')",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainSmartcardDef), 7.0.0 to 11.3.0",
        flags="ccid-emulated",
        libvirt="0.8.8",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "smartcard-passthrough",
        "smartcards of clients",
        ("devices/smartcard/@mode='passthrough'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainSmartcardDef), 7.0.0 to 11.3.0",
        flags="ccid-passthru",
        libvirt="0.8.8",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "redirdev-usb",
        "redirected USB devices",
        ("devices/redirdev/@bus='usb'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainRedirdevDef), 7.0.0 to 11.3.0",
        flags="usb-redir",
        libvirt="0.9.5",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "redirdev-filter",
        "a filter of redirected USB devices",
        ("devices[redirdev]/redirfilter/usbdev",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainRedirdevDef), 7.0.0 to 11.3.0",
        flags="usb-redir.filter",
        outcome=Outcome.DEFINE,
    ),
)
