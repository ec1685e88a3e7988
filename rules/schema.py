"""SCHEMA: what libvirt does not know, or does not take, in the structure of a domain."""

from __future__ import annotations

from collections.abc import Iterator

from domlint.changes import Change, Fix, RenameAttribute, RenameElement, SetAttribute, SetText
from domlint.document import Element
from domlint.domain import Context
from domlint.domain.interfaces import is_unread_driver
from domlint.findings import Location, Outcome, Severity
from domlint.mistakes import Kind, Mistake
from domlint.rule import STRUCTURE, Example, Fixable, Needs, Problem, Problems, Spot, rule, whole_example

_SOURCE = "libvirt 11.3.0 docs/formatdomain.rst, src/conf/domain_conf.c"


def _mistakes(context: Context, _element: Element) -> tuple[Mistake, ...]:
    return context.document.structure.mistakes


def _too_new(context: Context, _element: Element) -> Iterator[Mistake]:
    """What came later than the libvirt that shall read the domain, but for what is in something that did."""
    libvirt = context.libvirt
    if libvirt is None:
        return
    found: set[Element] = set()
    for mistake in context.document.structure.newer_than(libvirt):
        if found.isdisjoint((mistake.element, *mistake.element.iterancestors())):
            if mistake.attribute is None:
                found.add(mistake.element)
            yield mistake


def _is_passed_over(context: Context, mistake: Mistake) -> bool:
    """Tell whether libvirt does not come to read what is wrong: it is not for this device, or too new for it."""
    element, libvirt = mistake.element, context.libvirt
    if mistake.attribute is not None and is_unread_driver(element, mistake.attribute):
        return True
    if libvirt is None or mistake.since:
        return False
    line = {element, *element.iterancestors()}
    return any(
        newer.element in line
        if newer.attribute is None
        else newer.element is element and newer.attribute == mistake.attribute
        for newer in context.document.structure.newer_than(libvirt)
    )


def _problems(context: Context, found: Mistake, kind: Kind) -> Problems:
    mistake = found.as_read_by(context.libvirt)
    if mistake.kind is not kind or (mistake.is_refused and _is_passed_over(context, mistake)):
        return
    related: tuple[tuple[Spot | Location, str], ...] = ()
    if kind is Kind.REPEATED_ELEMENT and mistake.other is not None:
        related = ((Spot(mistake.other), "the first one"),)
    elif kind is Kind.TEXT:
        holder = mistake.element if mistake.other is None else mistake.other
        # Places are known of elements alone, not of the comment that text may stand behind.
        if isinstance(holder.tag, str):
            related = ((context.document.locate_text(holder, mistake.other is not None), "the text"),)
    # What is missing because its name is misspelt is the same mistake.
    is_misspelt = kind is Kind.UNKNOWN_ATTRIBUTE and mistake.is_refused and mistake.element.tag == "teaming"
    instead_of = ("TEAM011", "TEAM012") if is_misspelt else ()
    outcome = Outcome.DEFINE if mistake.is_refused else Outcome.NOTE if mistake.is_harmless else Outcome.BROKEN
    yield Problem(
        Spot(mistake.element, mistake.attribute),
        mistake.message,
        mistake.help,
        related,
        outcome=outcome,
        severity=Severity.WARNING if outcome is Outcome.BROKEN else outcome.severity,
        instead_of=instead_of,
        fix=_fix_of(mistake),
    )


def _fix_of(mistake: Mistake) -> Fix | None:
    """Write the name or value that is like the one that stands there: a guess, and so not safe."""
    element, attribute, meant = mistake.element, mistake.attribute, mistake.meant
    change: Change
    if not meant:
        return None
    if mistake.kind is Kind.UNKNOWN_ELEMENT:
        change = RenameElement(element, meant)
        return Fix(f"write <{meant}>", (change,), is_safe=False)
    if mistake.kind is Kind.UNKNOWN_ATTRIBUTE and attribute is not None:
        return Fix(f"write {meant}='…'", (RenameAttribute(element, attribute, meant),), is_safe=False)
    if mistake.kind is not Kind.VALUE:
        return None
    change = SetText(element, meant) if attribute is None else SetAttribute(element, attribute, meant)
    return Fix(f"write '{meant}'", (change,), is_safe=False)


