"""What devices need that have no file of their own: vsock, crypto, panic, pstore, watchdog."""

from domlint.architectures import ARM, LOONGARCH, PPC64, RISCV, X86
from domlint.capability import Capability
from domlint.findings import Outcome

_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst"

ROWS = (
    Capability(
        "vsock",
        "virtual sockets (vsock)",
        ("devices/vsock",),
        f"libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefVsock), 7.0.0 to 11.3.0; {_FORMAT}, Vsock",
        flags="vhost-vsock",
        libvirt="4.4.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "vsock-options",
        "virtio options of virtual sockets",
        ("devices/vsock/driver",),
        f"{_FORMAT}, Vsock",
        flags="vhost-vsock",
        libvirt="7.1.0",
    ),
    Capability(
        "crypto-virtio",
        "virtio crypto devices",
        ("devices/crypto/@model='virtio'",),
        "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefCrypto) and NEWS.rst, 9.1.0",
        flags="virtio-crypto",
        libvirt="9.1.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    Capability(
        "crypto-lkcf",
        "the host's kernel as the backend of crypto devices",
        ("devices/crypto/backend/@model='lkcf'",),
        "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefCrypto) and NEWS.rst, 9.1.0",
        flags="cryptodev-backend-lkcf",
        libvirt="9.1.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    Capability(
        "panic-isa",
        "panic devices on ISA (pvpanic)",
        ("devices/panic/@model='isa'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefPanic), 7.0.0 to 11.3.0",
        flags="pvpanic",
        libvirt="1.3.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "panic-default",
        "panic devices on ISA (pvpanic), the model that x86 has by default",
        ("devices/panic[not(@model)]",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefPanic), src/qemu/qemu_domain.c"
        " (qemuDomainDefaultPanicModel), 7.0.0 to 11.3.0",
        flags="pvpanic",
        libvirt="1.3.0",
        outcome=Outcome.DEFINE,
        architectures=X86,
    ),
    Capability(
        "panic-default-elsewhere",
        "panic devices on ISA (pvpanic), the default of older libvirts everywhere",
        ("devices/panic[not(@model)]",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDefPanic), src/qemu/qemu_domain.c"
        " (qemuDomainDevicePanicDefPostParse), 7.0.0 and 9.0.0",
        flags="pvpanic",
        libvirt="1.3.0",
        outcome=Outcome.DEFINE,
        until="11.3.0",
        architectures=(*ARM, *RISCV, *LOONGARCH),
    ),
    Capability(
        "panic-pci",
        "panic devices on PCI (pvpanic)",
        ("devices/panic/@model='pvpanic'",),
        f"libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefPanic); {_FORMAT}, panic device",
        flags="pvpanic-pci",
        libvirt="9.1.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    Capability(
        "pstore",
        "storage for what a crashed kernel leaves behind (pstore)",
        ("devices/pstore/@backend='acpi-erst'",),
        f"libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefPstore); {_FORMAT}, Pstore",
        flags="acpi-erst",
        libvirt="10.6.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    Capability(
        "watchdog-itco",
        "the watchdog of q35 (itco)",
        ("devices/watchdog/@model='itco'",),
        f"{_FORMAT}, Watchdog devices",
        libvirt="9.1.0",
    ),
    Capability(
        "nvram-spapr",
        "NVRAM devices of pSeries machines",
        ("devices/nvram",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefNVRAM), 7.0.0 to 11.3.0",
        flags="nvram",
        outcome=Outcome.DEFINE,
        architectures=PPC64,
        machines=("pseries",),
    ),
)
