"""Groups and their rates in plain words: "blond men recognised", "women", 35 of 100.

Notation: g groups, c classes.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fairprog_core.metrics.point import Point
from fairprog_core.report.figures import names
from fairprog_core.results.result import Result

CLEAR = 0.1  # a difference between groups that is worth a line of its own
PEOPLE = {
    "faces": {"male": ("men", "man"), "female": ("women", "woman")},
    "comments": {
        "christian": ("Christians",) * 2,
        "muslim": ("Muslims",) * 2,
        "other": ("people of other religions",) * 2,
    },
}
"""By data set and group: many and one."""
HIT = {
    "faces": "{positive} {people} recognised",
    "comments": "{positive} comments about {people} recognised",
    "": "{positive}, {people}: recognised",
}
FALSE_ALARM = {
    "faces": "{negative} {people} called {positive}",
    "comments": "harmless comments about {people} called {positive}",
    "": "{negative}, {people}: called {positive}",
}
EXAMPLE = {
    "faces": "{person}, {label}",
    "comments": "labelled {label}, about {person}",
    "": "{person}, {label}",
}
"""Sentences by data set; the empty key stands for every other one."""


class GroupRates:
    """The rates of groups that are told in plain words: which ones, and their names."""

    def __init__(self, base: Point, result: Result, kind: str) -> None:
        labels = result.labels
        self._names = {
            "positive": labels[-1], "negative": labels[0] if len(labels) == 2 else f"not {labels[-1]}",
        }  # fmt: skip
        self._groups, self._kind, self._base = result.group_names, kind, rates_of(base.counts)
        self._told = self._choose()

    def told(self, point: Point) -> list[tuple[str, float, float]]:
        """(name, rate of the base, rate of a point) of the rates to tell."""
        now, found = rates_of(point.counts), list[tuple[str, float, float]]()
        for block, group in self._told:
            before, after = self._base[block][group], now[block][group]
            if before is not None and after is not None:
                found.append((self._name(block, group), before, after))
        return found

    def _choose(self) -> list[tuple[int, int]]:
        """Lowest and highest group of the block that is furthest apart, and the worst of the other if it is clear."""
        known = [{g: rate for g, rate in enumerate(block) if rate is not None} for block in self._base]
        spread = [max(block.values()) - min(block.values()) if block else -1.0 for block in known]
        main: int = int(spread[1] > spread[0])
        if not known[main]:
            return []
        low, high = (int(end(known[main], key=known[main].__getitem__)) for end in (min, max))
        told: list[tuple[int, int]] = [(main, high), (main, low)] if main else [(main, low), (main, high)]
        if spread[other := 1 - main] >= CLEAR:
            worst = max(known[other], key=lambda g: known[other][g] * (1 if other else -1))
            told.append((other, worst))
        return told

    def _name(self, block: int, group: int) -> str:
        sentences = FALSE_ALARM if block else HIT
        people, _ = people_of(self._kind, self._groups[group])
        return told(sentences, self._kind).format(**self._names, people=people)


def told(sentences: Mapping[str, str], kind: str) -> str:
    """The sentence of a data set; that of the empty key where it has none of its own."""
    return sentences.get(kind, sentences[""])


def data_kind(result: Result) -> str:
    """The registry key of the study's data set; empty where it has none."""
    dataset = result.study.get("dataset")
    return str(dataset.get("kind", "")) if isinstance(dataset, dict) else ""


def people_of(kind: str, group: str) -> tuple[str, str]:
    """What a group is called: many, and one."""
    return PEOPLE.get(kind, {}).get(group, (names.group(group),) * 2)


def points(share: float) -> str:
    """Of 100; a half is rounded up everywhere, so that a difference of two rates agrees with the rates."""
    return str(int(round(100 * share, 6) + 0.5))


def rates_of(counts: Sequence[Sequence[Sequence[float]]]) -> list[list[float | None]]:
    """True positive rate, then false positive rate, per group (2, g); None where a group has no such rows."""
    table = np.asarray(counts, dtype=float)  # (g, c, c): [group][y][y_pred]
    hits = _share(table[:, -1, -1], table[:, -1, :].sum(axis=1))
    others = table[:, :-1, :].sum(axis=1)
    return [hits, _share(others[:, -1], others.sum(axis=1))]


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> list[float | None]:
    return [float(p / w) if w else None for p, w in zip(part, whole, strict=True)]
