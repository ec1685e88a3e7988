"""The keys of a configuration: what is wrong with values, the JSON schema, and where keys stand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

import domlint.schemas
from domlint.configuration import toml
from domlint.configuration.errors import ConfigurationError
from domlint.configuration.keys import KEYS
from domlint.configuration.reading import read_file
from domlint.configuration.schema import schema, schema_text
from domlint.configuration.settings import settings_of
from domlint.configuration.shapes import Text, wrongs_of
from domlint.configuration.toml import line_of, loads, value_of, written, written_key

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["tomllib", "tomli"])
def _either_module(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Python 3.10 reads TOML with is another package, and says the same."""
    pytest.importorskip(request.param)
    monkeypatch.setattr(toml, "MODULE", request.param)


def told(tmp_path: Path, text: str | bytes, name: str = "domlint.toml") -> str:
    """What is said of a configuration file."""
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigurationError) as caught:
        settings_of(read_file(str(path)))
    return str(caught.value).replace(caught.value.file, name)


MISTAKES = [
    ('selct = ["TEAM"]', "1: there is no key 'selct'\nhelp: did you mean select?"),
    ("fail_on = 'error'", "1: there is no key 'fail_on'\nhelp: did you mean fail-on?"),
    (
        "[tool.domlint]\nfail-on = 'error'",
        "1: there is no key 'tool'\nhelp: here the keys stand by themselves; [tool.domlint] is for pyproject.toml",
    ),
    ("\n\nfail-on = 'grave'", "3: fail-on: 'grave' is none of error, warning, note"),
    ("require = 1", "1: require must be a string, and is a number"),
    ("require = 1.5", "1: require must be a string, and is a number"),
    ("force-exclude = 1", "1: force-exclude must be a boolean, and is a number"),
    ("force-exclude = 'yes'", "1: force-exclude must be a boolean, and is a string"),
    ("libvirt = 1979-05-27", "1: libvirt must be a string, and is a time"),
    ("libvirt = 1979-05-27T07:32:00Z", "1: libvirt must be a string, and is a time"),
    ("libvirt = 07:32:00", "1: libvirt must be a string, and is a time"),
    ("libvirt = 'new'", "1: libvirt: 'new' is no version, such as 8.7.0"),
    ("select = 'TEAM'", "1: select must be a list, and is a string"),
    ("select = [\n'TEAM',\n7]", "3: select must be a string, and is a number"),
    (
        "ignore = [\n  'TEAM',\n  # a comment\n  'TAEM031',\n]",
        "4: ignore: no rule has the code, prefix or name 'TAEM031'\nhelp: did you mean TEAM031 or…",
    ),
    ("ignore = ['']", "1: ignore: no rule has the code, prefix or name ''\nhelp: see: domlint rules"),
    ("caps = 7", "1: caps must be a list or a table, and is a number"),
    ("caps = 'hosts'", "1: caps must be a list or a table, and is a string"),
    ("caps = ['']", "1: caps: a path is empty"),
    ('caps = ["a\\u0000b"]', "1: caps: a path has a null character in it"),
    ("[caps]\n'a=b' = 'x'", "2: caps.\"a=b\": 'a=b' is no label: it is empty, or has a = in it"),
    ("[caps]\na = 7", "2: caps.a must be a string or a list, and is a number"),
    ("exclude = ['a', '!']", "1: exclude: '!' is no pattern of a .gitignore file"),
    ("exclude = ['# x']", "1: exclude: '# x' is no pattern of a .gitignore file"),
    ('exclude = ["""a\nb"""]', "1: exclude: 'a\\nb' is no pattern of a .gitignore file"),
    ("[severity]\nTEAM = 'of'", "2: severity.TEAM: 'of' is none of error, warning, note, off\nhelp: did you mean off?"),
    ("[per-file-ignores]\n'a.xml' = 'TEAM'", '2: per-file-ignores."a.xml" must be a list, and is a string'),
    ("[hosts-per-folder]\n'' = ['a']", "2: hosts-per-folder.\"\": '' is no pattern of a .gitignore file"),
    ("[hosts-per-folder]\na = ['']", "2: hosts-per-folder.a: a host is empty"),
    ("output-format = 'txt'", "1: output-format: 'txt' is none of text, concise, json, json-lines, sarif, junit, "
     "github, gitlab, checkstyle\nhelp: did you mean text?"),
    ("output-format = ['text=']", "1: output-format: behind the = there is no file"),
    ("output-format = []", "1: output-format: the list is empty"),
    ("output-format = ['text', 'json']", "1: output-format: only one format can go to standard output\n"
     "help: write the others as FORMAT=FILE"),
    ('"\\u001b[31m" = 1', "1: there is no key '\\x1b[31m'\nhelp: the keys are …"),
    (f'{"x" * 1000} = 1', f"1: there is no key '{'x' * 99}…'\nhelp: the keys are …"),
]  # fmt: skip

