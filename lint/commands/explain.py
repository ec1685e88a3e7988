"""``domlint explain``: all that is known of one rule."""

from __future__ import annotations

import click

from domlint.commands import options
from domlint.commands.console import fail, wants_color


@click.command()
@click.argument("rule", metavar="CODE")
@options.hidden_color_option
def explain(rule: str, color: str) -> None:
    """Explain a rule: why it matters, what the host does, and examples."""
    from domlint.explain import explanation
    from domlint.rule import UnknownSelectorError
    from domlint.rules import catalogue

    try:
        text = explanation(catalogue().find(rule))
    except UnknownSelectorError as error:
        fail(str(error))
    click.echo(text, nl=False, color=wants_color(color))
