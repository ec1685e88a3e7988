"""NUMA: the NUMA cells of the guest, and the host's nodes that their memory comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.bitmaps import bitmap_of, in_words
from domlint.domain.numa import Cell, Numa
from domlint.domain.values import Maybe, Unknown, attribute, child, decimal
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_PARSE = "libvirt 11.3.0 src/conf/numa_conf.c (virDomainNumaDefParseXML), alike in 7.0.0 and 9.0.0"
_DISTANCES = "libvirt 11.3.0 src/conf/numa_conf.c (virDomainNumaDefNodeDistanceParseXML), alike in 7.0.0 and 9.0.0"
_VALIDATE = "libvirt 11.3.0 src/conf/numa_conf.c (virDomainNumaDefValidate), alike in 7.0.0 and 9.0.0"
_TUNE = "libvirt 11.3.0 src/conf/numa_conf.c (virDomainNumatuneParseXML, virDomainNumatuneSet), alike in 7.0.0"
_NODES = "libvirt 11.3.0 src/conf/numa_conf.c (virDomainNumatuneNodeParseXML), alike in 7.0.0 and 9.0.0"


def _numa(*lines: str, tune: tuple[str, ...] = (), vcpus: int = 4) -> Example:
    inside = "".join(f"    {line}\n" for line in lines)
    numa = f"<cpu>\n  <numa>\n{inside}  </numa>\n</cpu>\n" if lines else ""
    tuning = "".join(f"  {line}\n" for line in tune)
    around = f"<vcpu>{vcpus}</vcpu>\n{numa}" + (f"<numatune>\n{tuning}</numatune>" if tune else "")
    return Example("", around=around)


def _cell(number: int, cpus: str = "", *inside: str, mark: str = "") -> str:
    named = f" cpus='{cpus}'" if cpus else ""
    opening = f"<cell id='{number}'{named} memory='1' unit='GiB'"
    if not inside:
        return f"{opening}/>{mark}"
    return "\n".join((f"{opening}>{mark}", *(f"      {line}" for line in inside), "    </cell>"))


_TWO = (_cell(0, "0-1"), _cell(1, "2-3"))


# Cells


def _each_numa(context: Context, element: Element) -> Iterator[Numa]:
    """The guest's cells, once, in a domain that has any."""
    numa = context.domain.numa
    if numa.element is element and numa.cells and context.domain.runs_on_qemu:
        yield numa


@rule(
    "NUMA001",
    "cell-number-too-high",
    outcome=Outcome.DEFINE,
    on="cpu/numa",
    each=_each_numa,
    source=_PARSE,
    bad=_numa(_cell(0, "0-1"), _cell(2, "2-3", mark=" <!-- NUMA001 -->")),
    good=_numa(_cell(0, "0-1"), _cell(1, "2-3")),
)
def cell_number_too_high(context: Context, numa: Numa) -> Problems:
    """The cells are not numbered from 0 on without a gap.

    libvirt refuses to define the domain. Cells without a number get that of their place.
    """
    cells = len(numa.cells)
    for cell in numa.cells:
        if isinstance(cell.id, int) and cell.id >= cells:
            allowed = f"0 to {cells - 1}" if cells > 1 else "0"
            yield Problem(
                Spot(cell.element, "id"),
                f"{cells} cell{'s' if cells > 1 else ''} cannot have the number {cell.id}: only {allowed}",
                "number the cells from 0 on, without a gap",
            )


@rule(
    "NUMA002",
    "cell-number-twice",
    outcome=Outcome.DEFINE,
    on="cpu/numa",
    each=_each_numa,
    source=_PARSE,
    bad=_numa(_cell(0, "0-1"), _cell(0, "2-3", mark=" <!-- NUMA002 -->")),
    good=_numa(*_TWO),
)
def cell_number_twice(context: Context, numa: Numa) -> Problems:
    """Two cells have the same number.

    libvirt refuses to define the domain. A cell without a number has that of its place in the file.
    """
    seen: dict[int, Cell] = {}
    for cell in numa.cells:
        if not isinstance(cell.id, int) or cell.id >= len(numa.cells):
            continue
        other = seen.get(cell.id)
        if other is not None and other.memory and not isinstance(other.memory, Unknown):
            yield Problem(
                Spot(cell.element, "id" if cell.element.get("id") else None),
                f"there is a cell {cell.id} before this one",
                "number the cells from 0 on, each once",
                ((Spot(other.element), "the other cell"),),
            )
        seen[cell.id] = cell