@rule(
    "SCHEMA001",
    "unknown-element",
    outcome=Outcome.BROKEN,
    fixable=Fixable.UNSAFE,
    severity=Severity.WARNING,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<interface type='network'>
  <source network='default'/>
  <modle type='virtio'/> <!-- SCHEMA001 -->
</interface>"""),
    good=Example("""\
<interface type='network'>
  <source network='default'/>
  <model type='virtio'/>
</interface>"""),
)
def unknown_element(context: Context, mistake: Mistake) -> Problems:
    """libvirt knows no element of this name at this place.

    It passes over the element, with all that is in it, and says nothing: the domain is defined without what was asked
    for. `virsh dumpxml` shows that it is gone.
    """
    yield from _problems(context, mistake, Kind.UNKNOWN_ELEMENT)


@rule(
    "SCHEMA002",
    "unknown-attribute",
    outcome=Outcome.BROKEN,
    fixable=Fixable.UNSAFE,
    severity=Severity.WARNING,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<interface type='network'>
  <source network='default'/>
  <model type='virtio'/>
  <link stat='down'/> <!-- SCHEMA002 -->
</interface>"""),
    good=Example("""\
<interface type='network'>
  <source network='default'/>
  <model type='virtio'/>
  <link state='down'/>
</interface>"""),
)
def unknown_attribute(context: Context, mistake: Mistake) -> Problems:
    """The element has no attribute of this name, or not with the type that it has.

    libvirt passes over the attribute and says nothing.
    """
    yield from _problems(context, mistake, Kind.UNKNOWN_ATTRIBUTE)


@rule(
    "SCHEMA003",
    "misplaced-element",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=whole_example("  <timer name='hpet' present='no'/> <!-- SCHEMA003 -->\n"),
    good=whole_example("  <clock offset='utc'>\n    <timer name='hpet' present='no'/>\n  </clock>\n"),
)
def misplaced_element(context: Context, mistake: Mistake) -> Problems:
    """libvirt knows the element, but not at this place.

    It passes over the element, with all that is in it, and says nothing.
    """
    yield from _problems(context, mistake, Kind.MISPLACED_ELEMENT)


@rule(
    "SCHEMA004",
    "content-of-another-type",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<interface type='bridge'>
  <source bridge='br0' mode='vepa'/> <!-- SCHEMA004 -->
  <model type='virtio'/>
</interface>"""),
    good=Example("""\
<interface type='bridge'>
  <source bridge='br0'/>
  <model type='virtio'/>
</interface>"""),
)
def content_of_another_type(context: Context, mistake: Mistake) -> Problems:
    """The element or attribute belongs to a device of another type, or to another form of this one.

    What a device may hold hangs on its type. libvirt passes over what belongs to another one and says nothing.
    """
    yield from _problems(context, mistake, Kind.OTHER_TYPE)


@rule(
    "SCHEMA005",
    "value-not-allowed",
    outcome=Outcome.DEFINE,
    fixable=Fixable.UNSAFE,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<disk type='file' device='dsik'> <!-- SCHEMA005 -->
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>"""),
    good=Example("""\
<disk type='file' device='disk'>
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>"""),
)
def value_not_allowed(context: Context, mistake: Mistake) -> Problems:
    """The value is none that the attribute or element can have.

    libvirt refuses most of them when it reads the definition. Some it drops without a word: those are warnings.
    """
    yield from _problems(context, mistake, Kind.VALUE)


@rule(
    "SCHEMA006",
    "missing-attribute",
    outcome=Outcome.DEFINE,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<input bus='usb'/> <!-- SCHEMA006 -->"""),
    good=Example("""\
<input type='tablet' bus='usb'/>"""),
)
def missing_attribute(context: Context, mistake: Mistake) -> Problems:
    """An attribute is missing that the element needs.

    libvirt refuses the definition for most of them; where it does without, this is a warning.
    """
    yield from _problems(context, mistake, Kind.MISSING_ATTRIBUTE)


@rule(
    "SCHEMA007",
    "missing-element",
    outcome=Outcome.DEFINE,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<disk type='file' device='disk'> <!-- SCHEMA007 -->
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
</disk>"""),
    good=Example("""\
<disk type='file' device='disk'>
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>"""),
)
def missing_element(context: Context, mistake: Mistake) -> Problems:
    """An element is missing that the one around it needs.

    libvirt refuses the definition for most of them; where it does without, this is a warning.
    """
    yield from _problems(context, mistake, Kind.MISSING_ELEMENT)


