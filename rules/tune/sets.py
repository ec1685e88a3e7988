"""TUNE00x: sets of CPUs and nodes."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.bitmaps import MOST, bitmap
from domlint.domain.values import attribute, child, decimal
from domlint.findings import Outcome
from domlint.placeholders import is_placeholder
from domlint.rule import Example, Problem, Problems, Spot, rule, whole_example

_WELL_FORMED: Final = r"[0-9^,\s-]*[0-9][\s]*"


class _Place(NamedTuple):
    """Where a set stands: path from there, attribute; whether it may be empty."""

    path: tuple[str, ...]
    attribute: str
    may_be_empty: bool = False


_PLACES: Final = {
    "vcpu": (_Place((), "cpuset"),),
    "cputune": (
        _Place(("vcpupin",), "cpuset"),
        _Place(("emulatorpin",), "cpuset"),
        _Place(("iothreadpin",), "cpuset"),
        _Place(("vcpusched",), "vcpus"),
        _Place(("iothreadsched",), "iothreads"),
        _Place(("cachetune",), "vcpus", True),
        _Place(("cachetune", "monitor"), "vcpus", True),
        _Place(("memorytune",), "vcpus", True),
        _Place(("memorytune", "monitor"), "vcpus", True),
    ),
    "numatune": (_Place(("memory",), "nodeset"), _Place(("memnode",), "nodeset")),
    "memoryBacking": (_Place(("hugepages", "page"), "nodeset"),),
    "cpu": (_Place(("numa", "cell"), "cpus", True),),
}
"""The sets that libvirt reads, by the child of the domain that they are in.

Source: libvirt 11.3.0 src/conf/domain_conf.c (the callers of virBitmapParse), alike in 7.0.0 and 9.0.0.
"""


def _each_set(context: Context, domain: Element) -> Iterator[tuple[Spot, str, bool]]:
    """The sets that are not as the schema says, or might have no member."""
    if context.document.domain is None or not context.domain.runs_on_qemu:
        return
    for top in domain.iterchildren(*_PLACES):
        if top.tag != "cpu" or child(top, "numa") is not None:
            for path, name, may_be_empty in _PLACES[str(top.tag)]:
                for element in _elements(top, path):
                    text = element.get(name)
                    # Nearly all sets are a number or a range, which are taken as they are.
                    if text and not (text.isdigit() and len(text) < 5) and not _is_ignored(context, element):
                        yield Spot(element, name), text, may_be_empty


def _elements(top: Element, path: tuple[str, ...]) -> Iterable[Element]:
    if not path:
        return (top,)
    if len(path) == 1:
        return top.iterchildren(path[0])
    return (one for group in top.iterchildren(path[0]) for one in group.iterchildren(path[1]))


def _is_ignored(context: Context, element: Element) -> bool:
    """Tell whether libvirt never looks at the set: where numad places, or a vCPU that is pinned does not exist."""
    vcpus = context.domain.vcpus
    if element.tag == "vcpu":
        return vcpus.element is not element or vcpus.is_placed_by_numad is not False
    if element.tag == "vcpupin":
        number = decimal(attribute(element, "vcpu"))
        return not isinstance(number, int) or not isinstance(vcpus.maximum, int) or number >= vcpus.maximum
    return False


@rule(
    "TUNE001",
    "set-without-members",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_set,
    mentions=("cpuset", "nodeset", "vcpus", "cpus", "iothreads"),
    source="libvirt 11.3.0 src/util/virbitmap.c (virBitmapParse), alike in 7.0.0 and 9.0.0",
    bad=Example("", around="<vcpu cpuset='3-1'>4</vcpu> <!-- TUNE001 -->"),
    good=Example("", around="<vcpu cpuset='1-3,^2'>4</vcpu>"),
)
def set_without_members(context: Context, found: tuple[Spot, str, bool]) -> Problems:
    """A set of CPUs or nodes is empty, goes backwards, or has members that no host has.

    libvirt refuses to define the domain. `^2` takes 2 out of what stands before it.
    """
    spot, text, may_be_empty = found
    if is_placeholder(text) or re.fullmatch(_WELL_FORMED, text) is None:
        return
    mask = bitmap(text)
    if mask == 0 and not may_be_empty:
        yield Problem(spot, f"'{text}' has no member", "name at least one")
    elif mask is None:
        numbers = [int(number) for number in re.findall("[0-9]{1,10}", text)]
        what = f"goes beyond {MOST - 1}" if max(numbers, default=0) >= MOST else "is no set that libvirt can read"
        yield Problem(spot, f"'{text}' {what}", "write numbers and ranges that rise: 0-3,8,^2")


def _module(nodes: str, mark: str = "") -> Example:
    return whole_example(
        "  <cpu>\n    <numa>\n      <cell id='0' cpus='0-1' memory='1' unit='GiB'/>\n    </numa>\n  </cpu>\n"
        "  <devices>\n    <memory model='dimm'>\n"
        f"      <source>\n        <nodemask>{nodes}</nodemask>{mark}\n      </source>\n"
        "      <target>\n        <size unit='GiB'>1</size>\n        <node>0</node>\n      </target>\n"
        "    </memory>\n  </devices>\n",
        before="  <memory unit='GiB'>2</memory>\n  <maxMemory slots='4' unit='GiB'>4</maxMemory>\n  <vcpu>2</vcpu>\n",
    )


@rule(
    "TUNE002",
    "module-nodes-without-members",
    outcome=Outcome.DEFINE,
    on="devices/memory/source/nodemask",
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainMemorySourceDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=_module("1-0", " <!-- TUNE002 -->"),
    good=_module("0-1"),
)
def module_nodes_without_members(context: Context, element: Element) -> Problems:
    """The nodes of the host for a memory module are an empty set, or one that goes backwards.

    libvirt refuses to define the domain.
    """
    source = element.getparent()
    module = None if source is None else source.getparent()
    if attribute(module, "model") in ("dimm", "virtio-mem", "sgx-epc") and context.domain.runs_on_qemu:
        yield from set_without_members.body(context, (Spot(element), (element.text or "").strip(), False))
