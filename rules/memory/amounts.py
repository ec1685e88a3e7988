"""MEM00x: how much memory the domain has and may come to have."""

from collections.abc import Iterator
from typing import NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.memory import Amounts
from domlint.domain.sizes import MOST_KIBIBYTES, in_words, kibibytes_at, kibibytes_in
from domlint.domain.values import Unknown, child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule, whole_example

_POST_PARSE = "libvirt 11.3.0 src/conf/domain_postparse.c (virDomainDefPostParseMemory), alike in 7.0.0 and 9.0.0"
_CELL = "  <cpu>\n    <numa>\n      <cell id='0' memory='4' unit='GiB'/>\n    </numa>\n  </cpu>\n"
_MODULE = """\
<memory model='dimm'>
  <target>
    <size unit='GiB'>2</size>
    <node>0</node>
  </target>
</memory>
"""


def _domain(memory: str, devices: str = "", around: str = "") -> Example:
    lines = "".join(f"    {line}\n" for line in devices.splitlines())
    return whole_example(f"{around}  <devices>\n{lines}  </devices>\n", before=memory)


_ORDINARY = frozenset((None, "KiB", "k", "KB", "MiB", "M", "MB", "GiB", "G", "GB"))
_MOST_DIGITS = 9
"""Of a number with so few, no amount in ordinary units is near libvirt's bound."""


def _is_ordinary(element: Element) -> bool:
    """Tell whether an amount is one of memory, and far from the bound."""
    text = element.text
    is_short = text is not None and len(text) <= _MOST_DIGITS and text.isdigit() and text.strip("0")
    return bool(is_short) and element.get("unit") in _ORDINARY


def _each_amounts(context: Context, domain: Element) -> Iterator[Amounts]:
    """The domain's memory, where something can be wrong with it. Nearly all domains have <memory> and no more."""
    if context.document.domain is None or not context.domain.runs_on_qemu:
        return
    is_told = False
    for element in domain.iterchildren("memory", "currentMemory", "maxMemory", "memtune", "memoryBacking", "cpu"):
        tag = element.tag
        if tag == "memory" or tag == "currentMemory":
            if not _is_ordinary(element):
                break
            is_told = is_told or tag == "memory"
        elif tag == "memtune":
            if not all(map(_is_ordinary, element)):
                break
        elif tag == "maxMemory" or child(element, "numa" if tag == "cpu" else "hugepages") is not None:
            break
    else:
        if is_told and (context.domain.devices is None or child(context.domain.devices, "memory") is None):
            return
    yield context.domain.memory


class _Sums(NamedTuple):
    """The amounts of a domain in KiB, all of them known; 0 for what is not there."""

    memory: int
    maximum: int
    in_nodes: int
    in_modules: int


def _sums(amounts: Amounts) -> _Sums | None:
    values = [amounts.memory, amounts.maximum, amounts.in_nodes, amounts.in_modules]
    known = [value or 0 for value in values if not isinstance(value, Unknown)]
    return _Sums(*known) if len(known) == len(values) and not isinstance(amounts.slots, Unknown) else None


@rule(
    "MEM001",
    "memory-missing",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_amounts,
    source=_POST_PARSE,
    bad=_domain("  <memory>0</memory> <!-- MEM001 -->\n"),
    good=_domain("  <memory unit='GiB'>1</memory>\n"),
)
def memory_missing(context: Context, amounts: Amounts) -> Problems:
    """The domain has no memory to begin with.

    libvirt takes it from `<memory>`, less what the modules among the devices have, or from the NUMA cells where there
    are some. `<currentMemory>` counts for nothing here.
    """
    sums = _sums(amounts)
    if sums is None or sums.in_nodes or sums.memory != sums.in_modules:
        return
    spot = Spot(context.domain.element if amounts.element is None else amounts.element)
    if sums.in_modules:
        yield Problem(
            spot,
            f"the {in_words(sums.in_modules)} of <memory> are all in memory modules: there is none to begin with",
            "say in <memory> what the domain begins with and what the modules have, together",
        )
    else:
        yield Problem(spot, "the domain has no memory: libvirt refuses it", "add <memory unit='GiB'>1</memory>")


