"""How a rule is declared, and what the catalogue of all rules can answer.

A rule is one function with a decorator: its code and name, what the host does (outcome), which elements it looks at,
what it needs to know, and an example that it finds fault with beside one that it does not. Its docstring is its
documentation. Rules read; they never change the tree, print or open files.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, Flag, auto
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from domlint.changes import Fix
from domlint.document import Element
from domlint.findings import Location, Outcome, Severity
from domlint.versions import Version

if TYPE_CHECKING:
    from domlint.domain import Context
    from domlint.hosts import Host


class Needs(Flag):
    """What a rule asks beside the domain itself.

    A rule that needs the host runs once for each of them; one that needs the machine alone (its name, its class, its
    architecture) runs once for all hosts that give the domain the same one, and knows nothing else of them; one that
    needs all hosts runs once, with none, and only where hosts are given. OFFERS is what a host says that it offers to
    domains (domainCapabilities): only hosts that say so are asked. A rule that needs STRICT takes long, and runs where
    that is asked for.
    """

    NOTHING = 0
    HOST = auto()
    NETWORKS = auto()
    OFFERS = auto()
    ALL_HOSTS = auto()
    STRICT = auto()
    MACHINE = auto()


class Fixable(Enum):
    """What mends findings of a rule: not all of them, as some have two ways out, or none that is known."""

    SAFE = "safe"
    UNSAFE = "unsafe"

    @property
    def in_words(self) -> str:
        """How, in words."""
        return f"some of its findings can be fixed with {'--fix' if self is Fixable.SAFE else '--unsafe-fixes'}"


SUPPRESSIONS: Final = "comment()"
"""What rules look at that are about what a file suppresses: they run once, after all others."""


STRUCTURE: Final = "mistake()"
"""What rules look at that are about the structure of a domain or network: they run where something is wrong with it, or
too new for a libvirt that shall read it."""


class Spot(NamedTuple):
    """An element, or one attribute of it, that a finding points at; the engine turns it into line and column."""

    element: Element
    attribute: str | None = None


class Problem(NamedTuple):
    """What a rule yields: a finding that has no place in the file yet.

    ``outcome`` and ``severity`` are given only where they differ from what the rule declares, ``hosts`` (labels) only
    where the finding is of other hosts than the one that the rule was asked about, ``instead_of`` where there is more
    than the rule declares.
    """

    at: Spot | Location
    message: str
    help: str = ""
    related: tuple[tuple[Spot | Location, str], ...] = ()
    outcome: Outcome | None = None
    severity: Severity | None = None
    hosts: tuple[str, ...] | None = None
    instead_of: tuple[str, ...] = ()
    fix: Fix | None = None


Problems: TypeAlias = Iterator[Problem]
Body: TypeAlias = Callable[["Context", Any], Problems]
Each: TypeAlias = Callable[["Context", Element], Iterable[Any]]
Where: TypeAlias = Callable[[Sequence["Host"], "Version | None"], Iterable[str]]


class Example(NamedTuple):
    """A piece of domain XML with all that makes a whole domain of it.

    ``devices`` stands inside of ``<devices>``, ``around`` beside it. A line that the rule shall report ends with a
    comment that holds the rule's code. ``host`` names hosts that tests and documentation know, with spaces between
    (see domlint.examples), ``capabilities`` is what stands in the domainCapabilities document of a host without a name,
    which is for this architecture, domain type and machine; ``networks`` are network definitions as text, and
    ``not_ignorable`` the codes of rules that the configuration says may not be suppressed.
    """

    devices: str
    machine: str = "pc-q35-8.2"
    arch: str = "x86_64"
    type: str = "kvm"
    around: str = ""
    host: str = ""
    networks: tuple[str, ...] = ()
    libvirt: str = ""
    document: str = ""
    capabilities: str = ""
    not_ignorable: tuple[str, ...] = ()


def whole_example(
    after: str = "",
    *,
    before: str = "  <memory unit='MiB'>2048</memory>\n",
    os: str = "",
    opening: str = "<os>",
    mark: str = "",
    domain_type: str = "kvm",
    name: str = "web1",
    arch: str = "x86_64",
    machine: str = "pc-q35-8.2",
    host: str = "",
    libvirt: str = "",
) -> Example:
    """An example that is a whole domain, for a rule on what most examples leave out or have always alike.

    ``before`` is what stands between the name and ``<os>``, ``os`` what stands in that behind its type, ``after`` what
    follows it, in whole lines with their indentation; ``opening`` is the tag of ``<os>``, and ``mark`` a comment with
    the rule's code, on the line of the type.
    """
    document = (
        f"<domain type='{domain_type}'>\n  <name>{name}</name>\n{before}"
        f"  {opening}\n    <type arch='{arch}' machine='{machine}'>hvm</type>{mark}\n{os}  </os>\n{after}</domain>\n"
    )
    return Example("", arch=arch, machine=machine, host=host, libvirt=libvirt, document=document)


class Rule(NamedTuple):
    """A rule with everything that is known of it."""

    code: str
    name: str
    outcome: Outcome
    severity: Severity
    on: str
    needs: Needs
    since: str
    source: str
    bad: Example
    good: Example
    body: Body
    each: Each | None
    where: Where | None
    instead_of: tuple[str, ...]
    asked: Version | None
    until: Version | None
    fixable: Fixable | None
    mentions: tuple[str, ...]

    def is_asked_by(self, libvirt: "Version | None") -> bool:
        """Tell whether a libvirt asks what the rule asks; one whose version is not known is taken for the newest."""
        if libvirt is None:
            return self.until is None
        return (self.asked is None or libvirt >= self.asked) and (self.until is None or libvirt < self.until)

    @property
    def path(self) -> str:
        """What it looks at, as a RuleModule has it: ``on``, and after spaces what it ``mentions``."""
        return " ".join((self.on, *self.mentions))

    @property
    def documentation(self) -> str:
        """The docstring of the rule, without its indentation."""
        return "\n".join(line.removeprefix("    ") for line in (self.body.__doc__ or "").strip().splitlines())

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.split("\n", 1)[0]

    @property
    def url(self) -> str:
        """Where the rule reference explains it, from the project's root."""
        return f"docs/rules.md#{self.code.lower()}"


