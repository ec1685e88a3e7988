"""MEM04x to MEM06x: memory modules among the devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from domlint.architectures import PPC64
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.bitmaps import bitmap_of, members
from domlint.domain.memory import SLOTTED, Module, descendant
from domlint.domain.sizes import MOST_KIBIBYTES, in_words, kibibytes_at
from domlint.domain.values import Unknown, attribute
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule, whole_example
from domlint.versions import Version

_HOTPLUG = "libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainDefValidateMemoryHotplug), alike in 7.0.0 and 9.0.0"
_DEVICE = "libvirt 11.3.0 src/qemu/qemu_domain.c (qemuDomainDefValidateMemoryHotplugDevice), alike in 7.0.0 and 9.0.0"
_VALIDATE = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainMemoryDefValidate)"
_CONFLICT = "libvirt 11.3.0 src/conf/domain_validate.c (virDomainMemoryDefCheckConflict)"
_TARGET = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainMemoryTargetDefParseXML), alike in 7.0.0 and 9.0.0"

_MODELS: Final = (*SLOTTED, "virtio-pmem", "virtio-mem", "sgx-epc")


# Examples


def _guest(
    *modules: str, maximum: str = "  <maxMemory slots='4' unit='GiB'>16</maxMemory>\n", **details: Any
) -> Example:
    devices = "".join(f"    {line}\n" for module in modules for line in module.splitlines())
    arch = details.pop("arch", "x86_64")
    machine = {"x86_64": "pc-q35-8.2", "ppc64": "pseries-8.2", "s390x": "s390-ccw-virtio-8.2"}[arch]
    return whole_example(
        f"{details.pop('cells', _CELL)}  <devices>\n{devices}  </devices>\n",
        before=f"  <memory unit='GiB'>8</memory>\n{maximum}  <vcpu>2</vcpu>\n",
        arch=arch,
        machine=machine,
        **details,
    )


_CELL = "  <cpu>\n    <numa>\n      <cell id='0' cpus='0-1' memory='4' unit='GiB'/>\n    </numa>\n  </cpu>\n"


def _module(
    model: str = "dimm",
    *target: str,
    source: str = "",
    node: str = "    <node>0</node>",
    opening: str = "",
    address: str = "",
    size: str = "    <size unit='GiB'>1</size>",
) -> str:
    lines = (
        opening or f"<memory model='{model}'>",
        source,
        "  <target>",
        size,
        node,
        *target,
        "  </target>",
        address,
        "</memory>",
    )
    return "".join(f"{line}\n" for line in lines if line)


def _file(path: str = "/srv/memory/web1") -> str:
    return f"  <source>\n    <path>{path}</path>\n  </source>"


def _virtio(*more: str, block: str = "    <block unit='MiB'>2</block>", requested: str = "512", **details: str) -> str:
    wanted = f"    <requested unit='MiB'>{requested}</requested>" if requested.isdigit() else requested
    return _module("virtio-mem", block, wanted, *more, **details)


def _slot(number: int, base: str = "", mark: str = "") -> str:
    place = f" base='{base}'" if base else ""
    return f"  <address type='dimm' slot='{number}'{place}/>{mark}"


# All modules together


def _each_first(context: Context, element: Element) -> Iterator[tuple[Module, ...]]:
    """All modules, once: at the first of them."""
    modules = context.domain.memory.modules
    if modules and modules[0].element is element and context.domain.runs_on_qemu:
        yield modules


@rule(
    "MEM040",
    "module-without-maximum-memory",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_first,
    source=_HOTPLUG,
    bad=_guest(_module(opening="<memory model='dimm'> <!-- MEM040 -->"), maximum=""),
    good=_guest(_module()),
)
def module_without_maximum_memory(context: Context, modules: tuple[Module, ...]) -> Problems:
    """There is a memory module, and the domain does not say how much memory it may come to have.

    That is so even of modules that are there from the start: libvirt refuses to define the domain.
    """
    if context.domain.memory.can_grow is False:
        yield Problem(
            Spot(modules[0].element),
            "a memory module needs <maxMemory>: without it, libvirt refuses the domain",
            "add <maxMemory slots='4' unit='GiB'>16</maxMemory> beside <memory>",
            tuple((Spot(module.element), "another module") for module in modules[1:]),
        )


@rule(
    "MEM041",
    "growing-memory-without-numa",
    outcome=Outcome.DEFINE,
    on="maxMemory",
    needs=Needs.MACHINE,
    until="9.6.0",
    since="libvirt 9.6.0 adds a NUMA cell by itself",
    source=f"{_HOTPLUG}; NEWS.rst, 9.6.0; qemu_postparse.c (qemuDomainDefNumaAutoAdd)",
    bad=_guest(maximum="  <maxMemory slots='4' unit='GiB'>16</maxMemory> <!-- MEM041 -->\n", cells="", libvirt="9.0.0"),
    good=_guest(libvirt="9.0.0"),
)
def growing_memory_without_numa(context: Context, element: Element) -> Problems:
    """Memory may be plugged, and the guest has no NUMA cells.

    Guests plug memory into a NUMA node. libvirt 9.6.0 and later put all memory into one cell by themselves when they
    define the domain.
    """
    amounts, arch = context.domain.memory, context.machine.arch
    if element is not amounts.maximum_element or amounts.can_grow is not True or not context.domain.runs_on_qemu:
        return
    if isinstance(arch, str) and arch not in PPC64 and context.domain.numa.element is None:
        yield Problem(
            Spot(element),
            "memory can be plugged only into NUMA cells, of which the guest has none",
            "put the memory into a cell: <cpu><numa><cell id='0' cpus='...' memory='...'/></numa></cpu>",
        )


_SLOTS_SINCE = Version(9, 5, 0)


@rule(
    "MEM042",
    "too-many-modules",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_first,
    since="libvirt 9.5.0 counts DIMMs and NVDIMMs alone, older ones all modules",
    source=f"{_HOTPLUG}; NEWS.rst, 9.5.0",
    bad=_guest(
        _module(),
        _module(opening="<memory model='dimm'> <!-- MEM042 -->"),
        maximum="  <maxMemory slots='1' unit='GiB'>16</maxMemory>\n",
    ),
    good=_guest(_module(), _module(), maximum="  <maxMemory slots='2' unit='GiB'>16</maxMemory>\n"),
)
def too_many_modules(context: Context, modules: tuple[Module, ...]) -> Problems:
    """There are more memory modules than slots.

    libvirt refuses to define the domain. Virtio memory needs no slot, as it is a PCI device.
    """
    amounts = context.domain.memory
    if amounts.can_grow is not True or any(isinstance(module.model, Unknown) for module in modules):
        return
    slots = amounts.slots if isinstance(amounts.slots, int) else 0
    counts_all = context.is_older_than(_SLOTS_SINCE)
    slotted = [module for module in modules if counts_all or module.is_slotted]
    if len(slotted) > slots:
        yield Problem(
            Spot(slotted[slots].element),
            f"{len(slotted)} memory modules, and {slots} slot{'' if slots == 1 else 's'} for them",
            f"raise the slots of <maxMemory> to {len(slotted)}",
        )


@rule(
    "MEM043",
    "slot-taken-twice",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_first,
    source=f"{_CONFLICT}; 7.0.0 and 9.0.0 src/qemu/qemu_domain.c (qemuCheckMemoryDimmConflict)",
    bad=_guest(_module(address=_slot(0)), _module(address=_slot(0, mark=" <!-- MEM043 -->"))),
    good=_guest(_module(address=_slot(0)), _module(address=_slot(1))),
)
def slot_taken_twice(context: Context, modules: tuple[Module, ...]) -> Problems:
    """Two memory modules sit in the same slot.

    libvirt refuses to define the domain; it numbers the slots itself where modules have no address.
    """
    taken: dict[int, Module] = {}
    for module in modules:
        address = descendant(module.element, "address")
        if not module.is_slotted or not isinstance(module.slot, int) or address is None:
            continue
        other = taken.setdefault(module.slot, module)
        if other is not module:
            yield Problem(
                Spot(address, "slot"),
                f"slot {module.slot} holds another module",
                "take another slot, or remove the address: libvirt finds one",
                ((Spot(other.element), "the other module"),),
            )


@rule(
    "MEM044",
    "modules-overlap",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_first,
    since="libvirt 9.8.0 looks at all of the module, older ones at where it begins",
    source=f"{_CONFLICT}; 7.0.0 and 9.0.0 src/qemu/qemu_domain.c (qemuCheckMemoryDimmConflict); NEWS.rst, 9.8.0",
    bad=_guest(_module(address=_slot(0, "0x200000000")), _module(address=_slot(1, "0x210000000", " <!-- MEM044 -->"))),
    good=_guest(_module(address=_slot(0, "0x200000000")), _module(address=_slot(1, "0x240000000"))),
)
def modules_overlap(context: Context, modules: tuple[Module, ...]) -> Problems:
    """Two memory modules are at the same place of the guest's memory.

    libvirt refuses to define the domain. Modules without an address get one from QEMU.
    """
    seen: list[tuple[int, int, Module]] = []
    whole = not context.is_older_than(_OVERLAP_SINCE)
    for module in modules:
        size = _mapped(module)
        if not isinstance(module.base, int) or not module.base or size is None or module.model == "sgx-epc":
            continue
        first, last = module.base, module.base + (size if whole else 1)
        for start, end, other in seen:
            if first < end and start < last:
                place = descendant(module.element, "address") if module.is_slotted else module.target.find("address")
                yield Problem(
                    Spot(module.element if place is None else place, "base"),
                    f"the memory from {first:#x} on is that of another module, which takes {start:#x} to {end:#x}",
                    "move one of them, or remove the address: libvirt finds a place",
                    ((Spot(other.element), "the other module"),),
                )
                break
        seen.append((first, last, module))


_OVERLAP_SINCE = Version(9, 8, 0)
_LARGEST_PAGE: Final = 64
"""The most KiB that a host's pages have, to which the label of an NVDIMM is rounded up."""


