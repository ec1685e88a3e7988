"""domlint against libvirt's own verdicts: the four figures of each corpus, none of which may fall below its floor.

The corpora are in the folder that DOMLINT_CORPUS names (see verdicts.py for the layouts). ``floors.json`` has what
was reached; after a gain, DOMLINT_RAISE_FLOORS=1 writes what is reached now. A corpus without a floor is measured and
shown.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from verdicts import Corpus, Figures, corpora, judge

FOLDER = Path(os.environ.get("DOMLINT_CORPUS", "/nonexistent"))
CORPORA = list(corpora(FOLDER)) if FOLDER.is_dir() else []
FLOORS = Path(__file__).parent / "floors.json"

CLOSE = 0.0005
"""Shares are written with four digits, and less than that is no loss."""


def floors() -> dict[str, Figures]:
    return {name: Figures(**values) for name, values in json.loads(FLOORS.read_text()).items()}


def raised(old: Figures | None, new: Figures) -> Figures:
    rounded = Figures(*(round(share, 4) for share in new))
    if old is None:
        return rounded
    return Figures(min(old.false_alarms, rounded.false_alarms), *map(max, old[1:], rounded[1:]))


@pytest.mark.skipif(not CORPORA, reason="DOMLINT_CORPUS does not name the corpus")
@pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.name)
def test_domlint_agrees_with_libvirt_no_less_than_it_did(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    figures, wrong = judge(corpus)
    alarms = Counter(code for one in wrong for code in one.codes)
    with capsys.disabled():
        shares = ", ".join(f"{name.replace('_', ' ')} {share:.2%}" for name, share in figures._asdict().items())
        print(f"\n{corpus.name}: {len(corpus.pairs)} pairs; {shares}; false alarms of {dict(alarms) or 'no rule'}")
    if os.environ.get("DOMLINT_RAISE_FLOORS"):
        new = {**floors(), corpus.name: raised(floors().get(corpus.name), figures)}
        FLOORS.write_text(json.dumps({name: new[name]._asdict() for name in sorted(new)}, indent=2) + "\n")
    floor = floors().get(corpus.name)
    if floor is not None:
        assert figures.false_alarms <= floor.false_alarms + CLOSE
        assert figures.caught >= floor.caught - CLOSE
        assert figures.dependent >= floor.dependent - CLOSE
        assert figures.overall >= floor.overall - CLOSE


def test_a_corpus_is_judged_by_pairs_and_domains(tmp_path: Path) -> None:
    folder = tmp_path / "small" / "9.0.0"
    (folder / "domains").mkdir(parents=True)
    (folder / "caps").mkdir()
    flag = "<qemuCaps><selfvers>9000000</selfvers><flag name='kvm'/>{flag}<version>6002000</version><arch>x86_64</arch>"
    machine = "<machine type='kvm' name='pc-q35-6.2' maxCpus='288' default='yes'/></qemuCaps>"
    (folder / "caps" / "with.xml").write_text(flag.format(flag="<flag name='tpm-emulator'/>") + machine)
    (folder / "caps" / "without.xml").write_text(flag.format(flag="") + machine)
    domain = (
        "<domain type='kvm'><name>d</name><memory>1048576</memory>"
        "<os><type arch='x86_64' machine='pc-q35-6.2'>hvm</type></os><devices>{devices}</devices></domain>"
    )
    texts = {
        "plain": "",
        "tpm": "<tpm><backend type='emulator'/></tpm>",
        "pair": "<interface type='user'><model type='e1000'/><teaming type='persistent'/></interface>",
        "unforeseen": "",
    }
    for name, devices in texts.items():
        (folder / "domains" / f"{name}.xml").write_text(domain.format(devices=devices))
    verdicts = {
        ("plain", "with"): "ok",
        ("plain", "without"): "ok",
        ("tpm", "with"): "ok",
        ("tpm", "without"): "parse",
        ("pair", "with"): "parse",
        ("pair", "without"): "ok",
        ("unforeseen", "with"): "parse",
        ("unforeseen", "without"): "start",
    }
    rows = (
        json.dumps({"domain": f"{domain}.xml", "caps": f"{caps}.xml", "arch": "x86_64", "verdict": verdict})
        for (domain, caps), verdict in verdicts.items()
    )
    (folder / "verdicts.jsonl").write_text("\n".join(rows) + "\n")
    (corpus,) = corpora(tmp_path)
    figures, wrong = judge(corpus)
    assert corpus.name == "small 9.0.0"
    assert figures == Figures(false_alarms=1 / 4, caught=0.0, dependent=(1 + 0.5) / 2, overall=(1 + 1 + 0.5 + 0) / 4)
    assert {(one.pair.domain.stem, one.pair.caps.stem) for one in wrong} == {
        ("pair", "without"),
        ("unforeseen", "with"),
        ("unforeseen", "without"),
    }


def test_a_source_tree_of_libvirt_is_read(tmp_path: Path) -> None:
    (tmp_path / "meson.build").write_text("project(\n  'libvirt', 'c',\n  version: '11.3.0',\n)\n")
    tests = tmp_path / "tests"
    for path in (
        *("qemucapabilitiesdata/caps_9.2.0_x86_64.xml", "qemucapabilitiesdata/caps_10.0.0_x86_64.xml"),
        *("qemucapabilitiesdata/caps_10.0.0_x86_64+amdsev.xml", "qemucapabilitiesdata/caps_4.2.0.s390x.xml"),
        *("qemuxmlconfdata/a.xml", "qemuxmlconfdata/a.x86_64-latest.args", "qemuxmlconfdata/a.x86_64-9.2.0.err"),
        *("qemuxmlconfdata/a.x86_64-latest+amdsev.err", "qemuxmlconfdata/a.x86_64-latest.xml"),
        *("qemuxmlconfdata/a.x86_64-latest.abi-update.args", "qemuxmlconfdata/b.s390x-4.2.0.args"),
        *("qemuxmlconfdata/b.xml", "qemuxmlconfdata/b.x86_64-8.0.0.args", "qemuxmlconfdata/gone.x86_64-latest.err"),
    ):
        (tests / path).parent.mkdir(parents=True, exist_ok=True)
        (tests / path).write_text("")
    (corpus,) = corpora(tests)
    assert (corpus.name, str(corpus.libvirt)) == ("tests of 11.3.0", "11.3.0")
    assert {(pair.domain.name, pair.caps.name, pair.arch, pair.is_refused) for pair in corpus.pairs} == {
        ("a.xml", "caps_10.0.0_x86_64.xml", "x86_64", False),
        ("a.xml", "caps_9.2.0_x86_64.xml", "x86_64", True),
        ("a.xml", "caps_10.0.0_x86_64+amdsev.xml", "x86_64", True),
        ("b.xml", "caps_4.2.0.s390x.xml", "s390x", False),
    }
