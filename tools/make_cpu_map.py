"""Make lint/hosts/cpu_map_table.py, the x86 CPU models and features that libvirt knows, and since when.

    python tools/make_cpu_map.py VERSION=DIRECTORY... [--output lint/hosts/cpu_map_table.py]

Each DIRECTORY is the source of a release of libvirt. Names alone are taken from src/cpu_map: of models those in
index.xml, of features those in x86_features.xml, and of the newest release which models say that libvirt compares them
by their definitions (<check partial='compat'/>) rather than by what QEMU reports as missing.
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import NamedTuple

from lxml import etree

ROOT = Path(__file__).resolve().parent.parent

TOLD_IN_NEWS = {
    "EPYC-Genoa": (9, 8, 0),
    "SapphireRapids": (9, 4, 0),
}
"""Models of which libvirt's NEWS.rst names the release, where that lies between two of those read."""

Release = tuple[int, int, int]


class CpuMap(NamedTuple):
    models: frozenset[str]
    features: frozenset[str]
    compared_by_definition: frozenset[str]


def read(source: Path) -> CpuMap:
    folder = source / "src" / "cpu_map"
    models, compared = set(), set()
    for include in etree.parse(folder / "index.xml").iterfind("arch[@name='x86']//include"):
        for model in etree.parse(folder / include.get("filename", "")).iterfind("model"):
            models.add(model.get("name", ""))
            if model.find("check[@partial='compat']") is not None:
                compared.add(model.get("name", ""))
    features = {feature.get("name", "") for feature in etree.parse(folder / "x86_features.xml").iterfind("feature")}
    return CpuMap(frozenset(models), frozenset(features), frozenset(compared))


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the table of CPU models.")
    parser.add_argument("sources", nargs="+", help="VERSION=DIRECTORY")
    parser.add_argument("--output", type=Path, default=ROOT / "lint" / "hosts" / "cpu_map_table.py")
    arguments = parser.parse_args()
    maps: dict[Release, CpuMap] = {}
    for source in arguments.sources:
        version, _equals, folder = source.partition("=")
        major, minor, micro = map(int, version.split("."))
        maps[major, minor, micro] = read(Path(folder))
    arguments.output.write_text(table(dict(sorted(maps.items()))), encoding="utf-8")


def table(maps: dict[Release, CpuMap]) -> str:
    releases = list(maps)
    models = first_seen({release: cpu_map.models for release, cpu_map in maps.items()})
    for name, release in TOLD_IN_NEWS.items():
        del models[name]
        models[name] = (release, release)
    features = first_seen({release: cpu_map.features for release, cpu_map in maps.items()})
    newest = maps[releases[-1]]
    by_report = sorted(newest.models - newest.compared_by_definition)
    return (
        '"""The x86 CPU models and features that libvirt knows. Made by tools/make_cpu_map.py; do not edit."""\n\n'
        "from typing import Final\n\n"
        f"SOURCE: Final = (\n"
        f'    "libvirt src/cpu_map/index.xml, x86_*.xml and x86_features.xml, releases '
        f'{", ".join(".".join(map(str, release)) for release in releases)}; "\n'
        f'    "NEWS.rst for the releases between"\n'
        f")\n\n"
        f"NEWEST: Final = {releases[-1]}\n"
        '"""The newest release read."""\n\n'
        f"{group('MODELS', models, releases[0])}\n"
        '"""The models by (the newest release without, the oldest with them)."""\n\n'
        f"{group('FEATURES', features, releases[0])}\n"
        '"""The features by (the newest release without, the oldest with them)."""\n\n'
        f"{words('COMPARED_BY_REPORT', by_report)}\n"
        '"""Models of which libvirt asks QEMU what the host lacks for them; of others it compares the definitions."""\n'
    )


def first_seen(names: dict[Release, frozenset[str]]) -> dict[str, tuple[Release | None, Release]]:
    found: dict[str, tuple[Release | None, Release]] = {}
    before: Release | None = None
    for release, known in names.items():
        for name in sorted(known):
            found.setdefault(name, (before, release))
        before = release
    return found


def group(variable: str, names: dict[str, tuple[Release | None, Release]], oldest: Release) -> str:
    grouped: dict[tuple[Release | None, Release], list[str]] = {}
    for name, span in names.items():
        grouped.setdefault(span, []).append(name)
    rows = "".join(
        f"    {span}: (\n{literal(sorted(members), 8)}\n    ),\n"
        for span, members in sorted(grouped.items(), key=lambda item: item[0][1])
    )
    return f"{variable}: Final = {{\n{rows}}}"


def words(variable: str, names: list[str]) -> str:
    return f"{variable}: Final = (\n{literal(names, 4)}\n)"


def literal(names: list[str], indent: int) -> str:
    lines = textwrap.wrap(" ".join(names), 100, break_on_hyphens=False, break_long_words=False)
    return "\n".join(
        f'{" " * indent}"{line}{" " if number < len(lines) else ""}"' for number, line in enumerate(lines, 1)
    )


if __name__ == "__main__":
    main()
