"""What ``<hostdev>`` needs."""

from domlint.capability import Capability
from domlint.findings import Outcome

_HOSTDEV = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefHostdev)"
_MDEV = "libvirt src/qemu/qemu_validate.c (qemuValidateDomainMdevDef), 7.0.0 to 11.3.0"
_FORMAT = "libvirt 11.3.0 docs/formatdomain.rst, USB / PCI / SCSI devices"

ROWS = (
    Capability(
        "hostdev-pci",
        "assigned PCI devices (VFIO)",
        ("devices/hostdev/@type='pci'", "devices/interface/@type='hostdev'"),
        f"{_HOSTDEV}, 7.0.0 to 11.3.0",
        flags="vfio-pci",
    ),
    Capability(
        "hostdev-vfio",
        "VFIO as the driver of assigned PCI devices",
        ("devices/hostdev[@type='pci']/driver/@name='vfio'",),
        f"{_HOSTDEV}, 7.0.0 to 11.3.0",
        flags="vfio-pci",
        libvirt="1.0.5",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "hostdev-mdev-pci",
        "mediated devices of the model vfio-pci",
        ("devices/hostdev[@type='mdev']/@model='vfio-pci'",),
        f"{_MDEV}; {_FORMAT}",
        flags="vfio-pci",
        libvirt="3.2.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "hostdev-mdev-ccw",
        "mediated devices of the model vfio-ccw",
        ("devices/hostdev[@type='mdev']/@model='vfio-ccw'",),
        f"{_MDEV}; {_FORMAT}",
        flags="vfio-ccw",
        libvirt="4.4.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "hostdev-mdev-ap",
        "mediated devices of the model vfio-ap",
        ("devices/hostdev[@type='mdev']/@model='vfio-ap'",),
        f"{_MDEV}; {_FORMAT}",
        flags="vfio-ap",
        libvirt="4.9.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "hostdev-mdev-display",
        "a display on mediated devices",
        ("devices/hostdev[@type='mdev'][@model='vfio-pci']/@display",),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainMdevDefVFIOPCI), 7.0.0 and 9.0.0; " + _FORMAT,
        flags="vfio-pci.display",
        libvirt="4.6.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "hostdev-mdev-ramfb",
        "a boot display on mediated devices (ramfb)",
        ("devices/hostdev[@type='mdev']/@ramfb='on'",),
        _FORMAT,
        libvirt="5.10.0",
    ),
    Capability(
        "hostdev-vhost-scsi",
        "vhost SCSI devices",
        ("devices/hostdev[@type='scsi_host']/source/@protocol='vhost'",),
        f"{_HOSTDEV}, 7.0.0 to 11.3.0",
        flags="vhost-scsi",
        libvirt="2.5.0",
        outcome=Outcome.DEFINE,
    ),
    Capability(
        "hostdev-usb-guest-reset",
        "a choice of when guests may reset USB devices",
        ("devices/hostdev[@type='usb']/source/@guestReset",),
        f"{_HOSTDEV}, 9.0.0 and 11.3.0; {_FORMAT}",
        flags="usb-host.guest-resets-all",
        libvirt="8.6.0",
        outcome=Outcome.DEFINE,
        asked="9.0.0",
    ),
    Capability(
        "hostdev-iscsi-initiator",
        "a name for the initiator of an iSCSI hostdev",
        ("devices/hostdev/source[@protocol='iscsi']/initiator/iqn",),
        _FORMAT,
        flags="iscsi.password-secret",
        libvirt="6.7.0",
    ),
    Capability(
        "hostdev-unassigned",
        "host devices that are bound for guests and given to none",
        ("devices/hostdev/address/@type='unassigned'",),
        "libvirt 11.3.0 docs/formatdomain.rst, Device Addresses",
        libvirt="6.0.0",
    ),
    Capability(
        "device-zpci",
        "PCI devices with IBM Z's identifiers (zPCI)",
        tuple(
            f"devices/{device}/address[@type='pci']/zpci[@{name}]"
            for device in ("hostdev", "interface", "disk", "controller")
            for name in ("uid", "fid")
        ),
        "libvirt src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefZPCIAddress), 7.0.0 to 11.3.0",
        flags="zpci",
        libvirt="4.10.0",
        outcome=Outcome.DEFINE,
    ),
)
