"""What a file suppresses: comments, and an element of domlint's in the metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from domlint.document import Element
from domlint.domain import Context
from domlint.findings import Outcome, Severity
from domlint.rule import SUPPRESSIONS, Example, Problem, Problems, rule
from domlint.suppressions import Suppression

_SOURCE: Final = "docs/suppressions.md"

_GOOD: Final = Example(
    """\
<!-- domlint: ignore[TEAM037] the other interface is hotplugged by our scheduler -->
<interface type='bridge'>
  <source bridge='br0'/>
  <model type='virtio'/>
  <teaming type='persistent'/>
  <alias name='ua-uplink'/>
</interface>
"""
)


def _bad(comment: str, code: str, not_ignorable: tuple[str, ...] = ()) -> Example:
    return Example(
        f"""\
{comment} <!-- {code} -->
<interface type='bridge'>
  <source bridge='br0'/>
  <model type='virtio'/>
</interface>
""",
        not_ignorable=not_ignorable,
    )


def _what(suppression: Suppression) -> str:
    return "comment" if suppression.kind == "comment" else "element"


def _or(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


@rule(
    "SUP001",
    "unused-suppression",
    outcome=Outcome.NOTE,
    on=SUPPRESSIONS,
    source=_SOURCE,
    bad=_bad("<!-- domlint: ignore[TEAM037] the other interface is hotplugged -->", "SUP001"),
    good=_GOOD,
)
def unused_suppression(context: Context, _root: Element) -> Problems:
    """A comment or an element in the metadata suppresses nothing.

    What it was meant for is mended, or it stands in another place than it was meant for. Left as it is, it would
    silently suppress the same mistake when somebody makes it again. Nothing is said of a rule that was not asked,
    because it is not selected or because no host was given.
    """
    assert context.applied is not None
    for suppression, names in context.applied.unused:
        what = _what(suppression)
        if suppression.spans == ():
            where = "no element follows it" if what == "comment" else "at selects no element"
            yield Problem(suppression.location, f"the {what} suppresses nothing: {where}", f"remove the {what}")
        elif len(names) == len(suppression.names):
            message = f"nothing is found here that {_or(name.text for name in names)} would suppress"
            yield Problem(suppression.location, message, f"remove the {what}")
        else:
            for name in names:
                message = f"nothing is found here that {name.text} would suppress"
                yield Problem(name.location, message, f"remove {name.text} from the {what}")


@rule(
    "SUP002",
    "unknown-rule-suppressed",
    outcome=Outcome.NOTE,
    severity=Severity.WARNING,
    on=SUPPRESSIONS,
    source=_SOURCE,
    bad=_bad("<!-- domlint: ignore[TAEM037] the other interface is hotplugged -->", "SUP002"),
    good=_GOOD,
)
def unknown_rule_suppressed(context: Context, _root: Element) -> Problems:
    """A suppression names something that is no rule.

    It suppresses nothing. There may be a typing error, or the rule has another code in this version of domlint.
    """
    assert context.applied is not None
    for name, nearest in context.applied.unknown:
        help_ = f"did you mean {' or '.join(nearest)}?" if nearest else "see: domlint rules"
        yield Problem(name.location, f"no rule has the code, prefix or name '{name.text}'", help_)


@rule(
    "SUP003",
    "suppression-not-understood",
    outcome=Outcome.NOTE,
    severity=Severity.WARNING,
    on=SUPPRESSIONS,
    source=f"{_SOURCE}; libvirt 11.3.0 src/util/virxml.c (virXMLNodeSanitizeNamespaces)",
    bad=_bad("<!-- domlint: ignore TEAM037, the other interface is hotplugged -->", "SUP003"),
    good=_GOOD,
)
def suppression_not_understood(context: Context, _root: Element) -> Problems:
    """Something is meant for domlint, and says nothing that it understands.

    Such a comment begins with `domlint:`, or such an element in `<metadata>` is in the namespace `urn:domlint:1`.
    libvirt keeps one element of each namespace in the metadata, the first: a second one is gone once the domain is
    defined.
    """
    assert context.applied is not None
    for location, message, help_ in context.applied.misunderstood:
        yield Problem(location, message, help_)


@rule(
    "SUP004",
    "suppression-refused",
    outcome=Outcome.NOTE,
    severity=Severity.WARNING,
    on=SUPPRESSIONS,
    source=_SOURCE,
    bad=_bad("<!-- domlint: ignore[TEAM037] the other interface is hotplugged -->", "SUP004", ("TEAM037",)),
    good=_GOOD,
)
def suppression_refused(context: Context, _root: Element) -> Problems:
    """A suppression names a rule that may not be suppressed.

    The configuration lists it in `not-ignorable`: what it finds is told all the same.
    """
    assert context.applied is not None
    for suppression, name, codes in context.applied.refused:
        told = f" ({', '.join(codes)})" if [name.text.upper()] != list(codes) else ""
        message = f"{name.text}{told} is not suppressed: the configuration says that nothing may suppress it"
        yield Problem(
            name.location, message, f"mend what it finds, and remove {name.text} from the {_what(suppression)}"
        )
