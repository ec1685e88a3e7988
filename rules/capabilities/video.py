"""What ``<video>`` needs."""

from domlint.capability import Capability
from domlint.findings import Outcome

_VALIDATE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefVideo)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Video devices"


def _model(name: str, words: str, model: str, flag: str, libvirt: str = "") -> Capability:
    return Capability(
        f"video-{name}",
        words,
        (f"devices/video/model/@type='{model}'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags=flag,
        libvirt=libvirt,
        outcome=Outcome.DEFINE,
    )


ROWS = (
    _model("vga", "standard VGA", "vga", "VGA"),
    _model("cirrus", "Cirrus graphics adapters", "cirrus", "cirrus-vga"),
    _model("vmvga", "VMware graphics adapters", "vmvga", "vmware-svga"),
    _model("qxl", "QXL graphics adapters", "qxl", "qxl", "0.8.6"),
    _model("virtio", "virtio GPUs", "virtio", "virtio-gpu", "1.3.0"),
    _model("bochs", "Bochs displays", "bochs", "bochs-display", "5.6.0"),
    _model("ramfb", "RAM framebuffers", "ramfb", "ramfb", "5.9.0"),
    Capability(
        "video-vhost-user",
        "virtio GPUs of another process (vhost-user)",
        ("devices/video[model/@type='virtio']/driver/@name='vhostuser'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="vhost-user-gpu",
        libvirt="5.8.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "video-3d",
        "3D acceleration of virtio GPUs",
        ("devices/video[not(driver/@name='vhostuser')]/model[@type='virtio']/acceleration/@accel3d='yes'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="virtio-gpu.virgl | virtio-gpu-gl-pci | virtio-vga-gl",
        libvirt="1.3.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "video-blob",
        "blob resources of virtio GPUs",
        ("devices/video/model[@type='virtio']/@blob",),
        f"{_VALIDATE}, 11.3.0; {_FORMAT}",
        flags="virtio-gpu.blob",
        libvirt="9.2.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    Capability(
        "video-resolution",
        "a resolution of displays",
        ("devices/video/model/resolution",),
        _FORMAT,
        libvirt="5.9.0",
    ),
)
