"""DEV03x: shared memory between domains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.sizes import is_power_of_two, scaled_size
from domlint.domain.values import Maybe, Unknown, attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule
from domlint.versions import Version

_LEAST_SIZE: Final = 1 << 20
_CHECKED_AT_DEFINITION: Final = Version(11, 3, 0)
"""The first libvirt seen that looks at the size when the domain is defined; 9.0.0 does when it is started."""


class _SharedMemory(NamedTuple):
    """A <shmem>: its model, ivshmem where it names none, and the bytes of its size."""

    element: Element
    model: str
    size: Maybe[int]
    size_element: Element | None
    server: Element | None
    interrupts: Element | None


def _each_known(context: Context, element: Element) -> Iterator[_SharedMemory]:
    if not context.domain.runs_on_qemu:
        return
    model_element, size = child(element, "model"), child(element, "size")
    model = attribute(model_element, "type")
    if not isinstance(model, Unknown):
        yield _SharedMemory(
            element,
            "ivshmem" if model is None else model,
            scaled_size(size, default_unit=1),
            size,
            child(element, "server"),
            child(element, "msi"),
        )


_PLAIN: Final = """\
<shmem name='scores'>
  <model type='ivshmem-plain'/>
  <size unit='MiB'>4</size>
</shmem>
"""


@rule(
    "DEV030",
    "shmem-model-gone",
    outcome=Outcome.DEFINE,
    on="devices/shmem",
    each=_each_known,
    asked="9.8.0",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefShmem); QEMU removed ivshmem in 4.0",
    bad=Example("<shmem name='scores'> <!-- DEV030 -->\n  <size unit='MiB'>4</size>\n</shmem>\n"),
    good=Example(_PLAIN),
)
def shmem_model_gone(context: Context, memory: _SharedMemory) -> Problems:
    """The shared memory is of the model 'ivshmem', which is no longer there.

    That is the model of a <shmem> that names none. QEMU gave it up with 4.0, and libvirt refuses the definition.
    """
    if memory.model == "ivshmem":
        named = child(memory.element, "model")
        yield Problem(
            Spot(memory.element) if named is None else Spot(named, "type"),
            "the model 'ivshmem' is no longer there"
            + (", and a <shmem> without <model> has that one" if named is None else ""),
            "say <model type='ivshmem-plain'/>, or with a <server> <model type='ivshmem-doorbell'/>; the guest sees"
            " another revision of the device",
        )


@rule(
    "DEV031",
    "shmem-size",
    outcome=Outcome.DEFINE,
    on="devices/shmem",
    each=_each_known,
    since="before 11.3.0, libvirt defines the domain, and refuses to start it",
    source="libvirt 11.3.0 src/qemu/qemu_validate.c (qemuValidateDomainDeviceDefShmem), 7.0.0 and 9.0.0"
    " src/qemu/qemu_command.c (qemuBuildShmemCommandLine)",
    bad=Example(_PLAIN.replace("4</size>", "6</size> <!-- DEV031 -->")),
    good=Example(_PLAIN),
)
def shmem_size(context: Context, memory: _SharedMemory) -> Problems:
    """The size of shared memory is none that a PCI device can have.

    It must be a power of two, and at least 1 MiB. A size without a unit is one in bytes.
    """
    size = memory.size
    if not isinstance(size, int) or size == 0 or memory.size_element is None:
        return
    if size < _LEAST_SIZE or not is_power_of_two(size):
        unit = memory.size_element.get("unit")
        yield Problem(
            Spot(memory.size_element),
            f"shared memory of {size} bytes: it must be a power of two, and at least 1 MiB",
            f"say <size unit='MiB'>{max(1, 1 << max(0, (size - 1).bit_length() - 20))}</size>"
            + ("; without a unit, it is bytes" if unit is None else ""),
            outcome=Outcome.DEFINE if not context.is_older_than(_CHECKED_AT_DEFINITION) else Outcome.START,
        )


@rule(
    "DEV032",
    "shmem-parts",
    outcome=Outcome.DEFINE,
    on="devices/shmem",
    each=_each_known,
    source="libvirt 7.0.0 to 11.3.0 src/qemu/qemu_postparse.c (qemuDomainShmemDefPostParse), src/conf/domain_conf.c"
    " (virDomainShmemDefParseXML)",
    bad=Example("""\
<shmem name='scores'>
  <model type='ivshmem-doorbell'/> <!-- DEV032 -->
</shmem>
"""),
    good=Example("""\
<shmem name='scores'>
  <model type='ivshmem-doorbell'/>
  <server path='/run/ivshmem/scores'/>
</shmem>
"""),
)
def shmem_parts(context: Context, memory: _SharedMemory) -> Problems:
    """The parts of shared memory do not go together.

    'ivshmem-plain' is memory alone: it has a size, and no server. 'ivshmem-doorbell' has interrupts, for which there is
    a server, and the server says how much memory there is. Interrupts (<msi>) need a server. libvirt refuses the
    definition.
    """
    element, model, server = memory.element, memory.model, memory.server
    named = child(element, "model")
    spot = Spot(element if named is None else named)
    if memory.interrupts is not None and server is None:
        yield Problem(Spot(memory.interrupts), "<msi> without a <server>", "add a <server path='…'/>, or remove <msi>")
    elif model == "ivshmem-doorbell" and server is None:
        yield Problem(spot, "the model 'ivshmem-doorbell' without a <server>", "add a <server path='…'/>")
    if model == "ivshmem-plain" and server is not None:
        yield Problem(
            Spot(server),
            "the model 'ivshmem-plain' has no server",
            "remove <server>, or say <model type='ivshmem-doorbell'/>",
        )
    if model == "ivshmem-doorbell" and server is not None and isinstance(memory.size, int) and memory.size > 0:
        yield Problem(
            Spot(element if memory.size_element is None else memory.size_element),
            "with the model 'ivshmem-doorbell', the server says how much memory there is",
            "remove <size>",
        )


@rule(
    "DEV033",
    "shmem-name",
    outcome=Outcome.DEFINE,
    on="devices/shmem",
    each=_each_known,
    source="libvirt 7.0.0 to 11.3.0 src/conf/domain_validate.c (virDomainShmemDefValidate)",
    bad=Example(_PLAIN.replace("<shmem name='scores'>", "<shmem name='..'> <!-- DEV033 -->")),
    good=Example(_PLAIN),
)
def shmem_name(context: Context, memory: _SharedMemory) -> Problems:
    """The name of shared memory is none that a file can have.

    The memory is a file of that name in /dev/shm. libvirt refuses '.' and '..'.
    """
    name = attribute(memory.element, "name")
    if name in (".", ".."):
        yield Problem(
            Spot(memory.element, "name"), f"shared memory cannot have the name '{name}'", "give it a name of its own"
        )