@rule(
    "NUMA003",
    "cells-share-vcpus",
    outcome=Outcome.DEFINE,
    on="cpu/numa",
    each=_each_numa,
    source=_PARSE,
    bad=_numa(_cell(0, "0-2"), _cell(1, "2-3", mark=" <!-- NUMA003 -->")),
    good=_numa(*_TWO),
)
def cells_share_vcpus(context: Context, numa: Numa) -> Problems:
    """A vCPU is in two cells.

    libvirt refuses to define the domain.
    """
    for place, cell in enumerate(numa.cells):
        for other in numa.cells[:place]:
            if isinstance(cell.cpus, int) and isinstance(other.cpus, int) and cell.cpus & other.cpus:
                if cell.id == other.id:
                    continue
                yield Problem(
                    Spot(cell.element, "cpus"),
                    f"vCPU {in_words(cell.cpus & other.cpus)} is in another cell as well",
                    "put each vCPU into one cell",
                    ((Spot(other.element, "cpus"), "the other cell"),),
                )


@rule(
    "NUMA004",
    "cell-vcpus-missing",
    outcome=Outcome.DEFINE,
    on="cpu/numa",
    each=_each_numa,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=_numa(_cell(0, "0-1"), _cell(1, "2-4", mark=" <!-- NUMA004 -->")),
    good=_numa(*_TWO),
)
def cell_vcpus_missing(context: Context, numa: Numa) -> Problems:
    """A cell has vCPUs that the domain does not have.

    libvirt refuses to define the domain. What counts is the number of vCPUs that it may come to have, numbered from 0.
    """
    most = context.domain.vcpus.maximum
    if not isinstance(most, int) or not most:
        return
    for cell in numa.cells:
        if isinstance(cell.cpus, int) and cell.cpus >> most:
            yield Problem(
                Spot(cell.element, "cpus"),
                f"there is no vCPU {in_words(cell.cpus >> most << most)}: the domain has {most}, numbered from 0",
                f"raise <vcpu>, or name vCPUs up to {most - 1}",
            )


def _each_sibling(context: Context, element: Element) -> Iterator[tuple[Cell, Element, int]]:
    """The siblings in the first ``<distances>`` of a cell, with the cell and the sibling's number."""
    cell = element.getparent()
    if cell is None or child(cell, "distances") is not element or not context.domain.runs_on_qemu:
        return
    for one in context.domain.numa.cells:
        if one.element is cell:
            for sibling in element.iterchildren("sibling"):
                number = decimal(attribute(sibling, "id"))
                if isinstance(number, int):
                    yield one, sibling, number


@rule(
    "NUMA005",
    "sibling-missing",
    outcome=Outcome.DEFINE,
    on="cpu/numa/cell/distances",
    each=_each_sibling,
    source=_DISTANCES,
    bad=_numa(
        _cell(0, "0-1", "<distances>", "  <sibling id='2' value='21'/> <!-- NUMA005 -->", "</distances>"),
        _cell(1, "2-3"),
    ),
    good=_numa(_cell(0, "0-1", "<distances>", "  <sibling id='1' value='21'/>", "</distances>"), _cell(1, "2-3")),
)
def sibling_missing(context: Context, found: tuple[Cell, Element, int]) -> Problems:
    """A distance is that to a cell which the guest does not have.

    libvirt refuses to define the domain.
    """
    _cell, sibling, number = found
    cells = len(context.domain.numa.cells)
    if number >= cells:
        yield Problem(
            Spot(sibling, "id"),
            f"there is no cell {number}: the guest has {cells}, numbered from 0",
            "name one of them",
        )


_LOCAL: Final = 10


