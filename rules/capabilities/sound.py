"""What ``<sound>`` needs."""

from domlint.capability import Capability
from domlint.findings import Outcome

_VALIDATE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefSound)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Sound devices"


def _codec(kind: str, words: str, flag: str, libvirt: str = "") -> Capability:
    return Capability(
        f"sound-codec-{kind}",
        words,
        (f"devices/sound[@model=('ich6', 'ich9')]/codec/@type='{kind}'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags=flag,
        libvirt=libvirt,
        outcome=Outcome.DEFINE,
    )


ROWS = (
    Capability(
        "sound-usb",
        "USB sound cards",
        ("devices/sound/@model='usb'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="usb-audio",
        libvirt="1.2.8",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "sound-ich9",
        "ICH9 sound cards",
        ("devices/sound/@model='ich9'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="ich9-intel-hda",
        libvirt="1.1.3",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "sound-virtio",
        "virtio sound cards",
        ("devices/sound/@model='virtio'",),
        f"{_VALIDATE}, 11.3.0; {_FORMAT}",
        flags="virtio-sound",
        libvirt="10.4.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    Capability(
        "sound-multichannel",
        "several channels of USB sound cards",
        ("devices/sound[@model='usb']/@multichannel='yes'",),
        _FORMAT,
        flags="usb-audio",
        libvirt="9.4.0",
    ),
    _codec("duplex", "sound codecs with line-in and line-out", "hda-duplex"),
    _codec("micro", "sound codecs with speaker and microphone", "hda-micro"),
    _codec("output", "sound codecs with line-out only", "hda-output", "4.4.0"),
)
