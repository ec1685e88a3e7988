"""Make lint/hosts/profile_data/, what each release of QEMU can do, from libvirt's capability files of that release.

    python tools/make_profiles.py CORPUS_DIR [--output lint/hosts/profile_data]

CORPUS_DIR holds libvirt/VERSION/caps/caps_QEMU.ARCH.xml (or caps_QEMU_ARCH.xml), VERSION being the libvirt that wrote
the files: they do not say themselves. Several of them speak of one release on one architecture, each in the terms of
its own libvirt. What hangs on the host or on how QEMU was built is not taken from them: profile_data/facts.json, which
is written by hand, says of which capabilities that holds.

One file for each architecture is written, one line for each machine, CPU model and capability, with one character for
each release: see domlint.hosts.profiles.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from domlint.hosts import Host, Machine, Presence, load_host
from domlint.hosts.lifecycle import Flag, device_of, find_answer, table
from domlint.versions import Version

DATA = Path(__file__).resolve().parent.parent / "lint" / "hosts" / "profile_data"
OLDEST = Version(4, 2, 0)
"""The oldest QEMU that there are profiles of."""
LIBVIRT_OF_OLDEST = Version(5, 10, 0)
"""The libvirt that was current when QEMU 4.2 came (December 2019): what it had given up on, no later QEMU has."""

PRESENT, ABSENT = "y", "."
HANGS, LATER, SNAPSHOT, MACOS = "?", "l", "s", "m"
"""Unknown: it hangs on host or build; the files' libvirt does not know it; QEMU was a snapshot; it was macOS's."""

PROBED_OTHERWISE = {
    "machine-vmport-opt": "libvirt 7.0 took it as given for every QEMU, libvirt 9.0 looks for the device",
    "sdl": "libvirt 9.0 finds it among the displays, libvirt 7.0 did not look there",
    "aes-key-wrap": "libvirt 7.0 took it as given for every architecture, libvirt 9.0 for s390x",
    "dea-key-wrap": "libvirt 7.0 took it as given for every architecture, libvirt 9.0 for s390x",
    "loadparm": "libvirt 7.0 took it as given for every architecture, libvirt 9.0 for s390x",
    "gic-version": "libvirt 7.0 took it as given for every architecture, libvirt 9.0 for Arm",
}
"""Capabilities that two versions of libvirt find in different ways, so their files disagree; the newer is right."""

Key = tuple[str, Version]


class File(NamedTuple):
    """A capability file: ``variant`` is "" for the ordinary host of its architecture, else 'hvf' or 'amdsev'."""

    name: str
    libvirt: Version
    variant: str
    is_snapshot: bool
    host: Host


def main() -> int:
    parser = argparse.ArgumentParser(description="Make the bundled profiles.")
    parser.add_argument("corpus", type=Path, help="a folder with libvirt/VERSION/caps/*.xml")
    parser.add_argument("--output", type=Path, default=DATA)
    arguments = parser.parse_args()
    groups = read_corpus(arguments.corpus)
    facts = json.loads((DATA / "facts.json").read_text(encoding="utf-8"))
    for complaint in complaints(groups, facts):
        print(complaint, file=sys.stderr)
    for name, text in make_files(groups, facts).items():
        (arguments.output / name).write_text(text, encoding="utf-8")
        print(f"{arguments.output / name}: {len(text)} characters")
    return 0


def read_corpus(corpus: Path) -> dict[Key, list[File]]:
    """The files of each architecture and release, the newest libvirt first; snapshots only where there is no release.

    The same of variants: they stand in only where there is no file of an ordinary host.
    """
    groups: dict[Key, list[File]] = {}
    for path in sorted((corpus / "libvirt").glob("*/caps/*.xml")):
        name = re.fullmatch(r"caps_(\d+\.\d+)\.\d+[._](\w+)(?:\+(\w+))?\.xml", path.name)
        if name is None or Version.parse(name[1]) < OLDEST:
            continue
        host = load_host(path)
        writer = Version.parse(path.parent.parent.name)
        release = Version.parse(name[1])
        file = File(
            f"libvirt {writer} {path.name}",
            writer,
            name[3] or "",
            is_snapshot(host),
            host._replace(libvirt_version=writer, qemu_version=release, qemu_package=""),
        )
        groups.setdefault((name[2], release), []).append(file)
    return {key: best(files) for key, files in sorted(groups.items())}


def is_snapshot(host: Host) -> bool:
    """Tell whether this QEMU was built from between two releases; a release candidate has all that its release has."""
    version = host.qemu_version
    assert version is not None
    return bool(re.search(r"-\d+-g[0-9a-f]+", host.qemu_package)) or 50 <= version.micro < 90


def best(files: list[File]) -> list[File]:
    """The files of releases, where there are any: ordinary hosts first, and the newest libvirt first."""
    files = [file for file in files if not file.is_snapshot] or files
    return sorted(files, key=lambda file: (file.variant == "", file.libvirt), reverse=True)


def sources(files: Sequence[File]) -> list[File]:
    """Those files that a profile is made of."""
    plain = [file for file in files if not file.variant]
    return plain or list(files)


# --- capabilities


def states(groups: dict[Key, list[File]], facts: dict[str, Any]) -> dict[str, dict[Key, str]]:
    """One character for each capability and profile."""
    known = table()
    raw = {
        name: {key: first_state(sources(files), name, flag) for key, files in groups.items()}
        for name, flag in known.items()
    }
    result: dict[str, dict[Key, str]] = {}
    for name, flag in known.items():
        row = dict(raw[name])
        for key, files in groups.items():
            if row[key] == LATER and lacked_later(key, raw[name]):
                row[key] = ABSENT
            elif row[key] == ABSENT and not has_lack(files[0].host, name, flag):
                if sources(files)[0].is_snapshot and may_have_come(key, raw[name]):
                    row[key] = SNAPSHOT
                elif sources(files)[0].variant and may_have_come(key, raw[name]):
                    row[key] = MACOS
        result[name] = row
    for name, flag in known.items():
        for key, files in groups.items():
            if result[name][key] == ABSENT and kept_since_retired(key, name, flag, sources(files), result[name]):
                result[name][key] = PRESENT
    for entry in facts["hangs_on"]:
        for name in entry["flags"]:
            if "arch" in entry:
                elsewhere = {key: ABSENT for key in groups if key[0] not in all_architectures(name, facts)}
                result[name].update(elsewhere)
            result[name] = hanging(name, entry, result, groups)
    for name, flag in known.items():
        needed = flag.facts.get("requires") or device_of(name)
        if needed is None or name in hanging_names(facts):
            continue
        for key, files in groups.items():
            listed = any(name in file.host.flags for file in sources(files))
            if not listed and result[needed][key] not in (PRESENT, ABSENT) and not gone(name, key):
                result[name][key] = result[needed][key]
    return result


def hanging_names(facts: dict[str, Any]) -> set[str]:
    return {name for entry in facts["hangs_on"] for name in entry["flags"]}


def gone(name: str, key: Key) -> bool:
    """Tell whether QEMU of that release or architecture is known to be without the capability."""
    facts = table()[name].facts
    arch, release = key
    return (
        ("arch" in facts and arch not in facts["arch"])
        or ("gone_in" in facts and release >= Version.parse(facts["gone_in"]))
        or ("qemu_since" in facts and release < Version.parse(facts["qemu_since"]))
    )


def all_architectures(name: str, facts: dict[str, Any]) -> set[str]:
    """The architectures that any of the facts about a capability names."""
    return {arch for entry in facts["hangs_on"] if name in entry["flags"] for arch in entry["arch"]}


def first_state(files: Sequence[File], name: str, flag: Flag) -> str:
    """What the newest file says whose libvirt looked for it; else what libvirt has come to take as given."""
    presence = find_answer(files[0].host, name).presence
    if presence is Presence.IMPLIED and files[0].is_snapshot:
        # The snapshot may have been taken before QEMU had it; the release has it, or libvirt would still look.
        return PRESENT
    for file in files:
        if name in file.host.flags:
            return PRESENT
        if looks_for(file.libvirt, flag):
            return ABSENT
    if presence is Presence.IMPLIED:
        return PRESENT
    if "never_implied" in flag.facts and flag.retired_from is not None and flag.retired_from < LIBVIRT_OF_OLDEST:
        return ABSENT
    if presence is Presence.ABSENT and (knows(files[0].libvirt, flag) or has_lack(files[0].host, name, flag)):
        return ABSENT
    return LATER


def knows(libvirt: Version, flag: Flag) -> bool:
    return flag.known_in is not None and libvirt >= flag.known_in


def looks_for(libvirt: Version, flag: Flag) -> bool:
    """Tell whether this libvirt would list the capability: it knows it, and has not retired it."""
    return knows(libvirt, flag) and (flag.retired_from is None or libvirt < flag.retired_from)


def has_lack(host: Host, name: str, flag: Flag) -> bool:
    """Tell whether it is known of QEMU itself, rather than from this file, that it is without the capability."""
    later = host._replace(libvirt_version=Version(999, 0, 0))
    retired = flag.retired_from is not None
    return retired and find_answer(later, name).presence is Presence.ABSENT


def lacked_later(key: Key, row: dict[Key, str]) -> bool:
    """Tell whether a later QEMU was seen without it: what came after that was not there before.

    On the same architecture; or on x86_64, where it came later still.
    """
    arch, release = key
    if any(other == arch and at >= release and state == ABSENT for (other, at), state in row.items()):
        return True
    lacking = [at for (other, at), state in row.items() if other == "x86_64" and state == ABSENT and at >= release]
    return any(
        other == "x86_64" and state == PRESENT and lacking and at > max(lacking) for (other, at), state in row.items()
    )


def kept_since_retired(key: Key, name: str, flag: Flag, files: Sequence[File], row: dict[Key, str]) -> bool:
    """Tell whether the release before had it, and no libvirt has looked since: it is no more than no longer listed.

    That holds against a fact about architectures, too: the virtual PCI host bridge is in x86's microvm.
    """
    before = [other for other in neighbours(key, row) if other[1] < key[1]]
    return (
        flag.retired_from is not None
        and "gone_in" not in flag.facts
        and "never_implied" not in flag.facts
        and not any(looks_for(file.libvirt, flag) for file in files)
        and any(row[other] == PRESENT for other in before)
    )


def may_have_come(key: Key, row: dict[Key, str]) -> bool:
    """Tell whether something that a file of a snapshot, or of macOS, is without may be in that release on Linux.

    It is in the release before or after on this architecture, or on another architecture in this release; but not
    where another release of this architecture is without it while that other has it: it is a matter of architectures.
    """
    arch, release = key
    if any(row[neighbour] == PRESENT for neighbour in neighbours(key, row)):
        return True
    return any(
        at == release
        and state == PRESENT
        and not any(
            here == arch and when != release and seen == ABSENT and row.get((other, when)) == PRESENT
            for (here, when), seen in row.items()
        )
        for (other, at), state in row.items()
    )


def neighbours(key: Key, row: Iterable[Key]) -> list[Key]:
    """The profiles of the release before and after on the same architecture."""
    same = sorted(other for other in row if other[0] == key[0])
    index = same.index(key)
    return same[max(index - 1, 0) : index] + same[index + 1 : index + 2]


def hanging(
    name: str, entry: dict[str, Any], all_states: dict[str, dict[Key, str]], groups: dict[Key, list[File]]
) -> dict[Key, str]:
    """Unknown wherever QEMU of that release may have it: from when it was first seen, on the architectures named."""
    seen = [release for (_, release), files in groups.items() if any(name in file.host.flags for file in files)]
    since = Version.parse(entry["since"]) if "since" in entry else min(seen, default=OLDEST)
    until = Version.parse(entry["until"]) if "until" in entry else None
    row = dict(all_states[name])
    for key in row:
        arch, release = key
        if arch not in entry.get("arch", (arch,)):
            continue
        can = release >= since and (until is None or release <= until)
        if can and "requires" in entry:
            can = all_states[entry["requires"]][key] != ABSENT
        row[key] = HANGS if can else ABSENT
    return row


# --- machines and CPU models


def machines_of(files: Sequence[File], facts: dict[str, Any]) -> tuple[Machine, ...]:
    """The machines of a profile, the one that libvirt of today prefers first, whichever the accelerator.

    The default CPU is left out where it hangs on the accelerator.
    """
    host = sources(files)[0].host
    by_name: dict[str, Machine] = {}
    for machine in host.machines:
        same = machine._replace(virt_type=None)
        other = by_name.setdefault(same.name, same)
        if other != same:
            by_name[same.name] = other._replace(default_cpu=None)
            if by_name[same.name] != same._replace(default_cpu=None):
                raise SystemExit(f"{same.name} is not the same with each accelerator: {other}, {same}")
    preferred = facts["preferred_machines"]["now"].get(host.arch)
    first = (host.machine(preferred) if preferred else None) or host.default_machine()
    assert first is not None
    return (by_name.pop(first.name), *sorted(by_name.values(), key=lambda machine: natural(machine.name)))


def natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


ATTRIBUTES: dict[str, Callable[[Machine], bool | None]] = {
    "D": lambda machine: machine.default,
    "d": lambda machine: machine.deprecated,
    "h": lambda machine: machine.hotplug_cpus,
    "n": lambda machine: machine.numa_mem_supported,
    "a": lambda machine: machine.acpi is True,
    "A": lambda machine: machine.acpi is False,
}


def machines_of_some_builds(arch: str, facts: dict[str, Any]) -> dict[str, Callable[[Version], bool]]:
    """Machines that QEMU has or not by how it was built, each with which releases may have it."""
    return {
        name: Version.parse(entry["since"]).__le__
        for entry in facts["machines_of_some_builds"]
        if arch in entry.get("arch", (arch,))
        for name in entry["names"]
    }


def machine_row(machine: Machine) -> tuple[Any, ...]:
    letters = "".join(letter for letter, holds in ATTRIBUTES.items() if holds(machine))
    return (machine.name, machine.alias, machine.max_cpus, letters, machine.default_cpu)


def cpu_states(files: Sequence[File]) -> dict[str, str]:
    """Each CPU model with 'y', or 'd' where it is deprecated."""
    found: dict[str, str] = {}
    for model in sources(files)[0].host.cpu_models:
        found[model.name] = "d" if model.deprecated else "y"
    return found


def cpu_type_suffix(groups: Iterable[Sequence[File]]) -> str | None:
    """What follows a model's name in the name of its type; None where types are called otherwise."""
    suffixes = {
        model.typename.removeprefix(model.name) if model.typename and model.typename.startswith(model.name) else None
        for files in groups
        for model in sources(files)[0].host.cpu_models
    }
    return suffixes.pop() if len(suffixes) == 1 else None


