"""The choice of rules, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from domlint.rule import Catalogue, Rule


class Selection(NamedTuple):
    """One layer of the choice of rules, by selectors (see domlint.rule).

    Where ``select`` is given, it takes the place of all layers below; the others change what those leave. ``off`` are
    rules, by code, that a severity of "off" turns off.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    off: frozenset[str] = frozenset()

    def of(self, catalogue: Catalogue, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        """What the layer makes of the rules that those below leave. Raises UnknownSelectorError."""
        chosen = rules if self.select is None else ()
        refined = catalogue.refine(chosen, (*(self.select or ()), *self.extend_select), self.ignore)
        return tuple(rule for rule in refined if rule.code not in self.off) if self.off else refined
