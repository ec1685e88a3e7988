"""The keys of a configuration: what each takes and means. Check, schema and documentation are made from this."""

from typing import Final, NamedTuple

from domlint.configuration.shapes import Choice, Either, Flag, Listed, Shape, Table, Text, did_you_mean, quoted
from domlint.findings import Severity
from domlint.reports import FORMATS
from domlint.verdicts import REQUIREMENTS

OFF: Final = "off"
"""The severity of a rule that does not run."""

_SEVERITIES: Final = tuple(severity.value for severity in Severity)


class Key(NamedTuple):
    """A key: its name, its values, what it means (Markdown), the default as TOML ("" for none), and an example."""

    name: str
    shape: Shape
    words: str
    default: str
    example: str


def _rule_test(selector: str) -> str | tuple[str, str] | None:
    from domlint.rule import UnknownSelectorError
    from domlint.rules import names

    try:
        names().chosen(selector)
    except UnknownSelectorError as error:
        message = f"no rule has the code, prefix or name {quoted(selector)}"
        near = f"did you mean {' or '.join(error.nearest)}?" if error.nearest else "see: domlint rules"
        return message, near
    return None


def _pattern_test(pattern: str) -> str | None:
    from domlint.configuration.patterns import is_pattern

    return None if is_pattern(pattern) else f"{quoted(pattern)} is no pattern of a .gitignore file"


def _path_test(path: str) -> str | None:
    if not path:
        return "a path is empty"
    return "a path has a null character in it" if "\0" in path else None


def _label_test(label: str) -> str | None:
    return None if label and "=" not in label else f"{quoted(label)} is no label: it is empty, or has a = in it"


def _host_test(host: str) -> str | None:
    return None if host else "a host is empty"


def _version_test(text: str) -> str | None:
    from domlint.versions import Version

    try:
        Version.parse(text)
    except ValueError:
        return f"{quoted(text)} is no version, such as 8.7.0"
    return None


def _format_test(text: str) -> str | tuple[str, str] | None:
    name, equals, path = text.partition("=")
    if name not in FORMATS:
        return f"{quoted(name)} is none of {', '.join(FORMATS)}", did_you_mean(name, FORMATS)
    return "behind the = there is no file" if equals and not path else _path_test(path) if equals else None


RULE: Final = Text(_rule_test, "^[A-Za-z][A-Za-z0-9-]*$", ("TEAM050", "TEAM", "mac-mismatch"))
PATH: Final = Text(_path_test, "^[^\\x00]+$")
PATTERN: Final = Text(_pattern_test, "^.+$")
FORMAT: Final = Text(_format_test, f"^({'|'.join(FORMATS)})(=.+)?$")
_RULES: Final = Listed(RULE)
_PATTERNS: Final = Listed(PATTERN)
_NOT_EMPTY: Final = "^.+$"

KEYS: Final = (
    Key(
        "caps",
        Either((Listed(PATH), Table(_label_test, Either((PATH, Listed(PATH))), "^[^=]+$"))),
        "the hosts: what `--caps` takes (files, folders, profiles, `LABEL=` before any of them), or a table from "
        "labels to that. Files may be globs",
        "[]",
        'caps = ["hosts/*.xml", "edge=debian-12"]',
    ),
    Key(
        "networks",
        Listed(PATH),
        "definitions of networks: files, folders, globs, as `--network` takes them",
        "[]",
        'networks = ["networks"]',
    ),
    Key(
        "libvirt",
        Text(_version_test, r"^\s*v?[0-9]{1,4}(\.[0-9]{1,4}){1,2}\s*$"),
        "the libvirt that shall read the domains",
        "",
        'libvirt = "9.0.0"',
    ),
    Key("select", _RULES, "run these rules only: codes, prefixes or names", '["ALL"]', 'select = ["TEAM", "SCHEMA"]'),
    Key("extend-select", _RULES, "run these, too", "[]", 'extend-select = ["HOST010"]'),
    Key("ignore", _RULES, "do not run these", "[]", 'ignore = ["mac-mismatch"]'),
    Key(
        "per-file-ignores",
        Table(_pattern_test, _RULES, _NOT_EMPTY),
        "rules that do not run on the files a pattern fits; a pattern with `!` before it fits all other files",
        "{}",
        'per-file-ignores = { "vms/legacy/**" = ["HOST"] }',
    ),
    Key(
        "severity",
        Table(_rule_test, Choice((*_SEVERITIES, OFF)), RULE.pattern),
        "the severity of findings, whatever the rule says; `off` turns rules off. Of several that fit a rule, the "
        "longest counts",
        "{}",
        'severity = { TEAM050 = "note", SCHEMA = "warning" }',
    ),
    Key(
        "not-ignorable",
        _RULES,
        "rules that nothing in a domain's file can [suppress](suppressions.md)",
        "[]",
        'not-ignorable = ["TEAM001"]',
    ),
    Key(
        "hosts-per-folder",
        Table(_pattern_test, Listed(Text(_host_test, _NOT_EMPTY)), _NOT_EMPTY),
        "the hosts that the files a pattern fits are held against, by label or path, with `*` and `?`; all others are "
        "held against all hosts. Of several patterns that fit a file, the longest counts",
        "{}",
        'hosts-per-folder = { "vms/edge/**" = ["edge/*"] }',
    ),
    Key(
        "fail-on",
        Choice(_SEVERITIES),
        "from which severity on the exit status is 1",
        '"warning"',
        'fail-on = "error"',
    ),
    Key("require", Choice(REQUIREMENTS), "on how many of its hosts a VM must pass", '"all"', 'require = "any"'),
    Key(
        "baseline",
        PATH,
        "the [baseline](baseline.md), with the findings that are not told",
        "",
        'baseline = "domlint-baseline.json"',
    ),
    Key(
        "exclude",
        _PATTERNS,
        "files and folders that are passed over, in the syntax of `.gitignore`",
        "[]",
        'exclude = ["archive/", "*.tmp.xml"]',
    ),
    Key("extend-exclude", _PATTERNS, "more of them", "[]", 'extend-exclude = ["drafts/"]'),
    Key(
        "force-exclude",
        Flag(),
        "pass them over even where the command line names them, as pre-commit does",
        "false",
        "force-exclude = true",
    ),
    Key(
        "output-format",
        Either((FORMAT, Listed(FORMAT))),
        "the format, or a list of several, of which all but one have `=FILE`",
        '"text"',
        'output-format = ["text", "sarif=domlint.sarif"]',
    ),
)
"""All keys, in the order of the documentation."""
