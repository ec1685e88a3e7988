"""From what a configuration file says to the settings that a run is made with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from domlint.configuration import Settings
from domlint.configuration.errors import ConfigurationError, Fault
from domlint.configuration.keys import KEYS, OFF
from domlint.configuration.patterns import Patterns
from domlint.configuration.reading import ConfigurationFile, shown
from domlint.configuration.selection import Selection
from domlint.configuration.shapes import Wrong, did_you_mean, quoted, wrongs_of
from domlint.findings import Severity
from domlint.verdicts import Demand
from domlint.versions import Version


def settings_of(file: ConfigurationFile) -> Settings:
    """The settings that a file has. Raises ConfigurationError with all that is wrong in it."""
    wrongs = list(_wrongs(file.values))
    if not wrongs:
        wrongs = list(_wrong_outputs(file.values))
    if wrongs:
        faults = [Fault(file.line_of(*keys), message, help_) for keys, message, help_ in wrongs]
        raise ConfigurationError(file.path, *sorted(faults, key=lambda fault: fault.line or 0))
    values = file.values
    off, severities = _severities(values.get("severity", {}))
    selection = Selection(
        tuple(values["select"]) if "select" in values else None,
        tuple(values.get("extend-select", ())),
        tuple(values.get("ignore", ())),
        off,
    )
    return Settings(
        file=file,
        libvirt=Version.parse(values["libvirt"]) if "libvirt" in values else None,
        selections=() if selection == Selection() else (selection,),
        per_file_ignores={pattern: tuple(rules) for pattern, rules in values.get("per-file-ignores", {}).items()},
        severities=severities,
        not_ignorable=tuple(values.get("not-ignorable", ())),
        hosts_per_folder={pattern: tuple(hosts) for pattern, hosts in values.get("hosts-per-folder", {}).items()},
        exclude=Patterns(file.folder, tuple(values.get("exclude", ()))),
        extend_exclude=(Patterns(file.folder, tuple(values.get("extend-exclude", ()))),),
        force_exclude=values.get("force-exclude", False),
        baseline=shown(os.path.join(file.folder, values["baseline"])) if "baseline" in values else None,
        demand=Demand(Severity(values.get("fail-on", Severity.WARNING)), values.get("require", "all")),
        output_format=tuple(_outputs(values.get("output-format", "text"), file.folder)),
    )


def _wrongs(values: Mapping[str, Any]) -> Iterator[Wrong]:
    shapes = {key.name: key.shape for key in KEYS}
    for name, value in values.items():
        if name in shapes:
            yield from wrongs_of(shapes[name], value, (name,))
        elif name == "tool":
            help_ = "here the keys stand by themselves; [tool.domlint] is for pyproject.toml"
            yield Wrong((name,), f"there is no key {quoted(name)}", help_)
        else:
            help_ = did_you_mean(name, shapes) or f"the keys are {', '.join(shapes)}"
            yield Wrong((name,), f"there is no key {quoted(name)}", help_)


def _wrong_outputs(values: Mapping[str, Any]) -> Iterator[Wrong]:
    outputs = list(_outputs(values.get("output-format", "text"), ""))
    if not outputs:
        yield Wrong(("output-format",), "output-format: the list is empty")
    elif sum(not path for _name, path in outputs) > 1:
        words = "output-format: only one format can go to standard output"
        yield Wrong(("output-format",), words, "write the others as FORMAT=FILE")


def _outputs(value: str | Sequence[str], folder: str) -> Iterator[tuple[str, str]]:
    for text in [value] if isinstance(value, str) else value:
        name, _equals, path = text.partition("=")
        yield name, shown(os.path.join(folder, path)) if path else ""


def _severities(value: Mapping[str, str]) -> tuple[frozenset[str], dict[str, Severity]]:
    """The rules that are off, and the severity of others, by code."""
    if not value:
        return frozenset(), {}
    from domlint.rules import names

    by_code = {code: value[selector] for code, selector in names().nearest_selectors(value).items()}
    off = frozenset(code for code, severity in by_code.items() if severity == OFF)
    return off, {code: Severity(severity) for code, severity in by_code.items() if severity != OFF}


def caps_of(file: ConfigurationFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What the key caps says, as values of ``--caps``, each with the keys that lead to it. Raises as below."""
    value = file.values.get("caps", ())
    if isinstance(value, dict):
        for label, given in value.items():
            for keys, path in _each(given, ("caps", label)):
                for found in _found(file, keys, path, may_be_profile=True):
                    yield keys, f"{label}={found}"
        return
    for keys, spec in _each(value, ("caps",)):
        label, _equals, path = spec.partition("=")
        if not label or not path or _is_there(file, spec):
            label, path = "", spec
        for found in _found(file, keys, path, may_be_profile=True):
            yield keys, f"{label}={found}" if label else found


def networks_of(file: ConfigurationFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What the key networks says, as values of ``--network``. Raises ConfigurationError where a file is not there."""
    for keys, path in _each(file.values.get("networks", ()), ("networks",)):
        for found in _found(file, keys, path, may_be_profile=False):
            yield keys, found


def _each(value: str | Iterable[str], keys: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield keys, value
    else:
        yield from (((*keys, number), item) for number, item in enumerate(value))


def _is_there(file: ConfigurationFile, path: str) -> bool:
    return os.path.exists(os.path.join(file.folder, path))


def _found(file: ConfigurationFile, keys: tuple[str | int, ...], path: str, may_be_profile: bool) -> list[str]:
    """The files that a path or glob of the configuration means; a name that no file has may be that of a profile."""
    if _is_there(file, path):
        return [shown(os.path.join(file.folder, path))]
    if any(sign in path for sign in "*?["):
        from glob import escape, glob

        found = sorted(glob(os.path.join(escape(file.folder), path), recursive=True))
        if not found:
            raise file.error(f"{keys[0]}: {quoted(path)} fits no file", *keys)
        return [shown(one) for one in found]
    if may_be_profile and os.sep not in path and not path.endswith(".xml"):
        return [path]
    raise file.error(f"{keys[0]}: {quoted(path)}: no such file", *keys)
