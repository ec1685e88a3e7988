"""The engine: which rules run on which hosts, one walk over each file, and findings with their places, sorted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from domlint.changes import Fix
from domlint.document import Document, Element, FaultKind, parse
from domlint.domain import Context, Domain, fitting_hosts, machine_of
from domlint.domain.values import child, is_unknown_at
from domlint.findings import Finding, Location, Related, Remedy, Severity, Suppressed
from domlint.networks import Network
from domlint.rule import STRUCTURE, SUPPRESSIONS, Each, Needs, Problem, Rule, RuleModule, Spot, Where
from domlint.versions import Version
from domlint.vocabulary import Vocabulary

if TYPE_CHECKING:
    from domlint.domain.machine import Machine
    from domlint.hosts import Host


class Source(NamedTuple):
    """A file to lint: the name it has in findings, and its bytes.

    With ``may_be_foreign``, a file that is no libvirt document is passed over without a finding.
    """

    name: str
    data: bytes
    may_be_foreign: bool = False


class Crash(NamedTuple):
    """A rule that failed on a file: domlint's fault, never the file's."""

    code: str
    file: str
    error: str


class FileReport(NamedTuple):
    """What came of one file.

    ``is_domain`` tells whether there was a domain in it, and ``domain`` is its name as written ("" for none);
    ``lines`` are the lines that findings point at, with their number; ``hosts`` are the ids of the hosts that have an
    emulator for the domain, and ``against`` those of all hosts that it was held against, where those are not all hosts
    of the run. ``suppressed`` is what was found, and the file says shall not be told; ``old`` what a baseline knows.
    """

    file: str
    findings: tuple[Finding, ...] = ()
    crashes: tuple[Crash, ...] = ()
    is_domain: bool = False
    lines: tuple[tuple[int, str], ...] = ()
    hosts: tuple[str, ...] = ()
    domain: str = ""
    against: tuple[str, ...] | None = None
    suppressed: tuple[Suppressed, ...] = ()
    old: tuple[Finding, ...] = ()

    @property
    def everything(self) -> "list[tuple[Finding, Suppressed | None]]":
        """All findings in the order of the file, each with what suppresses it, None where it is told."""
        found: list[tuple[Finding, Suppressed | None]] = [(finding, None) for finding in self.findings]
        if not self.suppressed:
            return found
        found += [(one.finding, one) for one in self.suppressed]
        return sorted(found, key=lambda pair: _order(pair[0]))


class _Group:
    """Rules that look at what the same function makes of an element: where that is nothing, none of them is asked.

    ``is_shared`` where another group has the same function, so that what it makes is worth keeping.
    """

    __slots__ = ("_asked", "each", "is_shared", "rules")

    def __init__(self, each: Each | None) -> None:
        self.each = each
        self.is_shared = False
        self.rules: list[Rule] = []
        self._asked: dict[Version | None, list[Rule]] = {}

    def add(self, rule: Rule) -> None:
        self.rules.append(rule)
        self._asked.clear()

    def asked_by(self, libvirt: Version | None) -> list[Rule]:
        """Those that ask what a libvirt asks."""
        found = self._asked.get(libvirt)
        if found is None:
            found = self._asked[libvirt] = [rule for rule in self.rules if rule.is_asked_by(libvirt)]
        return found


_Visits = list[tuple[list[_Group], Element]]


_NOBODY: Final = 0
_EACH_HOST: Final = 1
_ALL_HOSTS: Final = 2
_EACH_MACHINE: Final = 3
"""Whom a rule asks, as the place in what _Node.walk fills."""


def _asking(rule: Rule) -> int:
    if Needs.HOST in rule.needs:
        return _EACH_HOST
    if Needs.ALL_HOSTS in rule.needs:
        return _ALL_HOSTS
    return _EACH_MACHINE if Needs.MACHINE in rule.needs else _NOBODY


class _Node:
    """A step of the paths that rules look at: the rules that end here, and where the paths go on.

    The rules stand by whom they ask. ``modules`` have rules that end here, and are not imported yet. What ends here and
    has nothing to look at without one of some words in the file stands in a node of its own, ``by_mention``. No path
    that goes on from here is met in a file without one of the ``words``, which is None where there are none such.
    """

    __slots__ = ("any_child", "by_mention", "by_name", "concerns", "groups", "modules", "words")

    def __init__(self) -> None:
        self.words: set[bytes] | None = set()
        self.groups: dict[int, list[_Group]] = {}
        self.by_mention: dict[frozenset[bytes], _Node] = {}
        self.modules: set[RuleModule] = set()
        self.concerns: set[Where] = set()
        self.by_name: dict[str, _Node] = {}
        self.any_child: _Node | None = None

    def add(self, rule: Rule) -> None:
        groups = self.groups.setdefault(_asking(rule), [])
        group = next((one for one in groups if one.each is rule.each), None)
        if group is None:
            group = _Group(rule.each)
            groups.append(group)
        group.add(rule)
        alike = [one for of_one in self.groups.values() for one in of_one if one.each is rule.each]
        if rule.each is not None and len(alike) > 1:
            for one in alike:
                one.is_shared = True

    def at(self, steps: Iterable[str], mentions: frozenset[bytes], words: frozenset[bytes]) -> "_Node":
        """The node at the end of a path from here, which is made where there is none.

        ``words`` are those without any of which in a file the path is not met; none where it is met in most files.
        """
        node = self
        for step in steps:
            node.words = None if node.words is None or not words else node.words | words
            if step == "*":
                node.any_child = node = node.any_child or _Node()
            else:
                node = node.by_name.setdefault(step, _Node())
        return node.by_mention.setdefault(mentions, _Node()) if mentions else node

    @property
    def is_end(self) -> bool:
        """Tell whether paths end here."""
        return bool(self.groups or self.by_mention or self.concerns or self.modules)

    @property
    def is_passed_through(self) -> bool:
        """Tell whether nothing happens here but that paths go on by name."""
        return self.any_child is None and not self.is_end

    def walk(
        self,
        element: Element,
        mentioned: set[bytes],
        visits: tuple[_Visits, ...],
        concerned: set[Where],
        modules: set[RuleModule],
    ) -> None:
        """Note which rules look at which elements from here on, by whom they ask, and whose concern the domain is.

        And what is to be imported before that is all. ``mentioned`` are the words of rules' mentions that stand in the
        file.
        """
        ahead: list[tuple[_Node, Element]] = [(self, element)]
        # It grows while it is gone through: a call for each step would take as long as the step.
        for node, element in ahead:
            for asking, groups in node.groups.items():
                visits[asking].append((groups, element))
            for words, mentioning in node.by_mention.items():
                if not mentioned.isdisjoint(words):
                    ahead.append((mentioning, element))
            if node.concerns:
                concerned |= node.concerns
            if node.modules:
                modules |= node.modules
            if node.words is not None and mentioned.isdisjoint(node.words):
                continue
            if node.any_child is not None:
                ahead += node.any_child.below(element, mentioned)
            if node.by_name:
                follow = node.by_name.get
                for child in element:
                    following = follow(child.tag)
                    if following is not None:
                        ahead.append((following, child))

    def below(self, element: Element, mentioned: set[bytes]) -> "list[tuple[_Node, Element]]":
        """Where to go on from an element each of whose children is meant by this node."""
        if not self.is_passed_through:
            return [(self, child) for child in element.iterchildren("*")]
        if self.words is not None and mentioned.isdisjoint(self.words):
            return []
        # libxml2 finds the few grandchildren of some names faster than Python looks into each child.
        return [
            (self.by_name[grandchild.tag], grandchild)
            for grandchild in element.iterdescendants(*self.by_name)
            if (parent := grandchild.getparent()) is not None and parent.getparent() is element
        ]


def _steps_and_mentions(path: str) -> tuple[list[str], frozenset[bytes]]:
    """What RuleModule.paths has, taken apart."""
    steps, *mentions = path.split(" ")
    return [] if steps == "." else steps.split("/"), frozenset(map(str.encode, mentions))


def _words_of(steps: Iterable[str], mentions: frozenset[bytes]) -> frozenset[bytes]:
    """The words without any of which in a file a path is not met; none where it is met in most files."""
    rare = [step.encode() for step in steps if step not in _COMMON]
    return mentions or frozenset(rare[-1:])


_COMMON: Final = frozenset(
    (
        *("*", "acpi", "address", "audio", "backend", "boot", "cache", "catchup", "channel", "clock", "console"),
        *("controller", "cpu", "device", "devices", "disk", "driver", "emulator", "feature", "features", "graphics"),
        *("input", "interface", "kvm", "listen", "loader", "memballoon", "memory", "model", "name", "numa", "nvram"),
        *("os", "parallel", "path", "port", "rng", "serial", "size", "smm", "sound", "source", "system", "target"),
        *("timer", "topology", "type", "uuid", "vcpu", "video"),
    )
)
"""Names of elements that most files have, be it as other words: to look for them would tell little."""

_MOST_REMEMBERED: Final = 1000
"""Kinds of domains whose fitting hosts are remembered: a run over many files could have any number."""


class Plan:
    """What a run does to each file: the rules, and the hosts and networks they are held against.

    ``libvirt`` is the version that shall read the files; where it is None, each host's own counts. Rules that ask
    nothing of a host run once for all hosts with the same libvirt. With ``strict``, rules run that take long, too.
    ``severities`` are those of rules, by code, whose findings have another than the rule says. What a file says shall
    not be told is told nevertheless where the rule's code is among ``not_ignorable``, or without ``with_suppressions``.
    Modules of rules are imported when the first document has something for them.
    """

    def __init__(
        self,
        rules: Iterable[Rule | RuleModule],
        hosts: "Sequence[Host]" = (),
        networks: Iterable[Network] = (),
        libvirt: Version | None = None,
        strict: bool = False,
        severities: Mapping[str, Severity] = MappingProxyType({}),
        not_ignorable: Collection[str] = (),
        with_suppressions: bool = True,
    ) -> None:
        self.rules: list[Rule] = []
        self.hosts = tuple(hosts)
        self.networks: Mapping[str, Network] = {network.name: network for network in networks}
        self.libvirt = libvirt
        self.severities = severities
        self.not_ignorable = not_ignorable
        self._with_suppressions = with_suppressions
        self._fits: dict[object, tuple[Host, ...]] = {}
        self._given_machines: dict[object, tuple[tuple[Machine, Version | None, tuple[str, ...]], ...]] = {}
        self._strict = strict
        self._file_rules = _Group(None)
        self._file_modules: set[RuleModule] = set()
        self._suppression_rules = _Group(None)
        self._suppression_modules: set[RuleModule] = set()
        self._modules: set[RuleModule] = set()
        self._all_ids = tuple(host.id for host in self.hosts)
        self.host_ids = tuple(dict.fromkeys(self._all_ids))
        self._ids_by_libvirt = _ids_by_libvirt(self.hosts, libvirt)
        self._paths = _Node()
        self._structure = _Node()
        self._concerned: dict[Where, _Group] = {}
        self._nodes: dict[str, _Node] = {}
        self._vocabulary = Vocabulary()
        self._tell_offers = any(host.domain_capabilities for host in self.hosts)
        for given in rules:
            if isinstance(given, Rule):
                self._add(given)
            else:
                self._modules.add(given)
                for path in given.paths:
                    self._modules_at(path).add(given)

    def _modules_at(self, path: str) -> set[RuleModule]:
        """The modules that are not imported before a document has something at a path."""
        if path == "/":
            return self._file_modules
        return self._suppression_modules if path == SUPPRESSIONS else self._node(path).modules

    def _node(self, path: str) -> _Node:
        if path == STRUCTURE:
            return self._structure
        node = self._nodes.get(path)
        if node is None:
            steps, mentions = _steps_and_mentions(path)
            words = _words_of(steps, mentions)
            self._vocabulary.add(words)
            node = self._nodes[path] = self._paths.at(steps, mentions, words)
        return node

    def _add(self, rule: Rule) -> None:
        if Needs.STRICT in rule.needs and not self._strict:
            return
        self.rules.append(rule)
        if rule.on == "/":
            self._file_rules.add(rule)
        elif rule.on == SUPPRESSIONS:
            self._suppression_rules.add(rule)
        elif rule.where is not None:
            if rule.where not in self._concerned:
                for path in rule.where(self.hosts, self.libvirt):
                    self._node(path).concerns.add(rule.where)
                self._concerned[rule.where] = _Group(rule.each)
            self._concerned[rule.where].add(rule)
        elif self._tell_offers or Needs.OFFERS not in rule.needs:
            self._node(rule.path).add(rule)

    def _import(self, modules: Iterable[RuleModule]) -> None:
        """Take the rules of some modules into the plan."""
        for module in sorted(modules):
            self._modules.discard(module)
            for path in module.paths:
                self._modules_at(path).discard(module)
            for rule in module.rules:
                self._add(rule)

    def check(self, source: Source) -> FileReport:
        """Lint one file."""
        return self.check_all((source,))[0]

    def check_all(self, sources: Iterable[Source]) -> list[FileReport]:
        """Lint some files. One step for all of them, then the next one, takes less time than one file after the other.

        All of them are kept in memory until it is done.
        """
        given = list(sources)
        documents = [parse(source.name, source.data) for source in given]
        asks_structure = [self._asks_structure(document) for document in documents]
        files = [
            None if source.may_be_foreign and _is_foreign(document) else self._begin(document, asks)
            for source, document, asks in zip(given, documents, asks_structure, strict=True)
        ]
        _ask(filter(None, files))
        return [
            FileReport(source.name) if file is None else self._end(file)
            for source, file in zip(given, files, strict=True)
        ]

    def _asks_structure(self, document: Document) -> bool:
        """Tell whether rules on the structure have something to say of the domain or network in a file."""
        if not self._structure.is_end or (document.domain is None and document.network is None):
            return False
        structure = document.structure
        return self._strict or not all(structure.is_right_for(libvirt) for libvirt, _ids in self._ids_by_libvirt)

    def _begin(self, document: Document, asks_structure: bool) -> "_File":
        """A file, with what is to be asked about it, also of its structure."""
        file = _File(document, self._all_ids, self.severities)
        if document.faults:
            self._import(set(self._file_modules))
            root = document.root if document.root is not None else _NO_ELEMENT
            file.asked_about([([self._file_rules], root)], Context(document, None, None, self.libvirt), self._all_ids)
        if document.domain is not None:
            domain = Domain(document.domain, self.networks)
            file.fitting = self._fitting(domain)
            self._begin_domain(domain, file, asks_structure)
        elif document.network is not None:
            at_root = (self._paths, *self._paths.by_mention.values())
            if asks_structure:
                at_root = (*at_root, self._structure)
            self._import({module for node in at_root for module in node.modules})
            visits: _Visits = [(node.groups.get(_NOBODY, []), document.network) for node in at_root]
            for libvirt, ids in self._ids_by_libvirt:
                file.asked_about(visits, Context(document, None, None, libvirt), ids)
        return file

    def _end(self, file: "_File") -> FileReport:
        """What came of a file when all rules have been asked."""
        if self._with_suppressions and file.document.may_suppress:
            return file.report(self._suppress(file))
        return file.report({})

    def _suppress(self, file: "_File") -> Mapping[Finding, Suppressed]:
        """What of the findings the file says shall not be told. Asks the rules about what it says."""
        from domlint.rules import names
        from domlint.suppressing import apply
        from domlint.suppressions import suppressions_of

        document = file.document
        said = suppressions_of(document)
        if not said:
            return {}
        failed = {crash.code for crash in file.crashes}

        def can_speak(code: str) -> bool:
            return code not in failed and self.is_asked(code, bool(file.fitting))

        applied = apply(said, file.findings(), names(), self.not_ignorable, can_speak)
        self._import(set(self._suppression_modules))
        context = Context(document, None, None, self.libvirt, applied=applied)
        assert document.root is not None
        file.ask(self._suppression_rules, context, document.root, ())
        return {
            finding: Suppressed(finding, by.kind, by.location, by.reason) for finding, by in applied.suppressed.items()
        }

    def is_asked(self, code: str, fits: bool) -> bool:
        """Tell whether a rule is part of the plan and has what it needs, so that its silence means something.

        ``fits`` tells whether a host fits the domain.
        """
        rule = next((rule for rule in self.rules if rule.code == code), None)
        if rule is None:
            from domlint.rules import declares

            modules = (module for module in self._modules if declares(module, code))
            rule = next((rule for module in modules for rule in module.rules if rule.code == code), None)
        if rule is None:
            return False
        has = {
            Needs.HOST: fits,
            Needs.ALL_HOSTS: len(self.host_ids) > 1,
            Needs.NETWORKS: bool(self.networks),
            Needs.OFFERS: self._tell_offers,
            Needs.STRICT: self._strict,
        }
        return all(there for need, there in has.items() if need in rule.needs)

    def _fitting(self, domain: Domain) -> "tuple[Host, ...]":
        """The emulators that fit a domain: those that were found for one of its kind before."""
        if not self.hosts:
            return ()
        kind = domain.arch, domain.virt_type, domain.emulator
        found = self._fits.get(kind)
        if found is None:
            if len(self._fits) >= _MOST_REMEMBERED:
                self._fits.clear()
            found = self._fits[kind] = fitting_hosts(domain, self.hosts)
        return found

    def _visits(
        self, document: Document, domain: Element, asks_structure: bool
    ) -> tuple[tuple[_Visits, ...], set[Where]]:
        """Which rules look at which elements of a domain, by whom they ask, and whose concern it is."""
        vocabulary = self._vocabulary
        while True:
            mentioned = vocabulary.words_in(document.data) if document.is_plain else vocabulary.words
            visits: tuple[_Visits, ...] = ([], [], [], [])
            concerned: set[Where] = set()
            modules: set[RuleModule] = set()
            self._paths.walk(domain, mentioned, visits, concerned, modules)
            if asks_structure:
                self._structure.walk(domain, mentioned, visits, concerned, modules)
            if not modules:
                return visits, concerned
            self._import(modules)

    def _machines(
        self, domain: Domain, fitting: "Sequence[Host]"
    ) -> "Iterable[tuple[Machine, Version | None, tuple[str, ...]]]":
        """The machines that a domain gets, with the libvirt that gives it and the hosts where it is so."""
        if not fitting:
            return ((machine_of(domain, None), self.libvirt, self._all_ids),)
        if len(fitting) == 1:
            host = fitting[0]
            return ((machine_of(domain, host), self.libvirt or host.libvirt_version, (host.id,)),)
        kind = domain.arch, domain.virt_type, domain.emulator, domain.machine_name
        found = self._given_machines.get(kind)
        if found is None:
            grouped: dict[tuple[Machine, Version | None], list[str]] = {}
            for host in fitting:
                asked = machine_of(domain, host), self.libvirt or host.libvirt_version
                grouped.setdefault(asked, []).append(host.id)
            if len(self._given_machines) >= _MOST_REMEMBERED:
                self._given_machines.clear()
            found = tuple((machine, libvirt, tuple(ids)) for (machine, libvirt), ids in grouped.items())
            self._given_machines[kind] = found
        return found

    def _begin_domain(self, domain: Domain, file: "_File", asks_structure: bool) -> None:
        document, fitting = file.document, file.fitting
        visits, concerned = self._visits(document, domain.element, asks_structure)
        for_nobody, for_each, at_once, for_machines = visits
        if concerned:
            groups = [group for where, group in self._concerned.items() if where in concerned]
            for_each.append((groups, domain.element))
        fitting_ids = tuple([host.id for host in fitting])
        if for_nobody and (fitting or not self.hosts):
            for libvirt, ids in self._ids_by_libvirt:
                # A host that has no emulator for the domain has no libvirt that reads it.
                concerned_ids = tuple(filter(fitting_ids.__contains__, ids))
                if concerned_ids or not self.hosts:
                    file.asked_about(for_nobody, Context(document, domain, None, libvirt), concerned_ids)
        elif for_nobody:
            file.asked_about(for_nobody, Context(document, domain, None, self.libvirt), self._all_ids)
        machines = tuple(self._machines(domain, fitting))
        if for_machines:
            for machine, libvirt, ids in machines:
                context = Context(document, domain, None, libvirt, machine=machine)
                file.asked_about(for_machines, context, ids)
        if at_once and self.hosts:
            context = Context(document, domain, None, self.libvirt, self.hosts, fitting)
            file.asked_about(at_once, context, fitting_ids or self._all_ids)
        if for_each:
            for host in fitting or (None,):
                libvirt = self.libvirt or (host.libvirt_version if host is not None else None)
                # Where the hosts give several machines, which one is whose is seldom asked.
                same = machines[0][0] if len(machines) == 1 else None
                context = Context(document, domain, host, libvirt, self.hosts, fitting, same)
                file.asked_about(for_each, context, self._all_ids if host is None else (host.id,))


def _ids_by_libvirt(
    hosts: "Iterable[Host]", libvirt: Version | None
) -> tuple[tuple[Version | None, tuple[str, ...]], ...]:
    grouped: dict[Version | None, list[str]] = {}
    for host in hosts:
        grouped.setdefault(libvirt or host.libvirt_version, []).append(host.id)
    return tuple((version, tuple(ids)) for version, ids in grouped.items()) or ((libvirt, ()),)


class _File:
    """A file while it is being checked: what is to be asked about it, and the findings; equal ones of several hosts
    become one.

    ``fitting`` are the hosts that have an emulator for the domain in it.
    """

    def __init__(self, document: Document, all_hosts: tuple[str, ...], severities: Mapping[str, Severity]) -> None:
        self.document = document
        self.fitting: Sequence[Host] = ()
        self.due: list[tuple[_Visits, Context, tuple[str, ...]]] = []
        self._severities = severities
        self._all_hosts = tuple(dict.fromkeys(all_hosts))
        self._found: dict[Finding, list[str]] = {}
        self._crashes: list[Crash] = []
        self._untold: set[tuple[str, str]] = set()

    def asked_about(self, visits: _Visits, context: Context, hosts: tuple[str, ...]) -> None:
        """Note that rules are to be asked about elements of it."""
        self.due.append((visits, context, hosts))

    def ask(self, group: _Group, context: Context, element: Element, hosts: tuple[str, ...]) -> None:
        """Ask some rules about an element."""
        each = group.each
        if each is None:
            self._run(group.asked_by(context.libvirt), context, (element,), hosts)
            return
        try:
            values = context.selected(each, element) if group.is_shared else tuple(each(context, element))
        except Exception as error:
            for rule in group.asked_by(context.libvirt):
                self._crashed(rule, error)
        else:
            if values:
                self._run(group.asked_by(context.libvirt), context, values, hosts)

    def _run(self, rules: Iterable[Rule], context: Context, values: Iterable[Any], hosts: tuple[str, ...]) -> None:
        for rule in rules:
            body = rule.body
            try:
                for value in values:
                    for problem in body(context, value):
                        self._take(rule, problem, hosts)
            except Exception as error:
                self._crashed(rule, error)

    def _take(self, rule: Rule, problem: Problem, hosts: tuple[str, ...]) -> None:
        if not _points_at_placeholder(problem):
            finding = self._finding(rule, problem)
            self._found.setdefault(finding, []).extend(hosts if problem.hosts is None else problem.hosts)
            for code in (*rule.instead_of, *problem.instead_of):
                self._untold.add((code, _path_of_element(finding)))

    def _crashed(self, rule: Rule, error: Exception) -> None:
        crash = Crash(rule.code, self.document.name, f"{type(error).__name__}: {error}")
        if crash not in self._crashes:
            self._crashes.append(crash)

    @property
    def crashes(self) -> tuple[Crash, ...]:
        return tuple(self._crashes)

    def findings(self) -> list[Finding]:
        """What was found so far."""
        return [
            finding._replace(hosts=tuple(filter(set(having).__contains__, self._all_hosts))) if having else finding
            for finding, having in self._found.items()
            if not self._untold or (finding.code, _path_of_element(finding)) not in self._untold
        ]

    def report(self, suppressed: Mapping[Finding, Suppressed]) -> FileReport:
        """What came of it."""
        document = self.document
        hosts = tuple([host.id for host in self.fitting])
        if not self._found:
            return FileReport(
                document.name, (), self.crashes, document.domain is not None, (), hosts, _name_of(document)
            )
        findings = sorted(self.findings(), key=_order)
        lines = {finding.location.line for finding in findings}
        return FileReport(
            document.name,
            tuple(finding for finding in findings if finding not in suppressed) if suppressed else tuple(findings),
            self.crashes,
            document.domain is not None,
            tuple((line, document.line_text(line)) for line in sorted(lines)),
            hosts,
            _name_of(document),
            suppressed=tuple(suppressed[finding] for finding in findings if finding in suppressed),
        )

    def _finding(self, rule: Rule, problem: Problem) -> Finding:
        outcome = problem.outcome or rule.outcome
        severity = self._severities.get(rule.code) or problem.severity
        severity = severity or (rule.severity if problem.outcome is None else outcome.severity)
        return Finding(
            code=rule.code,
            name=rule.name,
            severity=severity,
            outcome=outcome,
            message=_shortened(problem.message),
            location=self._place(problem.at),
            related=tuple(Related(self._place(spot), _shortened(text)) for spot, text in problem.related),
            help=_shortened(problem.help),
            url=rule.url,
            remedy=None if problem.fix is None else self._remedy(problem.fix),
        )

    def _remedy(self, fix: Fix) -> Remedy | None:
        from domlint.edits import remedy_of

        return remedy_of(self.document, fix)

    def _place(self, at: Spot | Location) -> Location:
        return at if isinstance(at, Location) else self.document.locate(*at)


def _ask(files: "Iterable[_File]") -> None:
    """Ask rules all that they are to be asked about some files, one after the other.

    What a rule needs is at hand in the processor when it is asked about several files in a row.
    """
    inquiries: dict[int, tuple[list[_Group], list[tuple[_File, Context, Element, tuple[str, ...]]]]] = {}
    for file in files:
        for visits, context, hosts in file.due:
            for groups, element in visits:
                alike = inquiries.get(id(groups))
                if alike is None:
                    alike = inquiries[id(groups)] = groups, []
                alike[1].append((file, context, element, hosts))
    for groups, asked in inquiries.values():
        for group in groups:
            for file, context, element, hosts in asked:
                file.ask(group, context, element, hosts)


def _path_of_element(finding: Finding) -> str:
    return finding.location.xpath.partition("/@")[0]


_LONGEST_TEXT: Final = 2000
"""Characters of a message. A name of some megabytes, told in thousands of findings, would fill any memory."""


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _is_foreign(document: Document) -> bool:
    if not document.faults:
        return False
    from domlint.broken import first_tag, is_libvirt_root

    if document.domain is not None or document.faults[0].kind is FaultKind.MISSPELT_ROOT:
        return False
    return document.faults[0].kind is FaultKind.OTHER_ROOT or not is_libvirt_root(first_tag(document.data))


_NO_ELEMENT: Element = None  # type: ignore[assignment]  # what rules for a file get that has no tree: they do not look


def _name_of(document: Document) -> str:
    domain = document.domain
    if domain is None:
        return ""
    name = child(domain, "name")
    return "" if name is None else (name.text or "").strip()


def _points_at_placeholder(problem: Problem) -> bool:
    return isinstance(problem.at, Spot) and is_unknown_at(*problem.at)


def _order(finding: Finding) -> tuple[object, ...]:
    return (finding.location.line, finding.location.column, finding.code, finding.message)