@rule(
    "SCHEMA008",
    "repeated-element",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<disk type='file' device='disk'>
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
  <source file='/var/lib/libvirt/images/web2.qcow2'/> <!-- SCHEMA008 -->
</disk>"""),
    good=Example("""\
<disk type='file' device='disk'>
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>
<disk type='file' device='disk'>
  <source file='/var/lib/libvirt/images/web2.qcow2'/>
  <target dev='vdb' bus='virtio'/>
</disk>"""),
)
def repeated_element(context: Context, mistake: Mistake) -> Problems:
    """An element is there more often than it may be.

    libvirt reads the first one and says nothing of the others.
    """
    yield from _problems(context, mistake, Kind.REPEATED_ELEMENT)


@rule(
    "SCHEMA009",
    "stray-text",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<disk type='file' device='disk'> <!-- SCHEMA009 -->
  TODO: move this one
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>"""),
    good=Example("""\
<disk type='file' device='disk'>
  <!-- TODO: move this one -->
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
</disk>"""),
)
def stray_text(context: Context, mistake: Mistake) -> Problems:
    """Text stands where libvirt reads none.

    Often it is a tag that lost its brackets. libvirt passes over it and says nothing.
    """
    yield from _problems(context, mistake, Kind.TEXT)


@rule(
    "SCHEMA010",
    "newer-than-libvirt",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=STRUCTURE,
    each=_too_new,
    source="libvirt 11.3.0 docs/formatdomain.rst (“Since”)",
    bad=Example(
        """\
<interface type='network'>
  <source network='default'/>
  <model type='virtio'/>
  <driver rss='on'/> <!-- SCHEMA010 -->
</interface>""",
        libvirt="7.0.0",
    ),
    good=Example(
        """\
<interface type='network'>
  <source network='default'/>
  <model type='virtio'/>
  <driver rss='on'/>
</interface>""",
        libvirt="9.0.0",
    ),
)
def newer_than_libvirt(context: Context, mistake: Mistake) -> Problems:
    """The libvirt that shall read the definition is older than what stands here.

    It passes over elements and attributes that it does not know, and says nothing. Which libvirt that is comes from
    the host's capability file, or from `--libvirt`.
    """
    yield from _problems(context, mistake, Kind.TOO_NEW)


@rule(
    "SCHEMA011",
    "parts-that-do-not-go-together",
    outcome=Outcome.DEFINE,
    on=STRUCTURE,
    each=_mistakes,
    source=_SOURCE,
    bad=Example("""\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/>
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
  <backingStore type='file'> <!-- SCHEMA011 -->
    <source file='/var/lib/libvirt/images/base.qcow2'/>
  </backingStore>
</disk>"""),
    good=Example("""\
<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/>
  <source file='/var/lib/libvirt/images/web1.qcow2'/>
  <target dev='vda' bus='virtio'/>
  <backingStore type='file'>
    <format type='qcow2'/>
    <source file='/var/lib/libvirt/images/base.qcow2'/>
  </backingStore>
</disk>"""),
)
def parts_that_do_not_go_together(context: Context, mistake: Mistake) -> Problems:
    """Two parts of an element exclude each other, or one needs the other.

    libvirt refuses the definition, or does without one of them: which, the message says.
    """
    yield from _problems(context, mistake, Kind.CONDITION)


@rule(
    "SCHEMA012",
    "against-the-schema",
    outcome=Outcome.BROKEN,
    severity=Severity.WARNING,
    on=STRUCTURE,
    needs=Needs.STRICT,
    source="schemas/domain.xsd",
    bad=Example(
        "",
        around="""\
<currentMemory unit='KiB'>{{ memory }}</currentMemory> <!-- SCHEMA012 -->""",
    ),
    good=Example(
        "",
        around="""\
<currentMemory unit='KiB'>524288</currentMemory>""",
    ),
)
def against_the_schema(context: Context, element: Element) -> Problems:
    """The schema does not allow it, for a reason that no other rule tells of.

    This rule runs with `--strict-schema` alone. It holds the file against domlint's XSD 1.1 schema as any program would
    that knows XSD, so that placeholders of templates are wrong values, too. What the other SCHEMA rules
    find is not told again.
    """
    from domlint.strict import violations

    # The schema tells of a child at its parent.
    told = {
        place
        for mistake in context.document.structure.mistakes
        for place in (mistake.element, mistake.element.getparent())
    }
    # The last of several that one element has is the most exact.
    found = {violation.element: violation.reason for violation in violations(context.document.structure.name, element)}
    for place, reason in found.items():
        if place not in told:
            yield Problem(
                Spot(place),
                f"the schema does not allow this: {reason}",
                "mend it, or run without --strict-schema, which holds templates against the schema as they are",
            )
