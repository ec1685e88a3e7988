"""The configuration that a file is linted with, key by key, and where each value is from."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from domlint.configuration import Given
from domlint.configuration.keys import KEYS
from domlint.configuration.reading import ConfigurationFile
from domlint.configuration.toml import value_of


class Origin(NamedTuple):
    """Where a value is from: a line of a configuration file, or in words."""

    words: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if not self.file:
            return self.words
        return self.file if self.line is None else f"{self.file}:{self.line}"


DEFAULT: Final = Origin("default")
COMMAND_LINE: Final = Origin("command line")
REPLACED: Final = Origin("not used: the command line names the hosts")


class Entry(NamedTuple):
    """The value of a key (None for none), and where it is from: of what was put together, each part."""

    key: str
    value: Any
    origins: tuple[Origin, ...]


def effective(file: ConfigurationFile | None, given: Given) -> Iterator[Entry]:
    """The value of each key, in the order of the documentation."""
    spoken = _spoken(given)
    for key in KEYS:
        found: list[tuple[Any, Origin]] = []
        if file is not None and key.name in file.values:
            origin = Origin(file=file.path, line=file.line_of(key.name))
            found.append((file.values[key.name], origin))
        if key.name == "hosts-per-folder" and "caps" in spoken:
            found = [({}, REPLACED)] if found else []
        if given.select is not None and key.name in ("select", "extend-select", "ignore"):
            found = []  # a choice that begins anew
        if key.name in spoken:
            added = (spoken[key.name], COMMAND_LINE)
            found = [*found, added] if key.name in _ADDED else [added]
        if not found:
            yield Entry(key.name, value_of(key.default) if key.default else None, (DEFAULT,))
        elif len(found) == 1:
            yield Entry(key.name, found[0][0], (found[0][1],))
        else:
            whole = [item for value, _origin in found for item in value]
            yield Entry(key.name, list(dict.fromkeys(whole)), tuple(origin for _value, origin in found))


_ADDED: Final = ("extend-select", "ignore", "extend-exclude")
"""Keys whose values on the command line are added to those of the file."""


def _spoken(given: Given) -> dict[str, Any]:
    """What the command line says, by key, as values of TOML."""
    values: dict[str, Any] = {
        "caps": _list(given.caps),
        "networks": _list(given.networks),
        "libvirt": None if given.libvirt is None else str(given.libvirt),
        "select": _list(given.select),
        "extend-select": _list(given.extend_select),
        "ignore": _list(given.ignore),
        "fail-on": None if given.fail_on is None else given.fail_on.value,
        "require": given.require,
        "baseline": given.baseline,
        "exclude": _list(given.exclude),
        "extend-exclude": _list(given.extend_exclude),
        "force-exclude": given.force_exclude,
        "output-format": None
        if given.output_format is None
        else [f"{name}={path}" if path else name for name, path in given.output_format],
    }
    return {key: value for key, value in values.items() if value is not None}


def _list(value: Sequence[str] | None) -> list[str] | None:
    return None if value is None else list(value)
