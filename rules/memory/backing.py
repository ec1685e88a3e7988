"""MEM02x: what backs the memory on the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.bitmaps import bitmap_of, in_words
from domlint.domain.sizes import in_words as size_in_words
from domlint.domain.sizes import kibibytes_at
from domlint.domain.values import Maybe, Unknown, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_VALIDATE = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefMemory), alike in 7.0.0 and 9.0.0"
_MEMTUNE = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefMemtuneValidate), alike in 7.0.0 and 9.0.0"


class _Page(NamedTuple):
    """A ``<page>``: its size in KiB, and the nodes of the guest that it is for: None for all others."""

    element: Element
    size: Maybe[int]
    nodes: Maybe[int]


def _backing(*lines: str, cells: bool = False) -> Example:
    around = "".join(f"  {line}\n" for line in lines)
    numa = "<vcpu>2</vcpu>\n<cpu>\n  <numa>\n{}{}  </numa>\n</cpu>\n".format(
        "    <cell id='0' cpus='0' memory='1' unit='GiB'/>\n", "    <cell id='1' cpus='1' memory='1' unit='GiB'/>\n"
    )
    return Example("", around=f"{numa if cells else ''}<memoryBacking>\n{around}</memoryBacking>")


def _each_with_huge_pages(context: Context, hugepages: Element) -> Iterator[Element]:
    """``<memoryBacking>``, once, where it asks for huge pages."""
    backing = hugepages.getparent()
    first = context.domain.element.find("memoryBacking/hugepages")
    if backing is not None and hugepages is first and context.domain.runs_on_qemu:
        yield backing


_EXCLUDED: Final = (
    ("allocation", "mode", "ondemand", "the host sets huge pages aside at the start, never on demand"),
    ("source", "type", "anonymous", "huge pages come from a file system, or from an anonymous file (memfd)"),
)
"""What huge pages exclude: a child of ``<memoryBacking>``, its attribute and value, and why."""


@rule(
    "MEM020",
    "huge-pages-excluded",
    outcome=Outcome.DEFINE,
    on="memoryBacking/hugepages",
    each=_each_with_huge_pages,
    source=_VALIDATE,
    bad=_backing("<hugepages/>", "<allocation mode='ondemand'/> <!-- MEM020 -->"),
    good=_backing("<hugepages/>", "<allocation mode='immediate'/>"),
)
def huge_pages_excluded(context: Context, backing: Element) -> Problems:
    """The memory shall be in huge pages, and another choice excludes that.

    Huge pages cannot be allocated on demand, and are no anonymous memory.
    """
    for name, attribute_name, value, why in _EXCLUDED:
        for group in context.domain.element.iterchildren("memoryBacking"):
            one = child(group, name)
            if attribute(one, attribute_name) == value and one is not None:
                yield Problem(
                    Spot(one, attribute_name),
                    f"'{value}' and <hugepages> exclude each other: {why}",
                    f"remove {attribute_name}='{value}', or <hugepages>",
                )
                break


def _each_page(context: Context, hugepages: Element) -> Iterator[tuple[_Page, tuple[_Page, ...]]]:
    """Each page with those before it."""
    if not any(True for _ in _each_with_huge_pages(context, hugepages)):
        return
    pages: tuple[_Page, ...] = ()
    nodes = len(context.domain.numa.cells)
    for element in context.domain.element.iterfind("memoryBacking/hugepages/page"):
        mask = bitmap_of(attribute(element, "nodeset"))
        # Without NUMA, node 0 alone is as good as none.
        page = _Page(element, kibibytes_at(element, "size"), None if mask == 1 and not nodes else mask)
        yield page, pages
        pages = (*pages, page)


@rule(
    "MEM021",
    "huge-page-empty",
    outcome=Outcome.DEFINE,
    on="memoryBacking/hugepages",
    each=_each_page,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainHugepagesParseXML), alike in 7.0.0 and 9.0.0",
    bad=_backing("<hugepages>", "  <page size='0'/> <!-- MEM021 -->", "</hugepages>"),
    good=_backing("<hugepages>", "  <page size='2' unit='MiB'/>", "</hugepages>"),
)
def huge_page_empty(context: Context, found: tuple[_Page, tuple[_Page, ...]]) -> Problems:
    """A size of huge pages is zero.

    libvirt refuses the definition. Sizes without a unit are in KiB.
    """
    if found[0].size == 0:
        yield Problem(
            Spot(found[0].element, "size"),
            "a page cannot have the size 0",
            "name a size that the host has: 2 MiB, 1 GiB",
        )


@rule(
    "MEM022",
    "huge-page-sizes-compete",
    outcome=Outcome.DEFINE,
    on="memoryBacking/hugepages",
    each=_each_page,
    source=_MEMTUNE,
    bad=_backing(
        "<hugepages>",
        "  <page size='2' unit='MiB' nodeset='0-1'/>",
        "  <page size='1' unit='GiB' nodeset='1'/> <!-- MEM022 -->",
        "</hugepages>",
        cells=True,
    ),
    good=_backing(
        "<hugepages>",
        "  <page size='2' unit='MiB' nodeset='0'/>",
        "  <page size='1' unit='GiB' nodeset='1'/>",
        "</hugepages>",
        cells=True,
    ),
)
def huge_page_sizes_compete(context: Context, found: tuple[_Page, tuple[_Page, ...]]) -> Problems:
    """Two sizes of huge pages are for the same node of the guest.

    A size without 'nodeset' is for all nodes that no other size names; there can be one such. Without NUMA cells,
    nodeset='0' is as good as none.
    """
    page, before = found
    for other in before:
        if isinstance(page.nodes, Unknown) or isinstance(other.nodes, Unknown):
            continue
        if page.nodes is None and other.nodes is None:
            what, way_out = "both are for all nodes that no other names", "name the nodes of one of them, or remove it"
        elif page.nodes and other.nodes and page.nodes & other.nodes:
            common = in_words(page.nodes & other.nodes)
            what, way_out = f"both are for node {common}", f"take {common} out of one of the sets"
        else:
            continue
        sizes = "two sizes of huge pages"
        if isinstance(page.size, int) and isinstance(other.size, int):
            sizes = f"pages of {size_in_words(other.size)} and of {size_in_words(page.size)}"
        yield Problem(Spot(page.element), f"{sizes}: {what}", way_out, ((Spot(other.element), "the other"),))
        return


@rule(
    "MEM023",
    "huge-page-node-missing",
    outcome=Outcome.DEFINE,
    on="memoryBacking/hugepages",
    each=_each_page,
    source=_MEMTUNE,
    bad=_backing("<hugepages>", "  <page size='2' unit='MiB' nodeset='1'/> <!-- MEM023 -->", "</hugepages>"),
    good=_backing("<hugepages>", "  <page size='2' unit='MiB' nodeset='0'/>", "</hugepages>"),
)
def huge_page_node_missing(context: Context, found: tuple[_Page, tuple[_Page, ...]]) -> Problems:
    """A size of huge pages is for a node that the guest does not have.

    The nodes are those of the guest, `<cell>` in `<numa>`, not those of the host.
    """
    page = found[0]
    cells = len(context.domain.numa.cells)
    if not isinstance(page.nodes, int) or page.nodes >> cells == 0:
        return
    missing = in_words(page.nodes >> cells << cells)
    has = f"the guest has the nodes 0 to {cells - 1}" if cells else "the guest has no NUMA cells"
    yield Problem(
        Spot(page.element, "nodeset"),
        f"node {missing} does not exist: {has}",
        "name nodes that are in <numa>" if cells else "remove nodeset, so that the size is for all memory",
    )


@rule(
    "MEM025",
    "huge-page-size-impossible",
    outcome=Outcome.START,
    on="memoryBacking/hugepages",
    each=_each_page,
    source="libvirt 11.3.0 src/qemu/qemu_conf.c (qemuGetDomainHupageMemPath), alike in 7.0.0 and 9.0.0; Linux"
    " Documentation/admin-guide/mm/hugetlbpage.rst",
    bad=_backing("<hugepages>", "  <page size='2' unit='MB'/> <!-- MEM025 -->", "</hugepages>"),
    good=_backing("<hugepages>", "  <page size='2' unit='MiB'/>", "</hugepages>"),
)
def huge_page_size_impossible(context: Context, found: tuple[_Page, tuple[_Page, ...]]) -> Problems:
    """Huge pages have a size that no host has.

    Pages of all architectures are powers of two, and huge ones have 64 KiB at least: libvirt finds no file system with
    such pages, and does not start the domain. MB are 1000 times 1000 bytes; MiB are meant.
    """
    size, nodes = found[0].size, found[0].nodes
    if not isinstance(size, int) or not size or size in _ORDINARY or (size >= _LEAST and not size & (size - 1)):
        return
    if isinstance(nodes, Unknown) or (nodes is None and not _is_used(context)) or _is_in_memfd(context):
        return
    lower = 1 << size.bit_length() - 1
    nearest = min((lower, 2 * lower), key=lambda power: abs(power - size))
    yield Problem(
        Spot(found[0].element, "size"),
        f"no host has pages of {size_in_words(size)}: it is no power of two"
        if size & (size - 1)
        else f"no host has huge pages of {size_in_words(size)}",
        f"take {size_in_words(max(nearest, 2048))}: look at the unit, MiB and GiB are meant",
    )


_ORDINARY: Final = (4, 8, 16)
"""The KiB that ordinary pages have, besides those of 64 KiB: naming them is naming no huge pages."""

_LEAST: Final = 64


def _is_used(context: Context) -> bool:
    """Tell whether the size for all nodes that no other names is for any."""
    named = 0
    for page in context.domain.element.iterfind("memoryBacking/hugepages/page"):
        mask = bitmap_of(attribute(page, "nodeset"))
        if isinstance(mask, Unknown):
            return False
        named |= mask or 0
    cells = len(context.domain.numa.cells)
    return not cells or named & ((1 << cells) - 1) != (1 << cells) - 1


def _is_in_memfd(context: Context) -> bool:
    source = context.domain.element.find("memoryBacking/source")
    return source is not None and attribute(source, "type") not in ("file", "anonymous", None)


_NAMING_THE_MEMORY: Final = Version(5, 2, 0)


@rule(
    "MEM024",
    "shared-huge-pages-without-numa",
    outcome=Outcome.DEFINE,
    on="memoryBacking/hugepages",
    each=_each_with_huge_pages,
    needs=Needs.HOST,
    since="QEMU 5.2 has no need of NUMA cells",
    source=_VALIDATE,
    bad=_backing("<hugepages/>", "<access mode='shared'/> <!-- MEM024 -->")._replace(host="qemu-4.1", machine="q35"),
    good=_backing("<hugepages/>", "<access mode='shared'/>")._replace(host="qemu-8.2", machine="q35"),
)
def shared_huge_pages_without_numa(context: Context, backing: Element) -> Problems:
    """Memory in huge pages shall be shared, on a QEMU that can share that of NUMA cells alone.

    QEMU before 5.2 does not tell the name of the memory that a machine has by itself, so that libvirt cannot replace
    it by shared one.
    """
    access = child(backing, "access")
    version = context.host.qemu_version if context.host is not None else None
    if version is None or version >= _NAMING_THE_MEMORY or context.domain.numa.cells or not context.is_judged:
        return
    # Pages of the host's ordinary size are no huge ones: 4, 16 or 64 KiB.
    page = context.domain.element.find("memoryBacking/hugepages/page")
    size = None if page is None else kibibytes_at(page, "size")
    if access is not None and attribute(access, "mode") == "shared" and size is not None and not _is_huge(size):
        return
    if access is not None and attribute(access, "mode") == "shared":
        yield Problem(
            Spot(access, "mode"),
            f"QEMU {version} cannot share memory in huge pages without NUMA cells: libvirt refuses the definition",
            "put the memory into one cell: <cpu><numa><cell id='0' memory='...' memAccess='shared'/></numa></cpu>",
        )


def _is_huge(size: Maybe[int]) -> bool:
    return isinstance(size, int) and size > 64