@rule(
    "NUMA006",
    "distance-impossible",
    outcome=Outcome.DEFINE,
    on="cpu/numa/cell/distances",
    each=_each_sibling,
    source=_DISTANCES,
    bad=_numa(
        _cell(0, "0-1", "<distances>", "  <sibling id='1' value='10'/> <!-- NUMA006 -->", "</distances>"),
        _cell(1, "2-3"),
    ),
    good=_numa(_cell(0, "0-1", "<distances>", "  <sibling id='1' value='20'/>", "</distances>"), _cell(1, "2-3")),
)
def distance_impossible(context: Context, found: tuple[Cell, Element, int]) -> Problems:
    """A cell is at a distance from itself, or at none from another.

    10 is the distance of a cell from itself, and from no other: libvirt refuses to define the domain.
    """
    cell, sibling, number = found
    value = decimal(attribute(sibling, "value"))
    if not isinstance(value, int) or not isinstance(cell.id, int):
        return
    if number == cell.id and value != _LOCAL:
        yield Problem(Spot(sibling, "value"), f"the distance of cell {number} from itself is 10, not {value}", "say 10")
    elif number != cell.id and value == _LOCAL:
        yield Problem(
            Spot(sibling, "value"),
            f"10 is the distance of a cell from itself: cell {number} is another",
            "take 11 to 255; 20 is usual",
        )


@rule(
    "NUMA007",
    "cell-vcpus-apart",
    outcome=Outcome.DEFINE,
    on="cpu/numa",
    each=_each_numa,
    needs=Needs.HOST,
    until="9.0.0",
    source="libvirt 7.0.0 src/qemu/qemu_validate.c (qemuValidateDomainDefNuma)",
    bad=_numa(_cell(0, "0,2", mark=" <!-- NUMA007 -->"), _cell(1, "1,3"))._replace(
        host="qemu-4.1", machine="q35", libvirt="7.0.0"
    ),
    good=_numa(*_TWO)._replace(host="qemu-4.1", machine="q35", libvirt="7.0.0"),
)
def cell_vcpus_apart(context: Context, numa: Numa) -> Problems:
    """The vCPUs of a cell do not follow each other, which very old versions of QEMU cannot have.

    libvirt calls the capability `numa`. The first cell has the vCPUs that no cell names as well.
    """
    from domlint.hosts.answer import Presence

    most = context.domain.vcpus.maximum
    if context.host is None or context.host.answer("numa").presence is not Presence.ABSENT or not context.is_judged:
        return
    if not isinstance(most, int) or any(isinstance(cell.cpus, Unknown) for cell in numa.cells):
        return
    named = 0
    for cell in numa.cells:
        named |= cell.cpus or 0 if isinstance(cell.cpus, int) else 0
    for cell in numa.cells:
        cpus = cell.cpus if isinstance(cell.cpus, int) else 0
        if cell.id == 0:
            cpus |= ((1 << most) - 1) & ~named
        if "," in in_words(cpus):
            yield Problem(
                Spot(cell.element, "cpus" if cell.element.get("cpus") else None),
                f"cell {cell.id} has the vCPUs {in_words(cpus)}: QEMU wants them in a row",
                "give each cell vCPUs that follow each other",
            )
            return


# Caches and interconnects (HMAT)


def _caches(cell: Cell) -> Iterator[tuple[Element, Maybe[int]]]:
    for cache in cell.element.iterchildren("cache"):
        yield cache, decimal(attribute(cache, "level"))


_CACHE = (
    "<cache level='{}' associativity='direct' policy='writeback'>{}",
    "  <size value='10' unit='KiB'/>",
    "  <line value='8' unit='B'/>",
    "</cache>",
)


def _cache(level: int, mark: str = "") -> tuple[str, ...]:
    return (_CACHE[0].format(level, mark), *_CACHE[1:])


