"""Duels for the page Compare: computed once per choice, and kept."""

from collections.abc import Sequence
from typing import Any

from app.asking import ask
from fairprog_core.duel import Contender


def judge(value: Sequence[Contender], *, against: int, seconds: float | None = None) -> dict[str, Any]:
    """See ``fairprog_core.duel.duel``; computed again when a result has changed.

    Args:
        value: at least one.
        against: index of the one that the others are compared with.
        seconds: of training that count at matched seconds.

    Raises:
        DataError: the studies tested other rows or another base, predictions are missing, or it took too long.
    """
    keys = [each.key for each in value]
    options = ["--criterion", str(value[0].curves[0]["criterion"]), "--against", value[against].key]
    options += [part for key in keys for part in ("--curve", key)]
    options += [] if seconds is None else ["--seconds", str(seconds)]
    found = ask("compare", {each.run: each.result.folder for each in value}, *options)
    found["contenders"].sort(key=lambda each: keys.index(each["key"]))  # as they were chosen
    return found
