"""HOST1xx and HOST2xx: values that ``virsh domcapabilities`` lists where a host offers them, and does not list.

One table, a row for each attribute or feature (ROWS), one function that holds a domain against it. A row judges only
the values that libvirt lists wherever they work: of every other one, that it is not listed tells nothing.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.devices import disk_bus, hostdev_mode, interface_type, is_hostdev_of
from domlint.domain.values import UNKNOWN, Maybe, attribute, child, decimal
from domlint.findings import Outcome
from domlint.hosts.age import newer_than
from domlint.hosts.fit import QEMU_VIRT_TYPES
from domlint.rule import Example, Needs, Problem, Problems, Rule, Spot, rule
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts.parts import DomainCapabilities


class HangsOn(Enum):
    """What a host's answer holds for: domains of that type and machine alone, or all that the emulator runs."""

    MACHINE = "machine"
    EMULATOR = "emulator"


class Value(NamedTuple):
    """A value that libvirt lists where it works.

    ``listed_by`` is the oldest libvirt known to list it, where an older one takes it without listing it; None where
    each libvirt lists it that takes it. ``outcome`` differs from the row's where the host does something else.
    """

    name: str
    listed_by: Version | None = None
    outcome: Outcome | None = None


Reads: TypeAlias = Callable[[Context, Element], Maybe[str]]


class Row(NamedTuple):
    """An attribute of the domain, or a feature that it asks for, and where a host says what it offers of it.

    ``on`` is the path of the elements, ``at`` the attribute that a finding points at, ``reads`` what gives the value
    (None: that attribute; what it gives is None where there is nothing to judge). ``listed_in`` is the enumeration
    that lists ``values``, "" for a feature that is there or not. ``offered_by`` is the element whose
    ``supported='no'`` means that there is none of it at all, "" where it has none or another row looks at it.
    ``is_left_to_others`` tells of a file that what is missing there is found by another row, or that its list tells
    nothing.

    ``what`` names the thing in a message, ``then`` is what the host does where that is not a refusal. ``refused_by`` is
    the libvirt that began to refuse the definition of what older ones refuse to start. ``way_out`` stands in the help
    where the domain cannot do with another value.

    ``more`` are further sentences for the documentation. ``example`` is a piece of a domain with ``{value}``, and
    ``{mark}`` on the line to report; ``place`` is where it stands ("devices", "features", "domain", "os"), ``arch`` and
    ``machine`` are the domain's, and ``around`` is what else it needs beside its devices.
    ``instead_of`` are rules that say of the same element what a host itself knows better. ``libvirt`` is that of the
    example, where a newer one finds more.
    """

    code: str
    name: str
    on: str
    at: str | None
    what: str
    outcome: Outcome
    hangs_on: HangsOn
    source: str
    summary: str
    example: str
    listed_in: str = ""
    values: tuple[Value, ...] = ()
    offered_by: str = ""
    reads: Reads | None = None
    is_left_to_others: Callable[["DomainCapabilities"], bool] | None = None
    then: str = ""
    refused_by: Version | None = None
    way_out: str = ""
    more: str = ""
    place: str = "devices"
    arch: str = "x86_64"
    machine: str = "pc-q35-8.2"
    around: str = ""
    instead_of: tuple[str, ...] = ()
    libvirt: str = ""


# What a domain asks for, where that is not simply an attribute.


def _bus_of_disk(_context: Context, disk: Element) -> Maybe[str]:
    return disk_bus(disk)


def _usb_hostdev(_context: Context, hostdev: Element) -> Maybe[str]:
    return attribute(hostdev, "type") if hostdev_mode(hostdev) == "subsystem" else None


def _pci_backend(_context: Context, device: Element) -> Maybe[str]:
    """The driver for an assigned device: VFIO where none is named; with iommufd, its list tells nothing."""
    is_assigned = is_hostdev_of(device, "pci") if device.tag == "hostdev" else interface_type(device) == "hostdev"
    if not is_assigned:
        return None
    driver = child(device, "driver")
    if attribute(driver, "iommufd") is not None:
        return UNKNOWN
    written = attribute(driver, "name")
    return "vfio" if written is None else written


def _backend_of_user_interface(_context: Context, backend: Element) -> Maybe[str]:
    interface = backend.getparent()
    return attribute(backend, "type") if interface is not None and interface_type(interface) == "user" else None


def _version_of_emulated_tpm(_context: Context, backend: Element) -> Maybe[str]:
    return attribute(backend, "version") if attribute(backend, "type") == "emulator" else None


def _type_beside_no_spice(context: Context, device: Element) -> Maybe[str]:
    """A channel of SPICE needs SPICE graphics: where the domain has them, the finding is there."""
    graphics = () if context.domain.devices is None else context.domain.devices.iterchildren("graphics")
    kind = attribute(device, "type")
    if kind in ("spicevmc", "spiceport") and any(attribute(one, "type") in ("spice", UNKNOWN) for one in graphics):
        return None
    return kind


def _secure_loader_of_chosen_firmware(_context: Context, loader: Element) -> Maybe[str]:
    """Whether libvirt looks for a firmware with secure boot; a loader that the domain names itself is as it is."""
    return attribute(loader, "secure") if attribute(loader.getparent(), "firmware") == "efi" else None


def _model_sgx(_context: Context, memory: Element) -> Maybe[str]:
    model = attribute(memory, "model")
    return model if model in ("sgx-epc", UNKNOWN) else None


def _switched_on(_context: Context, feature: Element) -> Maybe[str]:
    for name in ("state", "enabled"):
        state = attribute(feature, name)
        if state is not None:
            return feature.tag if state in ("on", "yes") else UNKNOWN if state is UNKNOWN else None
    return str(feature.tag)


def _named(_context: Context, element: Element) -> Maybe[str]:
    return str(element.tag)