@rule(
    "MEM002",
    "modules-exceed-memory",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_amounts,
    source=_POST_PARSE,
    bad=_domain(
        "  <memory unit='GiB'>1</memory> <!-- MEM002 -->\n  <maxMemory slots='4' unit='GiB'>8</maxMemory>\n", _MODULE
    ),
    good=_domain("  <memory unit='GiB'>3</memory>\n  <maxMemory slots='4' unit='GiB'>8</maxMemory>\n", _MODULE),
)
def modules_exceed_memory(context: Context, amounts: Amounts) -> Problems:
    """The memory modules have more than the domain as a whole.

    `<memory>` is all the memory, that of the modules among the devices with it. Where the domain has NUMA cells,
    libvirt adds up anew when it defines it.
    """
    sums = _sums(amounts)
    if sums is None or sums.in_nodes or sums.in_modules <= sums.memory:
        return
    spot = Spot(context.domain.element if amounts.element is None else amounts.element)
    yield Problem(
        spot,
        f"the memory modules have {in_words(sums.in_modules)}, more than the {in_words(sums.memory)} of <memory>",
        "<memory> is all there is: add what the modules have",
        tuple((Spot(module.target), "a module") for module in amounts.modules),
    )


@rule(
    "MEM003",
    "maximum-memory-too-small",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_amounts,
    source=_POST_PARSE,
    bad=_domain(
        "  <memory unit='GiB'>4</memory>\n  <maxMemory slots='4' unit='GiB'>2</maxMemory> <!-- MEM003 -->\n",
        around=_CELL,
    ),
    good=_domain(
        "  <memory unit='GiB'>4</memory>\n  <maxMemory slots='4' unit='GiB'>8</maxMemory>\n",
        around=_CELL,
    ),
)
def maximum_memory_too_small(context: Context, amounts: Amounts) -> Problems:
    """The domain has more memory than it may come to have.

    `<maxMemory>` counts all memory, that of modules with it.
    """
    sums = _sums(amounts)
    if sums is None or not sums.maximum or amounts.maximum_element is None:
        return
    # A new domain has what its cells and modules have together; one that is read again has what <memory> says.
    together = sums.in_nodes + sums.in_modules
    total = min(sums.memory or together, together) if sums.in_nodes else sums.memory
    if sums.maximum < total:
        yield Problem(
            Spot(amounts.maximum_element),
            f"{in_words(sums.maximum)} at most are less than the {in_words(total)} that the domain has",
            f"raise <maxMemory> to {in_words(total)} or more",
        )


@rule(
    "MEM004",
    "memory-slots-without-maximum",
    outcome=Outcome.DEFINE,
    on="maxMemory",
    source=_POST_PARSE,
    bad=_domain("  <memory unit='GiB'>4</memory>\n  <maxMemory slots='4'>0</maxMemory> <!-- MEM004 -->\n"),
    good=_domain("  <memory unit='GiB'>4</memory>\n"),
)
def memory_slots_without_maximum(context: Context, element: Element) -> Problems:
    """There are slots for memory modules, and no maximum of memory.

    libvirt refuses to define the domain: slots without memory that could go into them are of no use.
    """
    amounts = context.domain.memory
    if amounts.maximum == 0 and amounts.slots and element is amounts.maximum_element and context.domain.runs_on_qemu:
        yield Problem(
            Spot(element),
            f"{amounts.slots} slots for memory modules, and no memory to plug: libvirt wants the maximum as well",
            "say how much memory there may be: <maxMemory slots='4' unit='GiB'>8</maxMemory>",
        )


@rule(
    "MEM005",
    "maximum-memory-without-slots",
    outcome=Outcome.DEFINE,
    on="maxMemory",
    until="9.5.0",
    source="libvirt 7.0.0 and 9.0.0 src/conf/domain_postparse.c, domain_conf.c (virDomainDefPostParseMemory);"
    " NEWS.rst, 9.5.0",
    bad=_domain(
        "  <memory unit='GiB'>4</memory>\n  <maxMemory unit='GiB'>8</maxMemory> <!-- MEM005 -->\n",
        around=_CELL,
    )._replace(libvirt="9.0.0"),
    good=_domain(
        "  <memory unit='GiB'>4</memory>\n  <maxMemory slots='4' unit='GiB'>8</maxMemory>\n",
        around=_CELL,
    ),
)
def maximum_memory_without_slots(context: Context, element: Element) -> Problems:
    """A maximum of memory is given, and no slots.

    libvirt 9.5.0 and later take it: virtio memory needs no slot.
    """
    amounts = context.domain.memory
    wrong = amounts.maximum and amounts.slots in (None, 0) and element is amounts.maximum_element
    if wrong and context.domain.runs_on_qemu:
        yield Problem(
            Spot(element),
            "a maximum of memory without slots for modules: libvirt before 9.5.0 wants both",
            "say how many modules there may be: <maxMemory slots='4' ...>",
        )


_TUNED = ("hard_limit", "soft_limit", "min_guarantee", "swap_hard_limit")


