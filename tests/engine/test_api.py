"""The Python interface: what goes in, what comes out, and that nothing else happens."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import domlint
from domlint import rule as rule_module
from domlint.rules import catalogue

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CAPS = EXAMPLES / "caps" / "debian-12-x86_64.xml"
NETWORKS = EXAMPLES / "networks"
WEB1 = EXAMPLES / "web1.xml"


def codes(findings: list[domlint.Finding]) -> list[str]:
    return [finding.code for finding in findings]


def test_a_path_its_bytes_and_a_named_source_give_the_same_but_for_the_name() -> None:
    by_path = domlint.check(WEB1, hosts=[CAPS], networks=[NETWORKS])
    data = WEB1.read_bytes()
    by_bytes = domlint.check(data, hosts=[CAPS], networks=[NETWORKS])
    named = domlint.check(domlint.Source(str(WEB1), data), hosts=[CAPS], networks=[NETWORKS])
    assert codes(by_path) == ["TEAM033", "TEAM053"]
    assert named == by_path
    assert codes(by_bytes) == codes(by_path)
    assert {finding.location.file for finding in by_bytes} == {"<bytes>"}


def test_hosts_and_networks_may_be_values_or_paths() -> None:
    host, networks = domlint.load_host(CAPS), domlint.load_networks([NETWORKS])
    by_value = domlint.check([WEB1], hosts=[host], networks=networks)
    assert by_value == domlint.check([str(WEB1)], hosts=[str(CAPS)], networks=[str(NETWORKS)])
    assert by_value[0].hosts == (host.id,)


def test_several_sources_and_directories(tmp_path: Path) -> None:
    (tmp_path / "b.xml").write_bytes(WEB1.read_bytes())
    (tmp_path / "a.xml").write_bytes(WEB1.read_bytes())
    (tmp_path / "pom.xml").write_text("<project/>")
    findings = domlint.check([tmp_path, WEB1], networks=[NETWORKS], select=["TEAM033"])
    assert [Path(finding.location.file).name for finding in findings] == ["a.xml", "b.xml", "web1.xml"]


def test_selection_and_libvirt() -> None:
    assert codes(domlint.check(WEB1, networks=[NETWORKS], ignore=["TEAM033"])) == ["TEAM053"]
    assert "TEAM003" in codes(domlint.check(WEB1, libvirt="6.0.0"))
    assert "TEAM003" not in codes(domlint.check(WEB1, libvirt=domlint.Version(6, 1, 0)))


def test_everything_can_be_pickled() -> None:
    host, networks = domlint.load_host(CAPS), domlint.load_networks([NETWORKS])
    findings = domlint.check(WEB1, hosts=[host], networks=networks)
    copied = pickle.loads(pickle.dumps((host, networks, findings)))
    assert copied == (host, networks, findings)
    assert domlint.check(WEB1, hosts=[copied[0]], networks=copied[1]) == findings


def test_nothing_is_printed_and_the_same_comes_out_twice(capfd: pytest.CaptureFixture[str]) -> None:
    first = domlint.check([WEB1, b"<broken"], hosts=[CAPS])
    second = domlint.check([WEB1, b"<broken"], hosts=[CAPS])
    assert first == second
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"sources": "/nowhere/vm.xml"}, OSError),
        ({"hosts": ["/nowhere/caps.xml"]}, domlint.HostError),
        ({"hosts": [WEB1]}, domlint.HostError),
        ({"networks": ["/nowhere/net.xml"]}, domlint.NetworkError),
        ({"networks": [WEB1]}, domlint.NetworkError),
        ({"libvirt": "new"}, ValueError),
        ({"select": ["TEAM999"]}, rule_module.UnknownSelectorError),
    ],
)
def test_what_is_wrong_is_raised(arguments: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        domlint.check(**{"sources": WEB1, **arguments})


def test_a_failing_rule_is_raised_with_the_findings_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from domlint import api

    def fail(*_: object) -> object:
        raise RuntimeError("broken rule")

    replaced = rule_module.Catalogue(one._replace(body=fail) if one.code == "TEAM053" else one for one in catalogue())
    monkeypatch.setattr(api, "catalogue", lambda: replaced)
    with pytest.raises(domlint.RuleCrashError, match="TEAM053") as caught:
        domlint.check(WEB1, networks=[NETWORKS])
    assert codes(caught.value.findings) == ["TEAM033"]


def test_all_names_are_there_and_importing_domlint_is_cheap() -> None:
    assert all(getattr(domlint, name) is not None for name in domlint.__all__)
    code = "import sys, domlint; sys.exit(any(name in sys.modules for name in ('lxml', 'click', 'rich', 'xmlschema')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        _ = domlint.chekc


def test_rich_and_xmlschema_stay_out_of_an_ordinary_run() -> None:
    code = (
        "import sys; from domlint.cli import command\n"
        f"try: command.main(['{WEB1}', '--caps', '{CAPS}'])\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('rich', 'xmlschema', 'pathspec', 'json')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False)
    assert ran.returncode == 0
