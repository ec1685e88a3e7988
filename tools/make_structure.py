"""Make the tables and the gates of the structural check from the schemas.

    python tools/make_structure.py [--check]

The schemas in schemas/ are XSD 1.1. From them come

- lint/structure_tables/NAME.py: the same facts as plain tables, from which domlint says what is wrong and where;
- tests/structure/gate/NAME.xsd: an XSD 1.0, by which libxml2 and any other processor can tell whether the tables say
  the same as they. Where the type of an element hangs on its attributes, it has an element for each type, and
  NAME.json says how the elements of a document are to be renamed for it.

--check writes nothing and fails where they are not current.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any, Final, TypeAlias

from lxml import etree

ROOT = Path(__file__).parent.parent
SCHEMAS = ROOT / "schemas"
GATES = ROOT / "tests" / "structure" / "gate"
XS = "{http://www.w3.org/2001/XMLSchema}"
FACTS = "{urn:domlint:schema}"
ROOTS: Final = {"domain": "domain", "network": "network"}

Element: TypeAlias = etree._Element

UNBOUNDED: Final = -1

_LONG: Final = 1000
"""Characters of a simple type in the tables from which on it takes long to compare a value with it."""

NOTHING: Final = "urn:domlint:nothing"
"""The namespace of a wildcard that lets nothing in: it stands where an element has no children."""

MOST_PATHS: Final = 4
"""Conditions of types that are met at more places than this are left to the tables: the gate refuses such types."""

IN_ORDER: Final = frozenset[str]()
"""Types whose gate keeps the order that libvirt writes, because one of their children is often there several times."""

NUMBERS: Final[dict[str, tuple[int | None, int | None]]] = {
    "integer": (None, None),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}
"""The numbers of XML Schema that the schemas use, with their bounds."""

STRINGS: Final = {"string", "normalizedString", "token", "anyURI", "anySimpleType", "NMTOKEN", "Name", "NCName"}
PATTERNS: Final = {
    "decimal": r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*",
    "hexBinary": r"\s*([0-9a-fA-F]{2})*\s*",
    "boolean": r"\s*(true|false|0|1)\s*",
    "double": r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*",
    "dateTime": r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?",
}


class Schema:
    """The global declarations of a schema and of all that it includes and imports."""

    def __init__(self, path: Path) -> None:
        self.declared: dict[tuple[str, str], Element] = {}
        self.namespaces: dict[Element, str] = {}
        self._read: set[tuple[Path, str]] = set()
        self._load(path, "")

    def _load(self, path: Path, including: str) -> None:
        """Read a file; one without a namespace takes that of the file which includes it."""
        root = etree.parse(str(path), etree.XMLParser(remove_comments=True)).getroot()
        namespace = root.get("targetNamespace", including)
        if (path, namespace) in self._read:
            return
        self._read.add((path, namespace))
        for child in root:
            kind = etree.QName(child).localname
            if kind in ("include", "import", "override"):
                location = child.get("schemaLocation")
                if location:
                    self._load((path.parent / location).resolve(), namespace if kind == "include" else "")
            elif child.get("name"):
                key = (kind, _clark(namespace, child.get("name")))
                if key in self.declared:
                    sys.exit(f"{path}: {key} is declared twice")
                self.declared[key] = child
                self.namespaces[child] = namespace

    def find(self, kind: str, reference: str, at: Element) -> tuple[str, Element]:
        """A global declaration that a prefixed name refers to."""
        for namespace in self._namespaces_of(reference, at):
            name = _clark(namespace, reference.rpartition(":")[2])
            found = self.declared.get((kind, name))
            if found is not None:
                return name, found
        sys.exit(f"line {at.sourceline}: no {kind} {reference}")

    def has(self, kind: str, reference: str, at: Element) -> bool:
        local = reference.rpartition(":")[2]
        return any(
            (kind, _clark(namespace, local)) in self.declared for namespace in self._namespaces_of(reference, at)
        )

    def namespace_of(self, at: Element) -> str:
        """The namespace that the declarations of a file have."""
        declaration = at
        while (parent := declaration.getparent()) is not None and parent.getparent() is not None:
            declaration = parent
        return self.namespaces.get(declaration, "")

    def _namespaces_of(self, reference: str, at: Element) -> list[str]:
        prefix, colon, _local = reference.rpartition(":")
        # In a file that another with a namespace includes, names without a prefix are of that namespace.
        return [at.nsmap.get(prefix if colon else None) or "", *([] if colon else [self.namespace_of(at)])]


def _clark(namespace: str, name: str) -> str:
    return f"{{{namespace}}}{name}" if namespace else name


def _children(element: Element, *names: str) -> Iterator[Element]:
    for child in element:
        if not names or etree.QName(child).localname in names:
            yield child


def _fact(element: Element, name: str) -> str | None:
    """What our own appinfo says of a declaration; "" for an empty element, None where there is none."""
    found = element.find(f"{XS}annotation/{XS}appinfo/{FACTS}{name}")
    return None if found is None else (found.text or "").strip()


def _tolerated(element: Element) -> bool | str:
    """Whether libvirt passes over what is not as the declaration says; the release that refuses it, where one does."""
    fact = _fact(element, "tolerated")
    return fact is not None and (fact or True)


def _words(element: Element) -> str:
    found = element.find(f"{XS}annotation/{XS}documentation")
    return "" if found is None or found.text is None else " ".join(found.text.split())


def _in_xpath_1(item: Element) -> str:
    """The test of an assertion as libxml2 understands it: without sequences of values."""
    test = " ".join(item.get("test", "").split())
    compared = r"((?:[\w-]+\([^()]*\)|[@\w/.-]+))\s*=\s*\(([^()]*)\)"

    def spelled(match: re.Match[str]) -> str:
        return "(" + " or ".join(f"{match[1]} = {value.strip()}" for value in match[2].split(",")) + ")"

    test = re.sub(compared, spelled, test)
    try:
        etree.XPath(f"boolean({test})")
    except etree.XPathError:
        sys.exit(f"line {item.sourceline}: libxml2 does not understand the test {test}")
    return test


class Tables:
    """The tables of one kind of document, while they are being made.

    ``simple``: (kind, data, words, the type whose values libvirt takes nevertheless or -1). ``types``: (name,
    attributes, children, text, wildcards, conditions, whether unknown children are refused, unknown attributes that
    say what is so anyhow, since), with attributes
    {name: (simple, is required, since, is ignored, is tolerated)}, children {name: (at least, at most, type or
    alternatives, since, is tolerated, is single, is ignored)} and conditions (XPath, words, is tolerated). In place of
    "is tolerated" may stand the release that refuses it;
    alternatives are (clause, type), a clause being (attribute, value) that all must hold.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.simple: list[Any] = []
        self.types: list[Any] = []
        self._simple_index: dict[Any, int] = {}
        self._type_index: dict[str, int] = {}

    # Simple types.

    def _add_simple(self, row: Any) -> int:
        if row not in self._simple_index:
            self._simple_index[row] = len(self.simple)
            self.simple.append(row)
        return self._simple_index[row]

    def simple_type(self, reference: str | None, inline: Element | None, at: Element) -> int:
        if reference is None:
            if inline is None:
                return self._add_simple(("any", None, "", -1))
            return self._simple_of(inline)
        prefix, _colon, local = reference.rpartition(":")
        if at.nsmap.get(prefix or None) == XS[1:-1]:
            return self._add_simple(self._built_in(local))
        return self._simple_of(self.schema.find("simpleType", reference, at)[1])

    def _built_in(self, name: str) -> Any:
        if name in NUMBERS:
            return ("number", NUMBERS[name], "a number", -1)
        if name in STRINGS:
            return ("any", None, "", -1)
        if name in PATTERNS:
            words = {"decimal": "a number", "boolean": "true or false"}.get(name, name)
            return ("pattern", (PATTERNS[name],), words, -1)
        sys.exit(f"no table for xs:{name}")

    def _simple_of(self, element: Element) -> int:
        words = _words(element)
        reference = _fact(element, "taken")
        taken = -1 if reference is None else self.simple_type(reference, None, element)
        for child in _children(element, "restriction", "union", "list"):
            kind = etree.QName(child).localname
            if kind == "restriction":
                return self._restriction(child, words, taken)
            if kind == "list":
                return self._add_simple(
                    (
                        "list",
                        self.simple_type(child.get("itemType"), child.find(f"{XS}simpleType"), child),
                        words,
                        taken,
                    )
                )
            members = [self.simple_type(name, None, child) for name in (child.get("memberTypes") or "").split()]
            members += [self._simple_of(inline) for inline in _children(child, "simpleType")]
            # A value is compared with one after the other: what takes long comes last.
            members.sort(key=lambda member: len(str(self.simple[member])) > _LONG)
            return self._add_simple(("union", tuple(members), words, taken))
        sys.exit(f"line {element.sourceline}: a simple type of no kind")

    def _restriction(self, element: Element, words: str, taken: int) -> int:
        base_index = self.simple_type(element.get("base"), element.find(f"{XS}simpleType"), element)
        base = self.simple[base_index]
        values, patterns, bounds, lengths = [], [], {}, {}
        since: dict[str, str] = {}
        for facet in _children(element):
            kind, value = etree.QName(facet).localname, facet.get("value", "")
            if kind == "enumeration":
                values.append(value)
                version = _fact(facet, "since")
                if version:
                    since[value] = version
            elif kind == "pattern":
                patterns.append(value)
            elif kind in ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive"):
                bounds[kind] = int(value)
            elif kind in ("length", "minLength", "maxLength"):
                lengths[kind] = int(value)
            elif kind not in ("annotation", "whiteSpace"):
                sys.exit(f"line {facet.sourceline}: no table for the facet {kind}")
        words, taken = words or base[2], base[3] if taken < 0 else taken
        if values:
            return self._add_simple(("enum", (tuple(values), tuple(since.items())), words, taken))
        parts = [base_index] if base[0] != "any" else []
        if patterns:
            # Patterns of one step are alternatives.
            parts.append(self._add_simple(("pattern", tuple(patterns), words, taken)))
        if bounds:
            low, high = base[1] if base[0] == "number" else (None, None)
            low = bounds.get("minInclusive", bounds["minExclusive"] + 1 if "minExclusive" in bounds else low)
            high = bounds.get("maxInclusive", bounds["maxExclusive"] - 1 if "maxExclusive" in bounds else high)
            if base[0] == "number":
                parts.remove(base_index)
            parts.append(self._add_simple(("number", (low, high), words, taken)))
        if lengths:
            exact = lengths.get("length")
            low, high = (exact, exact) if exact is not None else (lengths.get("minLength"), lengths.get("maxLength"))
            parts.append(self._add_simple(("length", (low, high), words, taken)))
        if not parts:
            return base_index
        if len(parts) == 1:
            row = self.simple[parts[0]]
            return self._add_simple((row[0], row[1], words, taken))
        # A number comes first: white space around it is no part of the value, then.
        parts.sort(key=lambda part: self.simple[part][0] not in ("number", "all"))
        return self._add_simple(("all", tuple(parts), words, taken))

    # Complex types.

    def type_of(self, name: str, element: Element) -> int:
        index = self._type_index.get(name)
        if index is None:
            index = self._type_index[name] = len(self.types)
            self.types.append(None)
            self.types[index] = self._complex(name, element)
        return index

    def _complex(self, name: str, element: Element) -> Any:
        text: int | None = None
        holder = element
        content = element.find(f"{XS}simpleContent/{XS}extension")
        attributes: dict[str, Any] = {}
        if content is not None:
            holder = content
            base = content.get("base", "")
            prefix, _colon, _local = base.rpartition(":")
            is_own = content.nsmap.get(prefix or None) != XS[1:-1]
            if is_own and self.schema.has("complexType", base, content):
                inner = self.types[self.type_of(*self.schema.find("complexType", base, content))]
                attributes.update(inner[1])
                text = inner[3]
            if text is None:
                text = self.simple_type(base, None, content)
        children: dict[str, Any] = {}
        is_open = element.get("mixed") == "true" and text is None
        wildcards: list[str] = []
        self._attributes(holder, attributes, wildcards)
        for particle in _children(element, "all", "sequence", "choice", "group"):
            self._particles(particle, 1, 1, children, wildcards)
        if is_open and text is None:
            text = self._add_simple(("any", None, "", -1))
        assertions = tuple((_in_xpath_1(item), _words(item), _tolerated(item)) for item in element.iter(f"{XS}assert"))
        is_closed = _fact(element, "closed") is not None
        since = _fact(element, "since") or ""
        needless = tuple((_fact(element, "needless") or "").split())
        return (
            name,
            attributes,
            children,
            text,
            tuple(dict.fromkeys(wildcards)),
            assertions,
            is_closed,
            needless,
            since,
        )

    def _attributes(self, holder: Element, found: dict[str, Any], wildcards: list[str]) -> None:
        for child in _children(holder, "attribute", "attributeGroup", "anyAttribute"):
            kind = etree.QName(child).localname
            if kind == "anyAttribute":
                wildcards.append("@")
            elif kind == "attributeGroup":
                self._attributes(self.schema.find("attributeGroup", child.get("ref", ""), child)[1], found, wildcards)
            elif child.get("use") != "prohibited":
                name = child.get("name")
                if name is None:
                    name, child = self.schema.find("attribute", child.get("ref", ""), child)
                simple = self.simple_type(child.get("type"), child.find(f"{XS}simpleType"), child)
                fixed = child.get("fixed")
                if fixed is not None:
                    simple = self._add_simple(("enum", ((fixed,), ()), "", -1))
                found[name] = (
                    self._taking(simple, _fact(child, "taken"), child),
                    child.get("use") == "required",
                    _fact(child, "since") or "",
                    _fact(child, "ignored") is not None,
                    _tolerated(child),
                )

    def _particles(self, at: Element, least: int, most: int, found: dict[str, Any], wildcards: list[str]) -> None:
        kind = etree.QName(at).localname
        own_least, own_most = int(at.get("minOccurs", 1)), at.get("maxOccurs", "1")
        least *= own_least
        most = UNBOUNDED if own_most == "unbounded" or most == UNBOUNDED else most * int(own_most)
        if kind == "group":
            _name, group = self.schema.find("group", at.get("ref", ""), at)
            for child in _children(group, "all", "sequence", "choice"):
                self._particles(child, least, most, found, wildcards)
        elif kind in ("all", "sequence", "choice"):
            for child in _children(at, "all", "sequence", "choice", "group", "element", "any"):
                self._particles(child, 0 if kind == "choice" else least, most, found, wildcards)
        elif kind == "any":
            if at.get("namespace") != NOTHING:
                wildcards.append(at.get("namespace", "##any"))
        else:
            name, row = self._element(at)
            before = found.get(name)
            if before is not None:
                if before[2] != row[0]:
                    sys.exit(f"line {at.sourceline}: {name} has two types in one place")
                least = min(least, before[0])
                most = UNBOUNDED if UNBOUNDED in (most, before[1]) else most + before[1]
            found[name] = (least, most, *row)

    def _element(self, at: Element) -> tuple[str, tuple[Any, ...]]:
        declaration = at
        name = at.get("name")
        if name is None:
            name, declaration = self.schema.find("element", at.get("ref", ""), at)
        target = self.target_of(declaration)
        taken = _fact(at, "taken")
        if taken is not None:
            target = self._text_taking(target, taken, at)
        if at.get("ref") is None and self._is_qualified(at):
            name = _clark(self.schema.namespace_of(at), name)
        facts = (
            _fact(at, "since") or _fact(declaration, "since") or "",
            _tolerated(at),
            _fact(at, "single") is not None,
            _fact(at, "ignored") is not None,
        )
        return name, (target, *facts)

    def _is_qualified(self, at: Element) -> bool:
        return at.getroottree().getroot().get("elementFormDefault") == "qualified"

    def target_of(self, declaration: Element) -> Any:
        """The type of an element, or its alternatives."""
        alternatives = list(_children(declaration, "alternative"))
        if not alternatives:
            return self._type_reference(declaration.get("type"), declaration)
        rows = []
        for alternative in alternatives:
            target = self._type_reference(alternative.get("type"), alternative)
            for clause in _clauses(alternative.get("test")):
                rows.append((clause, target))
        return tuple(rows)

    def _type_reference(self, reference: str | None, at: Element) -> int:
        if reference is None:
            inline = at.find(f"{XS}complexType")
            if inline is not None:
                return self.type_of(f"line {at.sourceline} of {at.get('name')}", inline)
            return self.type_of("empty", etree.Element(f"{XS}complexType"))
        prefix, _colon, local = reference.rpartition(":")
        if at.nsmap.get(prefix or None) == XS[1:-1]:
            return self._text_type(f"xs:{local}", self._add_simple(self._built_in(local)))
        if self.schema.has("complexType", reference, at):
            return self.type_of(*self.schema.find("complexType", reference, at))
        name, _declaration = self.schema.find("simpleType", reference, at)
        return self._text_type(name, self.simple_type(reference, None, at))

    def _taking(self, simple: int, taken: str | None, at: Element) -> int:
        """A simple type that takes values of another one nevertheless."""
        if taken is None:
            return simple
        kind, data, words, _taken = self.simple[simple]
        return self._add_simple((kind, data, words, self.simple_type(taken, None, at)))

    def _text_taking(self, target: Any, taken: str, at: Element) -> int:
        """A type whose text takes values of another one nevertheless."""
        if not isinstance(target, int) or self.types[target][3] is None:
            sys.exit(f"line {at.sourceline}: only text can be taken")
        name, attributes, children, text, *rest = self.types[target]
        name = f"{name}, taking {taken}"
        if name not in self._type_index:
            self._type_index[name] = len(self.types)
            self.types.append((name, attributes, children, self._taking(text, taken, at), *rest))
        return self._type_index[name]

    def _text_type(self, name: str, simple: int) -> int:
        name = f"text of {name}"
        if name not in self._type_index:
            self._type_index[name] = len(self.types)
            self.types.append((name, {}, {}, simple, (), (), False, (), ""))
        return self._type_index[name]