@rule(
    "NUMA010",
    "cache-level-impossible",
    outcome=Outcome.DEFINE,
    on="cpu/numa/cell/cache",
    asked="6.6.0",
    source=_VALIDATE,
    bad=_numa(_cell(0, "0-3", *_cache(4, " <!-- NUMA010 -->"))),
    good=_numa(_cell(0, "0-3", *_cache(3))),
)
def cache_level_impossible(context: Context, element: Element) -> Problems:
    """A cache of a cell has another level than 1, 2 or 3.

    libvirt refuses to define the domain.
    """
    level = decimal(attribute(element, "level"))
    if isinstance(level, int) and not 1 <= level <= 3 and context.domain.runs_on_qemu:
        yield Problem(Spot(element, "level"), f"a cache cannot have the level {level}, only 1, 2 or 3", "take 1 to 3")


@rule(
    "NUMA011",
    "cache-level-twice",
    outcome=Outcome.DEFINE,
    on="cpu/numa",
    each=_each_numa,
    asked="6.6.0",
    source=_VALIDATE,
    bad=_numa(_cell(0, "0-3", *_cache(1), *_cache(1, " <!-- NUMA011 -->"))),
    good=_numa(_cell(0, "0-3", *_cache(1), *_cache(2))),
)
def cache_level_twice(context: Context, numa: Numa) -> Problems:
    """A cell has two caches of the same level.

    libvirt refuses to define the domain.
    """
    for cell in numa.cells:
        seen: dict[int, Element] = {}
        for element, level in _caches(cell):
            if not isinstance(level, int):
                continue
            other = seen.setdefault(level, element)
            if other is not element:
                yield Problem(
                    Spot(element, "level"),
                    f"the cell has a cache of level {level} already",
                    "give each cache of a cell another level, or remove one",
                    ((Spot(other), "the other cache"),),
                )


class _Link(NamedTuple):
    """A ``<latency>`` or ``<bandwidth>``; ``cache`` is 0 where it is about memory itself."""

    element: Element
    initiator: Maybe[int]
    target: Maybe[int]
    cache: Maybe[int]
    access: Maybe[str]


def _each_link(context: Context, element: Element) -> Iterator[tuple[_Link, tuple[_Link, ...]]]:
    """The interconnects, each with those before it, where the cells have proper numbers."""
    numa = context.domain.numa
    first = None if numa.element is None else child(numa.element, "interconnects")
    if first is not element or not numa.is_numbered or not context.domain.runs_on_qemu:
        return
    before: tuple[_Link, ...] = ()
    for one in element.iterchildren("latency", "bandwidth"):
        numbers = [decimal(attribute(one, name)) for name in ("initiator", "target", "cache")]
        cache = 0 if numbers[2] is None else numbers[2]
        link = _Link(one, numbers[0], numbers[1], cache, attribute(one, "type"))
        yield link, before
        before = (*before, link)


def _links(*lines: str) -> tuple[str, ...]:
    return (*_TWO, "<interconnects>", *(f"  {line}" for line in lines), "</interconnects>")


@rule(
    "NUMA012",
    "interconnect-cell-missing",
    outcome=Outcome.DEFINE,
    on="cpu/numa/interconnects",
    each=_each_link,
    asked="6.6.0",
    source=_VALIDATE,
    bad=_numa(*_links("<latency initiator='0' target='2' type='access' value='5'/> <!-- NUMA012 -->")),
    good=_numa(*_links("<latency initiator='0' target='1' type='access' value='5'/>")),
)
def interconnect_cell_missing(context: Context, found: tuple[_Link, tuple[_Link, ...]]) -> Problems:
    """An interconnect begins or ends at a cell that the guest does not have.

    libvirt refuses to define the domain.
    """
    link, cells = found[0], len(context.domain.numa.cells)
    for name, number in (("initiator", link.initiator), ("target", link.target)):
        if isinstance(number, int) and number >= cells:
            yield Problem(
                Spot(link.element, name),
                f"there is no cell {number}: the guest has {cells}, numbered from 0",
                "name one of them",
            )


