"""ALIAS: the names that users give to devices."""

from __future__ import annotations

from collections.abc import Iterator

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.aliases import twin_aliases
from domlint.domain.values import attribute, child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule


def _each_twin(context: Context, devices: Element) -> Iterator[tuple[Element, Element]]:
    """A device with the alias of one before it, and that one; none where <teaming> has TEAM032 speak of aliases."""
    if devices is context.domain.devices and context.domain.runs_on_qemu:
        for pair in twin_aliases(devices):
            if not context.failover.teamings:
                yield pair


@rule(
    "ALIAS001",
    "alias-twice",
    outcome=Outcome.DEFINE,
    on="devices",
    each=_each_twin,
    source="libvirt 11.3.0 src/conf/domain_validate.c (virDomainDefValidateAliases), alike in 7.0.0 and 9.0.0",
    bad=Example("""\
<rng model='virtio'>
  <backend model='random'>/dev/urandom</backend>
  <alias name='ua-entropy'/>
</rng>
<controller type='virtio-serial' index='0'>
  <alias name='ua-entropy'/> <!-- ALIAS001 -->
</controller>"""),
    good=Example("""\
<rng model='virtio'>
  <backend model='random'>/dev/urandom</backend>
  <alias name='ua-entropy'/>
</rng>
<controller type='virtio-serial' index='0'>
  <alias name='ua-channels'/>
</controller>"""),
)
def alias_twice(context: Context, pair: tuple[Element, Element]) -> Problems:
    """Two devices have the same alias.

    An alias that begins with `ua-` is the name of a device for the user and for QEMU: libvirt refuses a definition in
    which two devices have the same. Aliases of another kind it drops, and makes up its own.
    """
    device, before = pair
    spot, other = (_at(one) for one in pair)
    yield Problem(
        spot,
        f"the alias '{attribute(spot.element, 'name')}' is already that of another device:"
        " libvirt refuses the definition",
        f"give this {device.tag} an alias of its own, or none",
        ((other, f"the {before.tag} with this alias"),),
    )


def _at(device: Element) -> Spot:
    alias = child(device, "alias")
    return Spot(device) if alias is None else Spot(alias, "name")
