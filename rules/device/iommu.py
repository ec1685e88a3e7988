"""DEV04x: IOMMUs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import MachineKind
from domlint.domain.values import UNKNOWN, attribute, c_integer, child
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule
from domlint.versions import Version

_VALIDATE: Final = "src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefIOMMU)"

_MACHINES: Final = {
    "intel": (MachineKind.Q35,),
    "smmuv3": (MachineKind.ARM_VIRT,),
    "virtio": (MachineKind.Q35, MachineKind.ARM_VIRT),
}
"""The machines that have an IOMMU of a model."""

_OF_INTEL: Final = ("intremap", "caching_mode", "eim", "iotlb", "aw_bits", "dma_translation")
"""What only Intel's IOMMU can be told. An address width of 0 is none."""

_ACPI: Final = "<features>\n  <acpi/>\n</features>"


def _each_model(context: Context, iommu: Element) -> Iterator[tuple[Element, str]]:
    model = attribute(iommu, "model")
    if isinstance(model, str) and model in _MACHINES and context.domain.runs_on_qemu:
        yield iommu, model


@rule(
    "DEV040",
    "iommu-of-other-machine",
    outcome=Outcome.DEFINE,
    on="devices/iommu",
    each=_each_model,
    needs=Needs.MACHINE,
    source=f"libvirt 7.0.0 to 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example("<iommu model='intel'/> <!-- DEV040 -->", machine="pc-i440fx-8.2"),
    good=Example("<iommu model='intel'/>"),
)
def iommu_of_other_machine(context: Context, iommu: tuple[Element, str]) -> Problems:
    """The machine has no IOMMU of this model.

    'intel' is one of q35, 'smmuv3' one of Arm's virt, and 'virtio' is for both. libvirt refuses the definition.
    """
    element, model = iommu
    kind = context.machine.kind
    if kind is not MachineKind.UNKNOWN and kind not in _MACHINES[model]:
        machines = " or ".join(machine.value for machine in _MACHINES[model])
        fitting = [f"model='{name}'" for name, kinds in _MACHINES.items() if kind in kinds]
        yield Problem(
            Spot(element, "model"),
            f"an IOMMU of model '{model}' needs the machine {machines}, and this is {context.machine}",
            f"say {' or '.join(fitting)}" if fitting else "remove <iommu>",
        )


@rule(
    "DEV041",
    "iommu-options-of-intel",
    outcome=Outcome.DEFINE,
    on="devices/iommu",
    each=_each_model,
    source="libvirt 9.0.0 and 11.3.0 src/conf/domain_validate.c (virDomainIOMMUDefValidate), 7.0.0"
    f" {_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example(
        "<iommu model='virtio'>\n  <driver iotlb='on'/> <!-- DEV041 -->\n</iommu>\n",
        around=_ACPI,
    ),
    good=Example("<iommu model='virtio'/>", around=_ACPI),
)
def iommu_options_of_intel(context: Context, iommu: tuple[Element, str]) -> Problems:
    """An IOMMU has options that only Intel's has.

    Interrupt remapping, the caching mode, EIM, the IOTLB, the address width and DMA translation are those of the model
    'intel'. libvirt refuses the definition.
    """
    element, model = iommu
    driver = child(element, "driver")
    if model == "intel" or driver is None:
        return
    options = [name for name in _OF_INTEL if isinstance(attribute(driver, name), str)]
    if options == ["aw_bits"] and c_integer(attribute(driver, "aw_bits")) in (0, UNKNOWN):
        return
    if options:
        yield Problem(
            Spot(driver, options[0]),
            f"an IOMMU of model '{model}' has no {' and no '.join(options)}: that is for 'intel'",
            "remove it from <driver>",
        )


@rule(
    "DEV042",
    "iommu-without-acpi",
    outcome=Outcome.DEFINE,
    on="devices/iommu",
    each=_each_model,
    source=f"libvirt 9.0.0 and 11.3.0 {_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example("<iommu model='virtio'/> <!-- DEV042 -->"),
    good=Example("<iommu model='virtio'/>", around=_ACPI),
)
def iommu_without_acpi(context: Context, iommu: tuple[Element, str]) -> Problems:
    """A virtio IOMMU needs ACPI, which the domain does not have.

    The guest learns from ACPI which devices are behind the IOMMU. libvirt refuses the definition of a domain without
    <acpi/> among its features.
    """
    element, model = iommu
    if model != "virtio":
        return
    features = child(context.domain.element, "features")
    acpi = None if features is None else child(features, "acpi")
    if acpi is None or attribute(acpi, "state") == "off":
        yield Problem(
            Spot(element), "an IOMMU of model 'virtio' without ACPI", "add <acpi/> to the <features> of the domain"
        )


@rule(
    "DEV043",
    "iommu-interrupts",
    outcome=Outcome.DEFINE,
    on="devices/iommu",
    each=_each_model,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainDefIOMMUValidate), src/qemu/qemu_postparse.c"
    " (qemuDomainDefEnableDefaultFeatures, qemuDomainIOMMUDefPostParse); seen with libvirt 11.3.0",
    bad=Example(
        "<iommu model='intel'>\n  <driver intremap='on'/> <!-- DEV043 -->\n</iommu>\n",
        around="<features>\n  <ioapic driver='kvm'/>\n</features>",
    ),
    good=Example(
        "<iommu model='intel'>\n  <driver intremap='on'/>\n</iommu>\n",
        around="<features>\n  <ioapic driver='qemu'/>\n</features>",
    ),
)
def iommu_interrupts(context: Context, iommu: tuple[Element, str]) -> Problems:
    """An IOMMU cannot remap interrupts as the domain wants it.

    Interrupt remapping needs an I/O APIC in QEMU (<ioapic driver='qemu'/>), which libvirt takes by itself since
    10.10.0 where the domain names none; EIM needs interrupt remapping. Otherwise libvirt refuses the definition.
    """
    element, model = iommu
    driver = child(element, "driver")
    if model != "intel" or driver is None:
        return
    features = child(context.domain.element, "features")
    ioapic = None if features is None else child(features, "ioapic")
    remapping, wide = attribute(driver, "intremap"), attribute(driver, "eim")
    apic, is_older = attribute(ioapic, "driver"), context.is_older_than(_TAKING_IOAPIC)
    if remapping == "on" and (apic == "kvm" or (is_older and apic is None)):
        yield Problem(
            Spot(driver, "intremap"),
            "interrupt remapping needs an I/O APIC in QEMU, and the domain "
            + ("asks for the one of KVM" if apic == "kvm" else "has none"),
            "say <ioapic driver='qemu'/> in <features>",
        )
    # Without a word, a domain of more than 255 vCPUs gets interrupt remapping along with EIM.
    if wide == "on" and (remapping == "off" or (remapping is None and _has_few_vcpus(context))):
        yield Problem(Spot(driver, "eim"), "EIM needs interrupt remapping", "add intremap='on', or remove eim")


def _has_few_vcpus(context: Context) -> bool:
    vcpu = child(context.domain.element, "vcpu")
    text = "1" if vcpu is None else (vcpu.text or "").strip()
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= _MOST_VCPUS_WITHOUT_EIM


_MOST_VCPUS_WITHOUT_EIM: Final = 255

_TAKING_IOAPIC: Final = Version(10, 10, 0)
"""The libvirt that takes the I/O APIC in QEMU by itself (NEWS of libvirt 10.10.0, IOMMU added when needed)."""