@rule(
    "NUMA013",
    "initiator-without-vcpus",
    outcome=Outcome.DEFINE,
    on="cpu/numa/interconnects",
    each=_each_link,
    asked="6.6.0",
    source=_VALIDATE,
    bad=_numa(
        _cell(0, "0-3"),
        _cell(1),
        "<interconnects>",
        "  <latency initiator='1' target='0' type='access' value='5'/> <!-- NUMA013 -->",
        "</interconnects>",
    ),
    good=_numa(
        _cell(0, "0-3"),
        _cell(1),
        "<interconnects>",
        "  <latency initiator='0' target='1' type='access' value='5'/>",
        "</interconnects>",
    ),
)
def initiator_without_vcpus(context: Context, found: tuple[_Link, tuple[_Link, ...]]) -> Problems:
    """An interconnect begins at a cell without vCPUs, of which nothing asks for memory.

    libvirt refuses to define the domain. The first cell has the vCPUs that no cell names.
    """
    link, domain = found[0], context.domain
    cell = domain.numa.by_id.get(link.initiator) if isinstance(link.initiator, int) else None
    if cell is not None and domain.numa.has_cpus(cell, domain.vcpus) is False:
        yield Problem(
            Spot(link.element, "initiator"),
            f"cell {cell.id} has no vCPUs, so that no access begins there",
            "swap initiator and target, or give the cell vCPUs",
            ((Spot(cell.element), "the cell"),),
        )


@rule(
    "NUMA014",
    "interconnect-cache-missing",
    outcome=Outcome.DEFINE,
    on="cpu/numa/interconnects",
    each=_each_link,
    asked="6.6.0",
    source=_VALIDATE,
    bad=_numa(*_links("<latency initiator='0' target='1' cache='1' type='access' value='5'/> <!-- NUMA014 -->")),
    good=_numa(*_links("<latency initiator='0' target='1' type='access' value='5'/>")),
)
def interconnect_cache_missing(context: Context, found: tuple[_Link, tuple[_Link, ...]]) -> Problems:
    """An interconnect is about a cache that its target does not have.

    libvirt refuses to define the domain. The cache is that of the target, by its level.
    """
    link = found[0]
    cell = context.domain.numa.by_id.get(link.target) if isinstance(link.target, int) else None
    if cell is None or not isinstance(link.cache, int) or not link.cache:
        return
    levels = [level for _element, level in _caches(cell)]
    if link.cache not in levels and not any(isinstance(level, Unknown) for level in levels):
        yield Problem(
            Spot(link.element, "cache"),
            f"cell {cell.id} has no <cache> of level {link.cache}",
            "remove cache, so that it is about the memory, or add the cache to the cell",
            ((Spot(cell.element), "the target"),),
        )


@rule(
    "NUMA015",
    "interconnect-twice",
    outcome=Outcome.DEFINE,
    on="cpu/numa/interconnects",
    each=_each_link,
    asked="6.6.0",
    source=_VALIDATE,
    bad=_numa(
        *_links(
            "<latency initiator='0' target='1' type='access' value='5'/>",
            "<latency initiator='1' target='0' type='access' value='5'/> <!-- NUMA015 -->",
        )
    ),
    good=_numa(
        *_links(
            "<latency initiator='0' target='1' type='read' value='5'/>",
            "<latency initiator='0' target='1' type='write' value='6'/>",
        )
    ),
)
def interconnect_twice(context: Context, found: tuple[_Link, tuple[_Link, ...]]) -> Problems:
    """An interconnect is there already: the same, or the way back, which libvirt takes for the same.

    libvirt refuses to define the domain.
    """
    link, before = found
    if not isinstance(link.initiator, int) or not isinstance(link.target, int):
        return
    for other in before:
        same = link[1:] == other[1:] and link.element.tag == other.element.tag and not _is_unknown(link)
        way_back = link.initiator != link.target and (link.initiator, link.target) == (other.target, other.initiator)
        if same or way_back:
            yield Problem(
                Spot(link.element),
                "this is said already"
                if same
                else f"the way between {link.initiator} and {link.target} has two"
                " directions: libvirt takes one, for both",
                "remove one of them",
                ((Spot(other.element), "the other one"),),
            )
            return


def _is_unknown(link: _Link) -> bool:
    return any(isinstance(value, Unknown) for value in link[1:])


# Where the memory comes from: <numatune>


class _Tuning(NamedTuple):
    """The first ``<memory>`` of ``<numatune>``: who places the memory ("auto": numad), None where that is not known."""

    element: Element | None
    mode: Maybe[str]
    placement: str | None
    has_nodes: bool | Unknown


