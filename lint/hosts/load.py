"""From a path to a host."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from domlint.hosts.errors import HostError, quoted
from domlint.reading import read_at_most, xml_files

if TYPE_CHECKING:
    from domlint.hosts.model import Host

LARGEST_FILE = 16 * 1024 * 1024
"""Bytes; the largest capabilities file known is under 1 MiB."""


def load_host(spec: str | os.PathLike[str], id: str | None = None) -> Host:  # noqa: A002 - the field's name
    """Read the capabilities file at a path.

    ``id`` labels the host in reports; without it the file's name does, less its ``.xml``.
    Raises HostError when the file is missing, cannot be read, is larger than 16 MiB, or is no usable
    capabilities file.
    """
    source = os.fspath(spec)
    data = _read(source)
    from domlint.hosts.qemucaps import read_qemucaps

    return read_qemucaps(data, source, default_id(source) if id is None else id)


def load_hosts(specs: Iterable[str]) -> list[Host]:
    """Read the hosts that a command line names: each a file, a directory of capability files, or LABEL=PATH.

    A host without a label is called by its file's name, and by its path where two would have the same.
    Raises HostError as load_host does, for a directory without such a file, and for a label given twice.
    """
    from domlint.hosts.qemucaps import read_qemucaps

    named: list[tuple[str, str, bytes]] = []
    for spec in specs:
        label, _equals, path = spec.partition("=")
        if not label or not path or os.path.exists(spec):
            label, path = "", spec
        if os.path.isdir(path):
            named += [("", file, data) for file, data in _caps_files(path)]
        else:
            named.append((label, path, _read(path)))
    ids = [label or default_id(path) for label, path, _data in named]
    hosts = []
    for (label, path, data), id_ in zip(named, ids, strict=True):
        is_ambiguous = ids.count(id_) > 1
        if label and is_ambiguous:
            raise HostError(path, f"the label {quoted(label)} is given twice")
        hosts.append(read_qemucaps(data, path, path if is_ambiguous else id_))
    return list({(host.id, host.source): host for host in hosts}.values())


def _caps_files(folder: str) -> Iterator[tuple[str, bytes]]:
    """The capability files in a directory, with their bytes."""
    found = False
    for path in xml_files(folder):
        data = _read(path)
        if b"<qemuCaps" in data:
            found = True
            yield path, data
    if not found:
        raise HostError(folder, "no capabilities file is in this directory")


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