def _mapped(module: Module) -> int | None:
    """The bytes that a module takes of the guest's memory at least: an NVDIMM's label is not part of it."""
    label, align = module.size_of("target", "label", "size"), module.size_of("source", "alignsize")
    if not isinstance(module.size, int) or isinstance(label, Unknown) or isinstance(align, Unknown):
        return None
    if module.model != "nvdimm" or not label:
        return module.size * 1024
    to = align or _LARGEST_PAGE
    return max(module.size - -(-label // to) * to, 0) * 1024


# Each by itself


def _each_module(context: Context, element: Element) -> Iterator[Module]:
    """A module of a model that is known, in a domain that can have one."""
    if context.domain.runs_on_qemu:
        for module in context.domain.memory.modules:
            if module.element is element and module.model in _MODELS:
                yield module


@rule(
    "MEM045",
    "slot-missing",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=_DEVICE,
    bad=_guest(_module(address=_slot(4, mark=" <!-- MEM045 -->"))),
    good=_guest(_module(address=_slot(3))),
)
def slot_missing(context: Context, module: Module) -> Problems:
    """A memory module sits in a slot that there is not, or does not say in which.

    libvirt refuses to define the domain, whatever other slots are free. They are numbered from 0.
    """
    amounts = context.domain.memory
    address = descendant(module.element, "address")
    if module.address == "dimm" and module.slot is None and address is not None:
        yield Problem(Spot(address), "the address does not say in which slot the module is", "add slot='0'")
    if not module.is_slotted or not isinstance(module.slot, int) or address is None or amounts.can_grow is not True:
        return
    slots = amounts.slots or 0
    if isinstance(slots, int) and module.slot >= slots:
        yield Problem(
            Spot(address, "slot"),
            f"there is no slot {module.slot}: <maxMemory> has {slots}, numbered from 0",
            f"raise its slots to {module.slot + 1}, or take a slot below {slots}",
        )


_ADDRESSES: Final = {"virtio-pmem": ("pci",), "virtio-mem": ("pci", "ccw")}
"""The kinds of address that a model may have."""

_WRONG_ADDRESSES: Final = ("dimm", "drive", "usb", "isa", "ccid", "virtio-serial", "spapr-vio", "virtio-mmio", "ccw")
_CCW_SINCE = Version(11, 1, 0)


@rule(
    "MEM046",
    "module-address-of-wrong-kind",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=f"{_DEVICE}; {_VALIDATE}, alike in 9.0.0",
    bad=_guest(_virtio(address=_slot(0, mark=" <!-- MEM046 -->"))),
    good=_guest(_virtio()),
)
def module_address_of_wrong_kind(context: Context, module: Module) -> Problems:
    """A memory module has an address of a kind that its model cannot have.

    Virtio memory is a PCI device (on IBM Z a channel device), memory for SGX has no address at all.
    """
    address = descendant(module.element, "address")
    kinds = _ADDRESSES.get(str(module.model))
    if address is None or not isinstance(module.address, str):
        return
    if module.model == "sgx-epc":
        yield Problem(Spot(address), "memory for SGX enclaves has no address", "remove <address>")
    elif kinds and module.address in _WRONG_ADDRESSES:
        too_old = context.is_older_than(_CCW_SINCE)
        if module.address not in kinds or too_old:
            yield Problem(
                Spot(address, "type"),
                f"{module.model} cannot have an address of the kind '{module.address}', only of the kind 'pci'",
                "remove <address>: libvirt gives it one",
            )


@rule(
    "MEM047",
    "module-without-node",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=_DEVICE,
    bad=_guest(_module(node="", size="    <size unit='GiB'>1</size>").replace("<target>", "<target> <!-- MEM047 -->")),
    good=_guest(_module()),
)
def module_without_node(context: Context, module: Module) -> Problems:
    """The guest has NUMA cells, and a memory module is in none of them.

    libvirt refuses to define the domain. Virtio persistent memory alone is in no cell.
    """
    needing = module.is_slotted or module.model == "virtio-mem"
    if needing and module.node is None and context.domain.numa.cells and context.domain.memory.can_grow is True:
        yield Problem(
            Spot(module.target),
            f"the guest has NUMA cells, and this {module.model} does not say in which it is",
            "add <node>0</node>",
        )


@rule(
    "MEM048",
    "module-node-missing",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    needs=Needs.MACHINE,
    since="libvirt before 7.1.0 refuses it at the start",
    source=f"{_VALIDATE}, alike in 9.0.0; 7.0.0 src/qemu/qemu_command.c (qemuBuildMemoryBackendProps)",
    bad=_guest(_module(node="    <node>1</node> <!-- MEM048 -->")),
    good=_guest(_module()),
)
def module_node_missing(context: Context, module: Module) -> Problems:
    """A memory module is in a NUMA cell that the guest does not have.

    libvirt refuses the domain. The cells are those of the guest, `<cell>` in `<numa>`, not the nodes of the host.
    """
    node = descendant(module.target, "node")
    if not isinstance(module.node, int) or node is None or module.model == "virtio-pmem":
        return
    cells = len(context.domain.numa.cells)
    # Where there is none, newer versions of libvirt add one, but not on IBM Z.
    if not cells and not context.machine.is_s390:
        cells = 1
    if module.node >= cells:
        has = f"the guest has the cells 0 to {cells - 1}" if cells > 1 else "it has the cell 0 alone"
        yield Problem(
            Spot(node),
            f"there is no NUMA cell {module.node}: {has if cells else 'the guest has no NUMA cells'}",
            "name a cell of <numa>" if cells else "remove <node>",
        )


@rule(
    "MEM049",
    "module-discarded",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=f"{_VALIDATE}, alike in 7.0.0 and 9.0.0",
    bad=_guest(_module("nvdimm", source=_file(), opening="<memory model='nvdimm' discard='yes'> <!-- MEM049 -->")),
    good=_guest(_module("nvdimm", source=_file(), opening="<memory model='nvdimm' discard='no'>")),
)
def module_discarded(context: Context, module: Module) -> Problems:
    """Memory that shall keep its content shall be discarded at the end.

    `discard` is for memory whose content nobody needs when the domain stops: libvirt refuses it for the other.
    """
    if module.model in ("nvdimm", "virtio-pmem") and attribute(module.element, "discard") == "yes":
        yield Problem(
            Spot(module.element, "discard"),
            f"{module.model} keeps its content, which cannot be discarded: libvirt refuses it",
            "remove discard='yes'",
        )


@rule(
    "MEM050",
    "module-without-file",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=f"{_VALIDATE}, alike in 7.0.0 and 9.0.0",
    bad=_guest(_module("nvdimm", opening="<memory model='nvdimm'> <!-- MEM050 -->")),
    good=_guest(_module("nvdimm", source=_file())),
)
def module_without_file(context: Context, module: Module) -> Problems:
    """Memory that keeps its content has no file to keep it in.

    libvirt refuses to define the domain.
    """
    path = descendant(module.element, "source", "path")
    if module.model in ("nvdimm", "virtio-pmem") and (path is None or not path.text):
        yield Problem(
            Spot(module.element),
            f"{module.model} needs a file or device that keeps its content",
            "add <source><path>/srv/memory/web1</path></source>",
            instead_of=("SCHEMA007",),
        )


_SMALLEST_LABEL: Final = 128
_PSERIES_STEP: Final = 256 * 1024


@rule(
    "MEM051",
    "label-size-wrong",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=_TARGET,
    bad=_guest(
        _module(
            "nvdimm",
            "    <label>",
            "      <size unit='KiB'>64</size> <!-- MEM051 -->",
            "    </label>",
            source=_file(),
        )
    ),
    good=_guest(_module("nvdimm", "    <label>", "      <size unit='KiB'>128</size>", "    </label>", source=_file())),
)
def label_size_wrong(context: Context, module: Module) -> Problems:
    """The label of an NVDIMM is smaller than 128 KiB, or leaves nothing of the module.

    libvirt refuses to define the domain. The size of the module counts the label.
    """
    label = descendant(module.target, "label", "size")
    size = module.size_of("target", "label", "size")
    if module.model != "nvdimm" or label is None or not isinstance(size, int):
        return
    if 0 < size < _SMALLEST_LABEL:
        yield Problem(Spot(label), f"a label has {_SMALLEST_LABEL} KiB at least, not {size}", "raise it to 128 KiB")
    elif isinstance(module.size, int) and size >= module.size:
        yield Problem(
            Spot(label),
            f"the label of {in_words(size)} leaves nothing of the module's {in_words(module.size)}",
            "the size of the module counts its label: raise it",
        )


_PSERIES_NVDIMM = _module(
    "nvdimm",
    "    <label>",
    "      <size unit='KiB'>128</size>",
    "    </label>",
    source=_file(),
    size="    <size unit='MiB'>{}</size>{}",
)


@rule(
    "MEM052",
    "pseries-label",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    needs=Needs.MACHINE,
    source=f"{_VALIDATE}, src/qemu/qemu_domain.c (qemuDomainNVDimmAlignSizePseries), alike in 7.0.0 and 9.0.0",
    bad=_guest(_PSERIES_NVDIMM.format(256, " <!-- MEM052 -->"), arch="ppc64"),
    good=_guest(_PSERIES_NVDIMM.format(512, ""), arch="ppc64"),
)
def pseries_label(context: Context, module: Module) -> Problems:
    """An NVDIMM of a PowerPC guest has no label, or less than 256 MiB beside it.

    The guest sees steps of 256 MiB, the label beside them.
    """
    label = module.size_of("target", "label", "size")
    if module.model != "nvdimm" or not context.machine.is_ppc64 or isinstance(label, Unknown):
        return
    size = descendant(module.target, "size")
    if not label:
        yield Problem(
            Spot(module.target),
            "an NVDIMM of a PowerPC guest needs a label",
            "add <label><size unit='KiB'>128</size></label>",
        )
    elif isinstance(module.size, int) and label < module.size and module.size - label < _PSERIES_STEP:
        yield Problem(
            Spot(module.target if size is None else size),
            f"without its label, the module has less than 256 MiB: {in_words(module.size - label)}",
            f"raise its size to {in_words(_PSERIES_STEP + label)} or more",
        )


@rule(
    "MEM053",
    "module-uuid",
    outcome=Outcome.DEFINE,
    on="devices/memory/uuid",
    needs=Needs.MACHINE,
    asked="9.0.0",
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=_guest(
        _module(
            "nvdimm",
            source="  <uuid>3c1f6d52-8a0e-4b7c-9d15-5e2a7f60b841</uuid> <!-- MEM053 -->\n" + _file(),
        )
    ),
    good=_guest(_module("nvdimm", source=_file())),
)
def module_uuid(context: Context, element: Element) -> Problems:
    """An NVDIMM has a UUID, which only those of PowerPC guests do.

    libvirt 9.0.0 and later refuse to define the domain; older ones took the element and did nothing with it.
    """
    arch, module = context.machine.arch, element.getparent()
    if not isinstance(arch, str) or arch in PPC64 or not context.domain.runs_on_qemu:
        return
    if attribute(module, "model") == "nvdimm" and (element.text or "").strip():
        yield Problem(Spot(element), f"an NVDIMM of a guest with {arch} cannot have a UUID", "remove <uuid>")


@rule(
    "MEM054",
    "persistent-memory-not-shared",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=_guest(
        _module(
            "virtio-pmem",
            source=_file(),
            node="",
            opening="<memory model='virtio-pmem' access='private'> <!-- MEM054 -->",
        )
    ),
    good=_guest(
        _module("virtio-pmem", source=_file(), node="", opening="<memory model='virtio-pmem' access='shared'>")
    ),
)
def persistent_memory_not_shared(context: Context, module: Module) -> Problems:
    """Virtio persistent memory is private, so that nothing would reach its file.

    libvirt refuses to define the domain. Without `access`, libvirt makes it shared.
    """
    if module.model == "virtio-pmem" and attribute(module.element, "access") == "private":
        yield Problem(
            Spot(module.element, "access"),
            "virtio-pmem writes into its file, which needs shared access",
            "remove access='private', or make it shared",
        )


@rule(
    "MEM055",
    "persistent-memory-in-node",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=_guest(_module("virtio-pmem", source=_file(), node="    <node>0</node> <!-- MEM055 -->")),
    good=_guest(_module("virtio-pmem", source=_file(), node="")),
)
def persistent_memory_in_node(context: Context, module: Module) -> Problems:
    """Virtio persistent memory is put into a NUMA cell, which it cannot be.

    libvirt refuses to define the domain, whether there is such a cell or not.
    """
    node = descendant(module.target, "node")
    if module.model == "virtio-pmem" and node is not None and module.node is not None:
        yield Problem(Spot(node), "virtio-pmem is in no NUMA cell: libvirt refuses it", "remove <node>")


_SMALLEST_PAGE: Final = 4096


@rule(
    "MEM056",
    "virtio-memory-misaligned",
    outcome=Outcome.DEFINE,
    on="devices/memory/target/address",
    asked="9.8.0",
    source=f"{_VALIDATE}; NEWS.rst, 9.8.0",
    bad=_guest(_virtio("    <address base='0x200100000'/> <!-- MEM056 -->")),
    good=_guest(_virtio("    <address base='0x200200000'/>")),
)
def virtio_memory_misaligned(context: Context, element: Element) -> Problems:
    """The address of virtio memory is no multiple of its blocks, or of the host's pages.

    virtio-mem is aligned to its blocks, virtio-pmem to the pages of the host: 4 KiB at least.
    """
    for module in _modules_at(context, element):
        block = module.size_of("target", "block")
        step = block * 1024 if module.model == "virtio-mem" and isinstance(block, int) else 0
        if module.model == "virtio-pmem":
            step = _SMALLEST_PAGE
        if isinstance(module.base, int) and step and module.base % step:
            what = "its blocks" if module.model == "virtio-mem" else "a page"
            yield Problem(
                Spot(element, "base"),
                f"{module.base:#x} is no multiple of {in_words(step // 1024)}, the size of {what}",
                f"take {module.base // step * step:#x}, or remove the address: libvirt finds a place",
            )


def _modules_at(context: Context, below: Element) -> Iterator[Module]:
    """The module that an element is in the target of."""
    target = below.getparent()
    if context.domain.runs_on_qemu:
        yield from (module for module in context.domain.memory.modules if module.target is target)


def _each_virtio(context: Context, element: Element) -> Iterator[tuple[Module, int]]:
    """A virtio-mem, with the size of its blocks in KiB: 0 without one."""
    for module in _each_module(context, element):
        block = module.size_of("target", "block")
        if module.model == "virtio-mem" and not isinstance(block, Unknown):
            yield module, block or 0


@rule(
    "MEM057",
    "virtio-memory-blocks",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_virtio,
    needs=Needs.MACHINE,
    source=f"{_VALIDATE}, alike in 9.0.0; src/util/virhostmem.c (virHostMemGetTHPSize)",
    bad=_guest(_virtio(block="    <block unit='MiB'>1</block> <!-- MEM057 -->")),
    good=_guest(_virtio(block="    <block unit='MiB'>2</block>")),
)
def virtio_memory_blocks(context: Context, found: tuple[Module, int]) -> Problems:
    """The blocks of virtio memory have a size that they cannot have.

    It is a power of two, and no less than a transparent huge page of the host: 2 MiB on x86 and most others, 1 MiB on
    IBM Z. Hosts with pages of 64 KiB have larger ones.
    """
    module, block = found
    element = descendant(module.target, "block")
    spot = Spot(module.target if element is None else element)
    least = 1024 if context.machine.is_s390 else 2048
    if not block:
        yield Problem(spot, "virtio-mem needs the size of its blocks", "add <block unit='MiB'>2</block>")
    elif block & (block - 1):
        yield Problem(spot, f"blocks of {in_words(block)}: no power of two", "take <block unit='MiB'>2</block>")
    elif block < least:
        yield Problem(
            spot,
            f"blocks of {in_words(block)} are smaller than {in_words(least)}, a transparent huge page of the host",
            f"take <block unit='MiB'>{least // 1024}</block>",
        )


@rule(
    "MEM058",
    "virtio-memory-requested",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_virtio,
    needs=Needs.MACHINE,
    source=f"{_VALIDATE}, alike in 9.0.0",
    bad=_guest(_virtio(requested="    <requested unit='GiB'>2</requested> <!-- MEM058 -->")),
    good=_guest(_virtio(requested="    <requested unit='GiB'>1</requested>")),
)
def virtio_memory_requested(context: Context, found: tuple[Module, int]) -> Problems:
    """The guest shall have more of a virtio memory than there is, or a part of a block.

    libvirt refuses to define the domain. What is requested can change while the guest runs; its size cannot.
    """
    module, block = found
    element, requested = descendant(module.target, "requested"), module.size_of("target", "requested")
    if element is None or not isinstance(requested, int):
        return
    if isinstance(module.size, int) and requested > module.size:
        yield Problem(
            Spot(element),
            f"{in_words(requested)} are requested of a device with {in_words(module.size)}",
            "lower it, or raise <size>",
        )
    elif block and requested % block:
        yield Problem(
            Spot(element),
            f"{in_words(requested)} are no multiple of {in_words(block)}, the size of a block",
            f"take {in_words(requested // block * block)}",
        )


@rule(
    "MEM059",
    "channel-memory",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_virtio,
    needs=Needs.MACHINE,
    asked="11.1.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefMemory); NEWS.rst, 11.1.0",
    bad=_guest(
        _virtio(node="", source="  <source> <!-- MEM059 -->\n    <pagesize unit='KiB'>4</pagesize>\n  </source>"),
        arch="s390x",
        cells="  <memoryBacking>\n    <hugepages>\n      <page size='1' unit='MiB'/>\n    </hugepages>\n"
        "  </memoryBacking>\n",
    ),
    good=_guest(_virtio(node=""), arch="s390x", cells=""),
)
def channel_memory(context: Context, found: tuple[Module, int]) -> Problems:
    """Virtio memory of an IBM Z guest has other pages than the rest of the memory, or is in a NUMA cell.

    Its machines can do neither: libvirt refuses to define the domain. 11.1.0 brought virtio memory to IBM Z.
    """
    module, _block = found
    source, node = descendant(module.element, "source"), descendant(module.target, "node")
    page = context.domain.element.find("memoryBacking/hugepages/page")
    if not context.machine.is_s390 or module.address == "pci":
        return
    cells = len(context.domain.numa.cells)
    if isinstance(module.node, int) and 0 < module.node < cells and node is not None:
        yield Problem(Spot(node), "on IBM Z, virtio memory is in no NUMA cell but the first", "remove <node>")
    if source is None or page is None:
        return
    size, all_size = module.size_of("source", "pagesize"), kibibytes_at(page, "size")
    if isinstance(size, int) and isinstance(all_size, int) and size and size != all_size:
        yield Problem(
            Spot(source),
            f"pages of {in_words(size)}, where the rest of the memory has {in_words(all_size)}",
            "remove <pagesize>",
        )


@rule(
    "MEM060",
    "enclave-memory-missing",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_module,
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefMemory), alike in 9.0.0",
    bad=_guest(
        _module("sgx-epc", node="", size="    <size unit='MiB'>512</size> <!-- MEM060 -->"), host="qemu-7.2-sgx"
    ),
    good=_guest(_module("sgx-epc", node="", size="    <size unit='MiB'>64</size>"), host="qemu-7.2-sgx"),
)
def enclave_memory_missing(context: Context, module: Module) -> Problems:
    """A node of the host has less memory for SGX enclaves than the domain asks for.

    libvirt compares what the domain asks for with the sections that the capability file lists, by node: node 0 where
    the domain names none. It refuses to define the domain.
    """
    host, size = context.host, descendant(module.target, "size")
    if module.model != "sgx-epc" or host is None or host.sgx is None or not context.is_judged or size is None:
        return
    mask = bitmap_of(_text(descendant(module.element, "source", "nodemask")))
    if isinstance(mask, Unknown) or not isinstance(module.size, int):
        return
    by_node = dict(host.sgx.sections)
    for node in members(1 if mask is None else mask):
        if module.size > by_node.get(node, 0):
            yield Problem(
                Spot(size),
                f"node {node} of the host has {in_words(by_node.get(node, 0))} for enclaves, less than "
                f"{in_words(module.size)}",
                "lower the size, or name another node of the host in <source><nodemask>",
            )
            return


def _text(element: Element | None) -> str | None:
    return None if element is None else (element.text or "").strip() or None


def _each_too_large(context: Context, element: Element) -> Iterator[tuple[Element, int]]:
    """The amounts of a module that are beyond libvirt's bound."""
    for module in _each_module(context, element):
        for path in _AMOUNTS:
            one, amount = descendant(module.element, *path), module.size_of(*path)
            if one is not None and isinstance(amount, int) and amount > MOST_KIBIBYTES:
                yield one, amount


_AMOUNTS: Final = (
    ("target", "size"),
    ("target", "block"),
    ("target", "requested"),
    ("target", "label", "size"),
    ("source", "pagesize"),
    ("source", "alignsize"),
)


@rule(
    "MEM061",
    "module-amount-too-large",
    outcome=Outcome.DEFINE,
    on="devices/memory",
    each=_each_too_large,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainParseMemory), alike in 7.0.0 and 9.0.0",
    bad=_guest(_module(source="  <source>\n    <pagesize unit='EiB'>8</pagesize> <!-- MEM061 -->\n  </source>")),
    good=_guest(_module()),
)
def module_amount_too_large(context: Context, found: tuple[Element, int]) -> Problems:
    """An amount of a memory module is 8 EiB or more, which libvirt cannot count.

    libvirt refuses the definition. Mostly a unit is meant that is not written, or the other way round.
    """
    yield Problem(
        Spot(found[0]),
        f"{in_words(found[1])} are more than libvirt can count: less than 8 EiB",
        "look at the unit: an amount without one is in KiB",
    )