def _tuning(context: Context) -> _Tuning | None:
    memory = context.domain.element.find("numatune/memory")
    placed = context.domain.vcpus.is_placed_by_numad
    if memory is None:
        return None if isinstance(placed, Unknown) else _Tuning(None, None, "auto" if placed else "", False)
    nodes, placement = bitmap_of(attribute(memory, "nodeset")), attribute(memory, "placement")
    has_nodes = nodes if isinstance(nodes, Unknown) else nodes is not None
    if isinstance(placement, Unknown) or isinstance(has_nodes, Unknown):
        return None
    if placement is None and not memory.attrib:
        return _Tuning(memory, None, "", False)
    if placement is None and not has_nodes and isinstance(placed, Unknown):
        return None
    placement = placement or ("static" if has_nodes or not placed else "auto")
    return _Tuning(memory, attribute(memory, "mode"), placement, has_nodes)


def _each_tuned(context: Context, element: Element) -> Iterator[_Tuning]:
    """The tuning of the memory, once, where it is known."""
    if context.domain.runs_on_qemu and child(context.domain.element, "numatune") is element:
        tuning = _tuning(context)
        if tuning is not None:
            yield tuning


@rule(
    "NUMA020",
    "nodes-not-named",
    outcome=Outcome.DEFINE,
    on="numatune",
    each=_each_tuned,
    source=_TUNE,
    bad=_numa(tune=("<memory mode='strict'/> <!-- NUMA020 -->",)),
    good=_numa(tune=("<memory mode='strict' nodeset='0'/>",)),
)
def nodes_not_named(context: Context, tuning: _Tuning) -> Problems:
    """The memory shall come from certain nodes of the host, which are not named.

    libvirt refuses to define the domain. Without 'placement', the memory is placed as the vCPUs are: by numad, where
    `<vcpu>` says so, else by the nodes that are named.
    """
    if tuning.placement == "static" and tuning.has_nodes is False and tuning.element is not None:
        yield Problem(
            Spot(tuning.element),
            "it does not say from which nodes of the host the memory comes",
            "add nodeset='0', or placement='auto', which leaves it to numad",
        )


def _each_memnode(context: Context, element: Element) -> Iterator[tuple[Element, Maybe[int]]]:
    """The ``<memnode>`` of all ``<numatune>`` with the cells that they are about."""
    if context.domain.runs_on_qemu and child(context.domain.element, "numatune") is element:
        for one in context.domain.element.iterfind("numatune/memnode"):
            yield one, decimal(attribute(one, "cellid"))


@rule(
    "NUMA021",
    "memnode-with-automatic-placement",
    outcome=Outcome.DEFINE,
    on="numatune/memnode",
    source=_NODES,
    bad=_numa(
        *_TWO, tune=("<memory placement='auto'/>", "<memnode cellid='0' nodeset='0' mode='strict'/> <!-- NUMA021 -->")
    ),
    good=_numa(*_TWO, tune=("<memory nodeset='0'/>", "<memnode cellid='0' nodeset='0' mode='strict'/>")),
)
def memnode_with_automatic_placement(context: Context, element: Element) -> Problems:
    """The memory of a cell has nodes of its own, and numad places all of it.

    libvirt refuses to define the domain. numad places the memory where `<memory>` says so, or where there is none and
    `<vcpu placement='auto'/>`.
    """
    tuning = _tuning(context) if context.domain.runs_on_qemu else None
    if tuning is None or tuning.placement != "auto" or element is not context.domain.element.find("numatune/memnode"):
        return
    vcpu = context.domain.vcpus.element
    because = tuning.element if tuning.element is not None else vcpu
    yield Problem(
        Spot(element),
        "numad places all the memory, so that no cell can have nodes of its own",
        "remove <memnode>, or say in <memory nodeset='...'/> where the memory comes from",
        () if because is None else ((Spot(because), "numad is asked for here"),),
    )


