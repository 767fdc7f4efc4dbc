"""How often the 95 % intervals cover the truth: simulated test sets of known rates.

Five classifiers predict the same rows: the base, one whose gap is the design's, and three seeds whose gaps scatter by
up to 20 % around it. Their predictions agree as far as a Gaussian copula makes them. Every interval is computed twice:
as the percentiles of the resamples, and as `fairprog_core.metrics.intervals` computes it now.

Notation: p group patterns, c classes, g groups, n rows.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from scipy.special import ndtr  # type: ignore[import-untyped]

from fairprog_core.cli.machine.bench.ratios.rows import BenchRow
from fairprog_core.common.types import Floats, Groups
from fairprog_core.metrics.counts import Counts, by_group, count_table, joint_table
from fairprog_core.metrics.fairness import evaluate, scored_classes
from fairprog_core.metrics.intervals import (
    Estimate,
    Interval,
    Resampling,
    draw_tables,
    estimates,
    paired_estimates,
    percentile_interval,
)
from fairprog_core.metrics.summaries import mean_estimate

SUITE = "coverage"
SHOWN = {
    "equalized_odds_difference": "EOD",
    "average_abs_odds_difference": "AAOD",
    "demographic_parity_difference": "DP",
    "worst_group_accuracy": "worst cell",
}
KINDS = {"gap": "Gap", "change": "Paired change", "seeds": "Mean of three seeds"}
COLUMNS = (  # of the table: (what the intervals are of, metric, heading)
    ("gap", "equalized_odds_difference", "EOD"),
    ("gap", "average_abs_odds_difference", "AAOD"),
    ("gap", "demographic_parity_difference", "DP"),
    ("gap", "worst_group_accuracy", "worst cell"),
    ("change", "equalized_odds_difference", "change, EOD"),
    ("change", "average_abs_odds_difference", "change, AAOD"),
    ("seeds", "average_abs_odds_difference", "seeds, AAOD"),
)
HEAD = (
    f"| test sets | smallest cell | true gap | {' | '.join(heading for *_, heading in COLUMNS)} |",
    f"| --- | {' | '.join(['---:'] * (2 + len(COLUMNS)))} |",
)
TEST_SETS = 200
_AGREEMENT = 0.7  # correlation of the latent scores of two classifiers on a row
_SCATTER = 0.2  # the gap of a seed is 1 ± up to this times that of the design
_N_SEEDS = 3
_BASE_MORE = 0.1  # the gap of the base is larger by this
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Design:
    """Test sets of one kind.

    Attributes:
        name: as in the table.
        groups: the g groups over the p patterns.
        cells: (p, c) rows, fixed if ``is_stratified``, else expected.
        rates: (p, c, c) P(ŷ | pattern, label) where the groups are alike.
        lean: (p, c, c) what a gap of 1 adds to them.
        gap: how often ``lean`` is added: the true gap of TPR; where one class of eight has a gap, that of this class.
        is_stratified: whether the rows per cell are fixed.
    """

    name: str
    groups: Groups
    cells: Floats
    rates: Floats
    lean: Floats
    gap: float
    is_stratified: bool

    @property
    def smallest_cell(self) -> int:
        """Rows in the smallest (group, label) cell, expected."""
        return round(float(by_group(self.cells[..., None], self.groups).min()))

    @property
    def weight(self) -> Floats:
        """(p, c) weights of the rows; a test set drawn evenly has a natural mix in which the last label is rare."""
        mix = np.ones_like(self.cells)
        if self.is_stratified:
            mix[:, -1] *= 0.3
            mix[-1] *= 0.6
        return np.asarray(mix / mix.mean())

    def of_gap(self, gap: float) -> Floats:
        """(p, c, c) P(ŷ | pattern, label) of a classifier with this gap."""
        return np.asarray(self.rates + gap * self.lean)

    def truth(self, gap: float) -> dict[str, float]:
        """The true metrics of a classifier with this gap."""
        table = self.of_gap(gap) * self.cells[..., None]
        return {name: float(value) for name, value in evaluate(table, self.weight, self.groups).items()}

    def test_set(self, gaps: Sequence[float], random: np.random.Generator) -> tuple[Counts, Counts, Counts]:
        """Patterns (n,), labels (n,) and predictions (len(gaps), n) of one test set."""
        n = self.cells.ravel().round().astype(np.int64)
        if not self.is_stratified:
            n = random.multinomial(n.sum(), self.cells.ravel() / self.cells.sum())
        z, y = np.divmod(np.repeat(np.arange(len(n)), n), self.cells.shape[1])
        shared, own = random.normal(size=len(y)), random.normal(size=(len(gaps), len(y)))
        uniform = ndtr(_AGREEMENT**0.5 * shared + (1 - _AGREEMENT) ** 0.5 * own)
        limits = [self.of_gap(gap).cumsum(axis=-1)[z, y, :-1] for gap in gaps]  # (n, c-1) each
        return z, y, np.stack([(u[:, None] > limit).sum(axis=1) for u, limit in zip(uniform, limits, strict=True)])


@dataclass
class Tally:
    """Intervals: their number, how many covered the truth, how many lay above it, and their mean width."""

    n: int = 0
    covered: int = 0
    above: int = 0
    width: float = 0.0

    def add(self, ci: Interval | None, truth: float) -> None:
        """Count one interval; a missing one does not count."""
        if ci is None:
            return
        is_above, is_below = truth < ci[0] - _ROUNDING, truth > ci[1] + _ROUNDING
        self.covered += not is_above and not is_below
        self.above += is_above
        self.width += (ci[1] - ci[0] - self.width) / (self.n + 1)
        self.n += 1

    @property
    def share(self) -> float | None:
        """The share that covered; None without intervals."""
        return self.covered / self.n if self.n else None


class BeforeAndNow:
    """The tallies of percentile intervals and of those that are used now, by metric."""

    def __init__(self) -> None:
        self.before = {name: Tally() for name in SHOWN}
        self.now = {name: Tally() for name in SHOWN}


@dataclass
class Coverage:
    """The coverage on one design, by what the intervals are of."""

    design: str
    smallest_cell: int
    gap: float
    test_sets: int
    of: dict[str, BeforeAndNow] = field(default_factory=lambda: {kind: BeforeAndNow() for kind in KINDS})

    def to_json(self) -> dict[str, object]:
        """JSON values."""
        figures = {
            kind: {
                name: {
                    when: asdict(tallies[name]) | {"share": tallies[name].share}
                    for when, tallies in (("before", both.before), ("now", both.now))
                }
                for name in SHOWN
            }
            for kind, both in self.of.items()
        }
        about: dict[str, object] = {name: getattr(self, name) for name in ("design", "smallest_cell", "test_sets")}
        return about | {"true_gap": self.gap} | figures


def table_row(found: Coverage) -> str:
    """A row of the table under `HEAD`: the coverage before → now."""
    both = ((found.of[kind].before[name].share, found.of[kind].now[name].share) for kind, name, _ in COLUMNS)
    cells = ["–" if None in pair else f"{pair[0]:.2f} → {pair[1]:.2f}" for pair in both]
    return f"| {found.design} | {found.smallest_cell} | {found.gap:.2f} | {' | '.join(cells)} |"


def bench_rows(found: Sequence[Coverage]) -> list[BenchRow]:
    """The share of intervals that cover the truth now, for every column of the table; a share has no reference."""
    return [
        BenchRow.alone(
            f"{SUITE}/{'-'.join(re.findall('[a-z0-9]+', each.design.lower()))}-{each.gap:g}-{kind}-{name}", "share",
            tally.share, n=tally.n, work=f"95 % intervals that cover the truth, {each.design}, {heading}",
        )
        for each in found
        for kind, name, heading in COLUMNS
        if (tally := each.of[kind].now[name]).share is not None
    ]  # fmt: skip


def details(found: Sequence[Coverage]) -> dict[str, object]:
    """All figures as JSON values."""
    return {"designs": [each.to_json() for each in found]}


def coverage(
    *,
    test_sets: int = TEST_SETS,
    draws: int = 400,
    chosen: Sequence[Design] | None = None,
    progress: Callable[[Coverage], None] | None = None,
) -> list[Coverage]:
    """Simulate the coverage on every design.

    Args:
        test_sets: simulated test sets per design; with 200, two standard errors of a coverage of .95 are .03.
        draws: resamples per interval.
        chosen: designs; None: all of `designs`.
        progress: called with every finished design.
    """
    found = []
    for design in designs() if chosen is None else chosen:
        found.append(simulate(design, test_sets=test_sets, draws=draws))
        if progress:
            progress(found[-1])
    return found


def simulate(design: Design, *, test_sets: int, draws: int, seed: int = 0) -> Coverage:
    """The coverage on one design."""
    found = Coverage(design.name, design.smallest_cell, design.gap, test_sets)
    truth, of_base = design.truth(design.gap), design.truth(design.gap + _BASE_MORE)
    of_seeds = [design.truth(design.gap * (1 + each)) for each in np.linspace(-_SCATTER, _SCATTER, 201)]
    mean = {name: float(np.mean([each[name] for each in of_seeds])) for name in SHOWN}
    shape = {"n_patterns": len(design.groups.patterns), "n_classes": design.cells.shape[1]}
    for number in range(test_sets):
        random = np.random.default_rng((seed, number))
        scattered = [design.gap * (1 + each) for each in random.uniform(-_SCATTER, _SCATTER, _N_SEEDS)]
        z, y, y_pred = design.test_set([design.gap + _BASE_MORE, design.gap, *scattered], random)
        how: Resampling = {"is_stratified": design.is_stratified, "draws": draws, "seed": number}
        joint = joint_table(y, y_pred[0], y_pred[1], z, **shape)
        drawn = draw_tables(joint, **how)
        first, second = (_evaluated(joint.sum(axis=axis), drawn.sum(axis=axis), design) for axis in (-1, -2))
        now, now_change = paired_estimates(joint, design.weight, design.groups, **how)
        tables = [count_table(y, each, z, **shape) for each in y_pred[2:]]
        seeds_before = [_evaluated(table, draw_tables(table, **how), design) for table in tables]
        seeds_now = [estimates(table, design.weight, design.groups, **how) for table in tables]
        for name in SHOWN:
            change = truth[name] - of_base[name]
            found.of["gap"].before[name].add(_percentiles(second[name]).ci, truth[name])
            found.of["gap"].now[name].add(now[name].ci, truth[name])
            found.of["change"].before[name].add(_percentiles(second[name] - first[name]).ci, change)
            found.of["change"].now[name].add(now_change[name].ci, change)
            of_seeds_before = mean_estimate([_even(_percentiles(each[name])) for each in seeds_before])
            found.of["seeds"].before[name].add(of_seeds_before.ci, mean[name])
            found.of["seeds"].now[name].add(mean_estimate([each[name] for each in seeds_now]).ci, mean[name])
    return found


def _evaluated(table: Counts, drawn: Counts, design: Design) -> dict[str, Floats]:
    """(1+b,) every metric on a table (p, c, c), then on its resamples (b, p, c, c)."""
    both = np.concatenate([table[None], drawn])
    return evaluate(both, design.weight, design.groups, scored_classes(table, design.groups))


def _percentiles(values: Floats) -> Estimate:
    """A value with the percentiles of its resamples (1+b,)."""
    return Estimate(float(values[0]), percentile_interval(values[1:]))


def _even(found: Estimate) -> Estimate:
    """An interval as the mean over seeds took it before: half of its width on both sides of the value."""
    if found.value is None or found.ci is None:
        return found
    half = (found.ci[1] - found.ci[0]) / 2
    return Estimate(found.value, (found.value - half, found.value + half))


def designs() -> list[Design]:
    """All designs; every one has about 60 rows or more in its smallest cell."""
    pairs, rare = [[300, 300]] * 2, [[2_000, 600], [1_000, 400], [300, 60]]
    return [
        *(exclusive("two groups, 300 per cell", pairs, gap) for gap in (0.0, 0.02, 0.05, 0.1, 0.3)),
        exclusive("two groups, natural mix", pairs, 0.1, is_stratified=False),
        exclusive("two groups, gaps of TPR and FPR alike", pairs, 0.1, ratio=1.0),
        *(exclusive("three groups, 750 per cell", [[750, 750]] * 3, gap) for gap in (0.0, 0.02, 0.1)),
        *(overlapping(1_500, 0.3, gap) for gap in (0.0, 0.02, 0.08)),
        *(overlapping(8_000, 0.15, gap) for gap in (0.0, 0.02, 0.08)),
        *(exclusive("three groups, one rare", rare, gap, is_stratified=False) for gap in (0.0, 0.05, 0.3)),
        *(_near_0_and_1(rare, gap) for gap in (0.0, 0.1)),
        exclusive("two groups, one without an error", [[60, 60]] * 2, 0.02, is_one=True, rates=(0.0, 1.0), ratio=0.0),
        exclusive("four groups, 60 per cell", [[60, 60]] * 4, 0.1),
        exclusive("four groups, one differs", [[500, 500]] * 4, 0.1, is_one=True),
        *(eight_classes(100, gap, is_one=True) for gap in (0.1, 0.3)),
        eight_classes(100, 0.3, is_one=False),
    ]


def _near_0_and_1(cells: Sequence[Sequence[int]], gap: float) -> Design:
    name = "rates of .97 and .03, one group rare"
    return exclusive(name, cells, gap, is_stratified=False, is_one=True, rates=(0.03, 0.97), ratio=0.1)


def exclusive(
    name: str,
    cells: Sequence[Sequence[int]],
    gap: float,
    *,
    is_stratified: bool = True,
    is_one: bool = False,
    rates: tuple[float, float] = (0.12, 0.78),
    ratio: float = 0.4,
) -> Design:
    """Groups at equal distances, or a last one that differs.

    Args:
        name: as in the table.
        cells: (g, 2) rows by group and label.
        gap: of TPR.
        is_stratified: whether the rows per cell are fixed.
        is_one: whether the last group alone differs.
        rates: FPR and TPR.
        ratio: the gap of FPR is this times that of TPR.
    """
    g = len(cells)
    away = -np.eye(g)[-1] if is_one else np.linspace(-0.5, 0.5, g)
    groups = Groups.exclusive(*"abcdefgh"[:g])
    lean = np.stack([-ratio * away, away], axis=1)
    return _two_classes(name, groups, np.array(cells, dtype=np.float64), rates, lean, gap, is_stratified)


def overlapping(n: int, share: float, gap: float) -> Design:
    """Four identities that overlap, n rows of the natural mix; in one of them TPR is lower and FPR higher.

    A row of several identities lies between them; ``lean`` is scaled so that the gap of TPR is ``gap``.
    """
    patterns = (np.arange(16)[:, None] >> np.arange(4)) & 1
    shares = share * np.array([1.0, 1.0, 0.9, 0.8])
    mix = np.where(patterns, shares, 1 - shares).prod(axis=1)
    away = patterns[:, -1] / np.maximum(patterns.sum(axis=1), 1)
    away = away / np.ptp([(mix * away * member).sum() / (mix * member).sum() for member in patterns.T])
    groups = Groups(("a", "b", "c", "d"), patterns.astype(bool))
    cells = n * mix[:, None] * np.array([0.75, 0.25])
    lean = np.stack([0.5 * away, -away], axis=1)
    name = f"four overlapping identities, n = {n:,}"
    return _two_classes(name, groups, cells, (0.1, 0.7), lean, gap, is_stratified=False)


def _two_classes(
    name: str, groups: Groups, cells: Floats, rates: tuple[float, float], lean: Floats, gap: float, is_stratified: bool
) -> Design:
    """From P(ŷ = 1 | label) and what a gap of 1 adds to it by pattern and label (p, 2)."""
    positive = np.broadcast_to(rates, lean.shape)
    share, more = np.stack([1 - positive, positive], axis=-1), np.stack([-lean, lean], axis=-1)
    return Design(name, groups, cells, share, more, gap, is_stratified)


def eight_classes(per_cell: int, gap: float, *, is_one: bool) -> Design:
    """Two groups and eight classes, one-vs-rest; in the second group all or one are taken for the next class."""
    c = 8
    right = np.full((c, c), 0.3 / (c - 1))
    np.fill_diagonal(right, 0.7)
    lean = np.zeros((2, c, c))
    for k in [0] if is_one else range(c):
        lean[1, k, k], lean[1, k, (k + 1) % c] = -1, 1
    name = f"eight classes, {'one' if is_one else 'all'} with a gap"
    cells = np.full((2, c), float(per_cell))
    return Design(name, Groups.exclusive("a", "b"), cells, np.stack([right] * 2), lean, gap, is_stratified=True)
