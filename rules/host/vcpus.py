"""HOST02x: whether the machine takes the domain's vCPUs, and NUMA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import attribute, child, decimal, text_number
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule, whole_example
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.hosts import Machine

_FIRST_PLUGGING_DEVICES: Final = Version(2, 7, 0)
"""The QEMU since which capability files tell whether a machine takes vCPUs while it runs."""


@rule(
    "HOST020",
    "vcpus-above-maximum",
    outcome=Outcome.DEFINE,
    on="vcpu",
    needs=Needs.HOST,
    instead_of=("VCPU013",),
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainVCpuTopology), alike in 7.0.0 and 9.0.0",
    bad=Example(
        "<memballoon model='none'/>",
        host="qemu-8.2",
        machine="isapc",
        around="<vcpu current='1'>4</vcpu> <!-- HOST020 -->",
    ),
    good=Example("", host="qemu-8.2", machine="q35", around="<vcpu current='1'>4</vcpu>"),
)
def vcpus_above_maximum(context: Context, element: Element) -> Problems:
    """The domain may have more vCPUs than its machine can.

    Each machine type has a maximum, which newer versions of it raise. What counts is the number that the domain may
    come to have, not the 'current' one. libvirt refuses to define the domain.
    """
    wanted = text_number(element)
    if (
        not isinstance(wanted, int)
        or not context.is_judged
        or next(context.domain.element.iterchildren("vcpu")) is not element
    ):
        return
    machine, capabilities = context.host_machine, context.domain_capabilities
    limits = [machine.max_cpus if machine is not None else None, capabilities.max_vcpus if capabilities else None]
    # libvirt takes 0 for a machine that says nothing.
    most = min((limit for limit in limits if limit), default=None)
    if most is not None and wanted > most:
        yield Problem(
            Spot(element),
            f"{wanted} vCPUs are more than the {most} that the machine '{context.machine.name}' can have",
            f"lower <vcpu> to {most} at most, or take a machine with more (q35 instead of pc, or a newer version)",
        )


def _hotplug(hotpluggable: str, mark: str = "") -> Example:
    vcpus = (
        "  <memory unit='MiB'>1024</memory>\n  <vcpu current='2'>2</vcpu>\n  <vcpus>\n"
        "    <vcpu id='0' enabled='yes' hotpluggable='no'/>\n"
        f"    <vcpu id='1' enabled='yes' hotpluggable='{hotpluggable}'/>{mark}\n  </vcpus>\n"
    )
    return whole_example(before=vcpus, name="board1", arch="aarch64", machine="virt", host="aarch64-8.2")


@rule(
    "HOST021",
    "vcpu-hotplug-unsupported",
    outcome=Outcome.START,
    on="vcpus/vcpu",
    needs=Needs.HOST,
    source="libvirt 9.0.0 src/qemu/qemu_process.c (qemuProcessValidateHotpluggableVcpus), qemu_capabilities.c"
    " (virQEMUCapsGetMachineHotplugCpus)",
    bad=_hotplug("yes", " <!-- HOST021 -->"),
    good=_hotplug("no"),
)
def vcpu_hotplug_unsupported(context: Context, element: Element) -> Problems:
    """A vCPU is to be plugged at the start, into a machine that plugs none.

    libvirt starts QEMU without the vCPUs that are hotpluggable and enabled, and adds them before the guest runs. Where
    the machine does not take vCPUs so, as 'virt' of Arm and RISC-V do not, libvirt refuses to start the domain.
    """
    machine = context.host_machine
    if machine is None or machine.hotplug_cpus is not False:
        return
    if attribute(element, "enabled") == "yes" and attribute(element, "hotpluggable") == "yes":
        yield Problem(
            Spot(element, "hotpluggable"),
            f"vCPU {element.get('id')} is to be plugged, but the machine '{machine.name}' takes no vCPUs that way",
            "make it hotpluggable='no'",
        )


@rule(
    "HOST022",
    "vcpus-never-added",
    outcome=Outcome.NOTE,
    on="vcpu",
    needs=Needs.HOST,
    source="libvirt 11.3.0 src/qemu/qemu_hotplug.c (qemuDomainSetVcpusLive), qemu_domain.c"
    " (qemuDomainSupportsVcpuHotplug)",
    bad=Example(
        "",
        host="aarch64-8.2",
        arch="aarch64",
        machine="virt",
        around="<vcpu current='2'>4</vcpu> <!-- HOST022 -->",
    ),
    good=Example("", host="aarch64-8.2", arch="aarch64", machine="virt", around="<vcpu>4</vcpu>"),
)
def vcpus_never_added(context: Context, element: Element) -> Problems:
    """The domain leaves room for vCPUs that cannot be added to its machine while it runs.

    The domain starts with the 'current' number of vCPUs. 'virsh setvcpus --live' fails on a machine that takes no
    vCPUs later; the number can only be changed for the next start.
    """
    if "current" not in element.attrib:
        return
    machine = context.host_machine
    if machine is None or machine.hotplug_cpus is not False or context.host is None:
        return
    # Before it, machines took vCPUs in another way of which capability files tell nothing (the command cpu-add).
    if context.host.qemu_version is None or context.host.qemu_version < _FIRST_PLUGGING_DEVICES:
        return
    most, now = text_number(element), decimal(attribute(element, "current"))
    if not isinstance(most, int) or (machine.max_cpus and most > machine.max_cpus):
        return
    if isinstance(now, int) and now < most:
        yield Problem(
            Spot(element, "current"),
            f"{now} of {most} vCPUs are there at the start, and the machine '{machine.name}' cannot be given more"
            " while it runs",
            f"give it the vCPUs that it needs from the start: <vcpu>{now}</vcpu> or <vcpu>{most}</vcpu>",
        )


_NUMA_MACHINES: Final = {
    "aarch64": ("virt", "sbsa-ref"),
    "armv7l": ("virt",),
    "armv6l": ("virt",),
    "ppc64": ("pseries",),
    "ppc64le": ("pseries",),
    "s390x": (),
}
"""The families of machines that have NUMA nodes, for the architectures of which not all machines do.

