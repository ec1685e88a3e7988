"""What a file suppresses: comments, and an element of domlint's in the metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final

from domlint.changes import Change, Fix, RemoveComment, RemoveElement, RemoveWord, ReplaceWord
from domlint.document import Element
from domlint.domain import Context
from domlint.findings import Outcome, Severity
from domlint.rule import SUPPRESSIONS, Example, Fixable, Problem, Problems, rule
from domlint.suppressions import Name, Suppression

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


def _removed(suppression: Suppression) -> Fix:
    """Take a suppression away, with what of the metadata nothing is left in."""
    change: Change = RemoveComment(suppression.location)
    element = suppression.element
    if element is not None:
        while element.tag != "metadata" and _is_alone(element):
            element = element.getparent()
            assert element is not None
        change = RemoveElement(element)
    return Fix(f"remove the {_what(suppression)}", (change,))


def _is_alone(element: Element) -> bool:
    """Tell whether nothing but blanks is beside an element."""
    parent = element.getparent()
    assert parent is not None
    return len(parent) == 1 and not ((parent.text or "") + (element.tail or "")).strip()


def _without(suppression: Suppression, name: Name) -> Fix:
    """Take a name out of a suppression, or all of it where there is no other name in it."""
    if len(suppression.names) == 1:
        return _removed(suppression)
    return Fix(f"remove {name.text} from the {_what(suppression)}", (RemoveWord(name.location, name.text),))


def _or(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


@rule(
    "SUP001",
    "unused-suppression",
    outcome=Outcome.NOTE,
    fixable=Fixable.SAFE,
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
            message = f"the {what} suppresses nothing: {where}"
            yield Problem(suppression.location, message, f"remove the {what}", fix=_removed(suppression))
        elif len(names) == len(suppression.names):
            message = f"nothing is found here that {_or(name.text for name in names)} would suppress"
            yield Problem(suppression.location, message, f"remove the {what}", fix=_removed(suppression))
        else:
            for name in names:
                message = f"nothing is found here that {name.text} would suppress"
                fix = _without(suppression, name)
                yield Problem(name.location, message, f"remove {name.text} from the {what}", fix=fix)


@rule(
    "SUP002",
    "unknown-rule-suppressed",
    outcome=Outcome.NOTE,
    fixable=Fixable.SAFE,
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
    for suppression, name, nearest in context.applied.unknown:
        help_ = f"did you mean {' or '.join(nearest)}?" if nearest else "see: domlint rules"
        message = f"no rule has the code, prefix or name '{name.text}'"
        yield Problem(name.location, message, help_, fix=_known(suppression, name, nearest))


def _known(suppression: Suppression, name: Name, nearest: Sequence[str]) -> Fix | None:
    """Write the one name that is meant, or none; None where it may be one or the other."""
    if not nearest:
        return _without(suppression, name)
    likeness = [SequenceMatcher(None, name.text.lower(), one.lower()).ratio() for one in nearest]
    if likeness.count(max(likeness)) > 1:
        return None
    meant = nearest[likeness.index(max(likeness))]
    if meant.upper() in {other.text.upper() for other in suppression.names}:
        return _without(suppression, name)
    return Fix(f"write {meant}", (ReplaceWord(name.location, name.text, meant),), is_safe=False)


@rule(
    "SUP003",
    "suppression-not-understood",
    outcome=Outcome.NOTE,
    fixable=Fixable.UNSAFE,
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
    for location, message, help_, fix in context.applied.misunderstood:
        yield Problem(location, message, help_, fix=fix)


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
