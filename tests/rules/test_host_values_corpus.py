"""The table of offered values held against libvirt's own files and verdicts, where they are at hand.

DOMLINT_CORPUS names a folder that holds domaincaps/*.xml, the domainCapabilities files in libvirt's tests, and
libvirt/11.3.0 with domains, capability files of the same QEMUs, and libvirt's verdict on each pair. Those hosts are
pretended ones: their GIC, SEV, firmware and KVM are made up.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from lxml import etree

from domlint.engine import Plan, Source
from domlint.findings import Finding, Outcome
from domlint.hosts import Host, load_host
from domlint.rules.host.values import NOT_JUDGED, NOT_JUDGED_ELEMENTS, ROWS, RULES
from domlint.versions import Version

CORPUS = os.environ.get("DOMLINT_CORPUS")
FILES = sorted(Path(CORPUS, "domaincaps").glob("*.xml")) if CORPUS else []
VERDICTS = Path(CORPUS or "", "libvirt", "11.3.0")

pytestmark = pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")

_NAME = re.compile(r"qemu_(\d+\.\d+\.\d+)(?:-(?:q35|tcg-virt|tcg|hvf|virt))?\.(\w+)(\+\w+)?")

NOT_LIBVIRTS_VERDICT = {
    (
        "aarch64-gic-v2.xml",
        "HOST200",
    ): "libvirt lets it be defined, and a host with a GICv3 alone cannot start it: QEMU "
    "refuses what the kernel does not offer (hw/arm/virt.c, finalize_gic_version)"
}
"""Findings on domains that libvirt accepts, and why they are right."""


def test_there_are_files() -> None:
    assert len(FILES) >= 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_value_and_element_of_a_file_is_known(path: Path) -> None:
    """Read from the XML itself, apart from the reader."""
    root = etree.parse(path).getroot()
    judged = defaultdict(set, {"": set()})
    for row in ROWS:
        judged[row.listed_in] |= {value.name for value in row.values}
    known_elements = {row.offered_by for row in ROWS} | set(NOT_JUDGED_ELEMENTS)
    for element in root.iter("*"):
        steps = [element.tag, *(str(parent.tag) for parent in element.iterancestors())]
        where = "/".join(reversed(steps[:-1]))
        if steps[-2:-1] == ["cpu"]:
            continue
        if element.get("supported") is not None:
            assert where in known_elements, f"{where} at line {element.sourceline}"
        if element.tag == "enum":
            listed_in = f"{where.removesuffix('/enum')}/{element.get('name')}"
            unjudged = NOT_JUDGED.get(listed_in, {})
            if not isinstance(unjudged, str):
                values = {value.text for value in element.iterchildren("value")}
                assert values <= judged[listed_in] | set(unjudged), f"{listed_in} at line {element.sourceline}"


def pairs() -> list[tuple[Host, list[dict[str, str]]]]:
    """Each host with its capability file and its domainCapabilities, and the verdicts that libvirt gave for it."""
    verdicts = defaultdict(list)
    for line in (VERDICTS / "verdicts.jsonl").read_text(encoding="utf-8").splitlines():
        verdict = json.loads(line)
        verdicts[verdict["caps"]].append(verdict)
    found = []
    for path in FILES:
        match = _NAME.match(path.name)
        assert match is not None, path.name
        version, arch, variant = match.groups(default="")
        caps = f"caps_{version}_{arch}{variant}.xml"
        assert verdicts[caps], caps
        offers = load_host(path).domain_capabilities
        found.append((load_host(VERDICTS / "caps" / caps)._replace(domain_capabilities=offers), verdicts[caps]))
    return found


def refusals(plan: Plan, name: str) -> list[Finding]:
    report = plan.check(Source(name, (VERDICTS / "domains" / name).read_bytes()))
    assert report.crashes == ()
    return [finding for finding in report.findings if finding.outcome in (Outcome.DEFINE, Outcome.START)]


def test_refusals_are_those_of_libvirt() -> None:
    counts: Counter[str] = Counter()
    explained: Counter[str] = Counter()
    wrong = []
    for host, verdicts in pairs():
        plan = Plan(RULES, [host], (), Version(11, 3, 0))
        for verdict in verdicts:
            found = refusals(plan, verdict["domain"])
            counts["accepted" if verdict["verdict"] == "ok" else "refused"] += 1
            for finding in found:
                if verdict["verdict"] != "ok":
                    explained[finding.code] += 1
                elif (verdict["domain"], finding.code) not in NOT_LIBVIRTS_VERDICT:
                    wrong.append(f"{host.source}: {verdict['domain']}: {finding.code} {finding.message}")
    assert wrong == []
    assert counts == {"accepted": 9026, "refused": 2036}
    assert explained == {"HOST190": 42, "HOST203": 5}
