"""What a shell is told when it asks how a word of the command line can go on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem


def files(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders: the shell itself knows them."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def capabilities(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Bundled profiles; files where no profile begins so, or nothing is there yet.

    Not both: in bash, files displace whatever else was said.
    """
    from domlint.hosts.profiles import distribution_names, distributions, release_names

    names = [*(name for found in distributions() for name in distribution_names(found)), *release_names()]
    return (beginning(names, incomplete) if incomplete else []) or files(context, parameter, incomplete)


def rules(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes, families and names of rules; of several with commas between, the last one."""
    from domlint.explain import family
    from domlint.rules import catalogue

    before, comma, last = incomplete.rpartition(",")
    known = {selector: None for rule in catalogue() for selector in (family(rule), rule.code, rule.name)}
    return beginning((f"{before}{comma}{selector}" for selector in known), f"{before}{comma}{last}")


def beginning(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    """The words that begin with what is there already, in any case."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(word) for word in words if word.lower().startswith(incomplete.lower())]
