"""USB04x: the filter of redirected devices."""

from __future__ import annotations

from collections.abc import Iterator

from domlint.document import Element
from domlint.domain import Context
from domlint.domain.values import child
from domlint.findings import Outcome
from domlint.rule import Example, Problem, Problems, Spot, rule


def _each_more(context: Context, redirfilter: Element) -> Iterator[tuple[Element, Element]]:
    """A filter that is not the first, with that."""
    devices = context.domain.devices
    first = None if devices is None else child(devices, "redirfilter")
    if context.domain.runs_on_qemu and first is not None and first is not redirfilter:
        yield redirfilter, first


@rule(
    "USB040",
    "redirfilter-repeated",
    outcome=Outcome.DEFINE,
    on="devices/redirfilter",
    each=_each_more,
    source="libvirt 11.3.0 src/conf/domain_conf.c (virDomainDefParseXML), alike in 7.0.0 and 9.0.0",
    bad=Example("""\
<redirfilter>
  <usbdev class='0x08' allow='yes'/>
</redirfilter>
<redirfilter> <!-- USB040 -->
  <usbdev allow='no'/>
</redirfilter>"""),
    good=Example("""\
<redirfilter>
  <usbdev class='0x08' allow='yes'/>
  <usbdev allow='no'/>
</redirfilter>"""),
)
def redirfilter_repeated(context: Context, filters: tuple[Element, Element]) -> Problems:
    """The domain has more than one `<redirfilter>`.

    All redirected devices go through the same filter: libvirt refuses a definition with two.
    """
    redirfilter, first = filters
    yield Problem(
        Spot(redirfilter),
        "a domain has one <redirfilter>: libvirt refuses the definition",
        "move the rules into the first one",
        ((Spot(first), "the first one"),),
    )
