"""What a file says of the guest's PCI: its controllers, and the places that devices ask for."""

from functools import lru_cache
from typing import Final, NamedTuple

from domlint.cached import cached_property
from domlint.document import Element
from domlint.domain.values import UNKNOWN, Maybe, attribute, c_integer, child, child_attribute, decimal
from domlint.placeholders import is_placeholder

ORDER: Final = (
    *("disk", "interface", "sound", "hostdev", "video", "controller", "smartcard", "serial", "parallel", "channel"),
    *("console", "input", "filesystem", "watchdog", "memballoon", "rng", "nvram", "hub", "shmem", "tpm", "panic"),
    *("memory", "redirdev", "iommu", "vsock", "crypto", "pstore"),
)
"""The devices that have an address, as libvirt goes through them.

Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainDeviceInfoIterateFlags).
"""

_WITHOUT_ZPCI: Final = frozenset({"serial", "parallel", "channel", "console"})

_RANKS: Final = {name: rank for rank, name in enumerate(ORDER)}


_LARGEST_BUS: Final = 0xFF
_LARGEST_SLOT: Final = 0x1F
_LARGEST_FUNCTION: Final = 7
"""Of a PCI address. Source: libvirt 11.3.0 src/util/virpci.c (virPCIDeviceAddressIsValid)."""


class Place(NamedTuple):
    """A place on a PCI bus of the guest."""

    bus: int
    slot: int
    function: int

    def __str__(self) -> str:
        return f"0000:{self.bus:02x}:{self.slot:02x}.{self.function:x}"


class Asked(NamedTuple):
    """A place that a device asks for. ``domain`` is the PCI domain that it names."""

    device: Element
    address: Element
    place: Place
    domain: int = 0


class OtherAddress(NamedTuple):
    """An address of a device that is none on PCI."""

    device: Element
    address: Element
    type: str


LARGEST_INDEX: Final = 255
"""Of a PCI controller. Source: libvirt 11.3.0 src/conf/domain_validate.c (virDomainControllerDefValidate)."""


class PciController(NamedTuple):
    """A PCI controller of the file. ``index`` is the number of its bus; libvirt counts where there is none."""

    element: Element
    index: Maybe[int]  # type: ignore[assignment]  # hides tuple.index
    model: Maybe[str]

    @property
    def allows_hotplug(self) -> bool:
        """Tell whether the file does not forbid to plug something in while the guest runs."""
        return child_attribute(self.element, "target", "hotplug") != "off"


def place_of(address: Element) -> Maybe[tuple[int, Place]]:
    """The PCI domain and the place that an address names; None where libvirt is to choose a place.

    UNKNOWN for what libvirt cannot read.
    """
    get = address.get
    return _read_place(get("domain"), get("bus"), get("slot"), get("function"))


@lru_cache(maxsize=4096)
def _read_place(*written: str | None) -> Maybe[tuple[int, Place]]:
    """Source: libvirt 11.3.0 src/util/virpci.c (virPCIDeviceAddressIsValid, virPCIDeviceAddressIsEmpty)."""
    numbers = []
    for value in written:
        number = 0 if value is None else c_integer(value)
        if not isinstance(number, int):
            return UNKNOWN
        numbers.append(number)
    if not any(numbers[:3]):
        return None
    if numbers[1] > _LARGEST_BUS or numbers[2] > _LARGEST_SLOT or numbers[3] > _LARGEST_FUNCTION:
        return UNKNOWN
    return numbers[0], Place(*numbers[1:])


def ignores_address(device: Element) -> bool:
    """Tell whether libvirt reads no address of a device, or gives it one of its own.

    Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainControllerDefParseXML, virDomainMemballoonDefParseXML),
    src/conf/domain_postparse.c (virDomainDefPostParseVideo), src/qemu/qemu_domain_address.c
    (qemuDomainAssignVirtioSerialAddresses, qemuDomainAssignSpaprVIOAddresses).
    """
    match device.tag:
        case "controller":
            model = device.get("model")
            return model == "ibmvscsi" or (model == "none" and device.get("type") == "usb")
        case "memballoon":
            return device.get("model") == "none"
        case "video":
            return child_attribute(device, "model", "type") == "none"
        case "interface":
            return child_attribute(device, "model", "type") == "spapr-vlan"
        case "channel":
            return child_attribute(device, "target", "type") == "virtio"
        case "console":
            return child_attribute(device, "target", "type") != "virtio"
    return False


