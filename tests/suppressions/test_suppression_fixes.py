"""What --fix makes of suppressions that suppress nothing: the very bytes, and nothing else changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domlint.engine import FileReport, Plan, Source
from domlint.fixing import fix
from domlint.rules import modules, names

CODES = [*(code for code in names().by_code if code.startswith("SUP")), "TEAM031", "TEAM033", "TEAM037"]

HEAD = "<domain type='kvm'>\n  <name>vm</name>\n"
DEVICES = """\
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices>
"""
NIC = """\
    <interface type='bridge'>
      <source bridge='br0'/>
      <model type='virtio'/>
      <teaming type='persistent'/>{}
      <alias name='ua-{}'/>
    </interface>
"""
"""An interface with one finding, TEAM037, at its <teaming>."""
CLOCK = "    <input type='mouse' bus='ps2'/>\n"
TAIL = "  </devices>\n</domain>\n"


def plan() -> Plan:
    return Plan(modules(codes=CODES))


def mended(text: str | bytes, with_unsafe: bool = False) -> str:
    data = text.encode() if isinstance(text, str) else text
    fixed = fix(plan(), Source("vm.xml", data), with_unsafe)
    again = fix(plan(), Source("vm.xml", fixed.data), with_unsafe)
    assert (again.data, again.fixed) == (fixed.data, ())
    assert fixed.report.crashes == ()
    return fixed.data.decode()


def whole(devices: str, head: str = HEAD) -> str:
    return f"{head}{DEVICES}{devices}{TAIL}"


USED = NIC.format("", "a")


@pytest.mark.parametrize(
    "before, after",
    [
        ("    <!-- domlint: ignore[TEAM031] gone -->\n", ""),
        ("\t<!-- domlint: ignore[TEAM031]\n   over two lines -->  \n", ""),
        ("    <!-- domlint: ignore[TEAM031] --> <!-- other -->\n", "    <!-- other -->\n"),
        ("    <!-- other --> <!-- domlint: ignore[TEAM031] -->\n", "    <!-- other -->\n"),
        ("    <!-- domlint: ignore[TEAM031] -->" + CLOCK, CLOCK),
        (CLOCK.rstrip() + " <!-- domlint: ignore[TEAM031] -->\n", CLOCK.rstrip() + "\n"),
        (CLOCK.rstrip() + "\t<!-- domlint: ignore[TEAM031] --> <!-- x -->\n", CLOCK.rstrip() + " <!-- x -->\n"),
        (
            "    <!-- domlint: ignore[TEAM031,TEAM037] why -->\n" + USED,
            "    <!-- domlint: ignore[TEAM037] why -->\n" + USED,
        ),
        ("    <!-- domlint: ignore[TEAM037 , TEAM031 ] -->\n" + USED, "    <!-- domlint: ignore[TEAM037] -->\n" + USED),
        (
            "    <!-- domlint: ignore[ TEAM031\r\n , TEAM037,ZZZZ9, TEAM033] -->\n" + USED,
            "    <!-- domlint: ignore[ TEAM037] -->\n" + USED,
        ),
        ("    <!-- domlint: ignore[ZZZZ9] -->\n", ""),
        ("    <!-- domlint: ignore[TEAM037,ZZZZ9] -->\n", ""),
        # Nothing that is meant otherwise, or is not known yet.
        ("    <!-- domlint: ignore[TEAM050] not asked -->\n" + USED, None),
        ("    <!-- domlint: ignore[{{ codes }}] -->\n" + USED, None),
        ("    <!-- domlint: ignore TEAM031 -->\n", None),
        ("    <!-- domlint: ignore[persistent-unpared] -->\n" + USED, None),
    ],
)
def test_comments(before: str, after: str | None) -> None:
    assert mended(whole(before)) == whole(before if after is None else after)
    assert mended(whole(before).replace("\n", "\r\n")) == whole(before if after is None else after).replace(
        "\n", "\r\n"
    )


@pytest.mark.parametrize("names", ["TEAM031", "ZZZZ9"])
def test_comments_around_the_domain(names: str) -> None:
    comment = f"<!-- domlint: ignore-file[{names}] \N{SNOWMAN} -->"
    text = whole(USED)
    assert mended(f"\ufeff{comment}\n{text}") == f"\ufeff{text}"
    assert mended(f"{text}{comment}") == text
    assert mended(f"<?xml version='1.0'?>{comment}\n{text}") == f"<?xml version='1.0'?>\n{text}"
    other = f"<?xml version='1.0' encoding='iso-8859-1'?>\n<!-- domlint: ignore-file[{names}] \xe9 -->\n{text}"
    data = other.encode("iso-8859-1")
    assert fix(plan(), Source("vm.xml", data)).data == data


METADATA = """\
  <metadata>
    <domlint:suppressions xmlns:domlint="urn:domlint:1">
      {}
    </domlint:suppressions>
  </metadata>