def _enlightenment(context: Context, feature: Element) -> Maybe[str]:
    """An enlightenment that libvirt asks KVM for: in mode passthrough it takes what there is, and TCG is not asked."""
    if attribute(feature.getparent(), "mode") not in (None, "custom") or context.domain.virt_type != "kvm":
        return None
    return feature.tag if attribute(feature, "state") == "on" else None


def _io_threads(_context: Context, element: Element) -> Maybe[str]:
    count = decimal((element.text or "").strip())
    return None if count == 0 else "iothreads" if isinstance(count, int) else UNKNOWN


def _security_sev(_context: Context, security: Element) -> Maybe[str]:
    kind = attribute(security, "type")
    return kind if kind in ("sev", UNKNOWN) else None


def _security_pv(_context: Context, security: Element) -> Maybe[str]:
    kind = attribute(security, "type")
    return kind if kind in ("s390-pv", UNKNOWN) else None


# Files that leave a row nothing to say.


def _lists_no_efi(capabilities: "DomainCapabilities") -> bool:
    return "efi" not in capabilities.enumerations.get("os/firmware", ())


def _lists_launch_security(capabilities: "DomainCapabilities") -> bool:
    return "features/launchSecurity" in capabilities.supported


def _lists_no_pv(capabilities: "DomainCapabilities") -> bool:
    listed = capabilities.enumerations.get("features/launchSecurity/sectype", frozenset())
    return _lists_launch_security(capabilities) and "s390-pv" not in listed


def _lists_no_relaxed(capabilities: "DomainCapabilities") -> bool:
    """QEMU before 6.1, and one without KVM, list two enlightenments at most; KVM has had ``relaxed`` from the start."""
    return "relaxed" not in capabilities.enumerations.get("features/hyperv/features", ())


def _values(*names: str) -> tuple[Value, ...]:
    return tuple(Value(name) for name in names)


_CAPABILITIES: Final = "src/qemu/qemu_capabilities.c"
_VALIDATE: Final = "src/qemu/qemu_validate.c"
_SEEN: Final = "seen with libvirt 9.0.0"
_EGL_LISTED: Final = Version(7, 0, 0)
_BOCHS_LISTED: Final = Version(5, 9, 0)
_RAMFB_LISTED: Final = Version(6, 2, 0)