class PciReading:
    """All that a file says of PCI, whatever the machine."""

    def __init__(self, devices: Element | None) -> None:
        self.devices = devices
        self.asked: list[Asked] = []
        self.others: list[OtherAddress] = []
        self.is_known = True
        """Tells that no address and no controller has a part that a template fills in, or that libvirt cannot read."""
        if devices is not None:
            self._read_addresses(devices)

    def _read_addresses(self, devices: Element) -> None:
        asked, others, ranks, last = self.asked, self.others, _RANKS, None
        for address in devices.iterdescendants("address"):
            device = address.getparent()
            if device is last or device is None or device.getparent() is not devices or device.tag not in ranks:
                continue
            last, kind = device, address.get("type")
            if kind != "pci" and (kind is None or not is_placeholder(kind)):
                if kind is not None:
                    others.append(OtherAddress(device, address, kind))
                continue
            if ignores_address(device):
                continue
            place = place_of(address)
            if isinstance(place, tuple) and kind == "pci":
                asked.append(Asked(device, address, place[1], place[0]))
            elif place is not None:
                self.is_known = False

    @cached_property
    def controllers(self) -> list[PciController]:
        """The PCI controllers, each with an index: as written, or the lowest that no other has.

        Source: libvirt 11.3.0 src/conf/domain_postparse.c (virDomainAssignControllerIndexes).
        """
        if self.devices is None:
            return []
        elements = [element for element in self.devices.iterchildren("controller") if element.get("type") == "pci"]
        indexes = [decimal(element.get("index")) for element in elements]
        used = set(indexes)
        controllers, lowest = [], 0
        for element, index in zip(elements, indexes, strict=True):
            if index is None:
                while lowest in used:
                    lowest += 1
                index, lowest = lowest, lowest + 1
            controllers.append(PciController(element, index, attribute(element, "model")))
        return controllers

    @cached_property
    def are_controllers_known(self) -> bool:
        """Tell whether index and model of each controller are known, and none of the indexes is there twice."""
        indexes = [one.index for one in self.controllers if isinstance(one.index, int)]
        return len(set(indexes)) == len(self.controllers) and all(
            isinstance(one.model, str) for one in self.controllers
        )

    @cached_property
    def with_zpci(self) -> list[Element]:
        """The devices with a ``<zpci>`` in an address on PCI, but for those of which libvirt does not look at it."""
        if self.devices is None:
            return []
        found = []
        for zpci in self.devices.iterdescendants("zpci"):
            address = zpci.getparent()
            device = None if address is None else address.getparent()
            if address is None or device is None or device.getparent() is not self.devices:
                continue
            has_zpci = device.tag in _RANKS and device.tag not in _WITHOUT_ZPCI
            if has_zpci and address.get("type") == "pci" and not ignores_address(device):
                found.append(device)
        return found

    def in_order(self) -> list[Asked]:
        """The places asked for, in the order in which libvirt takes them.

        Controllers of one type stand together, in the order of their indexes.
        Source: libvirt 11.3.0 src/conf/domain_conf.c (virDomainControllerInsertPreAlloced).
        """
        kinds: dict[str | None, int] = {}
        for controller in () if self.devices is None else self.devices.iterchildren("controller"):
            kinds.setdefault(controller.get("type"), len(kinds))

        def rank(asked: Asked) -> tuple[int, int, int]:
            device = asked.device
            if device.tag != "controller":
                return _RANKS[device.tag], 0, 0
            index = decimal(attribute(device, "index"))
            return _RANKS[device.tag], kinds[device.get("type")], index if isinstance(index, int) else _LARGEST_BUS

        return sorted(self.asked, key=rank)

    def has_address(self, device: Element) -> bool:
        """Tell whether a device asks for an address of some kind: for PCI, one that names a place."""
        address = child(device, "address")
        if address is None:
            return False
        if address.get("type") != "pci":
            return True
        return place_of(address) is not None
