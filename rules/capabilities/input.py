"""What ``<input>`` and ``<hub>`` need."""

from domlint.architectures import ARM, LOONGARCH, PPC64, RISCV, S390, X86
from domlint.capability import Capability
from domlint.findings import Outcome

_VALIDATE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefInput)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Input devices"
_VIRTIO = (("mouse", "mice", "mouse"), ("tablet", "tablets", "tablet"), ("keyboard", "keyboards", "keyboard"))

ROWS = (
    *(
        Capability(
            f"input-virtio-{kind}",
            f"virtio {words}",
            (f"devices/input[@type='{kind}']/@bus='virtio'",),
            f"{_VALIDATE}, 7.0.0 to 11.3.0",
            flags=f"virtio-{kind}",
            libvirt="1.3.0",
            outcome=Outcome.DEFINE,
        )
        for kind, words, _flag in _VIRTIO
    ),
    *(
        Capability(
            f"input-virtio-{kind}-ccw",
            f"virtio {words} on IBM Z's channels",
            # Without an address it gets one of channels.
            (
                f"devices/input[@type='{kind}'][@bus='virtio']/address/@type='ccw'",
                f"devices/input[@type='{kind}'][not(address)]/@bus='virtio'",
            ),
            f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
            flags=f"virtio-{kind}-ccw",
            libvirt="4.2.0",
            outcome=Outcome.DEFINE,
            architectures=S390,
        )
        for kind, words, _flag in _VIRTIO
    ),
    Capability(
        "input-virtio-passthrough",
        "input devices of the host, passed on by virtio",
        ("devices/input[@type='passthrough']/@bus='virtio'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="virtio-input-host",
        libvirt="1.3.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "input-evdev",
        "input devices of the host, read by QEMU (evdev)",
        ("devices/input/@type='evdev'",),
        _FORMAT,
        flags="input-linux",
        libvirt="7.4.0",
    ),
    Capability(
        "input-usb-keyboard",
        "USB keyboards",
        ("devices/input[@type='keyboard']/@bus='usb'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="usb-kbd",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "input-ps2",
        "PS/2 input devices",
        ("devices/input/@bus='ps2'",),
        f"{_VALIDATE}, 11.3.0",
        flags="i8042",
        outcome=Outcome.DEFINE,
        asked="10.7.0",
        architectures=X86,
    ),
    Capability(
        "input-ps2-elsewhere",
        "PS/2 input devices on other architectures than x86",
        ("devices/input/@bus='ps2'",),
        f"{_VALIDATE}, 7.0.0 and 9.0.0; 10.7.0 and newer know of none at all",
        flags="i8042",
        outcome=Outcome.DEFINE,
        until="10.7.0",
        architectures=(*ARM, *PPC64, *S390, *RISCV, "ppc", "sparc", "sparc64", *LOONGARCH),
    ),
    Capability(
        "hub-usb",
        "USB hubs",
        ("devices/hub/@type='usb'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefHub), 7.0.0 to 11.3.0",
        flags="usb-hub",
        outcome=Outcome.DEFINE,
    ),
)
