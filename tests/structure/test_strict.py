"""xmlschema's view of a document, and the cache that its schema is kept in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from documents import root_of

from domlint import strict
from domlint.examples import whole_document
from domlint.rule import Example

WRONG = whole_document(Example("<memballoon modle='virtio'/>")).encode()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    strict._schema.cache_clear()
    return tmp_path / "domlint"


def found() -> list[str]:
    strict._schema.cache_clear()
    root = root_of(WRONG)
    assert root is not None
    return [str(violation.element.tag) for violation in strict.violations("domain", root)]


def kept(cache: Path) -> list[Path]:
    return sorted(cache.iterdir())


def test_the_schema_is_kept_and_read_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = found()
    assert set(first) == {"memballoon"}
    (path,) = kept(cache)
    assert path.stat().st_mode & 0o077 == 0
    monkeypatch.setattr("xmlschema.XMLSchema11", None)
    assert found() == first


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_a_damaged_one_is_made_anew(cache: Path, damage: bytes | None) -> None:
    first = found()
    (path,) = kept(cache)
    path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    assert strict._load(path) is None
    assert found() == first
    assert strict._load(path) is not None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files here")
def test_one_that_others_can_write_is_not_read(cache: Path) -> None:
    first = found()
    (path,) = kept(cache)
    path.chmod(0o666)
    path.write_bytes(path.read_bytes())
    assert strict._load(path) is None
    assert found() == first


def test_without_a_place_to_keep_it_all_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "domlint").write_text("a file where the directory should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert set(found()) == {"memballoon"}
