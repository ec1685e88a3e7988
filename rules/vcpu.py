"""VCPU: how many vCPUs there are, which of them are there from the start, and their topology."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind, PciRoot
from domlint.domain.values import Maybe, Unknown, attribute, child, decimal
from domlint.domain.vcpus import Vcpu, each_vcpu, threads_of_topology
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_PARSE = "libvirt 11.3.0 src/conf/domain_conf.c (virDomainVcpuParse), alike in 7.0.0 and 9.0.0"
_POST_PARSE = "libvirt 11.3.0 src/qemu/qemu_postparse.c (qemuDomainDefVcpusPostParse), alike in 7.0.0 and 9.0.0"
_TOPOLOGY = "libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainVCpuTopology), alike in 7.0.0 and 9.0.0"


@rule(
    "VCPU001",
    "more-vcpus-than-maximum",
    outcome=Outcome.DEFINE,
    on="vcpu",
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefSetVcpus), alike in 7.0.0 and 9.0.0",
    bad=Example("", around="<vcpu current='8'>4</vcpu> <!-- VCPU001 -->"),
    good=Example("", around="<vcpu current='2'>4</vcpu>"),
)
def more_vcpus_than_maximum(context: Context, element: Element) -> Problems:
    """The domain begins with more vCPUs than it may come to have.

    libvirt refuses to define it. The text of `<vcpu>` is the most that there may be, `current` how many there are at
    the start. Where `<vcpus>` tells of each, 'current' counts for nothing.
    """
    if "current" not in element.attrib or not context.domain.runs_on_qemu:
        return
    vcpus = context.domain.vcpus
    if vcpus.element is not element or context.domain.element.find("vcpus/vcpu") is not None:
        return
    if isinstance(vcpus.maximum, int) and isinstance(vcpus.current, int) and vcpus.current > vcpus.maximum:
        yield Problem(
            Spot(element, "current"),
            f"the domain begins with {vcpus.current} vCPUs, and may have {vcpus.maximum} at most",
            f"raise the text to {vcpus.current}, or lower current",
        )


@rule(
    "VCPU002",
    "vcpu-beyond-maximum",
    outcome=Outcome.DEFINE,
    on="vcpus/vcpu",
    source=_PARSE,
    bad=Example(
        "",
        around="<vcpu>2</vcpu>\n<vcpus>\n  <vcpu id='0' enabled='yes'/>\n  <vcpu id='2' enabled='yes'/>"
        " <!-- VCPU002 -->\n</vcpus>",
    ),
    good=Example(
        "",
        around="<vcpu>2</vcpu>\n<vcpus>\n  <vcpu id='0' enabled='yes'/>\n  <vcpu id='1' enabled='yes'/>\n</vcpus>",
    ),
)
def vcpu_beyond_maximum(context: Context, element: Element) -> Problems:
    """`<vcpus>` tells of a vCPU that the domain cannot have.

    libvirt refuses to define it. vCPUs are numbered from 0.
    """
    most, number = context.domain.vcpus.maximum, decimal(attribute(element, "id"))
    if isinstance(most, int) and isinstance(number, int) and number >= most and context.domain.runs_on_qemu:
        yield Problem(
            Spot(element, "id"),
            f"there is no vCPU {number}: the domain has {most}, numbered from 0",
            f"raise <vcpu> to {number + 1}, or remove this one",
        )


def _each_all(context: Context, element: Element) -> Iterator[tuple[Vcpu, ...]]:
    """All vCPUs, once, where ``<vcpus>`` tells of them."""
    most = context.domain.vcpus.maximum
    if context.domain.element.find("vcpus") is element and isinstance(most, int) and context.domain.runs_on_qemu:
        vcpus = each_vcpu(context.domain.element, most) if most <= _MOST else None
        if vcpus:
            yield vcpus


_MOST: Final = 16384
"""More vCPUs than any machine has."""


def _spot(vcpu: Vcpu, group: Element, attribute_name: str | None = None) -> Spot:
    if vcpu.element is None:
        return Spot(group)
    is_written = attribute_name is not None and attribute_name in vcpu.element.attrib
    return Spot(vcpu.element, attribute_name if is_written else None)


def _vcpus(*lines: str, most: int = 4) -> Example:
    inside = "".join(f"  {line}\n" for line in lines)
    return Example("", around=f"<vcpu>{most}</vcpu>\n<vcpus>\n{inside}</vcpus>")


_FIRST = "<vcpu id='0' enabled='yes' hotpluggable='no'/>"


@rule(
    "VCPU003",
    "first-vcpu-missing",
    outcome=Outcome.DEFINE,
    on="vcpus",
    each=_each_all,
    source=_POST_PARSE,
    bad=_vcpus("<vcpu id='0' enabled='no'/> <!-- VCPU003 -->", "<vcpu id='1' enabled='yes'/>"),
    good=_vcpus(_FIRST, "<vcpu id='1' enabled='yes'/>"),
)
def first_vcpu_missing(context: Context, vcpus: tuple[Vcpu, ...]) -> Problems:
    """vCPU 0 is not there from the start, can be unplugged, or is not the first.

    The guest boots on it: libvirt refuses to define the domain.
    """
    first, group = vcpus[0], context.domain.element.find("vcpus")
    if group is None:
        return
    if not first.online:
        what = "is not enabled" if first.element is not None else "is not among <vcpus>, and so not enabled"
        yield Problem(_spot(first, group, "enabled"), f"vCPU 0 {what}: the guest boots on it", f"say {_FIRST}")
    elif first.hotpluggable == "yes":
        yield Problem(
            _spot(first, group, "hotpluggable"), "vCPU 0 cannot be unplugged: the guest boots on it", f"say {_FIRST}"
        )
    elif first.order > 1:
        yield Problem(
            _spot(first, group, "order"),
            f"vCPU 0 is the first, not number {first.order}",
            "say order='1', or remove it",
        )


@rule(
    "VCPU004",
    "order-of-some-vcpus",
    outcome=Outcome.DEFINE,
    on="vcpus",
    each=_each_all,
    source=_POST_PARSE,
    bad=_vcpus(
        "<vcpu id='0' enabled='yes' order='1'/>",
        "<vcpu id='1' enabled='yes'/> <!-- VCPU004 -->",
    ),
    good=_vcpus("<vcpu id='0' enabled='yes' order='1'/>", "<vcpu id='1' enabled='yes' order='2'/>"),
)
def order_of_some_vcpus(context: Context, vcpus: tuple[Vcpu, ...]) -> Problems:
    """Some of the enabled vCPUs have an order, some have none.

    libvirt refuses to define the domain. What counts is whether vCPU 0 has one; 0 is as good as none.
    """
    group = context.domain.element.find("vcpus")
    for vcpu in vcpus[1:]:
        if vcpu.online and bool(vcpu.order) != bool(vcpus[0].order) and group is not None:
            has = "has an order, and vCPU 0 has none" if vcpu.order else "has no order, and vCPU 0 has one"
            yield Problem(
                _spot(vcpu, group, "order"), f"vCPU {vcpu.id} {has}", "give all enabled vCPUs an order, or none of them"
            )
            return


@rule(
    "VCPU005",
    "fixed-vcpu-out-of-order",
    outcome=Outcome.DEFINE,
    on="vcpus",
    each=_each_all,
    source=_POST_PARSE,
    bad=_vcpus(
        _FIRST,
        "<vcpu id='1' enabled='yes' hotpluggable='yes'/>",
        "<vcpu id='2' enabled='yes' hotpluggable='no'/> <!-- VCPU005 -->",
    ),
    good=_vcpus(
        _FIRST,
        "<vcpu id='1' enabled='yes' hotpluggable='no'/>",
        "<vcpu id='2' enabled='yes' hotpluggable='yes'/>",
    ),
)
def fixed_vcpu_out_of_order(context: Context, vcpus: tuple[Vcpu, ...]) -> Problems:
    """A vCPU that is there for good comes after one that can be plugged, or before its turn.

    QEMU makes those first that are there for good, in the order of their numbers: libvirt refuses to define the domain
    where it says otherwise.
    """
    group = context.domain.element.find("vcpus")
    for before, vcpu in pairwise(vcpus):
        if vcpu.hotpluggable != "no" or not vcpu.online or group is None:
            continue
        if before.hotpluggable == "yes":
            yield Problem(
                _spot(vcpu, group, "hotpluggable"),
                f"vCPU {vcpu.id} is there for good, and vCPU {before.id} before it can be plugged",
                "number those first that are there for good, or make it hotpluggable='yes'",
            )
            return
        if before.order > vcpu.order > 0:
            yield Problem(
                _spot(vcpu, group, "order"),
                f"vCPU {vcpu.id} is number {vcpu.order}, after vCPU {before.id}, which is number {before.order}",
                "give vCPUs that are there for good an order that rises with their numbers",
            )
            return


@rule(
    "VCPU006",
    "fixed-vcpu-offline",
    outcome=Outcome.DEFINE,
    on="vcpus",
    each=_each_all,
    source="libvirt 11.3.0 src/conf/domain_postparse.c (virDomainVcpuDefPostParse), alike in 7.0.0 and 9.0.0",
    bad=_vcpus(_FIRST, "<vcpu id='1' enabled='no' hotpluggable='no'/> <!-- VCPU006 -->"),
    good=_vcpus(_FIRST, "<vcpu id='1' enabled='no' hotpluggable='yes'/>"),
)
def fixed_vcpu_offline(context: Context, vcpus: tuple[Vcpu, ...]) -> Problems:
    """A vCPU is not enabled, and can never be plugged.

    libvirt refuses to define the domain: nobody could ever use it.
    """
    group = context.domain.element.find("vcpus")
    for vcpu in vcpus[1:]:
        if not vcpu.online and vcpu.hotpluggable == "no" and group is not None:
            yield Problem(
                _spot(vcpu, group, "hotpluggable"),
                f"vCPU {vcpu.id} is neither enabled nor hotpluggable",
                "say hotpluggable='yes', or enable it, or lower <vcpu>",
            )


_LARGEST: Final = 0xFFFFFFFF
_FIRST_STRICT: Final = Version(2, 7, 0)
"""The QEMU whose topology libvirt holds against the number of vCPUs: it can tell which vCPUs can be plugged."""


def _each_topology(context: Context, element: Element) -> Iterator[int]:
    """The vCPUs that the topology makes, where it is known and libvirt reads it."""
    cpu = element.getparent()
    if cpu is not None and child(context.domain.element, "cpu") is cpu and context.domain.runs_on_qemu:
        threads = threads_of_topology(context.domain.element, context.libvirt)
        if isinstance(threads, int) and child(cpu, "topology") is element:
            yield threads


@rule(
    "VCPU010",
    "topology-differs-from-vcpus",
    outcome=Outcome.DEFINE,
    on="cpu/topology",
    needs=Needs.HOST,
    since="QEMU 2.7",
    source=_TOPOLOGY,
    bad=Example(
        "", around="<vcpu>4</vcpu>\n<cpu>\n  <topology sockets='1' cores='2' threads='1'/> <!-- VCPU010 -->\n</cpu>"
    ),
    good=Example("", around="<vcpu>4</vcpu>\n<cpu>\n  <topology sockets='1' cores='2' threads='2'/>\n</cpu>"),
)
def topology_differs_from_vcpus(context: Context, element: Element) -> Problems:
    """The topology makes another number of vCPUs than the domain may have.

    Sockets, dies, clusters, cores and threads multiplied are the text of `<vcpu>`, whatever of them are there at the
    start. Without `<vcpu>` there is one. libvirt refuses to define the domain.
    """
    version = context.host.qemu_version if context.host is not None else None
    if version is not None and version < _FIRST_STRICT:
        return
    vcpus = context.domain.vcpus
    for threads in _each_topology(context, element):
        if isinstance(vcpus.maximum, int) and threads != vcpus.maximum and threads <= _LARGEST:
            yield Problem(
                Spot(element),
                f"the topology makes {threads} vCPUs, and <vcpu> says {vcpus.maximum}"
                if vcpus.element is not None
                else f"the topology makes {threads} vCPUs, and the domain has one: there is no <vcpu>",
                f"say <vcpu>{threads}</vcpu>, or change the topology",
                () if vcpus.element is None else ((Spot(vcpus.element), "the number of vCPUs"),),
            )


@rule(
    "VCPU011",
    "topology-too-large",
    outcome=Outcome.DEFINE,
    on="cpu/topology",
    each=_each_topology,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefGetVcpusTopology), alike in 7.0.0 and 9.0.0",
    bad=Example("", around="<cpu>\n  <topology sockets='65536' cores='65536' threads='1'/> <!-- VCPU011 -->\n</cpu>"),
    good=Example("", around="<cpu>\n  <topology sockets='1' cores='1' threads='1'/>\n</cpu>"),
)
def topology_too_large(context: Context, threads: int) -> Problems:
    """The topology makes more vCPUs than libvirt can count.

    libvirt refuses to define the domain.
    """
    element = context.domain.element.find("cpu/topology")
    if threads > _LARGEST and element is not None:
        yield Problem(Spot(element), f"the topology makes {threads} vCPUs", "no machine has more than a few thousand")


_PSERIES = "<cpu>\n  <topology sockets='1' cores='2' threads='4'/>\n</cpu>"


@rule(
    "VCPU012",
    "part-of-a-core",
    outcome=Outcome.DEFINE,
    on="cpu/topology",
    each=_each_topology,
    needs=Needs.MACHINE,
    source=_TOPOLOGY,
    bad=Example(
        "", arch="ppc64", machine="pseries-8.2", around=f"<vcpu current='6'>8</vcpu> <!-- VCPU012 -->\n{_PSERIES}"
    ),
    good=Example("", arch="ppc64", machine="pseries-8.2", around=f"<vcpu current='4'>8</vcpu>\n{_PSERIES}"),
)
def part_of_a_core(context: Context, _threads: int) -> Problems:
    """A pseries guest begins with a part of a core.

    Its vCPUs come and go by whole cores: libvirt refuses to define a domain whose vCPUs are no multiple of the threads
    that a core has.
    """
    domain = context.domain
    threads, vcpus = decimal(attribute(domain.element.find("cpu/topology"), "threads")), domain.vcpus
    now = _enabled(context)
    if context.machine.kind is not MachineKind.PSERIES or vcpus.element is None:
        return
    if isinstance(threads, int) and isinstance(now, int) and threads and now % threads:
        yield Problem(
            Spot(vcpus.element, "current" if "current" in vcpus.element.attrib else None),
            f"{now} vCPUs are no multiple of {threads}, the threads of a core: pseries guests have whole cores",
            f"begin with {now // threads * threads or threads}",
        )


def _enabled(context: Context) -> Maybe[int]:
    """How many vCPUs there are at the start."""
    vcpus = context.domain.vcpus
    if context.domain.element.find("vcpus/vcpu") is None or not isinstance(vcpus.maximum, int):
        return vcpus.current
    entries = each_vcpu(context.domain.element, vcpus.maximum) if vcpus.maximum <= _MOST else None
    return None if entries is None else sum(vcpu.online for vcpu in entries)


_WITHOUT_EIM: Final = 255
_DIGITS: Final = 3


@rule(
    "VCPU013",
    "many-vcpus-without-interrupt-mode",
    outcome=Outcome.DEFINE,
    on="vcpu",
    needs=Needs.MACHINE,
    since="libvirt 10.10.0 adds the IOMMU itself",
    source=f"{_TOPOLOGY}; 11.3.0 src/qemu/qemu_postparse.c (qemuDomainIOMMUDefPostParse); NEWS.rst, 10.10.0",
    bad=Example(
        "<iommu model='virtio'/>", around="<vcpu>300</vcpu> <!-- VCPU013 -->\n<features>\n  <acpi/>\n</features>"
    ),
    good=Example(
        "<iommu model='intel'>\n  <driver intremap='on' eim='on'/>\n</iommu>",
        around="<vcpu>300</vcpu>\n<features>\n  <acpi/>\n  <ioapic driver='qemu'/>\n</features>",
    ),
)
def many_vcpus_without_interrupt_mode(context: Context, element: Element) -> Problems:
    """An x86 guest has more than 255 vCPUs, and no IOMMU that delivers interrupts to all of them.

    That takes a q35 machine and an Intel IOMMU with interrupt remapping in extended mode (`eim`). libvirt refuses to
    define the domain without; since 10.10.0 it adds an IOMMU, or the mode to an Intel one that says nothing of it.
    """
    # Nearly all domains have fewer than a hundred.
    if len(element.text or "") < _DIGITS:
        return
    vcpus, machine = context.domain.vcpus, context.machine
    if not isinstance(vcpus.maximum, int) or vcpus.maximum <= _WITHOUT_EIM or vcpus.element is not element:
        return
    if not machine.is_x86 or not context.domain.runs_on_qemu or context.domain.devices is None:
        return
    if machine.root is PciRoot.PCIE and not _lacks_interrupt_mode(context):
        return
    if machine.root not in (PciRoot.PCIE, PciRoot.PCI):
        return
    yield Problem(
        Spot(element),
        f"{vcpus.maximum} vCPUs take a q35 machine with an Intel IOMMU in extended interrupt mode: without it, "
        f"{_WITHOUT_EIM} are the most",
        "add <iommu model='intel'><driver intremap='on' eim='on'/></iommu>"
        if machine.root is PciRoot.PCIE
        else "take the machine q35",
    )


_ADDS_IOMMU = Version(10, 10, 0)


def _lacks_interrupt_mode(context: Context) -> bool:
    devices = context.domain.devices
    iommu = None if devices is None else devices.find("iommu")
    adds = not context.is_older_than(_ADDS_IOMMU)
    if iommu is None:
        return not adds
    model, mode = attribute(iommu, "model"), attribute(iommu.find("driver"), "eim")
    if isinstance(model, Unknown) or isinstance(mode, Unknown) or mode == "on":
        return False
    return mode == "off" or model != "intel" or not adds