UNREADABLE = [
    ("a = ", "1: not well-formed TOML: invalid value"),
    ("a = 1\n\nb = [\n", "3: not well-formed TOML: invalid value"),
    ("a = 1\na = 2", "2: not well-formed TOML: "),
    (b"a = 1\n# \xff", "2: this is no UTF-8, which TOML is written in"),
    ("a = " + "[" * 100_000, "not readable as TOML: brackets are nested too deeply"),
    ("#" * 1024 * 1024 + "\n", "larger than 1 MiB, so not a configuration file"),
    ("'\x7f\\u001b' = 1", "1: not well-formed TOML: "),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes(tmp_path: Path, text: str, expected: str) -> None:
    found = re.sub("(?<=help: the keys are )caps, networks, .*", "…", told(tmp_path, text))
    found = re.sub("(?<=did you mean TEAM031 or).*", "…", found)
    assert found == f"domlint.toml:{expected}"
    assert all(character.isprintable() or character == "\n" for character in found)


@pytest.mark.usefixtures("_either_module")
@pytest.mark.parametrize("text, expected", UNREADABLE, ids=range(len(UNREADABLE)))
def test_unreadable_files(tmp_path: Path, text: str | bytes, expected: str) -> None:
    """The last words of a message are the parser's own."""
    assert told(tmp_path, text).removeprefix("domlint.toml:").lstrip().startswith(expected)


def test_all_mistakes_are_told_at_once_by_line(tmp_path: Path) -> None:
    text = (
        "[tool.domlint]\nrequire = 'most'\nfial-on = 'error'\n[tool.domlint.severity]\nTEAM = 'x'\n[tool.other]\ny = 1"
    )
    assert told(tmp_path, text, "pyproject.toml") == (
        "pyproject.toml:2: require: 'most' is none of all, any\n"
        "pyproject.toml:3: there is no key 'fial-on'\n"
        "help: did you mean fail-on?\n"
        "pyproject.toml:5: severity.TEAM: 'x' is none of error, warning, note, off"
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("x = 1", "pyproject.toml: there is no [tool.domlint] in this file"),
        ("[tool]\nother = 1", "pyproject.toml: there is no [tool.domlint] in this file"),
        ("tool = 7", "pyproject.toml:1: tool.domlint must be a table"),
        ("x = 1\n[tool]\ndomlint = 7", "pyproject.toml:3: tool.domlint must be a table"),
    ],
)
def test_a_shared_file_without_the_table(tmp_path: Path, text: str, expected: str) -> None:
    assert told(tmp_path, text, "pyproject.toml") == expected


def test_every_example_and_default_is_right() -> None:
    for key in KEYS:
        name, _equals, value = key.example.partition(" = ")
        assert name == key.name
        assert list(wrongs_of(key.shape, value_of(value), (key.name,))) == []
        if key.default:
            assert list(wrongs_of(key.shape, value_of(key.default), (key.name,))) == []


# The JSON schema.


def test_the_published_schema_is_that_of_the_keys() -> None:
    published = Path(domlint.schemas.__file__).parent / "domlint.schema.json"
    assert published.read_text() == schema_text()
    Draft7Validator.check_schema(schema())
    assert set(schema()["properties"]) == {key.name for key in KEYS}


_WORDS = st.sampled_from(
    ["TEAM", "team050", "mac-mismatch", "NOPE", "error", "off", "text", "json=x", "sarif=", "all", "any", "", "a=b",
     "x", "!", "!x", "#", "vms/**", "9.0", "v11.3.0", "9", "debian-12", "hosts/*.xml", "\n", "ä"]
)  # fmt: skip
_VALUES = st.recursive(
    st.one_of(_WORDS, st.booleans(), st.integers(), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=3)),
    max_leaves=4,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([key.name for key in KEYS]), _VALUES)
