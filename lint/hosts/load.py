"""From what a command line or a program names to hosts: files, directories of files, and bundled profiles."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from domlint.hosts.errors import HostError
from domlint.reading import read_at_most, xml_files

if TYPE_CHECKING:
    from domlint.hosts.model import Host

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes; the largest capabilities file known is under 1 MiB."""


def load_host(spec: str | os.PathLike[str], id: str | None = None) -> Host:  # noqa: A002 - the field's name
    """Read the host that a file, directory or profile describes, where it has one emulator.

    ``id`` labels the host in reports; without it the file's name does, less its ``.xml``.
    Raises HostError as load_hosts does, and where there are several hosts or emulators.
    """
    source = os.fspath(spec)
    hosts = load_hosts([source]) if id is None else _labelled(source, id)
    if len(hosts) > 1:
        raise HostError(source, "several emulators are described here", help_="load_hosts reads all of them")
    return hosts[0]


def load_hosts(specs: Iterable[str]) -> list[Host]:
    """Read hosts: each spec is a file, a directory of files, the name of a bundled profile, or LABEL= one of those.

    Everything given with one label is of one host, and each emulator of it is one of the values returned. A host
    without a label is called by its file's or profile's name, and by its path where two would have the same.
    In a directory, the files of each folder below it are of one host, called by the folder, where they can be of one;
    so are those of the directory itself where libvirt's cache or files of several kinds are in it. All others are
    hosts of their own.
    Raises HostError for what cannot be read or is no capability file, for a directory without such a file, and where
    files with one label contradict each other.
    """
    from domlint.hosts.combine import combine

    labelled: dict[str, list[Host]] = {}
    unlabelled: list[list[Host]] = []
    order: list[str | int] = []
    for spec in specs:
        label, _equals, what = spec.partition("=")
        if not label or not what or os.path.exists(spec):
            for found in _unlabelled(spec):
                order.append(len(unlabelled))
                unlabelled.append(found)
        else:
            if label not in labelled:
                order.append(label)
            labelled.setdefault(label, []).extend(_labelled(what, label))
    names = [found[0].id for found in unlabelled] + list(labelled)
    hosts: list[Host] = []
    for key in order:
        if isinstance(key, str):
            hosts += combine(labelled[key])
        else:
            found = unlabelled[key]
            if names.count(found[0].id) > 1:
                found = [host._replace(id=host.source) for host in found]
            hosts += found
    return list({(host.id, host.source, host.arch, host.emulator): host for host in hosts}.values())


def _unlabelled(spec: str) -> list[list[Host]]:
    """The hosts of a spec without a label, each as its emulators."""
    if os.path.isdir(spec):
        return _hosts_of_directory(spec)
    return [_hosts_of(spec, default_id(spec))]


def _labelled(what: str, label: str) -> list[Host]:
    """All that a spec with a label says of that one host."""
    if os.path.isdir(what):
        return [host for _path, hosts in _read_directory(what) for host in _renamed(hosts, label)]
    return _hosts_of(what, label)


def _hosts_of(what: str, id_: str) -> list[Host]:
    if not os.path.exists(what) and _may_be_profile(what):
        from domlint.hosts.profiles import find_profile

        return [find_profile(what)._replace(id=id_)]
    return read_host_file(_read(what), what, id_)


def _may_be_profile(what: str) -> bool:
    return os.sep not in what and not what.endswith(".xml") and what.isprintable()


def _hosts_of_directory(folder: str) -> list[list[Host]]:
    """The hosts in a directory, each as its emulators."""
    from domlint.hosts.combine import combine, contradiction

    hosts: list[list[Host]] = []
    for place, group in groupby(_read_directory(folder), key=lambda found: os.path.dirname(found[0])):
        files = list(group)
        relative = os.path.relpath(place, folder)
        parts = [part for _path, found in files for part in found]
        if (relative != "." or _is_one_host(files)) and not contradiction(parts):
            name = default_id(os.path.abspath(folder)) if relative == "." else relative
            hosts.append(combine(_renamed(parts, name)))
        else:
            below = "" if relative == "." else f"{relative}/"
            hosts += [_renamed(found, f"{below}{default_id(path)}") for path, found in files]
    return hosts


def _is_one_host(files: list[tuple[str, list[Host]]]) -> bool:
    """Tell whether files that lie side by side look like those of one host.

    libvirt's cache names each file by the SHA-256 of the emulator's path; and who keeps files of several kinds
    together does so for one host.
    """
    if len(files) < 2:
        return False
    kinds = {host.kind for _path, hosts in files for host in hosts}
    return len(kinds) > 1 or all(re.fullmatch(r"[0-9a-f]{64}\.xml", os.path.basename(path)) for path, _hosts in files)


def _read_directory(folder: str) -> Iterator[tuple[str, list[Host]]]:
    """The capability files below a directory, folder by folder, with the hosts in them."""
    from domlint.broken import first_tag
    from domlint.hosts.tree import ROOTS

    found = False
    for path in sorted(xml_files(folder), key=lambda path: (os.path.dirname(path), path)):
        data = _read(path)
        if first_tag(data) in ROOTS:
            found = True
            yield path, read_host_file(data, path, default_id(path))
    if not found:
        raise HostError(folder, "no capabilities file is in this directory")


def _renamed(hosts: Iterable[Host], id_: str) -> list[Host]:
    return [host._replace(id=id_) for host in hosts]


def read_host_file(data: bytes, source: str, id_: str) -> list[Host]:
    """The emulators that a capability file of any kind tells of. Raises HostError."""
    from domlint.hosts.tree import parse_root

    root = parse_root(data, source)
    if root.tag == "qemuCaps":
        from domlint.hosts.qemucaps import read_qemucaps_root

        return [read_qemucaps_root(root, data, source, id_)]
    if root.tag == "domainCapabilities":
        from domlint.hosts.domaincaps import read_domaincaps_root

        return [read_domaincaps_root(root, source, id_)]
    from domlint.hosts.capabilities import read_capabilities_root

    return read_capabilities_root(root, source, id_)


def default_id(path: str) -> str:
    """The label of a host whose file is at this path: the file's name without ``.xml``."""
    name = os.path.basename(path)
    return name.removesuffix(".xml") or name


def _read(source: str) -> bytes:
    try:
        if os.path.isdir(source):
            raise HostError(source, "this is a directory, not a capabilities file", help_="give one of the files in it")
        data = read_at_most(source, LARGEST_FILE)
    except FileNotFoundError:
        raise HostError(source, "no such file") from None
    except OSError as error:
        raise HostError(source, f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise HostError(source, f"not a path: {error}") from None
    if len(data) > LARGEST_FILE:
        raise HostError(source, f"larger than {LARGEST_FILE // 1024 // 1024} MiB, so not a capabilities file")
    return data
