"""What ``<iommu>`` needs."""

from domlint.architectures import X86
from domlint.capability import Capability
from domlint.findings import Outcome

_VALIDATE = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefIOMMU)"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, IOMMU devices"


def _option(name: str, words: str, selector: str, flag: str, libvirt: str) -> Capability:
    return Capability(
        f"iommu-{name}",
        words,
        (f"devices/iommu[@model='intel']/driver/{selector}",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags=flag,
        libvirt=libvirt,
        outcome=Outcome.DEFINE,
    )


ROWS = (
    Capability(
        "iommu-intel",
        "Intel IOMMUs",
        ("devices/iommu/@model='intel'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0",
        flags="intel-iommu | machine-iommu",
        libvirt="2.1.0",
        outcome=Outcome.DEFINE,
        architectures=X86,
        machines=("q35",),
    ),
    Capability(
        "iommu-smmuv3",
        "Arm's IOMMUs (SMMUv3)",
        ("devices/iommu/@model='smmuv3'",),
        f"{_VALIDATE}, 7.0.0 to 11.3.0; {_FORMAT}",
        flags="machine.virt.iommu",
        libvirt="5.5.0",
        outcome=Outcome.DEFINE,
        machines=("virt",),
    ),
    Capability(
        "iommu-virtio",
        "virtio IOMMUs",
        ("devices/iommu/@model='virtio'",),
        f"{_VALIDATE}, 9.0.0 and 11.3.0; {_FORMAT}",
        flags="virtio-iommu-pci + virtio-iommu.boot-bypass",
        libvirt="8.3.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
        machines=("q35", "virt"),
    ),
    Capability(
        "iommu-amd",
        "AMD IOMMUs",
        ("devices/iommu/@model='amd'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefIOMMU), after 11.3.0",
        flags="amd-iommu.pci-id",
    ),
    _option("intremap", "interrupt remapping of IOMMUs", "@intremap", "intel-iommu.intremap", "3.4.0"),
    _option("caching-mode", "the caching mode of IOMMUs", "@caching_mode", "intel-iommu.caching-mode", "3.4.0"),
    _option("eim", "extended interrupt mode of IOMMUs (EIM)", "@eim", "intel-iommu.eim", "3.4.0"),
    _option("iotlb", "IOTLBs of devices behind IOMMUs", "@iotlb", "intel-iommu.device-iotlb", "3.5.0"),
    _option("aw-bits", "an address width of IOMMUs", "@aw_bits>0", "intel-iommu.aw-bits", "6.5.0"),
    Capability(
        "iommu-dma-translation",
        "turning off DMA translation of IOMMUs",
        ("devices/iommu[@model='intel']/driver/@dma_translation",),
        f"{_VALIDATE}, 11.3.0; {_FORMAT}",
        flags="intel-iommu.dma-translation",
        libvirt="10.7.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
)
