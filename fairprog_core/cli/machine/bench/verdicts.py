"""Simulates how often a comparison of equal methods ends in "better" or "worse".

Two methods with the same true rates at every λ are tested on the same rows. Each seed moves each rate by normal noise
on the probit scale, a part of which all λ of the seed share. Rates and rows are those of the shipped faces: border,
equalized odds, nine λ, 2,400 rows drawn evenly.

Notation: n rows, k λ, b bootstrap draws.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.comparison import Attained, ResampledRows, Verdict, compared, verdict
from fairprog_core.metrics.intervals import Estimate, paired_estimates
from fairprog_core.metrics.summaries import mean_estimate

SUITE = "verdicts"
PROBIT = np.vectorize(NormalDist().inv_cdf)
GAP = "average_abs_odds_difference"
TWO = Groups.exclusive("women", "men")
WEIGHT = np.array([[1.32, 0.88], [1.692, 0.108]])  # of the (group, label) cells: the natural mix over the even one
BASE = np.array([[0.099, 0.818], [0.019, 0.352]])  # P(ŷ = 1) by (group, label)
RATES = np.array(
    [
        [[0.106, 0.839], [0.029, 0.458]],
        [[0.106, 0.828], [0.034, 0.550]],
        [[0.101, 0.795], [0.061, 0.665]],
        [[0.084, 0.711], [0.061, 0.671]],
        [[0.071, 0.646], [0.061, 0.646]],
        [[0.069, 0.616], [0.057, 0.628]],
        [[0.059, 0.520], [0.052, 0.565]],
        [[0.047, 0.450], [0.047, 0.520]],
        [[0.037, 0.389], [0.034, 0.427]],
    ]
)  # (k, 2, 2)
SHARED = 0.7  # share of the variance over seeds that all λ of a seed have in common
AGREEMENT = 0.9  # correlation of a row's probit between the base and any other classifier
LOSSES = (0.01, 0.02, 0.03, 0.05)
LAYOUTS = ((9, 9), (9, 5), (9, 3), (9, 1), (5, 3), (3, 3), (1, 1))  # numbers of λ, drawn from the nine for each set
SEEDS = (1, 2, 3, 5, 8)
TEST_SETS = 200
SEED_SDS = (0.1, 0.3)  # of the noise over seeds, in probits
FIGURES = ("hypervolume", *(f"gap at −{100 * loss:g} points" for loss in LOSSES), "gap against the base")
HEAD = (f"| λ | seeds | noise over seeds | {' | '.join(FIGURES)} |", f"|{' --- |' * (3 + len(FIGURES))}")


class NullSetting(NamedTuple):
    """Two equal methods that are simulated: how many λ each has, the number of seeds, and the noise over seeds."""

    n_lams: tuple[int, int]
    n_seeds: int
    seed_sd: float


@dataclass(frozen=True)
class FalseVerdicts:
    """How often equal methods got each verdict, by figure.

    Attributes:
        setting: what was simulated.
        counts: verdicts by the name of the figure.
    """

    setting: NullSetting
    counts: Mapping[str, Counter[Verdict]]

    @property
    def shares(self) -> dict[str, float]:
        """The share of "better" or "worse" among all test sets, by figure."""
        return {name: (n["better"] + n["worse"]) / n.total() for name, n in self.counts.items()}

    def to_json(self) -> dict[str, object]:
        """JSON values."""
        verdicts = {name: dict(counts) for name, counts in self.counts.items()}
        return {**self.setting._asdict(), "shares": self.shares, "verdicts": verdicts}


def verdicts(
    *,
    n_sets: int = TEST_SETS,
    layouts: Sequence[tuple[int, int]] = LAYOUTS,
    n_seeds: Sequence[int] = SEEDS,
    seed_sds: Sequence[float] = SEED_SDS,
    shift: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> list[FalseVerdicts]:
    """Simulate comparisons of two methods, and of one with the base as in the experiments.

    Args:
        n_sets: number of test sets.
        layouts: numbers of λ of the two methods.
        n_seeds: numbers of seeds.
        seed_sds: standard deviations over seeds, in probits.
        shift: probits by which the first method recognises the label better; 0: the methods are equal.
        progress: called with the number of test sets that are done.
    """
    counts: dict[NullSetting, dict[str, Counter[Verdict]]] = {}
    for number in range(n_sets):
        for seed_sd in seed_sds:
            world = World(number, max(n_seeds), seed_sd, shift)
            for layout, seeds in itertools.product(layouts, n_seeds):
                of_setting = counts.setdefault(NullSetting(layout, seeds, seed_sd), {})
                for name, said in world.verdicts(layout, seeds):
                    of_setting.setdefault(name, Counter())[said] += 1
        if progress:
            progress(number + 1)
    return [FalseVerdicts(setting, found) for setting, found in counts.items()]


def table_row(found: FalseVerdicts) -> str:
    """A row of the table under `HEAD`: the share of "better" or "worse"."""
    (first, second), n_seeds, seed_sd = found.setting
    cells = " | ".join(f"{100 * found.shares[name]:.1f} %" for name in FIGURES)
    return f"| {first}, {second} | {n_seeds} | {seed_sd:g} | {cells} |"


def bench_rows(found: Sequence[FalseVerdicts]) -> list[BenchRow]:
    """The share of "better" or "worse" of every setting and figure; a share has no reference."""
    rows = []
    for each in found:
        (first, second), n_seeds, seed_sd = each.setting
        for number, figure in enumerate(FIGURES):
            rows.append(
                BenchRow.alone(
                    f"{SUITE}/{first}-{second}-{n_seeds}-{seed_sd:g}-{number}", "share", each.shares[figure],
                    n=each.counts[figure].total(),
                    work=f"equal methods that are called better or worse, {first} and {second} λ, {n_seeds} seeds, "
                    f"noise over seeds {seed_sd:g}: {figure}",
                )
            )  # fmt: skip
    return rows


def details(found: Sequence[FalseVerdicts]) -> dict[str, object]:
    """All figures as JSON values."""
    return {"settings": [each.to_json() for each in found]}


class World:
    """One test set, the base, and both methods with all their seeds and λ."""

    def __init__(self, number: int, n_seeds: int, seed_sd: float, shift: float, n: int = 2400) -> None:
        self.random = np.random.default_rng([number, round(1000 * seed_sd)])
        self.z, self.y = np.arange(n) % 2, np.arange(n) // 2 % 2
        self.rows = ResampledRows.drawn(self.y, self.z, WEIGHT, TWO, is_stratified=True, seed=number)
        self.latent = self.random.normal(size=n)  # of a row, shared by all classifiers
        self.base = (PROBIT(BASE)[self.z, self.y] + self.latent > 0).astype(np.int64)
        self.reference = self.rows.reference(self.base, GAP)
        self.methods = [self._method(n_seeds, seed_sd, each) for each in (shift, 0.0)]
        probits = np.broadcast_to(PROBIT(BASE), (1, 2, 2))
        self.like_base = [self._predictions(probits, seed_sd)[0] for _ in range(n_seeds)]
        self.drawn = self.random.permutation(len(RATES))  # the λ that are used first: those of the shorter curve

    def verdicts(self, n_lams: tuple[int, int], n_seeds: int) -> Iterator[tuple[str, Verdict]]:
        """(figure, verdict): of two methods, and of the change of a gap against the base."""
        first, second = (
            {seed: _some(method[seed], self.drawn[:k]) for seed in range(n_seeds)}
            for method, k in zip(self.methods, n_lams, strict=True)
        )
        figures: list[Callable[[Attained], Floats]] = [partial(Attained.hypervolume, reference=self.reference)]
        figures += [partial(Attained.gap_at, loss=loss, reference=self.reference) for loss in LOSSES]
        changes = [compared(first, second, figure) for figure in figures] + [self._change(n_seeds)]
        for name, change in zip(FIGURES, changes, strict=True):
            yield name, verdict(change, more_is_better=name == FIGURES[0], is_one_seed=n_seeds == 1)

    def _method(self, n_seeds: int, seed_sd: float, shift: float) -> list[Attained]:
        """The points of every seed at all λ."""
        probits = PROBIT(RATES) + shift * np.array([[-1, 1], [-1, 1]])
        return [
            self.rows.attained(list(self._predictions(probits, seed_sd)), GAP, np.zeros(len(RATES)))
            for _ in range(n_seeds)
        ]

    def _predictions(self, probits: Floats, seed_sd: float) -> NDArray[np.int64]:
        """Predictions (k, n) of one seed, from the probits (k, 2, 2) of the true rates."""
        shared, own = self.random.normal(size=(2, 2)), self.random.normal(size=probits.shape)
        moved = probits * np.sqrt(1 + seed_sd**2) + seed_sd * (SHARED**0.5 * shared + (1 - SHARED) ** 0.5 * own)
        noise = self.random.normal(size=len(self.latent))  # of a seed's training, on each row
        latent = AGREEMENT**0.5 * self.latent + (1 - AGREEMENT) ** 0.5 * noise
        return np.asarray(moved[:, self.z, self.y] + latent > 0, dtype=np.int64)

    @cache  # noqa: B019 -- a world lives for one test set
    def _change(self, n_seeds: int) -> Estimate:
        """The change of the gap against the base, by a trigger that changes none of the true rates."""
        changes = []
        for predicted in self.like_base[:n_seeds]:
            joint = np.zeros((2, 2, 2, 2), dtype=np.int64)
            np.add.at(joint, (self.z, self.y, self.base, predicted), 1)
            changes.append(paired_estimates(joint, WEIGHT, TWO, is_stratified=True)[1][GAP])
        return mean_estimate(changes)


def _some(found: Attained, lams: NDArray[np.int64]) -> Attained:
    return Attained(found.accuracy[:, lams], found.gap[:, lams], found.seconds[lams])
