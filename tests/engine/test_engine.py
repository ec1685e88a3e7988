"""The engine: dispatch by path, one finding for several hosts, order, needs, and rules that fail."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence

import pytest
from lxml import etree

from domlint.document import Element
from domlint.domain import Context
from domlint.engine import Crash, Plan, Source
from domlint.examples import example_host
from domlint.findings import Finding, Outcome, Severity
from domlint.hosts import Host
from domlint.rule import Each, Example, Needs, Problem, Problems, Rule, Spot, rule
from domlint.versions import Version

EXAMPLE = Example("")

DOMAIN = b"""\
<domain type='kvm'>
  <name>vm</name>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <disk type='file'><source file='{{ path }}'/><target dev='vda'/></disk>
    <interface type='bridge'><source bridge='br0'/></interface>
    <nested><disk><source file='deep'/></disk></nested>
  </devices>
</domain>
"""


def seen_by(*rules: Rule, hosts: tuple = (), libvirt: Version | None = None) -> list[Finding]:
    report = Plan(rules, hosts, libvirt=libvirt).check(Source("vm.xml", DOMAIN))
    assert report.crashes == ()
    return list(report.findings)


def rule_on(path: str, code: str = "TEST001", needs: Needs = Needs.NOTHING) -> Rule:
    @rule(code, code.lower(), outcome=Outcome.BROKEN, on=path, needs=needs, bad=EXAMPLE, good=EXAMPLE)
    def see(context: Context, element: Element) -> Problems:
        """See."""
        yield Problem(Spot(element), f"{element.tag} on {context.host.id if context.host else None}")

    return see


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("devices", ["/domain/devices"]),
        ("devices/disk", ["/domain/devices/disk"]),
        ("devices/*", ["/domain/devices/disk", "/domain/devices/interface", "/domain/devices/nested"]),
        ("devices/*/source", ["/domain/devices/disk/source", "/domain/devices/interface/source"]),
        ("devices/nested/*/source", ["/domain/devices/nested/disk/source"]),
        ("*/disk", ["/domain/devices/disk"]),
        (".", ["/domain"]),
        ("*/*/source", ["/domain/devices/disk/source", "/domain/devices/interface/source"]),
        ("devices/none", []),
        ("disk", []),
    ],
)
def test_a_rule_sees_the_elements_on_its_path_and_no_others(path: str, expected: list[str]) -> None:
    assert [finding.location.xpath for finding in seen_by(rule_on(path))] == expected


def test_paths_of_several_rules_do_not_disturb_each_other() -> None:
    paths = ["devices", "devices/*", "devices/disk", "devices/*/source", "devices/disk/*", "*", "*/*", "os/type"]
    rules = [rule_on(path, f"TEST{number:03}") for number, path in enumerate(paths)]
    together = {(finding.code, finding.location.xpath) for finding in seen_by(*rules)}
    alone = {(found.code, found.location.xpath) for one in rules for found in seen_by(one)}
    assert together == alone
    assert len(together) == 1 + 3 + 1 + 2 + 2 + 3 + 4 + 1


def test_comments_and_processing_instructions_are_no_elements() -> None:
    data = b"<domain><devices><!-- c --><?pi x?><disk/></devices></domain>"
    report = Plan([rule_on("devices/*")]).check(Source("vm.xml", data))
    assert [finding.location.xpath for finding in report.findings] == ["/domain/devices/disk"]


def test_a_rule_that_asks_no_host_runs_once_and_speaks_of_all() -> None:
    hosts = (example_host("qemu-4.1"), example_host("qemu-8.2"))
    (finding,) = seen_by(rule_on("devices"), hosts=hosts)
    assert finding.message == "devices on None"
    assert finding.hosts == ("qemu-4.1", "qemu-8.2")


def test_a_rule_that_asks_hosts_runs_for_each() -> None:
    hosts = (example_host("qemu-4.1"), example_host("qemu-8.2"))
    findings = seen_by(rule_on("devices", needs=Needs.HOST), hosts=hosts)
    assert [(finding.message, finding.hosts) for finding in findings] == [
        ("devices on qemu-4.1", ("qemu-4.1",)),
        ("devices on qemu-8.2", ("qemu-8.2",)),
    ]


def test_a_rule_that_asks_the_machine_runs_once_for_all_hosts_that_give_the_same_one() -> None:
    asked = []

    @rule("TEST001", "test001", outcome=Outcome.BROKEN, on="os", needs=Needs.MACHINE, bad=EXAMPLE, good=EXAMPLE)
    def see(context: Context, element: Element) -> Problems:
        """See."""
        asked.append((context.machine.name, str(context.libvirt), context.host))
        yield Problem(Spot(element), f"{context.machine.name}")

    hosts = tuple(example_host(name) for name in ("qemu-4.1", "qemu-6.2", "qemu-8.2"))
    same = hosts[1]._replace(id="same")
    findings = seen_by(see, hosts=(*hosts, same))
    assert asked == [
        ("pc-q35-4.1", "6.1.0", None),
        ("pc-q35-6.2", "11.3.0", None),
        ("pc-q35-8.2", "10.0.0", None),
    ]
    assert {finding.message: finding.hosts for finding in findings} == {
        "pc-q35-4.1": ("qemu-4.1",),
        "pc-q35-6.2": ("qemu-6.2", "same"),
        "pc-q35-8.2": ("qemu-8.2",),
    }
    asked.clear()
    seen_by(see)
    seen_by(see, hosts=(example_host("s390x-8.2"),), libvirt=Version(9, 0, 0))
    assert asked == [("q35", "None", None), ("q35", "9.0.0", None)]


@pytest.mark.parametrize(
    ("libvirt", "expected"),
    [
        (Version(7, 2, 9), ["TEST002", "TEST004"]),
        (Version(7, 3, 0), ["TEST001", "TEST002", "TEST003", "TEST004"]),
        (Version(9, 9, 9), ["TEST001", "TEST002", "TEST003", "TEST004"]),
        (Version(10, 0, 0), ["TEST001", "TEST004"]),
        (None, ["TEST001", "TEST004"]),
    ],
)
def test_a_rule_runs_only_for_the_libvirts_that_ask_it(libvirt: Version | None, expected: list[str]) -> None:
    ranges = {"TEST001": ("7.3.0", ""), "TEST002": ("", "10.0.0"), "TEST003": ("7.3.0", "10.0.0"), "TEST004": ("", "")}

    def ranged(code: str, asked: str, until: str) -> Rule:
        @rule(
            *(code, code.lower()), outcome=Outcome.BROKEN, on="os", asked=asked, until=until, bad=EXAMPLE, good=EXAMPLE
        )
        def see(context: Context, element: Element) -> Problems:
            """See."""
            yield Problem(Spot(element), "seen")

        return see

    findings = seen_by(*(ranged(code, *bounds) for code, bounds in ranges.items()), libvirt=libvirt)
    assert [finding.code for finding in findings] == expected


def test_equal_findings_of_several_hosts_are_one() -> None:
    @rule("TEST001", "same", outcome=Outcome.NOTE, on="devices", needs=Needs.HOST, bad=EXAMPLE, good=EXAMPLE)
    def same(context: Context, element: Element) -> Problems:
        """Same."""
        yield Problem(Spot(element), "the same everywhere")

    hosts = tuple(example_host(name) for name in ("qemu-4.1", "qemu-8.2", "qemu-4.2-snapshot"))
    (finding,) = seen_by(same, hosts=hosts)
    assert finding.hosts == ("qemu-4.1", "qemu-8.2", "qemu-4.2-snapshot")


def test_hosts_of_another_architecture_are_not_asked() -> None:
    arm = example_host("qemu-8.2")._replace(id="arm", arch="aarch64")
    findings = seen_by(rule_on("devices", needs=Needs.HOST), hosts=(arm, example_host("qemu-4.1")))
    assert [finding.hosts for finding in findings] == [("qemu-4.1",)]


def test_without_a_fitting_host_rules_run_as_without_hosts() -> None:
    arm = example_host("qemu-8.2")._replace(id="arm", arch="aarch64")
    (finding,) = seen_by(rule_on("devices", needs=Needs.HOST), hosts=(arm,))
    assert (finding.message, finding.hosts) == ("devices on None", ("arm",))


def test_a_rule_that_asks_all_hosts_runs_once_and_says_which_it_is_about() -> None:
    @rule("TEST001", "all", outcome=Outcome.NOTE, on="devices", needs=Needs.ALL_HOSTS, bad=EXAMPLE, good=EXAMPLE)
    def all_hosts(context: Context, element: Element) -> Problems:
        """All."""
        fitting = ", ".join(host.id for host in context.fitting_hosts)
        yield Problem(Spot(element), f"{context.host} of {len(context.given_hosts)}, fitting {fitting}")
        yield Problem(Spot(element), "one of them", hosts=("qemu-8.2",))

    arm = example_host("qemu-8.2")._replace(id="arm", arch="aarch64")
    hosts = (example_host("qemu-4.1"), arm, example_host("qemu-8.2"))
    assert [(found.message, found.hosts) for found in seen_by(all_hosts, hosts=hosts)] == [
        ("None of 3, fitting qemu-4.1, qemu-8.2", ("qemu-4.1", "qemu-8.2")),
        ("one of them", ("qemu-8.2",)),
    ]
    assert seen_by(all_hosts) == []


def test_rules_learn_the_libvirt_of_the_host_or_the_one_given() -> None:
    @rule("TEST001", "libvirt", outcome=Outcome.NOTE, on="devices", bad=EXAMPLE, good=EXAMPLE)
    def libvirt(context: Context, element: Element) -> Problems:
        """Libvirt."""
        yield Problem(Spot(element), str(context.libvirt))

    hosts = (example_host("qemu-4.1"), example_host("qemu-8.2"))
    assert [(found.message, found.hosts) for found in seen_by(libvirt, hosts=hosts)] == [
        ("10.0.0", ("qemu-8.2",)),
        ("6.1.0", ("qemu-4.1",)),
    ]
    assert [found.message for found in seen_by(libvirt, hosts=hosts, libvirt=Version(9, 0, 0))] == ["9.0.0"]
    assert [found.message for found in seen_by(libvirt)] == ["None"]


def test_nothing_is_said_at_a_placeholder() -> None:
    @rule("TEST001", "file", outcome=Outcome.DEFINE, on="devices/disk/source", bad=EXAMPLE, good=EXAMPLE)
    def at_file(context: Context, element: Element) -> Problems:
        """File."""
        yield Problem(Spot(element, "file"), "said of the attribute")
        yield Problem(Spot(element), "said of the element")

    assert [finding.message for finding in seen_by(at_file)] == ["said of the element"]


def test_a_rule_that_fails_is_named_and_the_others_still_run() -> None:
    @rule("TEST000", "fails", outcome=Outcome.DEFINE, on="devices", bad=EXAMPLE, good=EXAMPLE)
    def fails(context: Context, element: Element) -> Problems:
        """Fails."""
        yield Problem(Spot(element), "found before it failed")
        raise KeyError("oops")

    hosts = (example_host("qemu-4.1"), example_host("qemu-8.2"))
    report = Plan([fails, rule_on("devices")], hosts).check(Source("vm.xml", DOMAIN))
    assert report.crashes == (Crash("TEST000", "vm.xml", "KeyError: 'oops'"),)
    assert [finding.code for finding in report.findings] == ["TEST000", "TEST001"]


def test_findings_are_in_order_whatever_the_order_of_rules() -> None:
    rules = [rule_on("devices/*", "TEST009"), rule_on("devices", "TEST005"), rule_on("os", "TEST001")]
    one, other = seen_by(*rules), seen_by(*reversed(rules))
    assert one == other
    places = [(finding.location.line, finding.location.column, finding.code) for finding in one]
    assert places == sorted(places)


def test_outcome_and_severity_can_be_said_for_one_finding() -> None:
    @rule("TEST001", "other", outcome=Outcome.DEFINE, on="devices", bad=EXAMPLE, good=EXAMPLE)
    def other(context: Context, element: Element) -> Iterator[Problem]:
        """Other."""
        yield Problem(Spot(element), "a", outcome=Outcome.MIGRATE)
        yield Problem(Spot(element), "b", severity=Severity.NOTE)
        yield Problem(Spot(element), "c")

    assert [(found.outcome, found.severity) for found in seen_by(other)] == [
        (Outcome.MIGRATE, Severity.WARNING),
        (Outcome.DEFINE, Severity.NOTE),
        (Outcome.DEFINE, Severity.ERROR),
    ]


def test_each_is_asked_once_for_all_rules_of_an_element() -> None:
    asked = []

    def each(context: Context, element: Element) -> Iterator[str]:
        asked.append(element.tag)
        yield "value"

    def counting(code: str) -> Rule:
        @rule(code, code.lower(), outcome=Outcome.NOTE, on="devices", each=each, bad=EXAMPLE, good=EXAMPLE)
        def count(context: Context, value: str) -> Problems:
            """Count."""
            assert value == "value"
            return iter(())

        return count

    seen_by(counting("TEST001"), counting("TEST002"), counting("TEST003"))
    assert asked == ["devices"]


def test_rules_are_skipped_where_each_makes_nothing_and_told_of_where_it_fails() -> None:
    def nothing(context: Context, element: Element) -> tuple[str, ...]:
        return ()

    def failing(context: Context, element: Element) -> tuple[str, ...]:
        raise KeyError("oops")

    def never(code: str, each: Each) -> Rule:
        @rule(code, code.lower(), outcome=Outcome.NOTE, on=".", each=each, bad=EXAMPLE, good=EXAMPLE)
        def see(context: Context, value: str) -> Problems:
            """Never asked."""
            raise AssertionError(value)

        return see

    rules = [never(f"TEST00{number}", each) for number, each in enumerate((nothing, nothing, failing, failing))]
    report = Plan(rules).check(Source("vm.xml", DOMAIN))
    assert report.findings == ()
    assert [crash.code for crash in report.crashes] == ["TEST002", "TEST003"]


@pytest.mark.parametrize(
    ("paths", "times"),
    [(["devices/disk"], 1), (["devices/disk", "os", "devices/none"], 1), (["devices/none"], 0), ([], 0), (["."], 1)],
)
def test_a_rule_that_says_where_is_asked_once_for_a_domain_that_has_one_of_the_places(
    paths: list[str], times: int
) -> None:
    asked_for = []

    def where(hosts: Sequence[Host], libvirt: Version | None) -> list[str]:
        asked_for.append((len(hosts), libvirt))
        return paths

    @rule("TEST001", "test", outcome=Outcome.NOTE, on=".", where=where, needs=Needs.HOST, bad=EXAMPLE, good=EXAMPLE)
    def see(context: Context, element: Element) -> Problems:
        """See."""
        yield Problem(Spot(element), "the domain")

    host, libvirt = example_host("qemu-8.2"), Version(9, 0, 0)
    found = seen_by(see, rule_on("devices/disk", "TEST002"), hosts=(host,), libvirt=libvirt)
    assert asked_for == [(1, libvirt)]
    assert [one.location.xpath for one in found if one.code == "TEST001"] == ["/domain"] * times
    assert [one.location.xpath for one in found if one.code == "TEST002"] == ["/domain/devices/disk"]


def test_a_report_can_be_pickled() -> None:
    report = Plan([rule_on("devices")], (example_host("qemu-8.2"),)).check(Source("vm.xml", DOMAIN))
    assert pickle.loads(pickle.dumps(report)) == report


def test_rules_do_not_change_the_tree() -> None:
    from domlint.document import parse
    from domlint.rules import catalogue

    document = parse("vm.xml", DOMAIN)
    assert document.root is not None
    before = etree.tostring(document.root)
    Plan(catalogue()).check(Source("vm.xml", DOMAIN))
    assert etree.tostring(document.root) == before