def test_the_schema_takes_what_the_check_takes(name: str, value: Any) -> None:
    """It cannot know which rules there are, nor read patterns: what only a test of a string finds, it lets through."""
    shape = next(key.shape for key in KEYS if key.name == name)
    wrongs = list(wrongs_of(shape, value, (name,)))
    accepted = Draft7Validator(schema()).is_valid({name: value})
    if not wrongs:
        assert accepted
    elif accepted:
        assert all("must be" not in wrong.message and "is none of all" not in wrong.message for wrong in wrongs)


def test_the_schema_refuses_what_is_wrong_in_form() -> None:
    refused = [{"selct": []}, {"fail-on": "x"}, {"caps": {"a": 1}}, {"severity": {"TEAM": "x"}}, {"exclude": [""]}]
    for values in refused:
        assert not Draft7Validator(schema()).is_valid(values), values


def test_a_test_of_strings_is_no_shape_of_its_own() -> None:
    """Any number of texts differ in what they test; the schema has the pattern of each."""
    for key in KEYS:
        if isinstance(key.shape, Text):
            assert schema()["properties"][key.name]["pattern"] == key.shape.pattern


# TOML, written and read.

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_WRITABLE = st.recursive(
    st.one_of(_TEXT, st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=6,
)


@given(_WRITABLE)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert value_of(written(value)) == value
    assert "\n" not in written(value)


# The line of a key.

_KEY = st.one_of(st.from_regex(r"[a-z-]{1,6}", fullmatch=True), _TEXT)
_FILLING = st.lists(st.sampled_from(["", "# a comment", "  ", "# x = [", '# """']), max_size=2)


@st.composite
def _toml_with_lines(draw: st.DrawFn) -> tuple[str, dict[tuple[str | int, ...], int]]:
    """A TOML text, and the line at which each of its keys and elements begins."""
    lines: list[str] = []
    places: dict[tuple[str | int, ...], int] = {}

    def fill() -> None:
        lines.extend(draw(_FILLING))

    def put(at: tuple[str, ...], name: str) -> None:
        places[(*at, name)] = len(lines) + 1
        key = written_key(name)
        kind = draw(st.sampled_from(["flat", "array", "long", "string"]))
        if kind == "flat":
            lines.append(f"{key} = {written(draw(_WRITABLE))}")
        elif kind == "string":
            lines.extend([f'{key} = """', "a = 1", "[x]", "  ]", '"""'])
        else:
            items = draw(st.lists(st.one_of(_TEXT, st.booleans()), min_size=1, max_size=3))
            lines.append(f"{key} = [")
            for number, item in enumerate(items):
                fill()
                places[(*at, name, number)] = len(lines) + 1
                lines.append(f"  {written(item)}," + ("  # ]" if kind == "long" else ""))
            lines.append("]")

    names = draw(st.lists(_KEY, min_size=1, max_size=4, unique=True))
    tables = draw(st.lists(_KEY.filter(lambda name: name not in names), max_size=2, unique=True))
    for name in names:
        fill()
        put((), name)
    for table in tables:
        fill()
        places[(table,)] = len(lines) + 1
        lines.append(f"[{written_key(table)}]")
        for name in draw(st.lists(_KEY, max_size=2, unique=True)):
            fill()
            put((table,), name)
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return end.join(lines) + draw(st.sampled_from(["", end])), places


@pytest.mark.usefixtures("_either_module")
@settings(max_examples=150, deadline=None, suppress_health_check=[])
@given(text_and_places=_toml_with_lines())
def test_the_line_of_a_key(text_and_places: tuple[str, dict[tuple[str | int, ...], int]]) -> None:
    text, places = text_and_places
    assert loads(text) == tomli.loads(text)
    for keys, line in places.items():
        assert line_of(text, keys) == line, keys
    assert line_of(text, ("there is none such in it",)) is None


def test_the_line_of_a_key_takes_no_long_time() -> None:
    """A text of one long string has no line up to which it is TOML but the last: the search ends without a line."""
    text = 'a = 1\nb = """\n' + "x\n" * 100_000 + '"""\nc = 1\n'
    assert line_of(text, ("b",)) is None
    many = "".join(f"key{number} = {number}\n" for number in range(20_000))
    assert line_of(many, ("key19998",)) == 19_999


def test_schema_is_ascii_and_ends_with_a_line_end() -> None:
    assert json.loads(schema_text()) == schema()
    assert schema_text().isascii()
    assert schema_text().endswith("}\n")
