"""The schemas themselves, XSD 1.1, as xmlschema reads them: slow, and for those who want to hear it from the schema.

Building a schema takes seconds. It is kept, pickled, in the user's cache directory. Where something is wrong with what
is found there, it is built anew.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from domlint.document import Element

_DIGEST_BYTES: Final = hashlib.sha256().digest_size


class Violation(NamedTuple):
    """Something that the schema does not allow: where, and the library's words for it."""

    element: Element
    reason: str


def violations(name: str, root: Element) -> Iterator[Violation]:
    """All that the schema of a kind of document ("domain", "network") finds wrong."""
    for error in _schema(name).iter_errors(root):
        child = getattr(error, "invalid_child", None)
        element = error.elem if child is None else child
        yield Violation(root if element is None else element, " ".join((error.reason or "").split()))


@cache
def _schema(name: str) -> Any:
    """The schema, from the cache where it is there and whole."""
    directory = cache_directory()
    path = None if directory is None else directory / f"{name}-{_key(name)}.pickle"
    schema = None if path is None else _load(path)
    if schema is None:
        from xmlschema import XMLSchema11

        schema = XMLSchema11(str(files("domlint.schemas") / f"{name}.xsd"))
        if path is not None:
            _store(path, schema)
    return schema


def cache_directory() -> Path | None:
    """Where schemas are kept; None where the system has no such place. Nobody else may write there."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        # Source: XDG Base Directory Specification 0.8: relative paths are to be ignored.
        base = base if os.path.isabs(base) else os.path.expanduser("~/.cache")
    return Path(base) / "domlint" if os.path.isabs(base) else None


def _key(name: str) -> str:
    """What a built schema hangs on: the files it is made of, the libraries that made it, and Python."""
    from importlib.metadata import version

    libraries = [f"{library} {version(library)}" for library in ("xmlschema", "elementpath")]
    digest = hashlib.sha256("\n".join([sys.version, *libraries]).encode())
    schemas = files("domlint.schemas")
    parts = [schemas / f"{name}.xsd", *(schemas / name).iterdir(), *(schemas / "domain").iterdir()]
    for part in sorted(parts, key=str):
        if part.name.endswith(".xsd"):
            digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:32]


def _load(path: Path) -> Any:
    """A pickled schema; None where it is not there, not whole, or somebody else could have put it there."""
    import pickle

    try:
        if hasattr(os, "getuid"):
            for place in (path, path.parent):
                about = place.lstat()
                if about.st_uid != os.getuid() or about.st_mode & 0o022:
                    return None
        data = path.read_bytes()
        digest, pickled = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        return pickle.loads(pickled) if hashlib.sha256(pickled).digest() == digest else None
    except Exception:
        # A pickle can fail with any exception; a new one is made.
        return None


def _store(path: Path, schema: Any) -> None:
    """Keep a schema; who reads meanwhile finds the old one or this one, whole. Without a place to keep it, nothing."""
    import pickle
    import tempfile

    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        pickled = pickle.dumps(schema, pickle.HIGHEST_PROTOCOL)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
    except Exception:
        return
    try:
        with open(handle, "wb") as file:
            file.write(hashlib.sha256(pickled).digest() + pickled)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
