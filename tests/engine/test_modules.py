"""Modules of rules, which a run imports once a document has something for them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from domlint.engine import Plan, Source
from domlint.examples import example_hosts, example_networks, whole_document
from domlint.rules import catalogue, modules, names
from domlint.versions import Version

ROOT = Path(__file__).resolve().parent.parent.parent


def test_modules_find_what_the_catalogue_finds() -> None:
    """Each example on its own plan, so that what one of them has imported helps no other."""
    for rule in catalogue():
        example = rule.bad
        hosts, networks = example_hosts(example), example_networks(example)
        libvirt = Version.parse(example.libvirt) if example.libvirt else None
        source = Source("example.xml", whole_document(example).encode())
        told = Plan(modules(), hosts, networks, libvirt).check(source)
        assert told == Plan(catalogue(), hosts, networks, libvirt).check(source), rule.code


def test_modules_without_the_rules_that_nobody_wants() -> None:
    """Of each family, what one rule alone finds, and what all others find."""
    families = {rule.code.rstrip("0123456789"): rule for rule in catalogue()}
    for rule in families.values():
        source = Source("example.xml", whole_document(rule.bad).encode())
        hosts, networks = example_hosts(rule.bad), example_networks(rule.bad)
        for codes in ({rule.code}, names().by_code.keys() - {rule.code}):
            chosen = [one for one in catalogue() if one.code in codes]
            told = Plan(modules(codes=codes), hosts, networks).check(source)
            assert told == Plan(chosen, hosts, networks).check(source), rule.code


def test_the_names_are_those_of_the_rules() -> None:
    assert dict(names().by_code) == {rule.code: rule.name for rule in catalogue()}
    assert modules(codes=[]) == ()


def test_a_module_is_imported_for_the_first_document_that_has_something_for_it() -> None:
    code = (
        "import sys\n"
        "from domlint.engine import Plan, Source\n"
        "from domlint.rules import modules\n"
        "plan = Plan(modules(False))\n"
        "nic = '<interface/>'\n"
        "team = '<interface><teaming/></interface>'\n"
        "for inner in ('', '<devices/>', f'<devices>{nic}</devices>', f'<devices>{team}</devices>'):\n"
        "    plan.check(Source('vm.xml', f'<domain>{inner}</domain>'.encode()))\n"
        "    print('domlint.rules.teaming.pairs' in sys.modules, 'domlint.rules.xml' in sys.modules)\n"
        "plan.check(Source('vm.xml', b'<domain'))\n"
        "print('domlint.rules.xml' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"] * 3 + ["True", "False", "True"]


def test_rules_on_the_structure_are_imported_for_what_is_wrong_or_too_new() -> None:
    code = (
        "import sys\n"
        "from domlint.engine import Plan, Source\n"
        "from domlint.rules import modules\n"
        "from domlint.versions import Version\n"
        "old, strict = sys.argv[1:]\n"
        "plan = Plan(modules(), libvirt=Version.parse('6.0.0') if old == 'old' else None, strict=strict == 'strict')\n"
        "right = '<name>a</name><memory>1</memory><os><type>hvm</type></os>'\n"
        "for inner in ('', \"<memoryBacking><source type='memfd'/></memoryBacking><throttlegroups/>\", '<unknown/>'):\n"
        "    found = plan.check(Source('vm.xml', f\"<domain type='kvm'>{right}{inner}</domain>\".encode()))\n"
        "    print('domlint.rules.schema' in sys.modules, any(one.code[:6] == 'SCHEMA' for one in found.findings))\n"
    )

    def told(*arguments: str) -> list[str]:
        run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        return run.stdout.split()

    assert told("new", "") == ["False", "False", "False", "False", "True", "True"]
    assert told("old", "") == ["False", "False", "True", "True", "True", "True"]
    assert told("new", "strict") == ["True", "False", "True", "False", "True", "True"]


def test_files_that_are_checked_together_fare_as_each_alone() -> None:
    """All bad examples, a network, a broken file and foreign ones, in both orders."""
    bad = [(rule.code, whole_document(rule.bad).encode()) for rule in catalogue()]
    others = [("network", b"<network><name>a</name><forwrad/></network>"), ("broken", b"<domain>"), ("other", b"<a/>")]
    sources = [Source(f"{name}.xml", data, name == "other") for name, data in (*bad, *others)]
    hosts = example_hosts(catalogue().find("TEAM001").bad)
    for some in (sources, sources[::-1]):
        together = Plan(modules(), hosts).check_all(some)
        plan = Plan(modules(), hosts)
        assert together == [plan.check(one) for one in some]


def test_the_index_is_current() -> None:
    spec = importlib.util.spec_from_file_location("make_index", ROOT / "tools" / "make_index.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.INDEX.read_text() == tool.text(), "run tools/make_index.py"
