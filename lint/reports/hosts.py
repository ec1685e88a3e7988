"""What hosts can do, for people: rows of a name and what there is to say of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from click import style

from domlint.hosts.answer import Answer, Presence
from domlint.printable import printable
from domlint.reports.words import columns_of

if TYPE_CHECKING:
    from domlint.hosts.abilities import Ability
    from domlint.hosts.describe import CpuModels, Description, Emulator, MachineFamily
    from domlint.hosts.model import Host
    from domlint.hosts.parts import CpuMode, CpuModel, DomainCapabilities, DomainCpuModel, HostHardware
    from domlint.hosts.profiles import Distribution

_LABEL: Final = 16
"""The columns that the name of a row takes, with the space around it."""

_LEAST_ROOM: Final = 20
_FEW: Final = 4
_OTHERS_SHOWN: Final = 12
_ARCHITECTURES: Final = 36
"""The columns that the architectures of a release take."""
_SOURCES_SHOWN: Final = 2
_KINDS: Final = {
    "qemucaps": "qemuCaps",
    "domaincaps": "domainCapabilities",
    "capabilities": "capabilities",
    "combined": "several kinds",
}
_SHORT: Final = {"diskDevice": "device", "modelType": "model", "subsysType": "type", "memoryBacking": "memory"}
_PRESENCE: Final = {
    Presence.PRESENT: "green",
    Presence.IMPLIED: "green",
    Presence.ABSENT: "red",
    Presence.UNKNOWN: "yellow",
}


def render(descriptions: Iterable[Description], width: int, everything: bool = False) -> str:
    """What each host can do, in rows of ``width`` columns; with ``everything``, each thing by its name."""
    return "\n".join(
        "".join(f"{row.rstrip()}\n" for row in _description(found, width, everything)) for found in descriptions
    )


def render_answers(answers: Iterable[tuple[Host, Answer]], width: int) -> str:
    """Answers to questions for flags: whose they are, and what is said."""
    answers = list(answers)
    emulators = {
        host.id: {other.arch for other, _answer in answers if other.id == host.id} for host, _answer in answers
    }
    lines = []
    for host, answer in answers:
        whose = f"{host.id} ({host.arch})" if len(emulators[host.id]) > 1 else host.id
        presence = style(answer.presence.value, fg=_PRESENCE[answer.presence], bold=True)
        lines.append(f"{printable(whose)}: {printable(answer.flag)} is {presence}")
        lines += _wrapped(printable(answer.reason), "  ", width)
    return "".join(f"{line}\n" for line in lines)


def render_profiles(releases: Iterable[str], distributions: Iterable[Distribution], width: int) -> str:
    """The bundled profiles: a line for each release of QEMU, with its architectures and who has it."""
    architectures: dict[str, list[str]] = {}
    for name in releases:
        _qemu, release, arch = name.split("-", 2)
        architectures.setdefault(release, []).append(arch)
    having: dict[str, list[str]] = {}
    for distribution in distributions:
        having.setdefault(distribution.qemu, []).append(distribution.name)
    lines = [
        style("Bundled profiles: qemu-RELEASE-ARCHITECTURE, or the name of a distribution.", bold=True),
        "",
        style(f"  {'QEMU':<6}{'architectures':<{_ARCHITECTURES}}distributions that have it", dim=True),
    ]
    for release, found in architectures.items():
        left = _wrapped(" ".join(found), "", _ARCHITECTURES - 1)
        right = _wrapped(" ".join(having.get(release, ())), "", width - 8 - _ARCHITECTURES)
        for number in range(max(len(left), len(right))):
            head = release if number == 0 else ""
            cells = [cell[number] if number < len(cell) else "" for cell in (left, right)]
            lines.append(f"  {head:<6}{cells[0]:<{_ARCHITECTURES}}{cells[1]}".rstrip())
    lines += [
        "",
        *_wrapped(
            "A distribution's name stands for x86_64; another architecture is put behind it, as in debian-12-s390x "
            "(--output-format json has all names). domlint hosts NAME tells what one can do; check --caps NAME holds "
            "domains against it.",
            "",
            width,
        ),
    ]
    return "".join(f"{line}\n" for line in lines)


def _description(found: Description, width: int, everything: bool) -> Iterator[str]:
    several = len(found.emulators) > 1
    name = printable(found.id)
    yield style(f"{name}: {len(found.emulators)} emulators" if several else f"{name}: {_title(found)}", bold=True)
    if found.hardware is not None:
        yield from _row("Host", _hardware(found.hardware), width)
    if found.guests is not None:
        guests = (f"{guest.arch} {guest.os_type} ({' '.join(guest.virt_types)})" for guest in found.guests)
        yield from _row("Guests", ", ".join(guests), width)
    for emulator in found.emulators:
        if several:
            yield ""
            yield style(f"{name}: {_emulator_title(emulator.host)}", bold=True)
        yield from _emulator(emulator, width, everything)


def _title(found: Description) -> str:
    return _emulator_title(found.emulators[0].host)


def _emulator_title(host: Host) -> str:
    what = f"QEMU {host.qemu_version}" if host.qemu_version else "an emulator"
    return printable(f"{what} for {host.arch}{f', libvirt {host.libvirt_version}' if host.libvirt_version else ''}")


def _hardware(hardware: HostHardware) -> str:
    parts = [hardware.arch or "unknown architecture"]
    if hardware.cpu_model:
        vendor = f" ({hardware.cpu_vendor})" if hardware.cpu_vendor else ""
        features = f" with {len(hardware.cpu_features)} more features" if hardware.cpu_features else ""
        parts.append(f"CPU {hardware.cpu_model}{vendor}{features}")
    if hardware.numa_nodes:
        memory = [size for _node, size in hardware.numa_nodes if size is not None]
        nodes = f"{len(hardware.numa_nodes)} NUMA node{'s' if len(hardware.numa_nodes) > 1 else ''}"
        parts.append(f"{_size(sum(memory))} on {nodes}" if memory else nodes)
    if hardware.page_sizes:
        parts.append(f"pages of {' '.join(map(_size, hardware.page_sizes))}")
    if hardware.iommu is not None:
        parts.append("an IOMMU" if hardware.iommu else "no IOMMU")
    if hardware.security_models:
        parts.append(f"security {' '.join(hardware.security_models)}")
    return ", ".join(parts)


def _size(kibibytes: int) -> str:
    for unit, size in (("TiB", 1 << 30), ("GiB", 1 << 20), ("MiB", 1 << 10)):
        if kibibytes >= size:
            return f"{kibibytes / size:.3g}{unit}" if kibibytes < 1000 * size else f"{kibibytes // size}{unit}"
    return f"{kibibytes}KiB"


def _emulator(emulator: Emulator, width: int, everything: bool) -> Iterator[str]:
    host = emulator.host
    kind = f" ({_KINDS[host.kind]})" if host.kind in _KINDS else ""
    source, *others = host.source.split(", ")
    is_long = len(others) >= _SOURCES_SHOWN and not everything and not host.is_profile
    shown = f"{source} and {len(others)} more" if is_long else host.source
    yield from _row("Source", f"{shown}{kind}", width)
    if host.emulator:
        package = host.qemu_package.strip().strip("()")
        yield from _row("Emulator", f"{host.emulator}{f' ({package})' if package else ''}", width)
    if host.kernel:
        yield from _row("Kernel", host.kernel, width)
    if host.cpu_signature:
        yield from _row("CPU", host.cpu_signature, width)
    yield from _row("Accelerators", _by_answer(emulator.accelerators), width)
    yield from _extras(host, width)
    yield from _machines(emulator, width, everything)
    yield from _row("CPU models", _cpu_models(emulator), width)
    if everything:
        for accelerator, models in groupby(host.cpu_models, key=lambda model: model.virt_type):
            yield from _model_rows(accelerator or "any", list(models), width)
    yield from _row("Capabilities", _capabilities(emulator), width)
    if everything and host.lists_flags:
        for presence, flags in emulator.flags.items():
            yield from _row(f"  {presence.value}", " ".join(flags) or "none", width)
    yield from _abilities(emulator.abilities, width)
    yield from _domains(emulator.domains, width, everything)


def _extras(host: Host, width: int) -> Iterator[str]:
    """What few hosts have."""
    if host.gics:
        versions = (
            f"{gic.version} ({' '.join(word for word, is_so in _gic_words(gic.kernel, gic.emulated) if is_so)})"
            for gic in host.gics
        )
        yield from _row("GIC versions", ", ".join(versions), width)
    if host.sev:
        counts = (("guests", host.sev.max_guests), ("SEV-ES guests", host.sev.max_es_guests))
        said = ", ".join(f"at most {count} {what}" for what, count in counts if count is not None)
        yield from _row("SEV", said or "yes", width)
    if host.sgx and host.sgx.section_size is not None:
        yield from _row("SGX", f"{_size(host.sgx.section_size)} of enclave memory", width)
    if host.hyperv is not None:
        yield from _row("Hyper-V", _values(host.hyperv), width)
    if host.nesting:
        yield from _row("Nested KVM", "yes", width)


def _gic_words(kernel: bool, emulated: bool) -> tuple[tuple[str, bool], ...]:
    return ("kernel", kernel), ("emulated", emulated)


def _machines(emulator: Emulator, width: int, everything: bool) -> Iterator[str]:
    families = emulator.families
    if not families:
        why = "the profile does not know them" if emulator.host.is_profile else "no file given lists them"
        yield from _row("Machines", f"unknown ({why})", width)
        return
    tabled: list[MachineFamily] = []
    others: list[str] = []
    for family in families:
        if everything or len(family.machines) > 1 or family.aliases or family.is_default or len(families) <= _FEW:
            tabled.append(family)
        else:
            others.append(family.name)
    default = emulator.default_machine
    newest = "newest" if default is None else "newest (* default)"
    cells = [(newest, "alias", "vCPUs", "versions"), *(_family(family, default) for family in tabled)]
    widths = [max(columns_of(row[column]) for row in cells) for column in range(3)]
    for number, row in enumerate(cells):
        line = "  ".join(
            (_right if column == 2 else _left)(cell, widths[column]) for column, cell in enumerate(row[:3])
        )
        line = f"{line}  {row[3]}"
        yield from _row("" if number else "Machines", style(line, dim=True) if number == 0 else line, width, wrap=False)
        if everything and number and len(tabled[number - 1].machines) > 1:
            family = tabled[number - 1]
            yield from _row("", f"  {' '.join(family.machines[1:])}", width)
            if family.deprecated:
                yield from _row("", f"  deprecated: {' '.join(family.deprecated)}", width)
    if others:
        shown = others[:_OTHERS_SHOWN]
        more = f" and {len(others) - len(shown)} more (--all lists them)" if len(others) > len(shown) else ""
        yield from _row("", f"and {' '.join(shown)}{more}", width)
    if not emulator.host.lists_machines:
        knows_not_all = "the profile does not know all" if emulator.host.is_profile else "no file given lists all"
        yield from _row("", f"and perhaps others ({knows_not_all})", width)


def _family(family: MachineFamily, default: str | None) -> tuple[str, str, str, str]:
    newest = family.machines[0]
    notes = [str(len(family.machines))]
    if family.deprecated:
        notes.append(f"{len(family.deprecated)} deprecated")
    if family.is_default and default != newest:
        notes.append(f"default {default}")
    return (
        printable(f"{newest} *" if default == newest else newest),
        printable(" ".join(family.aliases)),
        "" if family.max_cpus is None else str(family.max_cpus),
        printable(", ".join(notes)),
    )


def _cpu_models(emulator: Emulator) -> str:
    if not emulator.host.lists_cpu_models:
        return "unknown (no file given lists QEMU's)"
    by_count: dict[CpuModels, list[str]] = {}
    for found in emulator.cpu_models:
        by_count.setdefault(found._replace(virt_type=None), []).append(found.virt_type or "any")
    if len(by_count) == 1:
        return _cpu_count(*by_count)
    return "; ".join(f"{' '.join(names)} {_cpu_count(count)}" for count, names in by_count.items()) or "none"


def _cpu_count(found: CpuModels) -> str:
    parts = [str(found.known)]
    if found.usable or found.not_usable:
        parts.append(f"{found.usable} usable on this host, {found.not_usable} not")
    if found.deprecated:
        parts.append(f"{found.deprecated} deprecated")
    return ", ".join(parts)


def _model_rows(accelerator: str, models: Sequence[CpuModel | DomainCpuModel], width: int) -> Iterator[str]:
    """All models of an accelerator: those that are usable, that may be, and what each of the others lacks."""
    models = sorted(models, key=lambda model: model.name.lower())
    for words, is_usable in (("usable", True), ("known", None)):
        names = [model.name for model in models if model.usable is is_usable]
        if names:
            yield from _row("", f"{accelerator}, {words}: {' '.join(names)}", width)
    if deprecated := [model.name for model in models if model.deprecated]:
        yield from _row("", f"{accelerator}, deprecated: {' '.join(deprecated)}", width)
    if names := [model.name for model in models if model.usable is False and not model.blockers]:
        yield from _row("", f"{accelerator}, not usable: {' '.join(names)}", width)
    for model in models:
        if model.usable is False and model.blockers:
            yield from _row("", f"{accelerator}, {model.name}: lacks {' '.join(model.blockers)}", width)


def _capabilities(emulator: Emulator) -> str:
    if not emulator.host.lists_flags:
        return "unknown (no file given lists them)"
    return ", ".join(f"{len(flags)} {presence.value}" for presence, flags in emulator.flags.items())


def _abilities(found: Sequence[Ability], width: int) -> Iterator[str]:
    """What a host can and cannot do, those with one reason side by side."""
    for can, label, colour in ((True, "Can", "green"), (False, "Cannot", "red"), (None, "Unknown", "yellow")):
        by_reason: dict[str, list[str]] = {}
        for ability in found:
            if ability.can is can:
                reason = "" if ability.is_plain else ability.reason
                by_reason.setdefault(reason, []).append(ability.title)
        for number, (reason, titles) in enumerate(sorted(by_reason.items(), key=lambda item: item[0] != "")):
            name = "" if number else label
            yield from _row(name, f"{', '.join(titles)}{f': {reason}' if reason else ''}", width, colour=colour)


def _domains(domains: Sequence[DomainCapabilities], width: int, everything: bool) -> Iterator[str]:
    for number, domain in enumerate(domains):
        name = f"{domain.virt_type} on {domain.machine or 'any machine'}"
        if number == 0 or everything:
            count = "" if domain.max_vcpus is None else f", {_at_most(domain.max_vcpus)}"
            yield from _row("Domains", f"{name}{count}", width)
            yield from _domain(domain, width, everything)
        else:
            differences = list(_differences(domains[0], domain))
            label = "  unlike those" if number == 1 else ""
            yield from _row(label, f"{name}: {'; '.join(differences) or 'no difference'}", width)


def _at_most(vcpus: int) -> str:
    return f"at most {vcpus} vCPU{'' if vcpus == 1 else 's'}"


def _domain(domain: DomainCapabilities, width: int, everything: bool) -> Iterator[str]:
    modes = {_mode_name(mode): mode.supported for mode in domain.cpu_modes}
    if modes:
        yield from _row("  CPU modes", _by_answer(modes), width)
    custom = domain.cpu_mode("custom")
    if custom is not None and custom.models:
        usable = sum(model.usable is True for model in custom.models)
        not_usable = sum(model.usable is False for model in custom.models)
        deprecated = sum(model.deprecated for model in custom.models)
        said = f", {usable} usable on this host, {not_usable} not" if usable or not_usable else ""
        said += f", {deprecated} deprecated" if deprecated else ""
        yield from _row("  CPU models", f"{len(custom.models)}{said}", width)
        if everything:
            yield from _model_rows(domain.virt_type, custom.models, width)
    listed: dict[str, list[str]] = {}
    for path, values in domain.enumerations.items():
        if not path.startswith("cpu/"):
            place, _slash, name = path.removeprefix("devices/").partition("/")
            if place == "features":
                place, _slash, name = name.partition("/")
            name = _SHORT.get(name, name)
            listed.setdefault(_SHORT.get(place, place), []).append(f"{name} {_values(values)}")
    for place, values_of in listed.items():
        yield from _row(f"  {place}", "; ".join(values_of), width)
    # What an element lists says that it is supported.
    listing = {path[:end] for path in domain.enumerations for end, letter in enumerate(path) if letter == "/"}
    plain = {
        path.rpartition("/")[2]: is_supported
        for path, is_supported in domain.supported.items()
        if not path.startswith("cpu/") and not (is_supported and path in listing)
    }
    if plain:
        yield from _row("  others", _by_answer(plain), width)


def _mode_name(mode: CpuMode) -> str:
    return f"{mode.name} ({mode.model})" if mode.model else mode.name


def _differences(one: DomainCapabilities, other: DomainCapabilities) -> Iterator[str]:
    """In what the second is not as the first."""
    if one.max_vcpus != other.max_vcpus and other.max_vcpus is not None:
        yield _at_most(other.max_vcpus)
    for path, is_supported in other.supported.items():
        if one.supported.get(path, is_supported) != is_supported:
            yield f"{'with' if is_supported else 'without'} {path.rpartition('/')[2]}"
    for path in dict.fromkeys((*one.enumerations, *other.enumerations)):
        before, after = one.enumerations.get(path, frozenset()), other.enumerations.get(path, frozenset())
        parent = path.rpartition("/")[0]
        if path == "os/loader/value":
            if before != after:
                yield "other firmware images"
        elif before != after and one.supported.get(parent) is other.supported.get(parent):
            words = (("with", after - before), ("without", before - after))
            changes = " ".join(f"{word} {_values(values)}" for word, values in words if values)
            yield f"{path.removeprefix('devices/').replace('/', ' ')} {changes}"
    models = [
        {model.name: model.usable for model in mode.models} if (mode := domain.cpu_mode("custom")) else {}
        for domain in (one, other)
    ]
    changed = sum(models[0].get(name) != models[1].get(name) for name in models[0].keys() | models[1].keys())
    if changed:
        yield f"{changed} CPU models differ"


def _by_answer(found: Mapping[str, bool | None]) -> str:
    words = ((True, ""), (False, "not "), (None, "unknown: "))
    parts = []
    for answer, word in words:
        names = [name for name, is_so in found.items() if is_so is answer]
        if names:
            parts.append(f"{word}{', '.join(names)}")
    return "; ".join(parts) or "none"


def _values(values: Iterable[str]) -> str:
    return " ".join(sorted(values)) or "none"


def _row(label: str, text: str, width: int, wrap: bool = True, colour: str | None = None) -> list[str]:
    """The lines of a row: its label, and the text beside it."""
    if not wrap:
        head = f"  {label:<{_LABEL - 2}}"
        return [f"{style(head, bold=True) if label else head}{text}"]
    lines = _wrapped(printable(text), " " * _LABEL, width)
    head = f"  {label}"
    shown = style(head, bold=True, fg=colour) if label else head
    if len(head) < _LABEL:
        return [shown + lines[0][len(head) :], *lines[1:]]
    return [shown, *lines]


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    """The text in lines, what it begins with spaces before each; a word that is too long for a line is cut."""
    indent += " " * (len(text) - len(text.lstrip(" ")))
    room = max(width - len(indent), _LEAST_ROOM)
    rows, length = [""], 0
    for word in text.split():
        size = columns_of(word)
        if length and length + 1 + size <= room:
            rows[-1] += f" {word}"
            length += 1 + size
            continue
        # Letters that take two columns are cut as if all did.
        step = room if size == len(word) else room // 2
        pieces = [word[start : start + step] for start in range(0, len(word), step)] if size > room else [word]
        rows += pieces
        length = columns_of(pieces[-1])
    return [f"{indent}{row}" for row in rows[1:]] or [indent]


def _left(text: str, width: int) -> str:
    return text + " " * (width - columns_of(text))


def _right(text: str, width: int) -> str:
    return " " * (width - columns_of(text)) + text
