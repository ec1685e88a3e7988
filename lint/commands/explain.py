"""``domlint explain``: all that is known of one rule, or an overview of several."""

from __future__ import annotations

import click

from domlint.commands import completing, options
from domlint.commands.console import fail, wants_color


@click.command()
@click.argument("rule", metavar="RULE", shell_complete=completing.rules)
@options.hidden_color_option
def explain(rule: str, color: str) -> None:
    """Explain a rule, or a family of them.

    RULE is a code (TEAM033) or a name (partner-not-found): why the rule matters, what the host does, and examples. Of
    a family (TEAM), another beginning of codes (TEAM03) or ALL, each rule is told in a sentence.
    """
    from domlint.explain import explanation, overview
    from domlint.rule import UnknownSelectorError
    from domlint.rules import catalogue

    rules = catalogue()
    try:
        codes = rules.names.chosen(rule)
    except UnknownSelectorError as error:
        fail(str(error))
    is_one = codes == [rule.upper()] or rule.lower() in (rules.find(code).name for code in codes)
    text = explanation(rules.find(codes[0])) if is_one else overview(map(rules.find, codes))
    click.echo(text, nl=False, color=wants_color(color))
