"""What the schema says about a damaged capabilities file, in lines that people can read."""

from __future__ import annotations


def explain(data: bytes, limit: int = 5) -> tuple[str, ...]:
    """At most ``limit`` lines "line N: what is wrong"; none when the schema finds nothing. Raises nothing."""
    return ()
