"""Which configuration file counts for which folder, and what finding it costs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from domlint.configuration import Given, Settings
from domlint.configuration.discovery import Discovery
from domlint.configuration.errors import ConfigurationError
from domlint.configuration.lookup import Lookup


def put(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(folder: Path) -> str | None:
    """The configuration file of a folder."""
    file = Discovery().nearest(str(folder))
    if file is None:
        return None
    name = {(): "domlint.toml", ("tool", "domlint"): "pyproject.toml"}[file.table]
    own = os.path.basename(file.path)
    assert own.endswith(name)
    return str(Path(file.folder, own))


@pytest.fixture(autouse=True)
def top(tmp_path: Path) -> Path:
    """A folder above which no configuration is looked for."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    return tmp_path


def test_none(top: Path) -> None:
    assert found(top / "a" / "b" / "c") is None


def test_the_nearest_counts(top: Path) -> None:
    upper, lower = put(top / "domlint.toml"), put(top / "a" / "b" / "domlint.toml")
    assert found(top) == found(top / "a") == str(upper)
    assert found(top / "a" / "b") == found(top / "a" / "b" / "c") == str(lower)


def test_of_several_in_one_folder(top: Path) -> None:
    shared = put(top / "a" / "pyproject.toml", "[tool.domlint]\n")
    assert found(top / "a" / "b") == str(shared)
    plain = put(top / "a" / "domlint.toml")
    assert found(top / "a" / "b") == str(plain)
    hidden = put(top / "a" / ".domlint.toml")
    assert found(top / "a" / "b") == str(hidden)


@pytest.mark.parametrize(
    "text",
    [
        "[tool.domlint]\n",
        "[tool.domlint.severity]\n",
        "[ tool . \"domlint\" ]\n",
        "['tool'.domlint]\n",
        "[tool]\ndomlint = {}\n",
        "[tool]\n[tool.other]\n[tool.'domlint']\n",
        "tool.domlint.fail-on = 'error'\n",
        "tool = { domlint = {} }\n",
        "x = 1\r\n[tool]\r\ndomlint.fail-on = 'error'\r\n",
    ],
)  # fmt: skip
def test_a_shared_file_with_the_table_however_it_is_written(top: Path, text: str) -> None:
    assert found(put(top / "a" / "pyproject.toml", text).parent) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[project]\nname = 'x'\ndependencies = ['domlint']\n",
        "[tool.other]\nname = 'tool.domlint'\n",
        "[tool]\nother = 'domlint'\n",
        "this is no TOML, and has nothing to say of us",
        "# tool.domlint\n",
    ],
)
def test_a_shared_file_without_the_table_is_none(top: Path, text: str) -> None:
    above = put(top / "domlint.toml")
    put(top / "a" / "pyproject.toml", text)
    assert found(top / "a") == str(above)


def test_a_broken_file_is_an_error(top: Path) -> None:
    put(top / "a" / "pyproject.toml", "[tool.domlint]\nx = \n")
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml:2: not well-formed TOML"):
        found(top / "a" / "b")


def test_the_search_ends_at_the_top_of_a_repository(top: Path) -> None:
    put(top / "domlint.toml")
    put(top / "a" / ".git", "gitdir: elsewhere")  # as in a worktree
    assert found(top / "a") is None
    assert found(top / "a" / "b") is None
    own = put(top / "a" / "domlint.toml")
    assert found(top / "a" / "b") == str(own)


def test_folders_and_links_that_are_called_so(top: Path) -> None:
    (top / "a" / "domlint.toml").mkdir()
    (top / "a" / ".domlint.toml").symlink_to("nowhere")
    assert found(top / "a") is None
    elsewhere = put(top / "elsewhere.toml", "fail-on = 'error'")
    (top / "a" / "b" / "domlint.toml").symlink_to(elsewhere)
    assert found(top / "a" / "b") == str(top / "a" / "b" / "domlint.toml")


def test_each_folder_is_asked_once(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(top / "domlint.toml")
    asked: list[str] = []
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path, **how: (asked.append(str(path)), stat(path, **how))[1])
    discovery = Discovery()
    files = [discovery.nearest(str(top / "a" / "b" / "c")) for _ in range(3)]
    files += [discovery.nearest(str(top / "a" / name)) for name in ("", "b", "other", "b/c/deeper")]
    assert {id(file) for file in files} == {id(files[0])}
    assert len(asked) == len(set(asked))
    assert len(asked) <= 4 * 6


def test_settings_of_relative_and_odd_paths(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(top / "a" / "domlint.toml", "fail-on = 'note'")
    monkeypatch.chdir(top / "a" / "b")
    lookup = Lookup(Given())
    settings = lookup.of_file("vm.xml")
    assert settings.file is not None
    assert settings.file.path == "../domlint.toml"
    for path in ("./vm.xml", "c/vm.xml", "../b/vm.xml", "../vm.xml", str(top / "a" / "x.xml"), "none/../vm.xml", "-"):
        assert lookup.of_file(path) is settings
    assert lookup.of_file("../../vm.xml") == Settings()
    assert lookup.of_run(["../../vm.xml"], "<stdin>") is settings


def test_settings_of_a_run_are_those_of_the_first_path_where_the_folder_has_none(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(top / "a" / "domlint.toml", "output-format = 'json'")
    monkeypatch.chdir(top)
    lookup = Lookup(Given())
    for paths in (["a/b"], ["a/vm.xml", "vm.xml"], ["a"], ["-"]):
        assert lookup.of_run(paths, "a/b/stdin.xml").output_format == (("json", ""),)
    for paths in ([], ["."], ["vm.xml", "a"], ["none/vm.xml"], ["-"]):
        assert lookup.of_run(paths, "<stdin>").output_format == (("text", ""),)


def test_a_deleted_working_folder(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = top / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert Lookup(Given()).of_file("vm.xml").file is None
    put(top / "a" / "domlint.toml")
    file = Lookup(Given()).of_file(str(top / "a" / "vm.xml")).file
    assert file is not None
    assert file.path == str(top / "a" / "domlint.toml")
