"""Make lint/hosts/flag_table.py, the table of QEMU capabilities and of when libvirt listed them.

    python tools/make_flags.py FLAGS.jsonl [--output lint/hosts/flag_table.py]

FLAGS.jsonl holds one JSON object per line. The first describes the releases that were read ("releases": objects with
"libvirt"; "qemu_min_history": from which libvirt on which QEMU is the oldest supported). Each other line is one
capability as found in the string tables of these releases: "name", "first_release_seen", "index_now" (its place in the
enumeration, which grows with age), "retired_in" (first release read whose table marks it as no longer in use),
"last_release_not_retired", "qemu_min_at_retirement".

What libvirt's tables do not say is kept in tools/flag_facts.json, each fact with its source.
"""

from __future__ import annotations

import argparse
import json
import re
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FACTS = ROOT / "tools" / "flag_facts.json"
SOURCE = (
    "libvirt src/qemu/qemu_capabilities.c (enum virQEMUCapsFlags and its string table), releases 1.2.21 to 11.3.0 "
    "and the development after it, and NEWS for the minimum QEMU; the sources of 'facts' stand beside each"
)

Release = tuple[int, int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the table of QEMU capabilities.")
    parser.add_argument("jsonl", type=Path, help="what was found in libvirt's tables, one JSON object per line")
    parser.add_argument("--output", type=Path, default=ROOT / "lint" / "hosts" / "flag_table.py")
    arguments = parser.parse_args()
    meta, *rows = [json.loads(line) for line in arguments.jsonl.read_text(encoding="utf-8").splitlines() if line]
    facts: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))["facts"]
    if unknown := facts.keys() - {row["name"] for row in rows}:
        raise SystemExit(f"{FACTS.name} speaks of capabilities that are not in the table: {sorted(unknown)}")
    table = make_table(meta, rows, facts)
    arguments.output.write_text(as_text(table), encoding="utf-8")
    print(f"{arguments.output}: {len(rows)} capabilities, {len(facts)} with facts of their own")


def make_table(meta: dict[str, Any], rows: list[dict[str, Any]], facts: dict[str, Any]) -> dict[str, Any]:
    releases = [entry["libvirt"] for entry in meta["releases"]]
    rises = {parse(qemu): parse(libvirt) for libvirt, qemu in meta["qemu_min_history"].items()}
    flags = {
        row["name"]: [
            *known(row["first_release_seen"], releases),
            row["index_now"],
            *retirement(row, releases, rises),
        ]
        for row in rows
    }
    return {"flags": flags, "facts": facts}


def known(first: str, releases: list[str]) -> tuple[str | None, str | None]:
    """The last release read without the capability (None: none), and the first with it (None: later than all)."""
    if first not in releases:
        return releases[-1], None
    place = releases.index(first)
    return (releases[place - 1] if place else None), first


def retirement(
    row: dict[str, Any], releases: list[str], rises: dict[Release, Release]
) -> tuple[str | None, str | None, str | None, str | None]:
    """The last release read that lists it, the earliest that may not, the first read that does not, its oldest QEMU."""
    by = row["retired_in"]
    if by is None:
        return None, None, None, None
    # "6.2.0 or 7.2.0": what holds for the newer one holds for both.
    minima = sorted(re.findall(r"\d+\.\d+\.\d+", row["qemu_min_at_retirement"] or ""), key=parse)
    qemu_min = minima[-1] if minima else None
    retired_by = by if by in releases else None
    # Where a capability came and went between two releases that were read, nothing is known of the time before.
    last = re.match(r"\d+\.\d+\.\d+", row["last_release_not_retired"] or "")
    previous = last.group() if last else releases[(releases.index(by) if by in releases else len(releases)) - 1]
    start = after(parse(previous))
    if qemu_min and len(minima) == 1 and parse(qemu_min) in rises:
        start = max(start, rises[parse(qemu_min)])
    if retired_by:
        start = min(start, parse(retired_by))
    return previous, dotted(start), retired_by, qemu_min


def after(release: Release) -> Release:
    """The number that follows a release: before 2.0.0 libvirt counted in the third place, since then in the second."""
    major, minor, micro = release
    return (major, minor, micro + 1) if major < 2 else (major, minor + 1, 0)


def parse(text: str) -> Release:
    major, minor, micro = text.split(".")
    return int(major), int(minor), int(micro)


def dotted(release: Release) -> str:
    return ".".join(map(str, release))


HEAD = """\
\"\"\"The capabilities of QEMU that libvirt lists, with the releases that did. Made by tools/make_flags.py; do not edit.

A table of facts, as a module because Python reads that faster than any other format: a short run of the command needs
one line of it.
\"\"\"

from typing import Any

SOURCE = (
{source})

FLAGS: dict[str, tuple[str | None, str | None, int | None, str | None, str | None, str | None, str | None]] = {{
    # known_after, known_in, order, listed_until, retired_from, retired_by, qemu_min: see domlint.hosts.lifecycle.Flag
{flags}}}

FACTS: dict[str, dict[str, Any]] = {{
{facts}}}
"""


def as_text(table: dict[str, Any]) -> str:
    """One capability a line, so that a change of the table is a readable difference."""
    return HEAD.format(
        source="".join(f"    {part!r}\n" for part in textwrap.wrap(SOURCE, 100, drop_whitespace=False)),
        flags="".join(f"    {name!r}: {tuple(row)!r},\n" for name, row in table["flags"].items()),
        facts="".join(f"    {name!r}: {fact!r},\n" for name, fact in table["facts"].items()),
    )


if __name__ == "__main__":
    main()
