"""The bundled profiles against the capability files they are made of, where these are at hand (DOMLINT_CORPUS).

What each file says is found here from its text alone, apart from the readers and the tool under test.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from domlint.hosts import Host, Presence
from domlint.hosts.lifecycle import table
from domlint.hosts.profiles import find_profile, release_names
from domlint.versions import Version

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "lint" / "hosts" / "profile_data"
CORPUS = os.environ.get("DOMLINT_CORPUS")

pytestmark = pytest.mark.skipif(not CORPUS, reason="DOMLINT_CORPUS does not name the corpus")


@cache
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_profiles", ROOT / "tools" / "make_profiles.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files() -> list[tuple[Path, str, Host]]:
    """Each file of a release that there are profiles of, with its text and the profile."""
    found = []
    for path in sorted(Path(CORPUS or "", "libvirt").glob("*/caps/*.xml")):
        name = re.fullmatch(r"caps_(\d+\.\d+)\.\d+[._](\w+)(\+\w+)?\.xml", path.name)
        assert name
        if Version.parse(name[1]) >= Version(4, 2, 0):
            found.append((path, path.read_text(encoding="utf-8"), find_profile(f"qemu-{name[1]}-{name[2]}")))
    return found


def is_snapshot(path: Path, text: str) -> bool:
    version = re.search(r"<version>\d+(\d{3})</version>", text)
    assert version
    return bool(re.search(r"<package>.*-\d+-g[0-9a-f]+.*</package>", text)) or 50 <= int(version[1]) < 90


def flags_of(text: str) -> set[str]:
    return set(re.findall(r"<flag name='([^']*)'/>", text))


def hanging() -> set[str]:
    facts = json.loads((DATA / "facts.json").read_text())
    return {flag for entry in facts["hangs_on"] for flag in entry["flags"]}


def test_there_is_a_profile_for_each_release_and_architecture() -> None:
    assert {profile.id for _, _, profile in files()} == set(release_names())
    assert len(files()) == 73


def test_committed_data_is_what_the_tool_makes() -> None:
    assert CORPUS
    make = tool()
    groups = make.read_corpus(Path(CORPUS))
    facts = json.loads((DATA / "facts.json").read_text())
    assert list(make.complaints(groups, facts)) == []
    made = make.make_files(groups, facts)
    assert set(made) | {"facts.json", "distributions.json"} == {path.name for path in DATA.iterdir()}
    for name, text in made.items():
        assert (DATA / name).read_text() == text, name


def test_what_a_file_lists_is_present() -> None:
    # libvirt 7.0 lists some of these for QEMUs that do not have them: see PROBED_OTHERWISE.
    probed_otherwise = set(tool().PROBED_OTHERWISE)
    wrong = {}
    for path, text, profile in files():
        expected = flags_of(text) - hanging()
        if path.parts[-3] == "7.0.0":
            expected -= probed_otherwise
        missing = expected - profile.flags
        if missing:
            wrong[str(path)] = missing
    assert wrong == {}


def test_what_hangs_on_host_or_build_is_unknown_where_a_file_lists_it() -> None:
    for path, text, profile in files():
        for flag in flags_of(text) & hanging():
            assert profile.answer(flag).presence is Presence.UNKNOWN, (path, flag)


def test_what_a_libvirt_looked_for_in_vain_is_not_present() -> None:
    wrong = []
    for path, text, profile in files():
        writer = Version.parse(path.parts[-3])
        if is_snapshot(path, text):
            continue
        for name, flag in table().items():
            looked = (
                flag.known_in is not None
                and writer >= flag.known_in
                and (flag.retired_from is None or writer < flag.retired_from)
            )
            if looked and name not in flags_of(text) and name in profile.flags and name != "sdl":
                wrong.append((str(path), name))
    assert wrong == []


def test_machines_are_those_of_the_files() -> None:
    some_builds = {
        name
        for entry in json.loads((DATA / "facts.json").read_text())["machines_of_some_builds"]
        for name in entry["names"]
    }
    for path, text, profile in files():
        if is_snapshot(path, text) and profile.lists_machines:
            # There is a better file of this release.
            continue
        listed = {}
        for attributes in re.findall(r"<machine ([^>]*)/>", text):
            machine = dict(re.findall(r"(\w+)='([^']*)'", attributes))
            listed[machine["name"]] = (machine.get("alias"), machine.get("default") == "yes", int(machine["maxCpus"]))
        default = profile.default_machine()
        new_preference = profile.arch in ("aarch64", "riscv64") and path.parts[-3] != "11.3.0"
        if default is not None and not new_preference:
            assert next(iter(listed)) == default.name, path
        told = {machine.name: (machine.alias, machine.default, machine.max_cpus) for machine in profile.machines}
        assert listed.keys() - some_builds == told.keys() - some_builds, path
        if path.parts[-3] != "7.0.0":
            assert {name: told[name] for name in listed if told[name][2] is not None} == {
                name: machine for name, machine in listed.items() if told[name][2] is not None
            }, path


def test_cpu_models_are_those_of_the_files() -> None:
    for path, text, profile in files():
        if is_snapshot(path, text) and profile.lists_machines:
            continue
        if path.parts[-3] == "7.0.0":
            # libvirt 7.0 has other names for some of POWER's models.
            continue
        listed = set(re.findall(r"<cpu type='\w+' name='([^']*)'", text))
        assert listed == {model.name for model in profile.cpu_models}, path