ROWS: Final = (
    Row(
        "HOST100",
        "disk-bus-not-offered",
        on="devices/disk",
        at=None,
        reads=_bus_of_disk,
        what="the disk bus '{}'",
        listed_in="devices/disk/bus",
        values=_values("usb", "ide", "sata", "nvme"),
        hangs_on=HangsOn.MACHINE,
        outcome=Outcome.DEFINE,
        summary="A disk is on a bus that the host does not offer on the domain's machine.",
        more="A disk that names no bus gets one after its target's name: hda is on ide.",
        instead_of=("DISK008",),
        source=f"libvirt 11.3.0 {_CAPABILITIES} (virQEMUCapsFillDomainDeviceDiskCaps), {_VALIDATE} "
        f"(qemuValidateDomainDeviceDefControllerIDE, -SATA, -DiskFrontend); {_SEEN}",
        example="<disk type='file' device='disk'> {mark}\n  <source file='/srv/images/data.img'/>\n"
        "  <target dev='sdb' bus='{value}'/>\n</disk>",
    ),
    Row(
        "HOST101",
        "disk-device-not-offered",
        on="devices/disk",
        at="device",
        what="the disk device '{}'",
        listed_in="devices/disk/diskDevice",
        values=_values("floppy"),
        hangs_on=HangsOn.MACHINE,
        outcome=Outcome.START,
        summary="A disk is of a kind that the host does not offer on the domain's machine.",
        more="That is the floppy, which pseries machines do not have.",
        source=f"libvirt 11.3.0 {_CAPABILITIES} (virQEMUCapsFillDomainDeviceDiskCaps), src/qemu/qemu_process.c "
        f"(qemuProcessStartValidateDisks); {_SEEN}",
        example="<disk type='file' device='{value}'> {mark}\n  <source file='/srv/images/drivers.img'/>\n"
        "  <target dev='fda' bus='fdc'/>\n</disk>",
    ),
    Row(
        "HOST102",
        "disk-model-not-offered",
        on="devices/disk",
        at="model",
        what="the disk model '{}'",
        listed_in="devices/disk/model",
        values=_values("virtio-transitional", "virtio-non-transitional"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.START,
        summary="A disk is of a virtio model that the host does not offer.",
        more="Without the model, a virtio disk is transitional or not after the slot that it is in.",
        source=f"libvirt 7.0.0 and 11.3.0 {_CAPABILITIES} (virQEMUCapsFillDomainDeviceDiskCaps), "
        "src/qemu/qemu_command.c",
        example="<disk type='file' device='disk' model='{value}'> {mark}\n  <source file='/srv/images/data.img'/>\n"
        "  <target dev='vdb' bus='virtio'/>\n</disk>",
    ),
    Row(
        "HOST103",
        "backing-store-not-obeyed",
        on="devices/disk/backingStore",
        at=None,
        what="to obey a backing chain that stands in the domain",
        offered_by="features/backingStoreInput",
        reads=_named,
        then="libvirt ignores it and reads the chain from the images",
        way_out="remove the <backingStore> element, or see that the images themselves name the same chain",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.NOTE,
        summary="The domain says what backs a disk's image, and the host does not obey it.",
        source="libvirt 11.3.0 docs/formatdomaincaps.rst (backingStoreInput, since 5.10); 7.0.0 "
        f"{_CAPABILITIES} (domCapsTuples)",
        example="<disk type='file' device='disk'>\n  <driver name='qemu' type='qcow2'/>\n"
        "  <source file='/srv/images/data.qcow2'/>\n  <backingStore type='file'> {mark}\n"
        "    <format type='qcow2'/>\n    <source file='/srv/images/base.qcow2'/>\n  </backingStore>\n"
        "  <target dev='vdb' bus='virtio'/>\n</disk>",
    ),
    Row(
        "HOST110",
        "graphics-type-not-offered",
        on="devices/graphics",
        at="type",
        what="{} graphics",
        listed_in="devices/graphics/type",
        values=(*_values("spice", "vnc", "sdl", "rdp", "dbus"), Value("egl-headless", _EGL_LISTED)),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The domain has graphics of a type that the host does not offer.",
        more="Several distributions build QEMU without SPICE; RDP needs the program qemu-rdp beside it.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefGraphics), {_CAPABILITIES} "
        f"(virQEMUCapsFillDomainDeviceGraphicsCaps; 6.2.0 does not list egl-headless); {_SEEN}",
        example="<graphics type='{value}'/> {mark}",
    ),
    Row(
        "HOST111",
        "video-model-not-offered",
        on="devices/video/model",
        at="type",
        what="the video model '{}'",
        listed_in="devices/video/modelType",
        values=(
            *_values("qxl", "vga", "cirrus", "vmvga", "virtio"),
            Value("bochs", _BOCHS_LISTED),
            Value("ramfb", _RAMFB_LISTED),
        ),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The domain has a video device of a model that the host does not offer.",
        more="The models hang on the architecture and on how QEMU was built: qxl needs SPICE.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefVideo), {_CAPABILITIES} "
        f"(virQEMUCapsFillDomainDeviceVideoCaps); NEWS of 5.9.0 for bochs; {_SEEN}",
        example="<video>\n  <model type='{value}'/> {mark}\n</video>",
    ),
    Row(
        "HOST120",
        "usb-assignment-not-offered",
        on="devices/hostdev",
        at="type",
        reads=_usb_hostdev,
        what="to assign a host device of type '{}'",
        listed_in="devices/hostdev/subsysType",
        values=_values("usb"),
        offered_by="devices/hostdev",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The domain is given a USB device of the host, whose QEMU has no USB controller.",
        source=f"libvirt 11.3.0 {_CAPABILITIES} (virQEMUCapsFillDomainDeviceHostdevCaps); {_SEEN} on s390x",
        example="<hostdev mode='subsystem' type='{value}'> {mark}\n  <source>\n    <vendor id='0x1a2b'/>\n"
        "    <product id='0x0c0d'/>\n  </source>\n</hostdev>",
    ),
    Row(
        "HOST121",
        "pci-assignment-not-offered",
        on="devices/hostdev",
        at=None,
        reads=_pci_backend,
        what="to assign a PCI device (it has no VFIO)",
        listed_in="devices/hostdev/pciBackend",
        values=_values("vfio"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.START,
        way_out="switch the IOMMU on and load vfio-pci on the host, or use a host that has both",
        summary="The domain is given a PCI device of a host that has no VFIO.",
        more="The file says how the host was when it was made: libvirt looks for an IOMMU and for /dev/vfio/vfio.",
        source=f"libvirt 9.0.0 src/qemu/qemu_hostdev.c (qemuHostdevPreparePCIDevicesCheckSupport), 11.3.0 "
        f"src/qemu/qemu_domain.c (qemuDomainPrepareHostdevPCI); {_SEEN}",
        example="<hostdev mode='subsystem' type='pci' managed='yes'> {mark}\n  <driver name='{value}'/>\n  <source>\n"
        "    <address domain='0x0000' bus='0x3b' slot='0x00' function='0x0'/>\n  </source>\n</hostdev>",
    ),
    Row(
        "HOST122",
        "pci-interface-not-offered",
        on="devices/interface",
        at=None,
        reads=_pci_backend,
        what="to assign a network card (it has no VFIO)",
        listed_in="devices/hostdev/pciBackend",
        values=_values("vfio"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.START,
        way_out="switch the IOMMU on and load vfio-pci on the host, or use a host that has both",
        summary="An interface is a network card of a host that has no VFIO.",
        more="The file says how the host was when it was made: libvirt looks for an IOMMU and for /dev/vfio/vfio.",
        source=f"libvirt 9.0.0 src/qemu/qemu_hostdev.c (qemuHostdevPreparePCIDevicesCheckSupport), 11.3.0 "
        f"src/qemu/qemu_domain.c (qemuDomainPrepareHostdevPCI); {_SEEN}",
        example="<interface type='hostdev' managed='yes'> {mark}\n  <driver name='{value}'/>\n  <source>\n"
        "    <address type='pci' domain='0x0000' bus='0x3b' slot='0x10' function='0x1'/>\n  </source>\n</interface>",
    ),
    Row(
        "HOST130",
        "rng-model-not-offered",
        on="devices/rng",
        at="model",
        what="the random number generator model '{}'",
        listed_in="devices/rng/model",
        values=_values("virtio", "virtio-transitional", "virtio-non-transitional"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The domain has a random number generator of a model that the host does not offer.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainRNGDef)",
        example="<rng model='{value}'> {mark}\n  <backend model='random'>/dev/urandom</backend>\n</rng>",
    ),
    Row(
        "HOST131",
        "rng-backend-not-offered",
        on="devices/rng/backend",
        at="model",
        what="the random number generator backend '{}'",
        listed_in="devices/rng/backendModel",
        values=_values("builtin", "random", "egd"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="A random number generator has a backend that the host does not offer.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainRNGDef)",
        example="<rng model='virtio'>\n  <backend model='{value}'/> {mark}\n</rng>",
    ),
    Row(
        "HOST140",
        "filesystem-driver-not-offered",
        on="devices/filesystem/driver",
        at="type",
        what="the filesystem driver '{}'",
        listed_in="devices/filesystem/driverType",
        values=_values("virtiofs"),
        way_out="use a host that offers it, or leave the driver out: the guest then mounts the share as 9p",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="A shared filesystem has a driver that the host does not offer.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefFS)",
        example="<filesystem type='mount'>\n  <driver type='{value}'/> {mark}\n  <source dir='/srv/share'/>\n"
        "  <target dir='share'/>\n</filesystem>",
        around="<memoryBacking>\n  <access mode='shared'/>\n</memoryBacking>",
    ),
    Row(
        "HOST150",
        "tpm-model-not-offered",
        on="devices/tpm",
        at="model",
        what="the TPM model '{}'",
        listed_in="devices/tpm/model",
        values=_values("tpm-crb", "tpm-tis", "tpm-spapr", "spapr-tpm-proxy"),
        offered_by="devices/tpm",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The domain has a TPM of a model that the host does not offer.",
        more="The models hang on the architecture; a QEMU without any of them has no TPM at all.",
        source=f"libvirt 9.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefTPM); {_SEEN}",
        example="<tpm model='{value}'> {mark}\n  <backend type='passthrough'>\n    <device path='/dev/tpm0'/>\n"
        "  </backend>\n</tpm>",
    ),
    Row(
        "HOST151",
        "tpm-backend-not-offered",
        on="devices/tpm/backend",
        at="type",
        what="the TPM backend '{}'",
        listed_in="devices/tpm/backendModel",
        values=_values("emulator", "external", "passthrough"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="A TPM has a backend that the host does not offer.",
        more="The backends emulator and external need the program swtpm on the host.",
        source=f"libvirt 9.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefTPM), {_CAPABILITIES} "
        f"(virQEMUCapsFillDomainDeviceTPMCaps); {_SEEN}",
        example="<tpm model='tpm-crb'>\n  <backend type='{value}'/> {mark}\n</tpm>",
    ),
    Row(
        "HOST152",
        "tpm-version-not-offered",
        on="devices/tpm/backend",
        at="version",
        reads=_version_of_emulated_tpm,
        what="TPM version {}",
        listed_in="devices/tpm/backendVersion",
        values=_values("1.2", "2.0"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="An emulated TPM is of a version that the host's swtpm does not offer.",
        source=f"libvirt 9.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefTPM), {_CAPABILITIES} "
        "(virQEMUCapsFillDomainDeviceTPMCaps)",
        example="<tpm model='tpm-tis'>\n  <backend type='emulator' version='{value}'/> {mark}\n</tpm>",
    ),
    Row(
        "HOST160",
        "usb-redirection-not-offered",
        on="devices/redirdev",
        at="bus",
        what="to redirect devices on the bus '{}'",
        listed_in="devices/redirdev/bus",
        values=_values("usb"),
        offered_by="devices/redirdev",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The domain redirects USB devices, and the host's QEMU cannot.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainRedirdevDef); {_SEEN}",
        example="<redirdev bus='{value}' type='tcp'> {mark}\n"
        "  <source mode='connect' host='desk3.example.org' service='4000'/>\n</redirdev>",
    ),
    Row(
        "HOST161",
        "channel-type-not-offered",
        on="devices/channel",
        at="type",
        reads=_type_beside_no_spice,
        what="the channel type '{}'",
        listed_in="devices/channel/type",
        values=_values("spicevmc"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="A channel is of a type that the host does not offer.",
        more="A channel of SPICE needs graphics of SPICE; where the domain has them, HOST110 reports those.",
        source=f"libvirt 7.0.0 to 11.3.0 {_CAPABILITIES} (virQEMUCapsFillDomainDeviceChannelCaps), {_VALIDATE} "
        f"(qemuValidateDomainChrSourceDef); {_SEEN}",
        example="<channel type='{value}'> {mark}\n  <target type='virtio' name='com.redhat.spice.0'/>\n</channel>",
        libvirt="7.0.0",
    ),
    Row(
        "HOST162",
        "console-type-not-offered",
        on="devices/console",
        at="type",
        reads=_type_beside_no_spice,
        what="the console type '{}'",
        listed_in="devices/console/type",
        values=(
            *_values("qemu-vdagent", "spicevmc", "spiceport"),
            Value("dbus", outcome=Outcome.START),
        ),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="A console is of a type that the host does not offer.",
        more="A console of SPICE needs graphics of SPICE; where the domain has them, HOST110 reports those.",
        source=f"files of libvirt 12 for what is listed; libvirt 11.3.0 {_VALIDATE} (qemuValidateDomainChrSourceDef)",
        example="<console type='{value}'> {mark}\n  <target type='virtio' port='1'/>\n</console>",
    ),
    Row(
        "HOST165",
        "crypto-model-not-offered",
        on="devices/crypto",
        at="model",
        what="the crypto model '{}'",
        listed_in="devices/crypto/model",
        values=_values("virtio"),
        offered_by="devices/crypto",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The domain has a crypto device of a model that the host does not offer.",
        source=f"libvirt 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefCrypto)",
        example="<crypto model='{value}' type='qemu'> {mark}\n  <backend model='builtin' queues='1'/>\n</crypto>",
    ),
    Row(
        "HOST166",
        "crypto-backend-not-offered",
        on="devices/crypto/backend",
        at="model",
        what="the crypto backend '{}'",
        listed_in="devices/crypto/backendModel",
        values=_values("lkcf"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="A crypto device has a backend that the host does not offer.",
        source=f"libvirt 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefCrypto)",
        example="<crypto model='virtio' type='qemu'>\n  <backend model='{value}' queues='1'/> {mark}\n</crypto>",
    ),
    Row(
        "HOST170",
        "interface-backend-not-offered",
        on="devices/interface/backend",
        at="type",
        reads=_backend_of_user_interface,
        what="the interface backend '{}'",
        listed_in="devices/interface/backendType",
        values=_values("passt"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.START,
        summary="An interface of type user has a backend that the host does not offer.",
        more="passt is listed where QEMU can connect a NIC to a stream socket, since 7.2.",
        source=f"libvirt 11.3.0 {_CAPABILITIES} (virQEMUCapsFillDomainDeviceNetCaps), src/qemu/qemu_passt.c "
        "(qemuPasstAddNetProps)",
        example="<interface type='user'>\n  <backend type='{value}'/> {mark}\n  <model type='virtio'/>\n</interface>",
    ),
    Row(
        "HOST175",
        "panic-model-not-offered",
        on="devices/panic",
        at="model",
        what="the panic device model '{}'",
        listed_in="devices/panic/model",
        values=_values("pvpanic", "isa", "hyperv", "s390", "pseries"),
        offered_by="devices/panic",
        hangs_on=HangsOn.MACHINE,
        outcome=Outcome.DEFINE,
        summary="The domain has a panic device of a model that the host does not offer on its machine.",
        more="hyperv is for x86, s390 for s390x and pseries for that machine of ppc64.",
        source=f"libvirt 11.3.0 {_VALIDATE} (qemuValidateDomainDefPanic), {_CAPABILITIES} "
        "(virQEMUCapsFillDomainDevicePanicCaps)",
        example="<panic model='{value}'/> {mark}",
    ),
    Row(
        "HOST180",
        "firmware-not-offered",
        on="os",
        at="firmware",
        what="a firmware of type '{}'",
        listed_in="os/firmware",
        values=_values("efi", "bios"),
        hangs_on=HangsOn.MACHINE,
        outcome=Outcome.START,
        refused_by=Version(9, 2, 0),
        way_out="install a firmware with its descriptor on the host (/usr/share/qemu/firmware), "
        "or name the image in <loader> instead of the attribute firmware",
        summary="libvirt shall choose a firmware, and the host has none of that type for the domain's machine.",
        more="libvirt chooses among the firmware descriptors of the host, for the architecture and machine;\n"
        "since 9.2.0 it does so when the domain is defined, before that when it starts.",
        source="libvirt 9.0.0 and 11.3.0 src/qemu/qemu_firmware.c (qemuFirmwareGetSupported, qemuFirmwareFillDomain); "
        f"NEWS of 9.2.0; {_SEEN}",
        example="<os firmware='{value}'> {mark}\n  <type arch='x86_64' machine='pc-q35-8.2'>hvm</type>\n</os>",
        place="os",
    ),
    Row(
        "HOST181",
        "secure-firmware-not-offered",
        on="os/loader",
        at="secure",
        reads=_secure_loader_of_chosen_firmware,
        what="a firmware with secure='{}'",
        listed_in="os/loader/secure",
        values=_values("yes"),
        is_left_to_others=_lists_no_efi,
        hangs_on=HangsOn.MACHINE,
        outcome=Outcome.START,
        refused_by=Version(9, 2, 0),
        way_out="install a firmware with secure boot and its descriptor on the host (/usr/share/qemu/firmware)",
        summary="libvirt shall choose a firmware that is safe from the guest, and the host has none for the machine.",
        more="Listed where a firmware descriptor of the host requires SMM. A loader that the domain names itself\n"
        "is not judged: libvirt does not look for it in the descriptors.",
        source="libvirt 9.0.0 and 11.3.0 src/qemu/qemu_firmware.c (qemuFirmwareGetSupported, qemuFirmwareMatchDomain); "
        f"NEWS of 9.2.0; {_SEEN}",
        example="<os firmware='efi'>\n  <type arch='x86_64' machine='pc-q35-8.2'>hvm</type>\n"
        "  <loader secure='{value}'/> {mark}\n</os>",
        place="os",
    ),
    Row(
        "HOST185",
        "memory-source-not-offered",
        on="memoryBacking/source",
        at="type",
        what="guest memory from '{}'",
        listed_in="memoryBacking/sourceType",
        values=_values("memfd"),
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.START,
        summary="The guest's memory comes from a source that the host does not offer.",
        source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_command.c (qemuBuildMemoryBackendProps)",
        example="<memoryBacking>\n  <source type='{value}'/> {mark}\n</memoryBacking>",
        place="domain",
    ),
    Row(
        "HOST190",
        "launch-security-not-offered",
        on="launchSecurity",
        at="type",
        what="the launch security '{}'",
        listed_in="features/launchSecurity/sectype",
        values=_values("sev", "sev-snp", "s390-pv", "tdx"),
        offered_by="features/launchSecurity",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The guest's memory shall be kept from the host in a way that the host does not offer.",
        source=f"libvirt 11.3.0 {_VALIDATE} (qemuValidateDomainDef), {_CAPABILITIES} "
        "(virQEMUCapsFillDomainLaunchSecurity)",
        example="<launchSecurity type='{value}'> {mark}\n  <policy>0x0003</policy>\n</launchSecurity>",
        place="domain",
    ),
    Row(
        "HOST191",
        "sev-not-offered",
        on="launchSecurity",
        at="type",
        reads=_security_sev,
        what="encrypted memory (SEV)",
        offered_by="features/sev",
        is_left_to_others=_lists_launch_security,
        way_out="use a host with an AMD EPYC processor, SEV switched on in its firmware and in the module kvm_amd",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The guest's memory shall be encrypted with SEV, which the host does not offer.",
        more="Files of libvirt 10.5.0 and newer list all kinds of launch security: HOST190 judges by that list.",
        source=f"libvirt 7.0.0 and 9.0.0 {_VALIDATE} (qemuValidateDomainDef), {_CAPABILITIES} "
        f"(virQEMUCapsProbeQMPSEVCapabilities); {_SEEN}",
        example="<launchSecurity type='sev'> {mark}\n  <policy>0x0003</policy>\n</launchSecurity>",
        place="domain",
    ),
    Row(
        "HOST192",
        "s390-pv-not-offered",
        on="launchSecurity",
        at="type",
        reads=_security_pv,
        what="protected virtualization (s390-pv)",
        offered_by="features/s390-pv",
        is_left_to_others=_lists_no_pv,
        way_out="use a host whose kernel runs with prot_virt=1, on an IBM z15 or newer",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The guest shall run protected, and the host's kernel or QEMU cannot.",
        source=f"libvirt 9.0.0 and 11.3.0 {_VALIDATE} (qemuValidateDomainDef), {_CAPABILITIES} "
        f"(virQEMUCapsFillDomainFeatureS390PVCaps); {_SEEN}",
        example="<launchSecurity type='s390-pv'/> {mark}",
        place="domain",
        arch="s390x",
        machine="s390-ccw-virtio-8.2",
    ),
    Row(
        "HOST193",
        "sgx-not-offered",
        on="devices/memory",
        at="model",
        reads=_model_sgx,
        what="memory for enclaves (SGX)",
        offered_by="features/sgx",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The guest shall have memory for enclaves, which the host does not offer.",
        source=f"libvirt 9.0.0 and 11.3.0 {_VALIDATE} (qemuValidateDomainDeviceDefMemory), {_CAPABILITIES} "
        f"(virQEMUCapsProbeQMPSGXCapabilities); {_SEEN}",
        example="<memory model='sgx-epc'> {mark}\n  <target>\n    <size unit='KiB'>65536</size>\n  </target>\n"
        "</memory>",
        around="<maxMemory slots='4' unit='GiB'>4</maxMemory>\n<cpu>\n  <numa>\n"
        "    <cell id='0' cpus='0' memory='1024' unit='MiB'/>\n  </numa>\n</cpu>",
    ),
    Row(
        "HOST200",
        "gic-version-not-offered",
        on="features/gic",
        at="version",
        what="GIC version {}",
        listed_in="features/gic/version",
        values=_values("2", "3"),
        hangs_on=HangsOn.MACHINE,
        outcome=Outcome.START,
        summary="The guest shall have an interrupt controller (GIC) of a version that the host does not offer.",
        more="With KVM the versions are those of the host's own controller. libvirt lets the domain be defined.",
        source=f"libvirt 11.3.0 {_CAPABILITIES} (virQEMUCapsFillDomainFeatureGICCaps); QEMU 9.2 hw/arm/virt.c "
        "(finalize_gic_version)",
        example="<gic version='{value}'/> {mark}",
        place="features",
        arch="aarch64",
        machine="virt-8.2",
    ),
    Row(
        "HOST201",
        "vmcoreinfo-not-offered",
        on="features/vmcoreinfo",
        at=None,
        reads=_switched_on,
        what="vmcoreinfo",
        offered_by="features/vmcoreinfo",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The guest shall be able to leave a note for its crash dumps, and the host's QEMU cannot take it.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDefFeatures); {_SEEN}",
        example="<vmcoreinfo state='on'/> {mark}",
        place="features",
    ),
    Row(
        "HOST202",
        "genid-not-offered",
        on="genid",
        at=None,
        reads=_named,
        what="a generation id (genid)",
        offered_by="features/genid",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The guest shall have a generation id, which the host's QEMU cannot give it.",
        source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE} (qemuValidateDomainDef); {_SEEN}",
        example="<genid/> {mark}",
        place="domain",
    ),
    Row(
        "HOST203",
        "async-teardown-not-offered",
        on="features/async-teardown",
        at=None,
        reads=_switched_on,
        what="asynchronous teardown",
        offered_by="features/async-teardown",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.DEFINE,
        summary="The guest's memory shall be freed after QEMU has left, which the host's QEMU cannot do.",
        source=f"libvirt 11.3.0 {_VALIDATE} (qemuValidateDomainDefFeatures)",
        example="<async-teardown enabled='yes'/> {mark}",
        place="features",
    ),
    Row(
        "HOST204",
        "ps2-switch-not-offered",
        on="features/ps2",
        at=None,
        reads=_named,
        what="to switch the PS/2 controller on or off",
        offered_by="features/ps2",
        hangs_on=HangsOn.MACHINE,
        outcome=Outcome.DEFINE,
        summary="The domain says whether it has a PS/2 controller, and the host cannot choose on its machine.",
        source=f"libvirt 11.3.0 {_VALIDATE} (qemuValidateDomainDefFeatures), {_CAPABILITIES} "
        "(virQEMUCapsSupportsI8042Toggle)",
        example="<ps2 state='off'/> {mark}",
        place="features",
    ),
    Row(
        "HOST205",
        "hyperv-enlightenment-not-offered",
        on="features/hyperv/*",
        at=None,
        reads=_enlightenment,
        what="the Hyper-V enlightenment '{}'",
        listed_in="features/hyperv/features",
        values=_values(
            *("vpindex", "runtime", "synic", "stimer", "reset", "frequencies", "reenlightenment", "tlbflush", "ipi"),
            *("avic", "emsr_bitmap", "xmm_input"),
        ),
        is_left_to_others=_lists_no_relaxed,
        way_out="remove it, or write state='off'",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.START,
        summary="A Windows guest shall have an enlightenment that the host's KVM does not offer.",
        more="relaxed and vapic are not judged, as libvirt only warns of them; nor spinlocks and vendor_id, which\n"
        "QEMU always has, nor evmcs, which no list is known to hold. A file that does not list relaxed was made\n"
        "without KVM, or with QEMU before 6.1: it tells nothing.",
        source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_process.c (qemuProcessVerifyHypervFeatures), "
        f"{_CAPABILITIES} (virQEMUCapsProbeHypervCapabilities), docs/formatdomaincaps.rst",
        example="<hyperv mode='custom'>\n  <relaxed state='on'/>\n  <{value} state='on'/> {mark}\n</hyperv>",
        place="features",
    ),
    Row(
        "HOST206",
        "iothreads-not-offered",
        on="iothreads",
        at=None,
        reads=_io_threads,
        what="I/O threads",
        offered_by="iothreads",
        hangs_on=HangsOn.EMULATOR,
        outcome=Outcome.START,
        summary="The domain has I/O threads, which the host's QEMU has not.",
        source="libvirt 9.0.0 src/qemu/qemu_process.c (qemuProcessStartValidateIOThreads), " + _CAPABILITIES,
        example="<iothreads>2</iothreads> {mark}",
        place="domain",
    ),
)
"""What is judged."""

NOT_JUDGED: Final[dict[str, str | dict[str, str]]] = {
    "os/loader/value": "firmware images that libvirt knows; a domain may name any other",
    "os/loader/type": "always the same list",
    "os/loader/readonly": "always the same list",
    "os/loader/secure": {"no": "always listed"},
    "memoryBacking/sourceType": {"file": "always listed", "anonymous": "always listed"},
    "devices/disk/diskDevice": {"disk": "always listed", "cdrom": "always listed", "lun": "always listed"},
    "devices/disk/bus": {
        "scsi": "always listed",
        "virtio": "always listed",
        "fdc": "missing on pseries alone, where HOST101 reports the floppy",
    },
    "devices/disk/model": {"virtio": "always listed"},
    "devices/video/modelType": {"none": "libvirt takes it before it looks at what QEMU offers"},
    "devices/hostdev/mode": "always subsystem; the QEMU driver refuses capabilities on every host",
    "devices/hostdev/startupPolicy": "always the same list",
    "devices/hostdev/subsysType": {"pci": "always listed", "scsi": "always listed"},
    "devices/hostdev/capsType": "always empty: for containers alone",
    "devices/hostdev/pciBackend": {"default": "listed with vfio, by which a domain is judged that names no driver"},
    "devices/hostdev/iommufd": "of libvirt 12: not looked up what it refuses",
    "devices/filesystem/driverType": {
        "path": "always listed",
        "handle": "listed up to libvirt 11.3 at least, although no QEMU since 4.0 has it; not listed by 12",
    },
    "devices/channel/type": {"pty": "always listed", "unix": "always listed"},
    "devices/console/type": dict.fromkeys(
        ("null", "vc", "pty", "dev", "file", "pipe", "stdio", "udp", "tcp", "unix"), "always listed"
    ),
    "devices/crypto/type": "always qemu",
    "devices/crypto/backendModel": {"builtin": "always listed"},
    "devices/interface/backendType": {"default": "where it is missing, libvirt takes passt for it"},
    "features/hyperv/features": {
        "relaxed": "libvirt starts the domain with a warning",
        "vapic": "libvirt starts the domain with a warning",
        "spinlocks": "QEMU always has it",
        "vendor_id": "QEMU always has it",
        "evmcs": "no list is known to hold it",
    },
}
"""Enumerations, or values of them, that libvirt writes and no row judges, each with the reason."""

NOT_JUDGED_ELEMENTS: Final[dict[str, str]] = {
    "os": "always supported",
    "os/loader": "always supported",
    "memoryBacking": "always supported",
    "devices/disk": "always supported",
    "devices/graphics": "always supported",
    "devices/video": "always supported",
    "devices/rng": "always supported",
    "devices/filesystem": "always supported",
    "devices/channel": "always supported",
    "devices/interface": "always supported",
    "devices/console": "always supported",
    "features/gic": "'no' on every machine but Arm's virt, and there with HVF, which has a GIC all the same",
    "features/hyperv": "left out where it is not supported",
    "features/backup": "nothing in a domain asks for it",
    "features/tdx": "of libvirt 12, where HOST190 judges by the list",
}
"""Elements with the attribute ``supported`` that no row looks at, each with the reason."""


class _Refusal(NamedTuple):
    """A host that does not offer what the domain asks for: the file that says it, and the value (None: none at all)."""

    capabilities: "DomainCapabilities"
    value: Value | None


def _problems(row: Row, context: Context, element: Element) -> Problems:
    judges = _judges(row, context)
    if not judges:
        return
    wanted = attribute(element, row.at or "") if row.reads is None else row.reads(context, element)
    if row.reads is not None and not isinstance(wanted, str):
        return
    refusal = _refusal(row, judges, wanted)
    if refusal is None:
        return
    outcome = _outcome(row, refusal, context)
    yield Problem(
        Spot(element, None if refusal.value is None else row.at),
        _message(row, refusal, wanted, outcome, element),
        _help(row, refusal, element),
        outcome=outcome if outcome is not row.outcome else None,
    )


def _judges(row: Row, context: Context) -> "tuple[DomainCapabilities, ...]":
    """The files that tell what the host offers to this domain, whose emulator is QEMU; Xen writes such files, too."""
    if context.host is None or not context.host.domain_capabilities:
        return ()
    if row.hangs_on is HangsOn.EMULATOR:
        found = context.emulator_capabilities
    else:
        exact, arch = context.domain_capabilities, context.domain.arch
        found = (exact,) if exact is not None and arch in (None, exact.arch) else ()
    return tuple(one for one in found if one.virt_type in QEMU_VIRT_TYPES)


def _refusal(row: Row, judges: "tuple[DomainCapabilities, ...]", wanted: Maybe[str]) -> _Refusal | None:
    """Why the host does not offer it; None where one of the files offers it, or none tells."""
    refusals = []
    for capabilities in judges:
        if row.is_left_to_others is not None and row.is_left_to_others(capabilities):
            continue
        if row.offered_by and capabilities.supported.get(row.offered_by) is False:
            refusals.append(_Refusal(capabilities, None))
            continue
        listed = capabilities.enumerations.get(row.listed_in) if row.listed_in else None
        value = next((value for value in row.values if value.name == wanted), None)
        if listed is not None and value is not None and wanted not in listed and _would_list(capabilities, value):
            refusals.append(_Refusal(capabilities, value))
        elif listed is not None or row.offered_by in capabilities.supported:
            return None
    return refusals[0] if refusals else None


def _would_list(capabilities: "DomainCapabilities", value: Value) -> bool:
    """Whether the libvirt that wrote the file would have listed the value, had the host offered it."""
    if value.listed_by is None:
        return True
    age = newer_than(capabilities)
    return age is not None and age >= value.listed_by


def _outcome(row: Row, refusal: _Refusal, context: Context) -> Outcome:
    if refusal.value is not None and refusal.value.outcome is not None:
        return refusal.value.outcome
    if row.refused_by is not None:
        known = [version for version in (context.libvirt, newer_than(refusal.capabilities)) if version is not None]
        if any(version >= row.refused_by for version in known):
            return Outcome.DEFINE
    return row.outcome


def _message(row: Row, refusal: _Refusal, wanted: Maybe[str], outcome: Outcome, element: Element) -> str:
    is_all_missing = refusal.value is None and "{}" in row.what
    what = f"any <{element.tag}>" if is_all_missing else row.what.format(wanted)
    machine = refusal.capabilities.machine if row.hangs_on is HangsOn.MACHINE else None
    where = "" if machine is None else f" on machine '{machine}'"
    then = "libvirt refuses the definition" if outcome is Outcome.DEFINE else "the domain does not start"
    return f"this host does not offer {what}{where}: {row.then or then}"


_NO_WAY_OUT: Final = frozenset({"fdc", "handle", "none"})
"""Listed values that are no help: for floppies alone, of no QEMU since 4.0, no device at all."""


def _help(row: Row, refusal: _Refusal, element: Element) -> str:
    if row.way_out:
        return row.way_out
    listed = refusal.capabilities.enumerations.get(row.listed_in, frozenset()) - _NO_WAY_OUT
    if listed and refusal.value is not None:
        return f"use what the host offers ({', '.join(sorted(listed))}), or another host"
    if row.offered_by:
        return f"remove the <{element.tag}> element, or use a host that offers it"
    return "use a host that offers it"


# The rules, one for each row.


def example(row: Row, value: str, is_offered: bool) -> Example:
    """A domain that asks for a value, on a host which offers that, or all but that; "" is the feature itself."""
    mark = "" if is_offered else f" <!-- {row.code} -->"
    written = row.example.replace("{value}", value).replace(" {mark}", mark)
    found = Example("", row.machine, row.arch, capabilities=_capabilities(row, value, is_offered))
    found = found._replace(libvirt=row.libvirt)
    if row.place == "devices":
        return found._replace(devices=written, around=row.around)
    if row.place == "os":
        return found._replace(document=_DOMAIN_WITHOUT_OS.replace("{os}", written.replace("\n", "\n  ")))
    if row.place == "features":
        written = "\n".join(("<features>", *(f"  {line}" for line in written.splitlines()), "</features>"))
    return found._replace(around=written)


_DOMAIN_WITHOUT_OS: Final = """\
<domain type='kvm'>
  <name>example</name>
  <memory unit='MiB'>1024</memory>
  {os}
  <features>
    <acpi/>
    <smm state='on'/>
  </features>
</domain>
"""


def _capabilities(row: Row, value: str, is_offered: bool) -> str:
    """The piece of a domainCapabilities document that tells of it."""
    if not (row.listed_in and value):
        return _nested(row.offered_by, f" supported='{'yes' if is_offered else 'no'}'/>")
    path, _, name = row.listed_in.rpartition("/")
    known = [one.name for one in row.values if is_offered or one.name != value]
    if row.is_left_to_others is _lists_no_relaxed:
        known.insert(0, "relaxed")
    items = "".join(f"<value>{one}</value>" for one in known)
    enumeration = f"<enum name='{name}'>{items}</enum>"
    if row.is_left_to_others is _lists_no_efi:
        return _nested("os", f"><enum name='firmware'><value>efi</value></enum><loader>{enumeration}</loader></os>")
    tag = path.rpartition("/")[2]
    is_listed_late = any(one.name == value and one.listed_by is not None for one in row.values)
    age = "<memoryBacking supported='yes'/>" if is_listed_late else ""
    return age + _nested(path, f" supported='yes'>{enumeration}</{tag}>")


def _nested(path: str, rest: str) -> str:
    """The rest of the last element's tag and what follows it, inside of the elements before it."""
    *outer, tag = path.split("/")
    before, after = (f"<{outer[0]}>", f"</{outer[0]}>") if outer else ("", "")
    return f"{before}<{tag}{rest}{after}"


def _documentation(row: Row) -> str:
    whose = "the domain's own type and machine" if row.hangs_on is HangsOn.MACHINE else "the domain's emulator"
    sentences = [row.more, f"Known from the host's `<domainCapabilities>` for {whose}."]
    if row.values:
        names = ", ".join(value.name for value in row.values)
        sentences.append(f"Judged: {names}. Of any other value, libvirt's list tells nothing.")
    return "\n".join((row.summary, "", *filter(None, sentences)))


def _rule_of(row: Row) -> Rule:
    def body(context: Context, element: Element) -> Iterator[Problem]:
        return _problems(row, context, element)

    body.__doc__ = _documentation(row)
    value = row.values[0].name if row.values else ""
    return rule(
        row.code,
        row.name,
        outcome=row.outcome,
        on=row.on,
        needs=Needs.HOST | Needs.OFFERS,
        source=row.source,
        instead_of=row.instead_of,
        bad=example(row, value, is_offered=False),
        good=example(row, value, is_offered=True),
    )(body)


RULES: Final = tuple(_rule_of(row) for row in ROWS)


def reported_elements(context: Context, domain: Element) -> frozenset[Element]:
    """The elements that these rules report: what other rules know of them from elsewhere is the same mistake."""
    return frozenset(
        element for row in ROWS for element in domain.iterfind(row.on) for _problem in _problems(row, context, element)
    )
