"""The NUMA cells of the guest, as ``<cpu><numa>`` says them."""

from typing import NamedTuple

from domlint.document import Element
from domlint.domain.bitmaps import bitmap_of, count
from domlint.domain.sizes import kibibytes_at
from domlint.domain.values import UNKNOWN, Maybe, Unknown, attribute, child, decimal
from domlint.domain.vcpus import Vcpus


class Cell(NamedTuple):
    """A ``<cell>``: its number (written, or by its place), its vCPUs (None: none named) and its memory in KiB."""

    element: Element
    id: Maybe[int]
    cpus: Maybe[int]
    memory: Maybe[int]


class Numa(NamedTuple):
    """The cells, in the order of the file. Source: libvirt 11.3.0 src/conf/numa_conf.c (virDomainNumaDefParseXML)."""

    element: Element | None
    cells: tuple[Cell, ...]

    @property
    def memory(self) -> Maybe[int]:
        """What all cells have together, in KiB."""
        sizes = [cell.memory for cell in self.cells]
        return (
            sum(size for size in sizes if isinstance(size, int))
            if all(isinstance(one, int) for one in sizes)
            else UNKNOWN
        )

    @property
    def by_id(self) -> dict[int, Cell]:
        """The cells by number, the last of several with one number."""
        return {cell.id: cell for cell in self.cells if isinstance(cell.id, int)}

    @property
    def is_numbered(self) -> bool:
        """Tell whether the cells have the numbers from 0 on, each once."""
        return sorted(self.by_id) == list(range(len(self.cells)))

    def has_cpus(self, cell: Cell, vcpus: Vcpus) -> bool | Unknown:
        """Tell whether a cell has vCPUs: libvirt gives those that no cell names to the first one.

        Source: libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainDefNumaCPUsRectify), since 6.5.0.
        """
        if isinstance(cell.cpus, Unknown) or cell.cpus:
            return cell.cpus if isinstance(cell.cpus, Unknown) else True
        if cell.id != 0:
            return False
        named = 0
        for other in self.cells:
            if isinstance(other.cpus, Unknown):
                return UNKNOWN
            named += count(other.cpus or 0)
        return named < vcpus.maximum if isinstance(vcpus.maximum, int) else UNKNOWN


def read_numa(domain: Element) -> Numa:
    """What a domain says of its NUMA cells."""
    cpu = child(domain, "cpu")
    element = None if cpu is None else child(cpu, "numa")
    if element is None:
        return Numa(None, ())
    return Numa(element, tuple(_cell(one, place) for place, one in enumerate(element.iterchildren("cell"))))


def _cell(element: Element, place: int) -> Cell:
    number = decimal(attribute(element, "id"))
    cpus = bitmap_of(attribute(element, "cpus"))
    return Cell(
        element,
        place if number is None else number,
        cpus or (None if cpus == 0 else cpus),
        kibibytes_at(element, "memory"),
    )
