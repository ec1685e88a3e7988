"""DEV01x: panic devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.machine import Machine, MachineKind, PciRoot
from domlint.domain.panic import NO_PANIC_MODEL, default_panic_model
from domlint.domain.values import Unknown, attribute
from domlint.findings import Outcome
from domlint.rule import Example, Needs, Problem, Problems, Spot, rule

_VALIDATE: Final = "libvirt 7.0.0 to 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefPanic)"


def _each_on_qemu(context: Context, panic: Element) -> Iterator[Element]:
    if context.domain.runs_on_qemu:
        yield panic


def _mismatch(model: str, machine: Machine) -> str:
    """What machines a model is for, where that is not one of them; "" where it fits or nothing is known."""
    if model == "s390" and machine.is_s390 is False:
        return "guests of s390x"
    if model == "hyperv" and machine.is_x86 is False:
        return "x86 guests"
    if model == "pseries" and machine.kind not in (MachineKind.PSERIES, MachineKind.UNKNOWN):
        return "the machine pseries"
    if model == "pvpanic" and machine.root is PciRoot.NONE:
        return "machines with PCI"
    return ""


@rule(
    "DEV010",
    "panic-model-of-other-machine",
    outcome=Outcome.DEFINE,
    on="devices/panic",
    each=_each_on_qemu,
    needs=Needs.MACHINE,
    source=f"{_VALIDATE}; seen with libvirt 11.3.0",
    bad=Example("<panic model='pseries'/> <!-- DEV010 -->"),
    good=Example("<panic model='isa'/>"),
)
def panic_model_of_other_machine(context: Context, panic: Element) -> Problems:
    """The panic device is one of other machines.

    'hyperv' is for x86, 'pseries' for the pseries machine, 's390' for s390x; 'pvpanic' is a PCI device. libvirt
    refuses the definition.
    """
    model = attribute(panic, "model")
    if isinstance(model, str) and (fitting := _mismatch(model, context.machine)):
        yield Problem(
            Spot(panic, "model"),
            f"a panic device of model '{model}' is for {fitting}, and the machine here is {context.machine}",
            "remove the model: libvirt takes the one of the machine, where it has one",
        )


@rule(
    "DEV011",
    "panic-without-model",
    outcome=Outcome.DEFINE,
    on="devices/panic",
    each=_each_on_qemu,
    needs=Needs.MACHINE,
    asked="11.3.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDefPanic); seen with libvirt 11.3.0",
    bad=Example("<panic/> <!-- DEV011 -->", arch="riscv64", machine="virt", type="qemu"),
    good=Example("<panic model='pvpanic'/>", arch="riscv64", machine="virt", type="qemu"),
)
def panic_without_model(context: Context, panic: Element) -> Problems:
    """A panic device names no model, and the machine has none of its own.

    libvirt knows which panic device x86, s390x, pseries and Arm's virt have. On another machine it refuses the
    definition of a domain that does not name one.
    """
    if attribute(panic, "model") in NO_PANIC_MODEL and default_panic_model(context.machine) == "":
        yield Problem(
            Spot(panic),
            f"<panic> names no model, and the machine {context.machine} has none that libvirt could take",
            "say <panic model='pvpanic'/>, a PCI device, or remove it",
        )


def _each_again(context: Context, panic: Element) -> Iterator[tuple[str, Element, Element]]:
    """A panic device of a model that an earlier one has already, with that one."""
    model = _model_of(context, panic)
    if model is not None and context.domain.runs_on_qemu:
        for earlier in panic.itersiblings("panic", preceding=True):
            if _model_of(context, earlier) == model:
                yield model, panic, earlier
                return


def _model_of(context: Context, panic: Element) -> str | None:
    """The model that it has in the end; "" for none, None where that is not known."""
    model = attribute(panic, "model")
    if isinstance(model, Unknown):
        return None
    return model if isinstance(model, str) and model not in NO_PANIC_MODEL else default_panic_model(context.machine)


@rule(
    "DEV012",
    "panic-model-twice",
    outcome=Outcome.DEFINE,
    on="devices/panic",
    each=_each_again,
    needs=Needs.MACHINE,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_postparse.c (virDomainDefRejectDuplicatePanics)",
    bad=Example("<panic model='isa'/>\n<panic/> <!-- DEV012 -->"),
    good=Example("<panic model='isa'/>\n<panic model='hyperv'/>"),
)
def panic_model_twice(context: Context, again: tuple[str, Element, Element]) -> Problems:
    """Two panic devices have the same model.

    A device that names no model has that of the machine. libvirt refuses the definition.
    """
    name, panic, first = again
    yield Problem(
        Spot(panic),
        f"a second panic device of model '{name}'" if name else "a second panic device without a model",
        "remove one of the two",
        ((Spot(first), "the first one"),),
    )