def _clauses(test: str | None) -> list[tuple[tuple[str, str | None], ...]]:
    """A test as clauses, one of which must hold: each is all of some (attribute, value; None where it is missing)."""
    if test is None:
        return [()]
    return _Tests(test).parse()


class _Tests:
    """A reader of the few forms of tests that the schemas use: @a='v', @a, not(@a), and, or, and parentheses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = re.findall(
            r"not\(\s*@[\w-]+\s*\)|@[\w-]+\s*!?=\s*(?:'[^']*'|\"[^\"]*\")|\(|\)|\band\b|\bor\b|@[\w-]+", text
        )
        self._position = 0

    def parse(self) -> list[tuple[tuple[str, str | None], ...]]:
        clauses = self._or()
        if self._position != len(self._tokens):
            sys.exit(f"a test of a form that is not known: {self._text}")
        return clauses

    def _next(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _or(self) -> list[tuple[tuple[str, str | None], ...]]:
        clauses = self._and()
        while self._next() == "or":
            self._position += 1
            clauses = clauses + self._and()
        return clauses

    def _and(self) -> list[tuple[tuple[str, str | None], ...]]:
        clauses = self._one()
        while self._next() == "and":
            self._position += 1
            clauses = [left + right for left, right in product(clauses, self._one())]
        return clauses

    def _one(self) -> list[tuple[tuple[str, str | None], ...]]:
        token = self._next()
        self._position += 1
        if token == "(":
            inner = self._or()
            self._position += 1
            return inner
        if match := re.fullmatch(r"not\(\s*@([\w-]+)\s*\)", token):
            return [((match[1], None),)]
        if match := re.fullmatch(r"@([\w-]+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\")", token):
            return [((match[1], match[2] if match[2] is not None else match[3]),)]
        sys.exit(f"a test of a form that is not known: {self._text}")


# The gate: an XSD 1.0 that accepts no more than the tables do. What it does not accept is looked at with the tables, so
# that it may refuse what is rare: an order that libvirt does not write, a second one of what is nearly always one.


class Gate:
    """An XSD 1.0 of tables, and how the elements of a document are to be renamed for it."""

    def __init__(self, tables: Tables, root: str, target: Any) -> None:
        self._tables = tables
        self._target = target
        self._contexts = self._contexts_by_name(root, target)
        self.renames: dict[str, Any] = {}
        self._names: dict[str, dict[Any, dict[str, int]]] = {}
        for name, targets in self._contexts.items():
            if any(isinstance(target, tuple) for target in targets):
                self._add_renames(name, targets)
        self.root_elements = self._elements(root, target)

    @cached_property
    def _paths_to_conditions(self) -> dict[int, list[str]]:
        """The paths from the root to the types that have conditions, those aside that have many paths."""
        parents: dict[int, list[tuple[int, str]]] = {}
        for parent, (_name, _attributes, children, *_rest) in enumerate(self._tables.types):
            for child, row in children.items():
                step = f"*[local-name() = '{child.rpartition('}')[2]}']" if child.startswith("{") else child
                for number in set(_types_of(row[2])):
                    parents.setdefault(number, []).append((parent, step))
        roots = set(_types_of(self._target))

        def paths_to(number: int, below: tuple[int, ...]) -> list[str] | None:
            """At most MOST_PATHS; None where there are more, or a circle leads there."""
            if number in below:
                return None
            found = ["."] if number in roots else []
            for parent, step in parents.get(number, ()):
                above = paths_to(parent, (*below, number))
                if above is None or len(found) + len(above) > MOST_PATHS:
                    return None
                found += [step if path == "." else f"{path}/{step}" for path in above]
            return found

        with_conditions = [number for number, row in enumerate(self._tables.types) if row[5]]
        return {number: paths for number in with_conditions if (paths := paths_to(number, ()))}

    def conditions(self) -> str:
        """An XPath that is true for a root whose conditions do not all hold, in types that are told by path alone."""
        parts = []
        for number, paths in sorted(self._paths_to_conditions.items()):
            tests = " and ".join(f"({test})" for test, _words, _is_tolerated in self._tables.types[number][5])
            parts += [f"{path}[not({tests})]" for path in paths]
        return " | ".join(parts)

    def _contexts_by_name(self, root: str, target: Any) -> dict[str, list[Any]]:
        contexts: dict[str, list[Any]] = {root: [target]}
        for _name, _attributes, children, *_rest in self._tables.types:
            for child, row in children.items():
                if row[2] not in contexts.setdefault(child, []):
                    contexts[child].append(row[2])
        return contexts

    def _add_renames(self, name: str, targets: list[Any]) -> None:
        """Give each combination of attributes that makes a difference somewhere a name of its own."""
        known: dict[str, dict[str | None, None]] = {}
        for target in targets:
            for clause, _type in target if isinstance(target, tuple) else ():
                for attribute, value in clause:
                    known.setdefault(attribute, {})[value] = None
        attributes = tuple(sorted(known))
        other = object()
        numbers: dict[tuple[Any, ...], str] = {}
        by_values: dict[tuple[Any, ...], str] = {}
        by_target: dict[Any, dict[str, int]] = {target: {} for target in targets}
        for values in product(*([*(v for v in known[a] if v is not None), None, other] for a in attributes)):
            given = dict(zip(attributes, values, strict=True))
            found = tuple(_chosen(target, given) for target in targets)
            new = numbers.setdefault(found, f"{name}.{len(numbers)}")
            by_values[tuple("*" if value is other else value for value in values)] = new
            for target, chosen in zip(targets, found, strict=True):
                if chosen is not None:
                    by_target[target][new] = chosen
        known_values = tuple(tuple(v for v in known[a] if v is not None) for a in attributes)
        is_single = any(
            row[1] == 1 for _n, _a, children, *_r in self._tables.types for c, row in children.items() if c == name
        )
        self.renames[name] = (attributes, known_values, by_values, is_single)
        self._names[name] = by_target

    def _elements(self, name: str, target: Any) -> dict[str, int]:
        """The elements that stand for one of the document: their names and types."""
        if name in self._names:
            return self._names[name][target]
        return {name: target}

    def names(self) -> str:
        """How elements are to be renamed, and what must not be found in a document, as JSON."""
        renames = {
            name: {
                "attributes": attributes,
                "known": known,
                "names": [[list(values), new] for values, new in by_values.items()],
                "is_single": is_single,
            }
            for name, (attributes, known, by_values, is_single) in self.renames.items()
        }
        return json.dumps({"renames": renames, "broken_conditions": self.conditions()}, indent=1) + "\n"

    def text(self) -> str:
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            "<!-- Made by tools/make_structure.py: do not edit. -->",
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">',
        ]
        for name, number in self.root_elements.items():
            lines.append(f'<xs:element name="{name}" type="T{number}"/>')
        for number, row in enumerate(self._tables.simple):
            lines += self._simple(number, row)
        for number, row in enumerate(self._tables.types):
            lines += self._complex(number, row)
        return "\n".join([*lines, "</xs:schema>", ""])

    def _simple(self, number: int, row: Any) -> list[str]:
        kind, data, *_facts = row
        if kind == "union":
            body = f'<xs:union memberTypes="{" ".join(f"S{member}" for member in data)}"/>'
        elif kind == "list":
            body = f'<xs:list itemType="S{data}"/>'
        elif kind == "all":
            first, *others = sorted(data, key=lambda member: self._tables.simple[member][0] != "number")
            facets = "".join(_facets(self._tables.simple[member]) for member in others)
            body = f'<xs:restriction base="S{first}">{facets}</xs:restriction>'
        else:
            base = "integer" if kind == "number" else "string"
            body = f'<xs:restriction base="xs:{base}">{_facets(row)}</xs:restriction>'
        return [f'<xs:simpleType name="S{number}">{body}</xs:simpleType>']

    def _complex(self, number: int, row: Any) -> list[str]:
        name, attributes, children, text, wildcards, conditions, *_facts = row
        lines = [f'<xs:complexType name="T{number}"><!-- {name} -->']
        plain = {child: value for child, value in children.items() if not child.startswith("{")}
        declared = [
            f'<xs:attribute name="{attribute}" type="S{value[0]}"{_use(value[1])}/>'
            for attribute, value in attributes.items()
            if not attribute.startswith("{")
        ]
        if "@" in wildcards:
            declared.append('<xs:anyAttribute processContents="skip"/>')
        is_open = any(wildcard not in ("@", "##other") for wildcard in wildcards)
        if text is not None and not children and not wildcards and not conditions:
            lines += [
                f'<xs:simpleContent><xs:extension base="S{text}">',
                *declared,
                "</xs:extension></xs:simpleContent>",
            ]
        elif is_open or text is not None or (conditions and number not in self._paths_to_conditions):
            # Left to the tables where anything may stand here.
            lines += ['<xs:sequence><xs:element name="domlint.never"/></xs:sequence>', *declared]
        else:
            lines += [*self._content(name, plain, "##other" in wildcards), *declared]
        return [*lines, "</xs:complexType>"]

    def _content(self, name: str, children: dict[str, Any], other: bool) -> list[str]:
        wildcard = '<xs:any namespace="##other" processContents="skip" minOccurs="0" maxOccurs="unbounded"/>'
        if not children:
            return [f"<xs:sequence>{wildcard}</xs:sequence>"] if other else []
        singles = [row for row in children.values() if row[1] == 1]
        lines = []
        if not singles and all(row[0] == 0 for row in children.values()):
            lines.append('<xs:choice minOccurs="0" maxOccurs="unbounded">')
            for child, row in children.items():
                lines += [
                    f'<xs:element name="{new}" type="T{to}"/>' for new, to in self._elements(child, row[2]).items()
                ]
            if other:
                lines.append('<xs:any namespace="##other" processContents="skip"/>')
            return [*lines, "</xs:choice>"]
        must_be_there = any(row[0] and child in self._names for child, row in children.items())
        if other or name in IN_ORDER or must_be_there or any(row[0] > 1 for row in children.values()):
            return [*self._in_order(children), *([wildcard] if other else []), "</xs:sequence>"]
        # Two that stand for one of the document would both be let through: who renames them looks for that.
        lines.append("<xs:all>")
        for child, row in children.items():
            for new, to in self._elements(child, row[2]).items():
                least = row[0] if child not in self._names else 0
                lines.append(f'<xs:element name="{new}" type="T{to}" minOccurs="{least}"/>')
        return [*lines, "</xs:all>"]

    def _in_order(self, children: dict[str, Any]) -> list[str]:
        lines = ["<xs:sequence>"]
        for child, row in children.items():
            elements = self._elements(child, row[2])
            most = "unbounded" if row[1] == UNBOUNDED else row[1]
            occurs = f'minOccurs="{row[0]}" maxOccurs="{most}"'
            if len(elements) == 1:
                ((new, to),) = elements.items()
                lines.append(f'<xs:element name="{new}" type="T{to}" {occurs}/>')
            else:
                lines.append(f"<xs:choice {occurs}>")
                lines += [f'<xs:element name="{new}" type="T{to}"/>' for new, to in elements.items()]
                lines.append("</xs:choice>")
        return lines


def _use(is_required: bool) -> str:
    return ' use="required"' if is_required else ""


def _facets(row: Any) -> str:
    kind, data, *_facts = row
    if kind == "any":
        return ""
    if kind == "enum":
        return "".join(f"<xs:enumeration value={_quoted(value)}/>" for value in data[0])
    if kind == "pattern":
        return "".join(f"<xs:pattern value={_quoted(pattern)}/>" for pattern in data)
    low, high = data
    least, most = ("minInclusive", "maxInclusive") if kind == "number" else ("minLength", "maxLength")
    bounds = "" if low is None else f'<xs:{least} value="{low}"/>'
    return bounds + ("" if high is None else f'<xs:{most} value="{high}"/>')


def _types_of(target: Any) -> list[int]:
    return [number for _clause, number in target] if isinstance(target, tuple) else [target]


def _chosen(target: Any, given: dict[str, Any]) -> int | None:
    if not isinstance(target, tuple):
        return int(target)
    for clause, number in target:
        if all(given.get(attribute) == value for attribute, value in clause):
            return int(number)
    return None


def _quoted(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f'"{escaped}"'


def main() -> int:
    check = "--check" in sys.argv[1:]
    outdated = []
    for name, root in ROOTS.items():
        path = SCHEMAS / f"{name}.xsd"
        if not path.exists():
            continue
        schema = Schema(path)
        tables = Tables(schema)
        target = tables.target_of(schema.declared["element", root])
        gate = Gate(tables, root, target)
        for file, text in (
            (GATES / f"{name}.xsd", gate.text()),
            (GATES / f"{name}.json", gate.names()),
            (ROOT / "lint" / "structure_tables" / f"{name}.py", _module(name, root, target, tables)),
        ):
            if not file.exists() or file.read_text() != text:
                outdated.append(str(file.relative_to(ROOT)))
                if not check:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_text(text)
    for outdated_file in outdated:
        print(f"{'not current' if check else 'written'}: {outdated_file}")
    return 1 if check and outdated else 0


def _simplified(row: Any) -> Any:
    """A row whose pattern allows any of some characters as one that says so: to compile a pattern takes its time."""
    kind, data, *facts = row
    if kind != "pattern" or len(data) != 1:
        return row
    found = _OF_CHARACTERS.fullmatch(data[0])
    if found is None:
        return row
    allowed = [character for character in map(chr, range(_BEYOND_LETTERS)) if re.fullmatch(found["set"], character)]
    if any(character > "\x7f" for character in allowed):
        return row
    least, most = {"+": (1, None), "*": (0, None)}.get(found["times"]) or _bounds(found["times"])
    return ("characters", ("".join(allowed), least, most), *facts)


_OF_CHARACTERS: Final = re.compile(r"(?P<set>\[(\\.|[^]\\])+\])(?P<times>[+*]|\{[0-9]+(,[0-9]+)?\})")
_BEYOND_LETTERS: Final = 0x3100
"""The first character of which a pattern hardly has one without having others that are no ASCII, too."""


def _bounds(times: str) -> tuple[int, int]:
    least, _comma, most = times.strip("{}").partition(",")
    return int(least), int(most or least)


def _module(name: str, root: str, target: Any, tables: Tables) -> str:
    return "\n".join(
        [
            f'"""The tables of schemas/{name}.xsd. Made by tools/make_structure.py: do not edit."""',
            "",
            "from typing import Any",
            "",
            "# fmt: off",
            f"ROOT = {root!r}",
            f"TARGET = {target!r}",
            "SIMPLE = (",
            *(f"    {_simplified(row)!r}," for row in tables.simple),
            ")",
            "TYPES: tuple[Any, ...] = (",
            *(f"    {row!r}," for row in tables.types),
            ")",
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
