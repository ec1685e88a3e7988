"""What ``<controller>`` needs."""

from domlint.architectures import PPC64, X86
from domlint.capability import Capability
from domlint.findings import Outcome

_SCSI = "libvirt src/qemu/qemu_validate.c (qemuValidateCheckSCSIControllerModel), 7.0.0 to 11.3.0"
_PCI = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI), 7.0.0 to 11.3.0"
_USB = "libvirt src/qemu/qemu_command.c (qemuBuildUSBControllerDevProps), 7.0.0 to 11.3.0"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, Controllers"


def _scsi(name: str, words: str, model: str, flag: str) -> Capability:
    return Capability(
        name, words, (f"devices/controller[@type='scsi']/@model='{model}'",), _SCSI, flag, outcome=Outcome.DEFINE
    )


def _pci(name: str, words: str, selector: str, flags: str, libvirt: str = "") -> Capability:
    return Capability(
        name, words, (f"devices/controller[@type='pci']{selector}",), _PCI, flags, libvirt, outcome=Outcome.DEFINE
    )


def _usb(name: str, words: str, models: str, flag: str) -> Capability:
    return Capability(
        name, words, (f"devices/controller[@type='usb']/@model={models}",), _USB, flag, outcome=Outcome.START
    )


ROWS = (
    _scsi("controller-lsilogic", "LSI 53C895A SCSI controllers", "lsilogic", "lsi"),
    Capability(
        "controller-virtio-scsi",
        "virtio SCSI controllers",
        ("devices/controller[@type='scsi']/@model=('virtio-scsi', 'virtio-transitional', 'virtio-non-transitional')",),
        _SCSI,
        flags="virtio-scsi-pci",
        outcome=Outcome.DEFINE,
    ),
    _scsi("controller-lsisas1068", "LSI SAS1068 (MPT Fusion) controllers", "lsisas1068", "mptsas1068"),
    _scsi("controller-lsisas1078", "LSI SAS1078 (MegaRAID) controllers", "lsisas1078", "megasas"),
    _scsi("controller-vmpvscsi", "VMware's paravirtual SCSI controllers", "vmpvscsi", "pvscsi"),
    # libvirt logs an error for these three, and goes on.
    Capability(
        "controller-ncr53c90",
        "NCR53C90 (ESP) SCSI controllers",
        ("devices/controller[@type='scsi']/@model='ncr53c90'",),
        _SCSI,
        flags="ncr53c90",
        libvirt="6.10.0",
    ),
    Capability(
        "controller-dc390",
        "DC390 (ESP) SCSI controllers",
        ("devices/controller[@type='scsi']/@model='dc390'",),
        _SCSI,
        flags="dc390",
        libvirt="6.10.0",
    ),
    Capability(
        "controller-am53c974",
        "AM53C974 (ESP) SCSI controllers",
        ("devices/controller[@type='scsi']/@model='am53c974'",),
        _SCSI,
        flags="am53c974",
        libvirt="6.10.0",
    ),
    Capability(
        "controller-sata",
        "SATA controllers",
        ("devices/controller/@type='sata'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerSATA), 7.0.0 to 11.3.0",
        flags="ich9-ahci",
        outcome=Outcome.DEFINE,
        machines=("i440fx", "virt", "pseries", "ccw"),
    ),
    Capability(
        "controller-sata-second",
        "SATA controllers beside that of q35",
        # The first one belongs to the machine.
        ("devices/controller[@type='sata']/@index>0",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerSATA), 7.0.0 to 11.3.0",
        flags="ich9-ahci",
        outcome=Outcome.DEFINE,
        machines=("q35",),
    ),
    Capability(
        "controller-scsi-iothread",
        "an I/O thread for virtio SCSI controllers",
        ("devices/controller[@type='scsi']/driver/@iothread>0",),
        "libvirt 7.0.0 src/qemu/qemu_process.c (qemuProcessStartValidateIOThreads)",
        flags="virtio-scsi-pci.iothread",
        libvirt="1.3.5",
        outcome=Outcome.START,
    ),
    Capability(
        "controller-scsi-iothreads",
        "several I/O threads for virtio SCSI controllers",
        ("devices/controller[@type='scsi']/driver/iothreads",),
        "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateCheckSCSIControllerIOThreads) and NEWS.rst",
        flags="virtio-scsi.iothread-mapping",
        libvirt="11.2.0",
        outcome=Outcome.DEFINE,
        asked="11.3.0",
    ),
    _pci("controller-pci-bridge", "PCI bridges", "/@model='pci-bridge'", "pci-bridge"),
    _pci(
        "controller-dmi-to-pci-bridge",
        "bridges from PCI Express to PCI (i82801b11)",
        "/@model='dmi-to-pci-bridge'",
        "dmi-to-pci-bridge",
    ),
    _pci(
        "controller-pcie-root-port",
        "PCI Express root ports",
        "[not(model)]/@model='pcie-root-port'",
        "pcie-root-port | ioh3420",
    ),
    _pci(
        "controller-generic-root-port",
        "generic PCI Express root ports",
        "[@model='pcie-root-port']/model/@name='pcie-root-port'",
        "pcie-root-port",
        "3.2.0",
    ),
    _pci(
        "controller-ioh3420",
        "Intel's PCI Express root ports (ioh3420)",
        "[@model='pcie-root-port']/model/@name='ioh3420'",
        "ioh3420",
    ),
    _pci(
        "controller-upstream-port",
        "upstream ports of PCI Express switches",
        "/@model='pcie-switch-upstream-port'",
        "x3130-upstream",
    ),
    _pci(
        "controller-downstream-port",
        "downstream ports of PCI Express switches",
        "/@model='pcie-switch-downstream-port'",
        "xio3130-downstream",
    ),
    _pci("controller-pci-expander-bus", "PCI expander buses", "/@model='pci-expander-bus'", "pxb"),
    _pci("controller-pcie-expander-bus", "PCI Express expander buses", "/@model='pcie-expander-bus'", "pxb-pcie"),
    _pci(
        "controller-pcie-to-pci-bridge",
        "bridges from PCI Express to PCI (generic)",
        "/@model='pcie-to-pci-bridge'",
        "pcie-pci-bridge",
        "4.3.0",
    ),
    Capability(
        "controller-spapr-host-bridge",
        "several PCI host bridges of pSeries machines",
        ("devices/controller[@type='pci'][@model='pci-root']/model/@name='spapr-pci-host-bridge'",),
        _PCI,
        flags="spapr-pci-host-bridge",
        libvirt="3.6.0",
        outcome=Outcome.DEFINE,
        machines=("pseries",),
        architectures=PPC64,
    ),
    Capability(
        "controller-spapr-numa-node",
        "NUMA nodes of PCI host bridges of pSeries machines",
        ("devices/controller[@type='pci'][@model='pci-root'][model/@name='spapr-pci-host-bridge']/target/node",),
        _PCI,
        flags="spapr-pci-host-bridge.numa_node",
        libvirt="3.6.0",
        outcome=Outcome.DEFINE,
        machines=("pseries",),
        architectures=PPC64,
    ),
    Capability(
        "controller-port-hotplug",
        "turning off hotplug at PCI Express ports",
        ("devices/controller[@type='pci'][@model=('pcie-root-port', 'pcie-switch-downstream-port')]/target/@hotplug",),
        _PCI,
        flags="pcie-root-port.hotplug",
        libvirt="6.3.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "controller-root-hotplug",
        "turning off hotplug at the PCI root of i440fx",
        ("devices/controller[@type='pci'][@model='pci-root']/target/@hotplug",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI), 9.0.0 and 11.3.0",
        flags="piix4.acpi-root-pci-hotplug",
        libvirt="7.9.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
        machines=("i440fx",),
    ),
    Capability(
        "controller-pci-hole-i440fx",
        "the size of the 64-bit PCI hole of i440fx",
        ("devices/controller[@type='pci'][@model='pci-root']/pcihole64",),
        "libvirt 7.0.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI)",
        flags="i440fx-pci-hole64-size",
        libvirt="1.1.2",
        outcome=Outcome.DEFINE,
        machines=("i440fx",),
        architectures=X86,
    ),
    Capability(
        "controller-pci-hole-q35",
        "the size of the 64-bit PCI hole of q35",
        ("devices/controller[@type='pci'][@model='pcie-root']/pcihole64",),
        "libvirt 7.0.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI)",
        flags="q35-pci-hole64-size",
        libvirt="1.1.2",
        outcome=Outcome.DEFINE,
        machines=("q35",),
        architectures=X86,
    ),
    Capability(
        "controller-pci-hole-virt",
        "the size of the 64-bit PCI hole of Arm's virt machine",
        ("devices/controller[@type='pci'][@model='pcie-root']/pcihole64",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerPCI), after 11.3.0",
        flags="machine.virt.highmem-mmio-size",
        machines=("virt",),
    ),
    _usb("controller-piix3-uhci", "USB controllers of the model piix3-uhci", "'piix3-uhci'", "piix3-usb-uhci"),
    _usb("controller-piix4-uhci", "USB controllers of the model piix4-uhci", "'piix4-uhci'", "piix4-usb-uhci"),
    _usb("controller-ehci", "USB controllers of the model ehci", "'ehci'", "usb-ehci"),
    _usb(
        "controller-ich9-usb",
        "USB controllers of ICH9",
        "('ich9-ehci1', 'ich9-uhci1', 'ich9-uhci2', 'ich9-uhci3')",
        "ich9-usb-ehci1",
    ),
    _usb(
        "controller-vt82c686b-uhci",
        "USB controllers of the model vt82c686b-uhci",
        "'vt82c686b-uhci'",
        "vt82c686b-usb-uhci",
    ),
    _usb("controller-pci-ohci", "USB controllers of the model pci-ohci", "'pci-ohci'", "pci-ohci"),
    _usb("controller-nec-xhci", "USB 3 controllers of the model nec-xhci", "'nec-xhci'", "nec-usb-xhci"),
    _usb("controller-qemu-xhci", "USB 3 controllers of the model qemu-xhci", "'qemu-xhci'", "qemu-xhci"),
    Capability(
        "controller-nec-xhci-ports",
        "a number of ports of USB controllers of the model nec-xhci",
        ("devices/controller[@type='usb'][@model='nec-xhci']/@ports",),
        "libvirt 7.0.0 src/qemu/qemu_command.c (qemuBuildUSBControllerDevStr)",
        flags="nec-usb-xhci-ports",
        libvirt="1.3.5",
        outcome=Outcome.START,
    ),
    Capability(
        "controller-nvme",
        "NVMe controllers of the guest",
        ("devices/controller/@type='nvme'",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefControllerNVME), after 11.3.0",
        flags="nvme",
    ),
)
