"""The manual page, domlint(1), from what the commands themselves say of their arguments and options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

import click

from domlint.cli import COMMANDS, command
from domlint.version import VERSION

_STATUSES: Final = {
    "0": "No finding is as grave as --fail-on.",
    "1": "One is (with --require any: on every host that a VM fits).",
    "2": "domlint could not do all of its work. What could be checked was, and is reported.",
    "130": "Interrupted.",
}

_FILES: Final = {
    "domlint.toml, .domlint.toml, pyproject.toml": "The configuration, searched from each file upwards; "
    "in pyproject.toml in the table [tool.domlint].",
    "/var/cache/libvirt/qemu/capabilities/*.xml": "Where libvirt keeps what it knows of each QEMU binary of a host.",
}

_VARIABLES: Final = {
    "NO_COLOR": "Where it is set, there are no colours unless --color always asks for them.",
    "_DOMLINT_COMPLETE": "bash_source, zsh_source or fish_source: print what makes that shell complete words.",
}

_EXAMPLES: Final = {
    "domlint vm.xml --caps debian-12": "A VM against a bundled profile of a host.",
    "domlint vms/ --caps hosts/ --network networks/": "Many VMs against many hosts.",
    "virsh dumpxml web1 | domlint - --caps hosts/node1.xml": "A VM as libvirt has it.",
    "domlint explain TEAM033": "What a rule is about.",
}


def man_page() -> str:
    """The page as roff, with the macros of man(7)."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    context = click.Context(command, info_name="domlint")
    yield '.\\" Made by tools/update_documents.py from the commands themselves; do not edit.'
    yield f'.TH DOMLINT 1 "" "domlint {VERSION}" "User Commands"'
    yield from (".SH NAME", "domlint \\- lint libvirt domain XML against the hosts that shall run it")
    yield ".SH SYNOPSIS"
    for number, name in enumerate(COMMANDS):
        yield from () if number == 0 else (".br",)
        found = _found(context, name)
        pieces = " ".join(found.command.collect_usage_pieces(found))
        yield f".B domlint {'[check]' if name == 'check' else name}\n{_escaped(pieces)}"
    yield from (".SH DESCRIPTION", *_prose(command.help or ""))
    yield ".SH COMMANDS"
    for name in COMMANDS:
        found = _found(context, name)
        yield from (f".SS domlint {name}", *_prose(found.command.help or ""))
        for parameter in found.command.get_params(found):
            record = parameter.get_help_record(found) if isinstance(parameter, click.Option) else None
            if record is not None and "--help" not in parameter.opts:
                yield from _item(*record)
    for title, items in (("EXIT STATUS", _STATUSES), ("FILES", _FILES), ("ENVIRONMENT", _VARIABLES)):
        yield f".SH {title}"
        for term, words in items.items():
            yield from _item(term, words)
    yield ".SH EXAMPLES"
    for line, words in _EXAMPLES.items():
        yield from _item(line, words)
    yield from (".SH SEE ALSO", ".BR virsh (1),", ".BR virt\\-xml\\-validate (1)")


def _found(context: click.Context, name: str) -> click.Context:
    found = command.get_command(context, name)
    assert found is not None
    return click.Context(found, parent=context, info_name=name)


def _prose(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        yield from () if number == 0 else (".PP",)
        yield from map(_escaped, paragraph.split("\n"))


def _item(term: str, words: str) -> Iterator[str]:
    yield from (".TP", f".B {_escaped(term)}", _escaped(re.sub(r"\s+", " ", words)))


def _escaped(text: str) -> str:
    """Text that roff takes as it is: no escapes, no requests, and a hyphen that can be copied from the page."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq")
    return f"\\&{text}" if text.startswith(".") else text