"""


@pytest.mark.parametrize(
    "before, after",
    [
        ("<domlint:ignore rules='TEAM037'/>", None),
        ("<domlint:ignore rules='TEAM037, TEAM031' reason='x'/>", "<domlint:ignore rules='TEAM037' reason='x'/>"),
        ('<domlint:ignore\nrules = "TEAM031 ,\nTEAM037"/>', '<domlint:ignore\nrules = "TEAM037"/>'),
        ("<domlint:ignore rules='TEAM031'/>", ""),
        ("<domlint:ignore rules='TEAM037' at='devices/disk'/>", ""),
        ("<domlint:ignore rules='TEAM037' at='{{ place }}'/>", None),
        ("<domlint:ignore rules='TEAM037&#44;TEAM031'/>", None),
        (
            "<domlint:ignore rules='TEAM031'/><domlint:ignore rules='TEAM037'/>",
            "<domlint:ignore rules='TEAM037'/>",
        ),
        ("<domlint:ignore rules='TEAM031'/>\n      <domlint:ignore rules='TEAM033'/>", ""),
        ("<domlint:ignore rules='TEAM031'/><!-- planned -->", "<!-- planned -->"),
    ],
)
def test_metadata(before: str, after: str | None) -> None:
    def text(inner: str) -> str:
        return whole(USED, HEAD + (METADATA.format(inner) if inner else ""))

    assert mended(text(before)) == text(before if after is None else after)


@pytest.mark.parametrize(
    "before, after",
    [
        ("persistent-unpared", "persistent-unpaired"),
        ("TEAM031,persistent-unpared", "persistent-unpaired"),
        ("persistent-unpaired,persistent-unpared", "persistent-unpaired"),
    ],
)
def test_the_one_name_that_is_meant_is_written_as_an_unsafe_fix(before: str, after: str) -> None:
    text = "    <!-- domlint: ignore[{}] why -->\n" + USED
    assert mended(whole(text.format(before)), True) == whole(text.format(after))


@pytest.mark.parametrize("word", ["ingore", "Ignore", "ignor"])
def test_a_misspelt_word_is_written_right_as_an_unsafe_fix(word: str) -> None:
    text = "    <!-- domlint: {}[TEAM037] why -->\n" + USED
    assert mended(whole(text.format(word))) == whole(text.format(word))
    assert mended(whole(text.format(word)), True) == whole(text.format("ignore"))


@pytest.mark.parametrize("word", ["ignore-line", "ignore-next", "ignore-x", "noqa"])
def test_words_of_other_tools_stay(word: str) -> None:
    text = whole(f"    <!-- domlint: {word}[TEAM037] why -->\n{USED}")
    assert mended(text, True) == text


def test_no_name_is_chosen_of_two_that_are_as_near() -> None:
    for name in ("TEAM03x", "TEAM05-"):
        text = whole(f"    <!-- domlint: ignore[{name}] why -->\n{USED}")
        (one,) = (one for one in plan().check(Source("vm.xml", text.encode())).findings if one.code == "SUP002")
        assert " or " in one.help
        assert one.remedy is None


# Any file.

KEPT = ["TEAM037", "persistent-unpaired", "team037"]
GONE = ["TEAM031", "alias-not-user-defined", "TEAM033", "ZZZZ9", "no such rule at all"]


class Listed(NamedTuple):
    """The names of a suppression, and what is written between them."""

    names: tuple[str, ...]
    comma: str

    def without(self, is_kept: Callable[[str], bool]) -> Listed:
        return self._replace(names=tuple(filter(is_kept, self.names)))

    def __str__(self) -> str:
        return self.comma.join(self.names)


LISTED = st.none() | st.builds(
    Listed,
    st.lists(st.sampled_from(KEPT + GONE), min_size=1, max_size=4).map(tuple),
    st.sampled_from([",", ", ", " , ", ",\n"]),
)


class Written(NamedTuple):
    """What a file suppresses, by where: each may be none at all."""

    file: Listed | None
    metadata: Listed | None
    at: Listed | None
    before: Listed | None
    behind: Listed | None
    elsewhere: Listed | None

    def text(self) -> str:
        ignored = [
            f'      <domlint:ignore rules="{listed}"{at} reason="é"/>\n'
            for listed, at in ((self.metadata, ""), (self.at, " at=\"devices/interface[alias/@name='ua-a']\""))
            if listed
        ]
        metadata = METADATA.replace("      {}\n", "".join(ignored)) if ignored else ""
        before = f"    <!-- domlint: ignore[{self.before}] é -->\n" if self.before else ""
        behind = f" <!-- domlint:ignore[{self.behind}] -->" if self.behind else ""
        elsewhere = f"    <!--domlint: ignore[{self.elsewhere}]-->\n" if self.elsewhere else ""
        file = f"<!-- domlint: ignore-file[{self.file}] -->\n" if self.file else ""
        return file + whole(
            f"{before}{NIC.format(behind, 'a')}{NIC.format('', 'b')}{elsewhere}{CLOCK}", HEAD + metadata
        )

    def useful(self) -> Written:
        """The same without what suppresses nothing: each of them covers an interface with a finding, but the last."""
        kept = [listed.without(KEPT.__contains__) if listed else None for listed in self[:-1]]
        return Written(*(listed if listed and listed.names else None for listed in kept), None)


def without_blanks_at_commas(text: str) -> str:
    return re.sub(r"\s*,\s*", ",", text)


def others(report: FileReport) -> Iterable[tuple[str, str, str]]:
    return [(one.code, one.message, one.location.xpath) for one in report.findings if not one.code.startswith("SUP")]


@given(st.builds(Written, *[LISTED] * 6), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None, max_examples=150)
def test_what_suppresses_nothing_goes_and_every_other_byte_stays(written: Written, end: str) -> None:
    before = written.text().replace("\n", end)
    after = mended(before)
    assert without_blanks_at_commas(after) == without_blanks_at_commas(written.useful().text().replace("\n", end))
    old, new = (plan().check(Source("vm.xml", text.encode())) for text in (before, after))
    assert others(old) == others(new)
    assert len(old.suppressed) == len(new.suppressed)
    assert new.findings == () or {one.code for one in new.findings} == {"TEAM037"}
