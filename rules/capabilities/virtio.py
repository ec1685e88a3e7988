"""What the options that all virtio devices have in common need."""

from domlint.capability import Capability
from domlint.findings import Outcome

_OPTIONS = "libvirt 7.0.0 src/qemu/qemu_validate.c (qemuValidateDomainVirtioOptions)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Virtio-related options"

_DEVICES = (
    "devices/disk[target/@bus='virtio']",
    "devices/interface[model/@type=('virtio', 'virtio-transitional', 'virtio-non-transitional')]",
    "devices/controller[@type='virtio-serial']",
    "devices/video[model/@type='virtio']",
    "devices/filesystem",
    "devices/rng",
    "devices/memballoon[@model!='none']",
    "devices/input[@bus='virtio']",
)
"""Where libvirt 7.0.0 asks for the flags; of SCSI controllers it does not."""


def _on(attribute: str) -> tuple[str, ...]:
    return tuple(f"{device}/driver/@{attribute}" for device in _DEVICES)


ROWS = (
    Capability(
        "virtio-iommu-platform",
        "virtio devices behind an IOMMU",
        _on("iommu"),
        f"{_OPTIONS}; {_FORMAT}",
        flags="virtio.iommu_platform",
        libvirt="3.5.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "virtio-ats",
        "address translation services (ATS) of virtio devices",
        _on("ats"),
        f"{_OPTIONS}; {_FORMAT}",
        flags="virtio.ats",
        libvirt="3.5.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "virtio-packed",
        "packed virtqueues",
        _on("packed"),
        f"{_OPTIONS}; {_FORMAT}",
        flags="virtio.packed",
        libvirt="6.3.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "virtio-packed-scsi",
        "packed virtqueues of SCSI controllers",
        ("devices/controller[@type='scsi']/driver/@packed",),
        _FORMAT,
        flags="virtio.packed",
        libvirt="6.3.0",
    ),
    Capability(
        "virtio-page-per-vq",
        "a page of its own for each virtqueue",
        (*_on("page_per_vq"), "devices/controller[@type='scsi']/driver/@page_per_vq"),
        _FORMAT,
        libvirt="7.9.0",
        qemu="2.8",
    ),
    Capability(
        "virtio-non-transitional",
        "virtio devices without legacy mode (virtio-non-transitional)",
        (
            "devices/disk[target/@bus='virtio']/@model='virtio-non-transitional'",
            "devices/interface/model/@type='virtio-non-transitional'",
            "devices/controller/@model='virtio-non-transitional'",
            "devices/filesystem/@model='virtio-non-transitional'",
            "devices/rng/@model='virtio-non-transitional'",
            "devices/memballoon/@model='virtio-non-transitional'",
            "devices/vsock/@model='virtio-non-transitional'",
            "devices/hostdev/@model='virtio-non-transitional'",
        ),
        "libvirt src/qemu/qemu_command.c (qemuBuildVirtioDevGetConfig), 7.0.0 to 11.3.0; " + _FORMAT,
        flags="virtio-pci-non-transitional | virtio-pci-disable-legacy",
        libvirt="5.2.0",
        outcome=Outcome.START,
    ),
    Capability(
        "virtio-transitional",
        "virtio devices with legacy mode (virtio-transitional)",
        (
            "devices/disk[target/@bus='virtio']/@model='virtio-transitional'",
            "devices/interface/model/@type='virtio-transitional'",
            "devices/controller/@model='virtio-transitional'",
            "devices/filesystem/@model='virtio-transitional'",
            "devices/rng/@model='virtio-transitional'",
            "devices/memballoon/@model='virtio-transitional'",
            "devices/vsock/@model='virtio-transitional'",
            "devices/hostdev/@model='virtio-transitional'",
        ),
        _FORMAT,
        flags="virtio-pci-non-transitional | virtio-pci-disable-legacy",
        libvirt="5.2.0",
    ),
)