def _amounts_of(element: Element) -> Iterator[tuple[Spot, object]]:
    if element.tag == "memtune":
        for name in _TUNED:
            one = child(element, name)
            if one is not None:
                yield Spot(one), kibibytes_in(one)
    elif element.tag == "memoryBacking":
        for page in element.iterfind("hugepages/page"):
            yield Spot(page, "size"), kibibytes_at(page, "size")
    elif element.tag == "cpu":
        for cell in element.iterfind("numa/cell"):
            yield Spot(cell, "memory"), kibibytes_at(cell, "memory")
        for link in element.iterfind("numa/interconnects/bandwidth"):
            yield Spot(link, "value"), kibibytes_at(link, "value")
    else:
        yield Spot(element), kibibytes_in(element)


@rule(
    "MEM006",
    "amount-too-large",
    outcome=Outcome.DEFINE,
    on=".",
    each=_each_amounts,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainParseMemory), src/util/virutil.c (virScaleInteger),"
    " alike in 7.0.0 and 9.0.0",
    bad=_domain("  <memory unit='EiB'>8</memory> <!-- MEM006 -->\n"),
    good=_domain("  <memory unit='EiB'>7</memory>\n"),
)
def amount_too_large(context: Context, _amounts: Amounts) -> Problems:
    """An amount of memory is 8 EiB or more, which libvirt cannot count.

    libvirt refuses the definition. Mostly a unit is meant that is not written, or the other way round.
    """
    for element in context.domain.element.iterchildren(
        "memory", "currentMemory", "maxMemory", "memtune", "memoryBacking", "cpu"
    ):
        for spot, amount in _amounts_of(element):
            if isinstance(amount, int) and amount > MOST_KIBIBYTES:
                yield Problem(
                    spot,
                    f"{in_words(amount)} are more than libvirt can count: less than 8 EiB",
                    "look at the unit: an amount without one is in KiB",
                )


_ALIGNED = 1024
_MODULES_ALIGNED = 2048


def _aligned(amount: int, to: int = _ALIGNED) -> int:
    return -(-amount // to) * to


@rule(
    "MEM007",
    "amount-too-large-when-aligned",
    outcome=Outcome.START,
    on=".",
    each=_each_amounts,
    source="libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainAlignMemorySizes), alike in 7.0.0 and 9.0.0",
    bad=_domain("  <memory>9007199254740991</memory> <!-- MEM007 -->\n"),
    good=_domain("  <memory>9007199254739968</memory>\n"),
)
def amount_too_large_when_aligned(context: Context, amounts: Amounts) -> Problems:
    """An amount of memory comes to 8 EiB when libvirt rounds it up to whole MiB, as it does at the start.

    The memory of all NUMA cells counts together.
    """
    found: list[tuple[Spot, int, int]] = []
    if isinstance(amounts.maximum, int) and amounts.maximum_element is not None:
        found.append((Spot(amounts.maximum_element), amounts.maximum, _aligned(amounts.maximum)))
    total = 0
    for cell in context.domain.numa.cells:
        if isinstance(cell.memory, int):
            total += _aligned(cell.memory)
            found.append((Spot(cell.element, "memory"), cell.memory, total))
    if amounts.element is not None and not total and isinstance(amounts.memory, int) and not amounts.modules:
        found.append((Spot(amounts.element), amounts.memory, _aligned(amounts.memory)))
    for module in amounts.modules:
        if isinstance(module.size, int):
            found.append((Spot(module.target), module.size, _aligned(module.size, _MODULES_ALIGNED)))
    for spot, written, amount in found:
        if written <= MOST_KIBIBYTES < amount:
            yield Problem(spot, "rounded up to whole MiB, this is 8 EiB: libvirt does not start the domain", "lower it")
            return


@rule(
    "MEM008",
    "guaranteed-memory",
    outcome=Outcome.DEFINE,
    on="memtune/min_guarantee",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDef), alike in 7.0.0 and 9.0.0",
    bad=Example("", around="<memtune>\n  <min_guarantee unit='GiB'>1</min_guarantee> <!-- MEM008 -->\n</memtune>"),
    good=Example("", around="<memtune>\n  <hard_limit unit='GiB'>2</hard_limit>\n</memtune>"),
)
def guaranteed_memory(context: Context, element: Element) -> Problems:
    """The domain asks for guaranteed memory, which QEMU has no way to give: only VMware's hypervisors do.

    libvirt reads the element for all hypervisors, and refuses to define the domain for QEMU.
    """
    amount = kibibytes_in(element)
    if isinstance(amount, int) and amount and context.domain.runs_on_qemu:
        yield Problem(Spot(element), "QEMU cannot guarantee memory: libvirt refuses the domain", "remove the element")
