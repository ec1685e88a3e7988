"""A run over many files: in the order given, by the plan of each, whatever is read or checked at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

import domlint.run
from domlint.engine import FileReport, Plan, Source
from domlint.files import Input
from domlint.findings import Finding
from domlint.rule import RuleModule
from domlint.rules import modules
from domlint.run import Task, Unread, run

WRONG = b"<domain type='kvm'><name>%d</name><unknown/></domain>"


def tasks(folder: Path) -> list[Task]:
    """Of two plans, in turns and several in a row, with a file that is not there now and then."""
    plans = Plan(modules(codes=["SCHEMA001"])), Plan(modules(codes=["XML001"]))
    found = []
    for number in range(150):
        path = folder / f"{number}.xml"
        if number % 7:
            path.write_bytes(WRONG % number)
        found.append(Task(plans[number // 5 % 2 if number < 40 else number // 80], Input(path.name, str(path))))
    return found


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize(("files", "size"), [(1, 1), (32, 1), (32, 200), (1000, 1_000_000)])
def test_files_keep_their_order_and_their_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int, files: int, size: int
) -> None:
    monkeypatch.setattr(domlint.run, "_MOST_AT_ONCE", files)
    monkeypatch.setattr(domlint.run, "_MOST_BYTES_AT_ONCE", size)
    given = tasks(tmp_path)
    done: list[int] = []
    report = run(given, (), jobs, lambda number, _all: done.append(number))
    assert done == list(range(1, 151))
    assert [file.file for file in report.checked] == [f"{number}.xml" for number in range(150) if number % 7]
    assert report.unread == tuple(
        Unread(f"{number}.xml", "No such file or directory") for number in range(150) if number % 7 == 0
    )
    by_first = {task.input.name for task in given if task.plan is given[0].plan}
    assert {finding.location.file for finding in found(report.checked)} == by_first - {
        one.file for one in report.unread
    }


def found(files: tuple[FileReport, ...]) -> list[Finding]:
    return [finding for file in files for finding in file.findings]


def test_no_more_is_held_at_once_than_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    together: list[int] = []

    class Counting(Plan):
        def check_all(self, sources: Iterable[Source]) -> list[FileReport]:
            given = list(sources)
            together.append(len(given))
            return super().check_all(given)

    rules: tuple[RuleModule, ...] = modules(codes=["SCHEMA001"])
    plan = Counting(rules)
    paths = [tmp_path / f"{number}.xml" for number in range(10)]
    for number, path in enumerate(paths):
        path.write_bytes(WRONG % number + b" " * (1000 if number == 4 else 0))
    monkeypatch.setattr(domlint.run, "_MOST_BYTES_AT_ONCE", 500)
    monkeypatch.setattr(domlint.run, "_MOST_AT_ONCE", 8)
    run([Task(plan, Input(path.name, str(path))) for path in paths], (), 1)
    assert together == [5, 3, 2]