class RuleModule(NamedTuple):
    """A module of rules, which need not be imported before a document has something that they look at.

    ``name`` is its whole name; ``paths`` are what its rules look at, "/" for those on the file as a whole, each with
    the words, one of which must stand in the file, after spaces; ``codes`` are the rules that are wanted, None for all.
    """

    name: str
    paths: tuple[str, ...]
    codes: frozenset[str] | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Its rules; this imports it."""
        rules = rules_of(import_module(self.name))
        return rules if self.codes is None else tuple(rule for rule in rules if rule.code in self.codes)


def rules_of(module: ModuleType) -> tuple[Rule, ...]:
    """The rules that a module declares: each is a name in it, or in the tuple RULES."""
    named = (value for value in vars(module).values() if isinstance(value, Rule))
    return (*named, *getattr(module, "RULES", ()))


def rule(
    code: str,
    name: str,
    *,
    outcome: Outcome,
    fixable: Fixable | None = None,
    on: str,
    bad: Example,
    good: Example,
    each: Each | None = None,
    where: Where | None = None,
    instead_of: tuple[str, ...] = (),
    severity: Severity | None = None,
    needs: Needs = Needs.NOTHING,
    asked: str = "",
    until: str = "",
    mentions: tuple[str, ...] = (),
    since: str = "",
    source: str = "",
) -> Callable[[Body], Rule]:
    """Declare the function below as a rule.

    ``on`` is the path of the elements it looks at, from the domain: names and ``*`` with slashes between them
    ("devices/*/teaming"); "." stands for the domain or network, "/" for the file as a whole, "comment()" for what the
    file suppresses, "mistake()" for the domain or network where its structure is not as the schema says. The function
    is called with the context and the element, or, with ``each``, with the context and every value that ``each`` makes
    of the element. What the rule finds at an element is told ``instead_of`` what rules with these codes find there: it
    knows more of the same mistake.

    ``where`` is for rules on the domain that need a host and have the same ``each``: it tells, of the hosts of a run
    and the libvirt that shall read the files, the paths without any of which a domain is none of the rules' concern.

    ``mentions`` are words (see domlint.vocabulary) without any of which in a file the rule finds nothing there. To look
    for all of them takes less than to ask ``each`` a few times, and a module whose rules all mention something is
    imported for few files.

    ``asked`` is the oldest libvirt that does what the rule says, ``until`` the first that no longer does: the rule runs
    for those between. Without them, 6.0.0 did already, and the newest known does. ``since`` is for people: what else
    there is to say of versions. So is ``fixable``: whether problems that the rule finds say how they are mended.
    """

    def declare(body: Body) -> Rule:
        return Rule(
            code=code,
            name=name,
            outcome=outcome,
            severity=severity or outcome.severity,
            on=on,
            needs=needs,
            since=since,
            source=source,
            bad=bad,
            good=good,
            body=body,
            each=each,
            where=where,
            instead_of=instead_of,
            asked=Version.parse(asked) if asked else None,
            until=Version.parse(until) if until else None,
            fixable=fixable,
            mentions=mentions,
        )

    return declare


class UnknownSelectorError(ValueError):
    """A --select or --ignore that names no rule; ``nearest`` are names and codes like it."""

    def __init__(self, selector: str, nearest: tuple[str, ...]) -> None:
        hint = f"; did you mean {' or '.join(nearest)}?" if nearest else " (see: domlint rules)"
        super().__init__(f"no rule has the code, prefix or name {selector!r}{hint}")
        self.selector = selector
        self.nearest = nearest


class Names:
    """The codes of rules, each with the rule's name: what selectors choose from.

    A selector is a code, the beginning of codes, a name, or ALL. Of two that fit a rule, the longer counts.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        """Take names by code. Raises ValueError where two rules share a name."""
        self.by_code = names
        self._by_name = {name: code for code, name in names.items()}
        if len(self._by_name) != len(names):
            raise ValueError("two rules share a code or a name")

    def find(self, code_or_name: str) -> str:
        """The code of the rule with that code or name, in any case. Raises UnknownSelectorError."""
        code = code_or_name.upper()
        found = code if code in self.by_code else self._by_name.get(code_or_name.lower())
        if found is None:
            raise UnknownSelectorError(code_or_name, self.nearest(code_or_name))
        return found

    def matching(self, selector: str) -> list[str]:
        """The codes that a selector chooses; none where it is not known."""
        if selector.upper() == "ALL":
            return list(self.by_code)
        if selector.lower() in self._by_name:
            return [self._by_name[selector.lower()]]
        return [code for code in self.by_code if selector and code.startswith(selector.upper())]

    def chosen(self, selector: str) -> list[str]:
        """The codes that a selector chooses. Raises UnknownSelectorError where there are none."""
        found = self.matching(selector)
        if not found:
            raise UnknownSelectorError(selector, self.nearest(selector))
        return found

    def nearest(self, selector: str) -> tuple[str, ...]:
        """Codes and names that are like a selector that chooses nothing; for one without digits, families and names."""
        from difflib import get_close_matches

        codes: Iterable[str] = self.by_code
        if not any(character.isdigit() for character in selector):
            codes = dict.fromkeys(code.rstrip("0123456789") for code in codes)
        names = {name.lower(): name for name in (*codes, *self._by_name)}
        near = get_close_matches(selector.lower()[:_LONGEST_SELECTOR], names, n=2, cutoff=0.7)
        return tuple(names[name] for name in near)

    def refine(self, codes: Iterable[str], select: Iterable[str], ignore: Iterable[str]) -> list[str]:
        """These codes and the selected ones, without the ignored ones, sorted. Raises UnknownSelectorError.

        Where both lists name a rule, the longer selector counts, and of two alike the ignoring one.
        """
        wanted = self._weights(select)
        unwanted = self._weights(ignore)
        chosen = {*codes, *wanted}
        return sorted(code for code in chosen if unwanted.get(code, -1) < wanted.get(code, 0))

    def nearest_selectors(self, selectors: Iterable[str]) -> dict[str, str]:
        """For each code that a selector fits, the longest that does. Raises UnknownSelectorError."""
        weights: dict[str, int] = {}
        nearest: dict[str, str] = {}
        for selector in selectors:
            for code, weight in self._weights((selector,)).items():
                if weight >= weights.get(code, 0):
                    weights[code], nearest[code] = weight, selector
        return nearest

    def _weights(self, selectors: Iterable[str]) -> dict[str, int]:
        weights: dict[str, int] = {}
        for selector in selectors:
            matching = self.chosen(selector)
            weight = 0 if selector.upper() == "ALL" else 1000 if selector.lower() in self._by_name else len(selector)
            for code in matching:
                weights[code] = max(weights.get(code, 0), weight)
        return weights


_LONGEST_SELECTOR: Final = 100
"""Characters that are compared with codes and names."""


class Catalogue:
    """All rules, by code."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """Sort them by code. Raises ValueError where two share a code or a name."""
        self.rules = tuple(sorted(rules, key=lambda rule: rule.code))
        self._by_code = {rule.code: rule for rule in self.rules}
        if len(self.rules) != len(self._by_code):
            raise ValueError("two rules share a code or a name")
        self.names = Names({rule.code: rule.name for rule in self.rules})

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)

    def find(self, code_or_name: str) -> Rule:
        """The rule with that code or name, in any case. Raises UnknownSelectorError."""
        return self._by_code[self.names.find(code_or_name)]

    def select(self, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Rule, ...]:
        """The rules that a selection leaves: all, or the selected ones, without the ignored ones (see Names.refine).

        Raises UnknownSelectorError.
        """
        wanted, unwanted = tuple(select), tuple(ignore)
        codes = self.names.refine(() if wanted else self.names.by_code, wanted, unwanted)
        return tuple(self._by_code[code] for code in codes)
