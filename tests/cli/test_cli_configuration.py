"""The command with configuration files: each key, the command line before it, several files in one run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from command import CAPS, CLEAN, FOREIGN, NO_CAPS_HINT, OLD_CAPS, STANDBY, Result, domlint

from domlint.configuration import Given
from domlint.configuration.effective import effective
from domlint.configuration.lookup import Lookup
from domlint.configuration.reading import read_file
from domlint.configuration.settings import settings_of
from domlint.configuration.toml import written
from domlint.findings import Severity
from domlint.planning import Planner
from domlint.run import run
from domlint.versions import Version


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with one finding, TEAM037, in each of its files."""
    top = tmp_path / "top"
    (top / ".git").mkdir(parents=True)
    for name in ("a.xml", "vms/core/web1.xml", "vms/edge/web2.xml"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(STANDBY)
    return top


def found(top: Path, configuration: str, *arguments: str, path: str = ".") -> list[str]:
    """What is found with a configuration, without messages."""
    (top / "domlint.toml").write_text(configuration)
    result = domlint(path, "--output-format", "concise", "-q", *arguments, cwd=top)
    assert result.status in (0, 1), result.stderr
    return [line.replace("./", "").rsplit(": ", 1)[0].split("] ")[0] + "]" for line in result.stdout.splitlines()]


ALL = [
    "a.xml:10:7: error[TEAM037]",
    "vms/core/web1.xml:10:7: error[TEAM037]",
    "vms/edge/web2.xml:10:7: error[TEAM037]",
]
OLD = f"caps = [{str(OLD_CAPS)!r}]\n"


@pytest.mark.parametrize(
    "configuration, expected",
    [
        ("", ALL),
        ("select = ['HOST']", []),
        ("select = []", []),
        ("select = []\nextend-select = ['TEAM037']", ALL),
        ("select = ['ALL']\nignore = ['persistent-unpaired']", []),
        ("ignore = ['TEAM']\nextend-select = ['TEAM037']", ALL),
        ("severity = { TEAM037 = 'off' }", []),
        ("severity = { TEAM = 'off', TEAM037 = 'error' }", ALL),
        ("severity = { ALL = 'note', TEAM = 'off', TEAM0 = 'note' }", [one.replace("error", "note") for one in ALL]),
        ("severity = { persistent-unpaired = 'warning' }", [one.replace("error", "warning") for one in ALL]),
        ("per-file-ignores = { 'a.xml' = ['TEAM'] }", ALL[1:]),
        ("per-file-ignores = { '*.xml' = ['persistent-unpaired'] }", []),
        ("per-file-ignores = { 'vms/edge/' = ['TEAM'], 'core' = ['TEAM037'] }", ALL[:1]),
        ("per-file-ignores = { '!vms/edge/**' = ['TEAM'] }", ALL[2:]),
        ("per-file-ignores = { 'web*.xml' = ['HOST'] }", ALL),
        ("per-file-ignores = { 'web*.xml' = [] }", ALL),
        ("exclude = ['vms/']", ALL[:1]),
        ("exclude = ['web*.xml', '!web2.xml']", [ALL[0], ALL[2]]),
        ("exclude = ['/a.xml']\nextend-exclude = ['core']", ALL[2:]),
        ("exclude = ['**']\n", []),
        ("libvirt = '6.0.0'", [one.replace("037", "003") for one in ALL]),
        (OLD, [one for place in ALL for one in (place.replace("TEAM037", "TEAM001"), place)]),
        (OLD + "hosts-per-folder = { 'edge' = [] }\nignore = ['TEAM037']",
         [one.replace("037", "001") for one in ALL[:2]]),
    ],
)  # fmt: skip
def test_keys(top: Path, configuration: str, expected: list[str]) -> None:
    assert found(top, configuration) == expected


@pytest.mark.parametrize(
    "configuration, arguments, expected",
    [
        ("ignore = ['TEAM']", ("--select", "TEAM037"), ALL),
        ("select = ['HOST']", ("--extend-select", "TEAM"), ALL),
        ("ignore = ['TEAM037']", ("--extend-select", "TEAM037"), ALL),
        ("ignore = ['HOST']", ("--ignore", "TEAM"), []),
        ("severity = { TEAM = 'off' }", ("--select", "TEAM"), ALL),
        ("exclude = ['**']", ("--exclude", "a.xml"), ALL[1:]),
        ("exclude = ['a.xml']", ("--extend-exclude", "core/"), ALL[2:]),
        ("exclude = ['a.xml']\nextend-exclude = ['core/']", ("--exclude", "edge/"), ALL[:1]),
        ("libvirt = '6.0.0'", ("--libvirt", "9.0.0"), ALL),
        (OLD, ("--caps", str(CAPS)), ALL),
        (OLD + "hosts-per-folder = { '**' = ['old-*'] }", ("--caps", str(CAPS)), ALL),
        ("ignore = ['TEAM']", ("--isolated",), ALL),
        ("this is no TOML", ("--isolated",), ALL),
        ("ignore = ['TEAM']", ("--config", "other.toml"), ALL),
    ],
)
def test_the_command_line_goes_before(
    top: Path, configuration: str, arguments: tuple[str, ...], expected: list[str]
) -> None:
    (top / "other.toml").write_text("fail-on = 'note'\n")
    assert found(top, configuration, *arguments) == expected


@pytest.mark.parametrize(
    "configuration, arguments, status",
    [
        ("severity = { TEAM = 'warning' }", (), 1),
        ("severity = { TEAM = 'warning' }\nfail-on = 'error'", (), 0),
        ("severity = { TEAM = 'warning' }\nfail-on = 'error'", ("--fail-on", "note"), 1),
        ("severity = { TEAM = 'note' }", (), 0),
        ("severity = { TEAM = 'note' }", ("--fail-on", "note"), 1),
        (f"caps = ['new={CAPS}', 'old={OLD_CAPS}']\nignore = ['TEAM037', 'HOST012']", (), 1),
        (f"caps = ['new={CAPS}', 'old={OLD_CAPS}']\nignore = ['TEAM037', 'HOST012']\nrequire = 'any'", (), 0),
        (f"caps = ['new={CAPS}', 'old={OLD_CAPS}']\nignore = ['TEAM037', 'HOST012']\nrequire = 'any'",
         ("--require", "all"), 1),
    ],
)  # fmt: skip
def test_the_exit_status(top: Path, configuration: str, arguments: tuple[str, ...], status: int) -> None:
    (top / "domlint.toml").write_text(configuration)
    assert domlint(".", *arguments, cwd=top).status == status


def test_excluded_files_that_are_named(top: Path) -> None:
    configuration = "exclude = ['edge/', 'a.xml']\n"
    assert found(top, configuration, path="a.xml") == ALL[:1], "whoever names it wants it linted"
    assert found(top, configuration, path="vms/edge") == ALL[2:]
    assert found(top, configuration, "vms/core", "vms/edge/web2.xml", path="a.xml") == ALL
    assert found(top, configuration, "--force-exclude", "vms/core", path="a.xml") == ALL[1:2]
    forced = configuration + "force-exclude = true\n"
    assert found(top, forced, "vms/edge/web2.xml", "vms/core", path="a.xml") == ALL[1:2]
    assert found(top, forced, "--no-force-exclude", path="a.xml") == ALL[:1]


def test_the_output_formats(top: Path) -> None:
    (top / "conf").mkdir()
    (top / "conf" / "domlint.toml").write_text("output-format = ['concise', 'json=out.json']")
    result = domlint("vms", "--config", "conf/domlint.toml", "-q", cwd=top)
    assert [line.split(" ")[0] for line in result.stdout.splitlines()] == [f"{one.split(' ')[0]}" for one in ALL[1:]]
    assert len(json.loads((top / "conf" / "out.json").read_text())["findings"]) == 2
    assert domlint("vms", "--config", "conf/domlint.toml", "--output-format", "github", cwd=top).stdout[:2] == "::"


def test_caps_and_networks_count_from_the_configuration(top: Path) -> None:
    hosts = top / "hosts"
    (hosts / "edge").mkdir(parents=True)
    for name, source in {"one.xml": CAPS, "two.xml": CAPS, "edge/three.xml": OLD_CAPS}.items():
        (hosts / name).write_bytes(source.read_bytes())
    (top / "nets").mkdir()
    (top / "nets" / "pool.xml").write_text("<network><name>default</name><forward mode='hostdev'/></network>")

    def ids(caps: str, where: str = "vms/core") -> dict[str, str]:
        (top / "domlint.toml").write_text(f"caps = {caps}\nnetworks = ['nets/*.xml']\n")
        result = domlint("web1.xml", "--output-format", "json", "-q", cwd=top / where, out=top.parent)
        report = json.loads(result.stdout)
        assert [one["line"] for one in report["findings"] if one["code"] == "TEAM037"] == [], "a pool is no network"
        return {host["id"]: host["source"] for host in report["hosts"]}

    above = "../../hosts"
    assert ids("['hosts/one.xml']") == {"one": f"{above}/one.xml"}
    assert ids("['hosts/*.xml']") == {"one": f"{above}/one.xml", "two": f"{above}/two.xml"}
    assert ids("['**/three.xml']") == {"three": f"{above}/edge/three.xml"}
    assert ids("['hosts/edge']") == {"three": f"{above}/edge/three.xml"}
    assert list(ids("['x=hosts/one.xml', 'debian-12']")) == ["x", "debian-12"]
    assert ids("{ a = 'hosts/one.xml', 'b c' = ['hosts/t*.xml', 'hosts/two.xml'] }") == {
        "a": f"{above}/one.xml",
        "b c": f"{above}/two.xml",
    }
    assert list(ids("{ d = 'qemu-7.2-x86_64' }")) == ["d"]
    assert ids(f"['{CAPS}']") == {"debian-12-x86_64": min(str(CAPS), os.path.relpath(CAPS, top / "vms/core"), key=len)}


@pytest.mark.parametrize(
    "configuration, words",
    [
        ("caps = ['hosts/one.xml']", "domlint.toml:1: caps: 'hosts/one.xml': no such file"),
        ("caps = [\n 'debian-12',\n 'none.xml'\n]", "domlint.toml:3: caps: 'none.xml': no such file"),
        ("caps = ['none/*.xml']", "domlint.toml:1: caps: 'none/*.xml' fits no file"),
        ("[caps]\nx = ['y/z']", "domlint.toml:2: caps: 'y/z': no such file"),
        ("caps = [\n 'debian-12',\n 'a=debain-12',]", "domlint.toml:3: caps: debain-12: "),
        ("caps = [\n 'debian-12',\n 'a.xml',]", "domlint.toml:3: caps: a.xml:1: this is a domain, not a host"),
        (f"caps = [\n 'a={CAPS}',\n 'a={OLD_CAPS}',]", f"domlint.toml:1: caps: {OLD_CAPS}: this file cannot be of"),
        ("networks = [\n'.git', 'a.xml']", "domlint.toml:2: networks: "),
        ("networks = ['n']", "domlint.toml:1: networks: 'n': no such file"),
        ("caps = ['debian-12']\n[hosts-per-folder]\n'a' = ['debian-12', 'debian-13']",
         "domlint.toml:3: hosts-per-folder: no host is called 'debian-13'\nhelp: did you mean debian-12?"),
        ("caps = ['debian-12']\n[hosts-per-folder]\n'a' = ['x']",
         "domlint.toml:3: hosts-per-folder: no host is called 'x'\nhelp: the hosts are debian-12"),
        ("hosts-per-folder = { a = ['x'] }",
         "domlint.toml:1: hosts-per-folder: no host is called 'x'\nhelp: caps names no host"),
        ("fial-on = 'error'", "domlint.toml:1: there is no key 'fial-on'\nhelp: did you mean fail-on?\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_used(top: Path, configuration: str, words: str) -> None:
    (top / "domlint.toml").write_text(configuration)
    result = domlint("a.xml", cwd=top)
    assert (result.status, result.stdout) == (2, "")
    assert result.stderr.startswith(f"domlint: error: {words}"), result.stderr


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("--config", "none.toml"), "domlint: error: none.toml: cannot be read: No such file or directory\n"),
        (("--config", "vms"), "domlint: error: vms: cannot be read: Is a directory\n"),
        (("--config", "x\x1b[31m"), "domlint: error: x\\x1b[31m: cannot be read: No such file or directory\n"),
        (("--config", "pyproject.toml"), "domlint: error: pyproject.toml: there is no [tool.domlint] in this file\n"),
    ],
)
def test_a_configuration_that_is_none(top: Path, arguments: tuple[str, ...], words: str) -> None:
    (top / "pyproject.toml").write_text("[tool.ruff]\n")
    result = domlint("a.xml", *arguments, cwd=top)
    assert (result.status, result.stdout, result.stderr) == (2, "", words)


def test_options_that_contradict_each_other(top: Path) -> None:
    result = domlint("a.xml", "--isolated", "--config", "x.toml", cwd=top)
    assert result.status == 2
    assert "--isolated reads no configuration file" in result.stderr
    result = domlint("a.xml", "--exclude", "!", cwd=top)
    assert result.status == 2
    assert "'!' is no pattern of a .gitignore file" in result.stderr
    result = domlint("a.xml", "--matrix", cwd=top)
    assert result.status == 2
    assert "--matrix is about hosts" in result.stderr


# Several configurations in one run.


@pytest.fixture
def sites(top: Path) -> Path:
    """Two folders, each with a configuration of its own, and a file that has none."""
    (top / "vms" / "core" / "domlint.toml").write_text(
        f"caps = ['compute={CAPS}']\nfail-on = 'error'\nseverity = {{ TEAM037 = 'warning' }}\n"
    )
    (top / "vms" / "edge" / "domlint.toml").write_text(
        f"caps = ['compute={OLD_CAPS}', 'same={CAPS}']\nignore = ['TEAM037', 'HOST012']\noutput-format = 'json'\n"
    )
    return top


def test_files_below_different_configurations_get_theirs(sites: Path) -> None:
    result = domlint(".", "--output-format", "concise", cwd=sites)
    assert result.status == 1
    lines = [line.split("] ")[0] + "]" + line.partition(" (on ")[2] for line in result.stdout.splitlines()]
    assert lines == [
        "./a.xml:10:7: error[TEAM037]",
        "./vms/core/web1.xml:10:7: warning[TEAM037]",
        "./vms/edge/web2.xml:10:7: error[TEAM001]1 of 2 hosts: vms/edge/compute)",
    ]
    assert (
        result.stderr.splitlines()[0] == "domlint: 1 file was held against no host: the configuration names none for it"
    )
    assert domlint("vms/core", cwd=sites).status == 0
    assert domlint("vms/core", "vms/edge", "--ignore", "TEAM001", "-q", cwd=sites).status == 0
    assert domlint("vms/core", "vms/edge", "--fail-on", "warning", "-q", cwd=sites).status == 1


def test_a_matrix_of_several_configurations(sites: Path) -> None:
    result = domlint("vms", "--matrix", "--output-format", "text", "-q", cwd=sites)
    assert result.stdout == (
        "VM                        compute    vms/edge/compute  same\n"
        "vms/core/web1.xml         1 warning  .                 .\n"
        "vms/edge/web2.xml (web1)  .          refused           ok\n"
        "\n"
        "refused  libvirt or QEMU refuses it\n"
        ".        its configuration holds it against other hosts\n"
        "\n"
    )
    report = json.loads(domlint("vms", "--output-format", "json", cwd=sites).stdout)
    edge = "vms/edge/compute"
    assert [(row["file"], row["hosts"]) for row in report["matrix"]] == [
        ("vms/core/web1.xml", {"compute": "warnings", edge: "not-asked", "same": "not-asked"}),
        ("vms/edge/web2.xml", {"compute": "not-asked", edge: "refused", "same": "ok"}),
    ]
    assert [host["id"] for host in report["hosts"]] == ["compute", edge, "same"]


def test_the_format_of_a_run_over_several_configurations(sites: Path) -> None:
    assert domlint("vms/edge", "vms/core", cwd=sites).stdout.startswith("{"), "the first path's"
    assert domlint("vms/core", "vms/edge", cwd=sites).stdout.startswith("vms/core/")
    (sites / "domlint.toml").write_text("output-format = 'github'")
    assert domlint("vms/edge", cwd=sites).stdout.startswith("::error"), "that of the folder"


def test_junit_judges_each_file_by_its_own_configuration(sites: Path) -> None:
    text = domlint("vms", "--output-format", "junit", cwd=sites).stdout
    assert text.count("<failure ") == 1
    assert text.count("<system-out>") == 1


@pytest.mark.parametrize("jobs", [1, 3])
def test_processes_make_no_difference(sites: Path, jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sites)
    planner = Planner(Lookup(Given()))
    report = run(planner.tasks(["."], "<stdin>"), planner.hosts, jobs)
    assert [[finding.code for finding in file.findings] for file in report.checked] == [
        ["TEAM037"], ["TEAM037"], ["TEAM001"]
    ]  # fmt: skip
    assert [report.passes(file) for file in report.checked] == [False, True, False]


# Hosts for each folder.


def test_hosts_for_each_folder(top: Path) -> None:
    (top / "hosts" / "edge").mkdir(parents=True)
    for name, source in {"core.xml": CAPS, "edge/n1.xml": OLD_CAPS, "edge/n2.xml": CAPS}.items():
        (top / "hosts" / name).write_bytes(source.read_bytes())

    def asked(folders: str) -> dict[str, list[str]]:
        (top / "domlint.toml").write_text(f"caps = ['hosts']\nhosts-per-folder = {folders}\n")
        report = json.loads(domlint(".", "--output-format", "json", "-q", cwd=top).stdout)
        return {
            row["file"].rsplit("/", 1)[1]: [host for host, status in row["hosts"].items() if status != "not-asked"]
            for row in report["matrix"]
        }

    every = ["core", "edge/n1", "edge/n2"]
    assert asked("{}") == {"a.xml": every, "web1.xml": every, "web2.xml": every}
    edge = {"a.xml": every, "web1.xml": every, "web2.xml": ["edge/n1", "edge/n2"]}
    assert asked("{ 'vms/edge/**' = ['edge/*'] }") == edge
    assert asked("{ 'vms/edge/' = ['hosts/edge/'] }") == edge
    assert asked("{ 'edge' = ['edge/n1', 'edge/n2.xml'] }") == edge
    assert asked("{ '!edge' = ['core'] }") == {"a.xml": ["core"], "web1.xml": ["core"], "web2.xml": every}
    assert asked("{ 'vms/**' = ['core'], 'vms/edge/**' = ['*n2'], '**' = [] }") == {
        "a.xml": [], "web1.xml": ["core"], "web2.xml": ["edge/n2"]
    }, "the longest pattern counts"  # fmt: skip


# Standard input and other commands.


def test_standard_input_has_the_configuration_of_its_name(top: Path) -> None:
    (top / "domlint.toml").write_text(
        "force-exclude = true\nexclude = ['drafts/']\n[per-file-ignores]\n'vms/edge/' = ['TEAM']\n"
    )

    def linted(name: str | None) -> Result:
        named = () if name is None else ("--stdin-filename", name)
        return domlint("-", *named, "--output-format", "json", cwd=top / "vms", given=STANDBY.encode(), out=top.parent)

    for name, codes in {None: 1, "core/new.xml": 1, "edge/new.xml": 0, str(top / "vms/edge/x.xml"): 0}.items():
        result = linted(name)
        assert (len(json.loads(result.stdout)["findings"]), result.status) == (codes, codes)
    passed_over = linted("../drafts/x.xml")
    assert (passed_over.status, json.loads(passed_over.stdout)["summary"]["files"]) == (0, 0)


def test_upgrade_and_requires_have_a_configuration_too(top: Path) -> None:
    (top / "vm.xml").write_text(STANDBY)
    (top / "domlint.toml").write_text("exclude = ['vms/', 'a.xml']\nignore = ['TEAM001']\ncaps = ['none.xml']\n")
    old, new = str(CAPS), str(OLD_CAPS)
    arguments = ("upgrade", old, new, ".", "--output-format", "json")
    first, *_others = json.loads(domlint(*arguments, "--isolated", cwd=top).stdout)["domains"]
    assert (first["file"], [one["code"] for one in first["gained"]]) == ("./a.xml", ["TEAM001"])
    kept = json.loads(domlint(*arguments, cwd=top).stdout)["domains"]
    assert [(row["file"], row["gained"]) for row in kept] == [("./vm.xml", [])]
    needed = json.loads(domlint("requires", ".", "--output-format", "json", cwd=top).stdout)["domains"]
    assert [row["file"] for row in needed] == ["./vm.xml"]


def test_a_run_over_nothing_says_so(top: Path) -> None:
    (top / "domlint.toml").write_text("exclude = ['**']\ncaps = ['debian-12']\noutput-format = 'json'\n")
    result = domlint(".", cwd=top)
    assert (result.status, result.stderr) == (0, "domlint: no XML file was found there\n")
    assert [host["id"] for host in json.loads(result.stdout)["hosts"]] == ["debian-12"]


def test_no_configuration_changes_nothing(top: Path) -> None:
    assert domlint("a.xml", cwd=top).stderr == NO_CAPS_HINT
    (top / "pyproject.toml").write_text("[project]\nname = 'domlint-user'\n")
    assert domlint("a.xml", cwd=top).stderr == NO_CAPS_HINT


def test_a_folder_with_a_name_that_a_terminal_would_act_on(tmp_path: Path) -> None:
    top = tmp_path / "top" / "\x1b[31m\nred"
    top.mkdir(parents=True)
    (top / "domlint.toml").write_text("x = 1")
    (top / "vm.xml").write_text(CLEAN)
    result = domlint(top / "vm.xml", cwd=tmp_path / "top", out=tmp_path)
    assert result.status == 2
    assert "\\x1b[31m\\nred/domlint.toml:1: there is no key 'x'" in result.stderr
    (top / "domlint.toml").write_text("fail-on = 'error'")
    shown = domlint("config", top / "vm.xml", cwd=tmp_path / "top", out=tmp_path)
    assert shown.status == 0
    assert "\\x1b[31m\\nred/domlint.toml:1" in shown.stdout


# What is in effect.


def config(top: Path, *arguments: str | Path) -> dict[str, Any]:
    whole = json.loads(domlint("config", *arguments, "--json", cwd=top).stdout)
    assert whole["version"] == 1
    return {key: (value["value"], value["from"]) for key, value in whole["values"].items()}


def test_where_each_value_is_from(top: Path) -> None:
    (top / "domlint.toml").write_text(
        "caps = ['debian-12']\n\nignore = ['TEAM']\nfail-on = 'note'\n\n[severity]\nHOST = 'off'\n"
    )
    before = config(top, "vms/core/web1.xml")
    line = {"file": "domlint.toml"}
    assert before["caps"] == (["debian-12"], [{**line, "line": 1}])
    assert before["ignore"] == (["TEAM"], [{**line, "line": 3}])
    assert before["severity"] == ({"HOST": "off"}, [{**line, "line": 6}])
    assert before["libvirt"] == (None, ["default"])
    assert before["select"] == (["ALL"], ["default"])
    after = config(top, "vms", "--ignore", "HOST,TEAM", "--fail-on", "error", "--libvirt", "9.0", "--caps", "x.xml",
                   "--output-format", "json=a", "--force-exclude", "--network", "n", "--require", "any")  # fmt: skip
    assert after["ignore"] == (["TEAM", "HOST"], [{**line, "line": 3}, "command line"])
    assert after["fail-on"] == ("error", ["command line"])
    assert after["libvirt"] == ("9.0.0", ["command line"])
    assert after["caps"] == (["x.xml"], ["command line"])
    assert after["output-format"] == (["json=a"], ["command line"])
    assert after["force-exclude"] == (True, ["command line"])
    assert after["networks"] == (["n"], ["command line"])
    assert after["require"] == ("any", ["command line"])
    assert config(top, "--select", "HOST")["ignore"] == ([], ["default"])
    assert config(top, "--isolated")["ignore"] == ([], ["default"])
    result = domlint("config", "--ignore", "TAEM", cwd=top)
    assert (result.status, result.stdout) == (2, "")


def test_what_is_shown_is_what_counts(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shown configuration, put into a file, makes the same settings."""
    monkeypatch.chdir(top)
    (top / "domlint.toml").write_text(
        "caps = { a = 'debian-12' }\nnetworks = ['vms']\nlibvirt = '9.0'\nignore = ['TEAM', 'HOST']\n"
        "extend-select = ['TEAM037']\nseverity = { SCHEMA = 'note', XML = 'off' }\nexclude = ['a b']\n"
        "per-file-ignores = { 'x\"y' = ['TEAM'] }\nhosts-per-folder = { vms = ['a'] }\noutput-format = 'json'\n"
    )
    given = Given(libvirt=Version(8, 0, 0), fail_on=Severity.ERROR, require="any", force_exclude=True)
    settings = Lookup(given).of_file("a.xml")
    shown = [entry for entry in effective(settings.file, given) if entry.value is not None]
    (top / "shown.toml").write_text("".join(f"{entry.key} = {written(entry.value)}\n" for entry in shown))
    again = settings_of(read_file("shown.toml"))
    (selection,) = again.selections
    assert selection.select == ("ALL",)
    again = again._replace(selections=(selection._replace(select=None),))
    assert settings.file is not None
    assert again.file is not None
    assert {**settings.file.values, "libvirt": "8.0.0"}.items() <= again.file.values.items()
    assert again._replace(file=None) == settings._replace(file=None)


def test_foreign_files_stay_foreign(top: Path) -> None:
    (top / "pom.xml").write_text(FOREIGN)
    assert found(top, "severity = { XML = 'error' }") == ALL
    assert found(top, "severity = { XML = 'error' }", path="pom.xml") == ["pom.xml:1:1: error[XML002]"]