@rule(
    "NUMA022",
    "memnode-cell-missing",
    outcome=Outcome.DEFINE,
    on="numatune",
    each=_each_memnode,
    source=_NODES,
    bad=_numa(*_TWO, tune=("<memnode cellid='2' nodeset='0' mode='strict'/> <!-- NUMA022 -->",)),
    good=_numa(*_TWO, tune=("<memnode cellid='1' nodeset='0' mode='strict'/>",)),
)
def memnode_cell_missing(context: Context, found: tuple[Element, Maybe[int]]) -> Problems:
    """A `<memnode>` is about a cell that the guest does not have.

    libvirt refuses to define the domain.
    """
    element, number = found
    cells = len(context.domain.numa.cells)
    if isinstance(number, int) and number >= cells:
        has = f"the guest has {cells}, numbered from 0" if cells else "the guest has none"
        yield Problem(
            Spot(element, "cellid"),
            f"there is no cell {number}: {has}",
            "name a cell of <numa>" if cells else "say for all memory: <memory nodeset='0'/>",
        )


@rule(
    "NUMA023",
    "memnode-twice",
    outcome=Outcome.DEFINE,
    on="numatune",
    each=_each_memnode,
    source=_NODES,
    bad=_numa(
        *_TWO,
        tune=(
            "<memnode cellid='1' nodeset='0' mode='strict'/>",
            "<memnode cellid='1' nodeset='1' mode='strict'/> <!-- NUMA023 -->",
        ),
    ),
    good=_numa(
        *_TWO,
        tune=("<memnode cellid='0' nodeset='0' mode='strict'/>", "<memnode cellid='1' nodeset='1' mode='strict'/>"),
    ),
)
def memnode_twice(context: Context, found: tuple[Element, Maybe[int]]) -> Problems:
    """Two `<memnode>` are about the same cell.

    libvirt refuses to define the domain.
    """
    element, number = found
    for other in element.itersiblings("memnode", preceding=True):
        if isinstance(number, int) and decimal(attribute(other, "cellid")) == number:
            yield Problem(
                Spot(element, "cellid"),
                f"the nodes for cell {number} are named already",
                "name all of them in one nodeset",
                ((Spot(other), "the other one"),),
            )
            return


_RESTRICTIVE: Final = "restrictive"
_BOTH_SINCE = Version(9, 4, 0)


@rule(
    "NUMA024",
    "restrictive-in-part",
    outcome=Outcome.DEFINE,
    on="numatune",
    each=_each_memnode,
    asked="7.3.0",
    since="libvirt 9.4.0 looks at both directions",
    source=f"{_VALIDATE}, since 9.4.0; 9.0.0 (virDomainNumatuneNodeParseXML); NEWS.rst, 9.4.0",
    bad=_numa(
        *_TWO,
        tune=(
            "<memory mode='restrictive' nodeset='0'/>",
            "<memnode cellid='1' nodeset='0' mode='strict'/> <!-- NUMA024 -->",
        ),
    ),
    good=_numa(
        *_TWO,
        tune=(
            "<memory mode='restrictive' nodeset='0'/>",
            "<memnode cellid='1' nodeset='0' mode='restrictive'/>",
        ),
    ),
)
def restrictive_in_part(context: Context, found: tuple[Element, Maybe[int]]) -> Problems:
    """The mode 'restrictive' is that of all memory, or of some cells, and not of the other.

    In this mode, libvirt leaves the memory to control groups of the host, which QEMU must not interfere with: all of it
    or none. libvirt refuses to define the domain.
    """
    element = found[0]
    memory = context.domain.element.find("numatune/memory")
    whole, part = attribute(memory, "mode"), attribute(element, "mode")
    if isinstance(whole, Unknown) or isinstance(part, Unknown) or (whole == _RESTRICTIVE) == (part == _RESTRICTIVE):
        return
    if whole != _RESTRICTIVE and context.is_older_than(_BOTH_SINCE):
        return
    yield Problem(
        Spot(element, None if part is None else "mode"),
        f"cell {found[1]} has the mode '{part or 'strict'}', all memory the mode '{whole or 'strict'}':"
        " 'restrictive' goes with itself alone",
        f"take mode='{_RESTRICTIVE}' for both, or for none",
        () if memory is None else ((Spot(memory), "the mode of all memory"),),
    )
