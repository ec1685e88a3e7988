"""What hosts can do, as JSON's values: version 1 of the format that docs/hosts.md describes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from domlint.version import VERSION

if TYPE_CHECKING:
    from domlint.hosts.answer import Answer
    from domlint.hosts.describe import Description, Emulator
    from domlint.hosts.errors import HostError
    from domlint.hosts.model import Host, Machine
    from domlint.hosts.parts import CpuMode, CpuModel, DomainCapabilities, HostHardware
    from domlint.hosts.profiles import Distribution
    from domlint.versions import Version


def as_object(descriptions: Iterable[Description], failures: Iterable[HostError] = ()) -> dict[str, Any]:
    """All that is known of hosts."""
    return _envelope("hosts", [_host(found) for found in descriptions], failures)


def answers_as_object(answers: Iterable[tuple[Host, Answer]], failures: Iterable[HostError] = ()) -> dict[str, Any]:
    """Answers to questions for flags."""
    return _envelope(
        "answers",
        [
            {
                "host": host.id,
                "emulator": host.emulator,
                "arch": host.arch,
                "flag": answer.flag,
                "answer": answer.presence.value,
                "reason": answer.reason,
            }
            for host, answer in answers
        ],
        failures,
    )


def profiles_as_object(releases: Sequence[str], distributions: Iterable[Distribution]) -> dict[str, Any]:
    """The bundled profiles."""
    from domlint.hosts.profiles import distribution_names

    return {
        **_head(),
        "profiles": [
            {"name": name, "qemu": release, "arch": arch}
            for name in releases
            for _qemu, release, arch in [name.split("-", 2)]
        ],
        "distributions": [
            {
                "name": found.name,
                "title": found.title,
                "qemu": found.qemu,
                "libvirt": _version(found.libvirt),
                "profiles": list(distribution_names(found)),
                "machines": found.machines,
                "leaves_out": list(found.leaves_out),
                "source": found.source,
            }
            for found in distributions
        ],
        "failures": [],
    }


def _head() -> dict[str, Any]:
    return {"version": 1, "tool": {"name": "domlint", "version": VERSION}}


def _envelope(name: str, values: list[dict[str, Any]], failures: Iterable[HostError]) -> dict[str, Any]:
    return {
        **_head(),
        name: values,
        "failures": [
            {"source": error.source, "line": error.line, "message": error.message, "help": error.help}
            for error in failures
        ],
    }


def _host(found: Description) -> dict[str, Any]:
    return {
        "id": found.id,
        "hardware": None if found.hardware is None else _hardware(found.hardware),
        "guests": None
        if found.guests is None
        else [
            {
                "os_type": guest.os_type,
                "arch": guest.arch,
                "accelerators": list(guest.virt_types),
                "features": sorted(guest.features),
            }
            for guest in found.guests
        ],
        "emulators": [_emulator(emulator) for emulator in found.emulators],
    }


def _hardware(hardware: HostHardware) -> dict[str, Any]:
    return {
        "arch": hardware.arch,
        "cpu_model": hardware.cpu_model,
        "cpu_vendor": hardware.cpu_vendor,
        "cpu_features": list(hardware.cpu_features),
        "page_sizes_kib": list(hardware.page_sizes),
        "iommu": hardware.iommu,
        "security_models": list(hardware.security_models),
        "numa_nodes": [{"id": node, "memory_kib": memory} for node, memory in hardware.numa_nodes],
    }


def _emulator(found: Emulator) -> dict[str, Any]:
    host = found.host
    return {
        "source": host.source,
        "kind": host.kind,
        "emulator": host.emulator,
        "arch": host.arch,
        "qemu": _version(host.qemu_version),
        "qemu_package": host.qemu_package,
        "libvirt": _version(host.libvirt_version),
        "kernel": host.kernel,
        "microcode": host.microcode,
        "cpu_signature": host.cpu_signature,
        "accelerators": dict(found.accelerators),
        "abilities": [
            {"name": ability.name, "title": ability.title, "can": ability.can, "reason": ability.reason}
            for ability in found.abilities
        ],
        "default_machine": found.default_machine,
        "lists_machines": host.lists_machines,
        "machines": [_machine(machine) for machine in host.machines],
        "lists_cpu_models": host.lists_cpu_models,
        "cpu_models": [_cpu_model(model) for model in host.cpu_models],
        "lists_flags": host.lists_flags,
        "flags": {presence.value: list(flags) for presence, flags in found.flags.items()},
        **_extras(host),
        "domains": [_domain(domain) for domain in found.domains],
    }


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "name": machine.name,
        "alias": machine.alias,
        "accelerator": machine.virt_type,
        "max_vcpus": machine.max_cpus,
        "deprecated": machine.deprecated,
        "hotplug_cpus": machine.hotplug_cpus,
        "acpi": machine.acpi,
        "default_cpu": machine.default_cpu,
    }


def _cpu_model(model: CpuModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "accelerator": model.virt_type,
        "usable": model.usable,
        "blockers": list(model.blockers),
        "deprecated": model.deprecated,
    }


def _extras(host: Host) -> dict[str, Any]:
    return {
        "gic": [{"version": gic.version, "kernel": gic.kernel, "emulated": gic.emulated} for gic in host.gics],
        "sev": None if host.sev is None else dict(host.sev._asdict()),
        "sgx": None
        if host.sgx is None
        else {
            "flc": host.sgx.flc,
            "sgx1": host.sgx.sgx1,
            "sgx2": host.sgx.sgx2,
            "section_size_kib": host.sgx.section_size,
            "sections": [{"node": node, "size_kib": size} for node, size in host.sgx.sections],
        },
        "hyperv": None if host.hyperv is None else sorted(host.hyperv),
        # That a file does not say so need not mean that it is not so.
        "nested_kvm": True if host.nesting else None,
        "secure_guest": True if host.secure_guest else None,
    }


def _domain(domain: DomainCapabilities) -> dict[str, Any]:
    return {
        "accelerator": domain.virt_type,
        "machine": domain.machine,
        "arch": domain.arch,
        "emulator": domain.emulator,
        "max_vcpus": domain.max_vcpus,
        "supported": dict(domain.supported),
        "values": {path: sorted(values) for path, values in domain.enumerations.items()},
        "numbers": dict(domain.numbers),
        "cpu_modes": [_cpu_mode(mode) for mode in domain.cpu_modes],
    }


def _cpu_mode(mode: CpuMode) -> dict[str, Any]:
    return {
        "name": mode.name,
        "supported": mode.supported,
        "model": mode.model,
        "features": [{"name": name, "policy": policy} for policy, name in mode.features],
        "models": [
            {
                "name": model.name,
                "usable": model.usable,
                "blockers": list(model.blockers),
                "deprecated": model.deprecated,
                "vendor": model.vendor,
                "canonical": model.canonical,
            }
            for model in mode.models
        ],
    }


def _version(version: Version | None) -> str | None:
    return None if version is None else str(version)