QEMU has nodes for machines that tell it the default node of a CPU. All x86 machines do, and none of s390x.
Source: QEMU 10.0 hw/core/numa.c (set_numa_options), hw/core/machine.c, and where get_default_cpu_node_id is set:
hw/i386/x86.c, hw/arm/virt.c, hw/arm/sbsa-ref.c, hw/ppc/spapr.c; seen with QEMU 7.2 on s390x and powernv.
"""


def _has_numa(arch: str, machine: Machine) -> bool:
    families = _NUMA_MACHINES.get(arch)
    if families is None:
        return True
    return any(machine.name == family or machine.name.startswith(f"{family}-") for family in families)


@rule(
    "HOST023",
    "numa-unsupported",
    outcome=Outcome.START,
    on="cpu/numa",
    needs=Needs.HOST,
    source="QEMU 10.0 hw/core/numa.c (set_numa_options)",
    bad=Example(
        "",
        host="s390x-8.2",
        arch="s390x",
        machine="s390-ccw-virtio",
        around="<vcpu>2</vcpu>\n<cpu>\n  <numa> <!-- HOST023 -->\n"
        "    <cell id='0' cpus='0-1' memory='1' unit='GiB'/>\n  </numa>\n</cpu>",
    ),
    good=Example(
        "",
        host="qemu-8.2",
        around="<vcpu>2</vcpu>\n<cpu>\n  <numa>\n"
        "    <cell id='0' cpus='0-1' memory='1' unit='GiB'/>\n  </numa>\n</cpu>",
    ),
)
def numa_unsupported(context: Context, element: Element) -> Problems:
    """The domain has NUMA nodes, its machine has none.

    libvirt hands the nodes to QEMU, which does not start with them on a machine without NUMA: those of s390x, and
    boards of Arm and PowerPC that are not made for virtual machines.
    """
    machine, arch = context.host_machine, context.machine.arch
    if machine is None or not isinstance(arch, str) or element.find("cell") is None:
        return
    if child(context.domain.element, "maxMemory") is not None:
        return  # libvirt wants nodes where memory is to be plugged: without <numa> it refuses that domain as well
    if not _has_numa(arch, machine):
        yield Problem(
            Spot(element),
            f"the machine '{machine.name}' has no NUMA nodes: QEMU does not start with them",
            "remove <numa>",
        )