# --- files


def make_files(groups: dict[Key, list[File]], facts: dict[str, Any]) -> dict[str, str]:
    """The text of each file, by name."""
    flags = states(groups, facts)
    names = {arch for arch, _ in groups}
    result = {f"{arch}.json": arch_text(arch, groups, flags, facts) for arch in sorted(names)}
    index = {
        arch: {short(release): note(sources(files)) for (other, release), files in groups.items() if other == arch}
        for arch in sorted(names)
    }
    result["index.json"] = json.dumps(index, indent=1) + "\n"
    return result


def note(files: Sequence[File]) -> str:
    """'' for an ordinary profile, else what its file was."""
    return "snapshot" if files[0].is_snapshot else "macos" if files[0].variant else ""


def short(version: Version) -> str:
    return f"{version.major}.{version.minor}"


def arch_text(arch: str, groups: dict[Key, list[File]], flags: dict[str, dict[Key, str]], facts: dict[str, Any]) -> str:
    keys = [key for key in groups if key[0] == arch]
    columns = [machines_of(groups[key], facts) for key in keys]
    rows = sorted(
        {machine_row(machine) for column in columns for machine in column},
        key=lambda row: (natural(row[0]), *map(str, row)),
    )
    machine_rows = [
        [*row, "".join("y" if row in [machine_row(machine) for machine in column] else "." for column in columns)]
        for row in rows
    ]
    for name, releases in machines_of_some_builds(arch, facts).items():
        listed = [any(machine.name == name for machine in column) for column in columns]
        may_have = "".join(
            "y" if releases(key[1]) and not there else "." for key, there in zip(keys, listed, strict=True)
        )
        if "y" in may_have:
            machine_rows.append([name, None, None, "?", None, may_have])
    cpus = [cpu_states(groups[key]) for key in keys]
    cpu_rows = [
        [name, "".join(column.get(name, ".") for column in cpus)]
        for name in sorted({name for column in cpus for name in column}, key=natural)
    ]
    flag_rows = [[name, "".join(row[key] for key in keys)] for name, row in flags.items()]
    parts = [
        ("releases", json.dumps([short(release) for _, release in keys])),
        ("made_of", json.dumps([[file.name for file in sources(groups[key])] for key in keys])),
        ("first_machines", json.dumps([column[0].name for column in columns])),
        ("cpu_type_suffix", json.dumps(cpu_type_suffix(groups[key] for key in keys))),
        ("machines", lines(machine_rows)),
        ("cpu_models", lines(cpu_rows)),
        ("flags", lines(row for row in flag_rows if set(row[1]) != {ABSENT})),
    ]
    return "{\n" + ",\n".join(f'"{name}": {text}' for name, text in parts) + "\n}\n"


def lines(rows: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]"


# --- checks


def complaints(groups: dict[Key, list[File]], facts: dict[str, Any]) -> Iterator[str]:
    """What the files of one release do not agree on, and facts that fit no capability."""
    known = table()
    hangs = hanging_names(facts)
    for name in sorted(hangs - known.keys()):
        yield f"facts.json speaks of a capability that is not in the table: {name}"
    for (arch, release), files in groups.items():
        for name, flag in known.items():
            if name in hangs or name in PROBED_OTHERWISE:
                continue
            said = {file.name: name in file.host.flags for file in files if looks_for(file.libvirt, flag)}
            if len(set(said.values())) > 1:
                yield f"{arch} {release}: {name}: {said}"
            plain = sources(files)
            implied = find_answer(plain[0].host, name).presence is Presence.IMPLIED
            if implied and not plain[0].is_snapshot and any(not listed for listed in said.values()):
                yield f"{arch} {release}: {name} is implied by {plain[0].name}, but {said}"


if __name__ == "__main__":
    sys.exit(main())
