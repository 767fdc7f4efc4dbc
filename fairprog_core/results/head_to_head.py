"""Compare finished curves on the same test rows, the same base and one criterion; with metrics and a verdict for each.

Curves may come from one study or from several, if these use the same test rows and the same frozen
base. `fairprog_core.metrics.comparison` explains the intervals, and why a difference uses equally many λ.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from typing_extensions import TypedDict

from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.common.types import Floats, Predictions
from fairprog_core.methods import METHODS
from fairprog_core.metrics.comparison import (
    Attained,
    Reference,
    ResampledRows,
    Verdict,
    compared,
    over_seeds,
    verdict,
)
from fairprog_core.metrics.counts import cell_weight
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import NOT_ESTIMABLE, FewRows, Point
from fairprog_core.metrics.summaries import Row, interval_columns, mean_estimate, rows_csv
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result

BYSTANDERS = ("majority",)  # methods that are shown as a line on the chart, but are no candidates
LOSSES = (0.01, 0.02, 0.03, 0.05)  # losses of the base's accuracy at which gaps are compared
AttainedBySeed: TypeAlias = Mapping[int, Attained]


@dataclass(frozen=True)
class Candidate:
    """The curves that differ only by their seed: one method, with one trigger or none, for one criterion.

    Attributes:
        run: id of the run, or another name of the result.
        result: that the curves belong to.
        curves: one per seed.
    """

    run: str
    result: Result
    curves: tuple[Curve, ...]

    @property
    def key(self) -> str:
        """The unique name of a candidate: the run, and the key of its curves without the seed."""
        return f"{self.run}:{self.curves[0].family}"

    @property
    def depends_on_seed(self) -> bool:
        """Whether another seed would give other curves."""
        return self.curves[0].depends_on_seed

    def points(self, curve: Curve) -> list[Point]:
        """The points of one of the curves that have stored predictions."""
        return [point for point in self.result.points_of(curve) if point.artifacts.get("predictions")]


class DifferenceJson(EstimateJson):
    """The difference to the reference candidate, with its verdict."""

    verdict: Verdict


class DifferencesJson(TypedDict):
    """Differences of both hypervolumes, and of the gap at every loss of accuracy, first minus second.

    ``n_lams`` is the number of λ of either curve that they are computed from, see `compared`; ``n_seeds`` the number
    of pairs of seeds.
    """

    n_lams: int
    n_seeds: int
    hypervolume: DifferenceJson
    within: DifferenceJson
    at_loss: list[DifferenceJson]


class CandidateJson(TypedDict):
    """The metrics of one candidate.

    ``n_lams`` is its number of λ, ``depends_on_seed`` as in `Candidate`. ``hypervolume`` is that of all points,
    ``within`` that of the points available within the training time, ``at_loss`` is the gap at every loss of accuracy,
    with the interval of the points that have it. ``seconds`` is a mean over seeds. ``difference`` is None for the
    reference candidate.
    """

    key: str
    run: str
    method: str
    trigger: str | None
    seeds: list[int]
    n_lams: int
    depends_on_seed: bool
    seconds: float
    n_parameters: int | None
    hypervolume: EstimateJson
    within: EstimateJson
    at_loss: list[EstimateJson]
    difference: DifferencesJson | None


class BaseFigures(TypedDict):
    """Accuracy and gap of the base; the gap that noise alone would show on these rows, and a cell with too few of them.

    With too few rows gaps have no intervals, and their differences no verdicts.
    """

    accuracy: float
    gap: float
    noise_gap: float | None
    few_rows: FewRows | None


class ComparisonJson(TypedDict):
    """Candidates compared on the same rows.

    ``gap`` is the metric, ``n`` the number of rows, ``majority`` the accuracy of the most frequent label, ``losses``
    are the losses of accuracy at which gaps are compared, ``within`` the training time in seconds that is allowed for
    the comparison at matched time, ``against`` the key of the reference candidate.
    """

    criterion: str
    gap: str
    n: int
    base: BaseFigures
    majority: float
    losses: list[float]
    within: float
    against: str
    contenders: list[CandidateJson]  # the key keeps its old name, because saved files contain it


Figure: TypeAlias = Callable[[Attained], Floats]  # (1 + b,) bootstrap values of a curve's points


class Figures(NamedTuple):
    """What is compared: both hypervolumes and the gap at every loss; and whether there are rows enough for gaps."""

    hypervolume: Figure
    within: Figure
    at_loss: list[Figure]
    has_gaps: bool


def candidates(results: Mapping[str, Result], *, criterion: str | None = None) -> list[Candidate]:
    """All candidates for a comparison, in the order of the results and their curves.

    Args:
        results: by the id of their run.
        criterion: only curves for this one; None: all.
    """
    by_key: dict[str, Candidate] = {}
    for run, result in results.items():
        for curve in result.curves:
            if criterion in (None, curve.criterion) and curve.method not in BYSTANDERS:
                one = Candidate(run, result, (curve,))
                known = by_key.get(one.key)
                by_key[one.key] = Candidate(run, result, (*known.curves, curve)) if known else one
    return list(by_key.values())


def head_to_head(
    value: Sequence[Candidate],
    *,
    against: int = 0,
    losses: Sequence[float] = LOSSES,
    within: float | None = None,
    seed: int = 0,
) -> ComparisonJson:
    """Compute the metrics of every candidate, and the differences to one of them, the reference candidate.

    Args:
        value: at least one candidate.
        against: index of the reference candidate.
        losses: losses of the base's accuracy at which gaps are compared.
        within: training time in seconds for the comparison at matched time; None: that of the reference
            candidate.
        seed: of the resampling.

    Raises:
        ConfigError: there is no candidate, or the curves are for different gaps.
        DataError: the studies have other test rows or another base, or too few rows for the gap.
        ArtifactError: predictions are missing or damaged.
    """
    gaps = {curve.gap for each in value for curve in each.curves}
    if len(gaps) != 1:
        raise ConfigError("Only curves for one criterion can be compared: choose at least one, all for the same.")
    gap = gaps.pop()
    rows, base = _shared_rows(value, seed)
    reference = rows.reference(base.y_pred, gap)
    if not np.isfinite(reference.gap[0]):
        raise DataError(
            f"The {gap.replace('_', ' ')} cannot be estimated on these {len(base.y):,} test rows: a group has too few "
            "of them, or of a label; use more test rows."
        )
    attained = [dict(_attained(each, rows, gap, reference)) for each in value]
    in_time = max(curve.seconds for curve in value[against].curves) if within is None else within
    few_rows = value[0].result.base.few_rows(gap)
    figures = Figures(
        hypervolume=partial(Attained.hypervolume, reference=reference),
        within=partial(Attained.hypervolume, reference=reference, within=in_time),
        at_loss=[partial(Attained.gap_at, loss=loss, reference=reference) for loss in losses],
        has_gaps=few_rows is None,
    )
    rival = value[against], attained[against]
    return ComparisonJson(
        criterion=value[0].curves[0].criterion,
        gap=gap,
        n=len(base.y),
        base=BaseFigures(
            accuracy=float(reference.accuracy[0]),
            gap=float(reference.gap[0]),
            noise_gap=value[0].result.base.noise_gap.get(gap),
            few_rows=few_rows,
        ),
        majority=float(reference.majority[0]),
        losses=list(losses),
        within=in_time,
        against=value[against].key,
        contenders=[
            _candidate(each, own, figures, _gaps_at(each, own, losses, reference), None if i == against else rival)
            for i, (each, own) in enumerate(zip(value, attained, strict=True))
        ],
    )


def head_to_head_csv(comparison: ComparisonJson) -> str:
    """A comparison as CSV text: a row per candidate; the column "against" names the reference candidate."""
    return rows_csv([_flat(each, comparison) for each in comparison["contenders"]])


def _shared_rows(value: Sequence[Candidate], seed: int) -> tuple[ResampledRows, Predictions]:
    """The common test rows, resampled, and the predictions of the base."""
    results = {id(each.result): each.result for each in value}
    first, *others = results.values()
    base, groups = first.predictions(first.base), first.groups()
    for other in others:
        same = other.predictions(other.base)
        if not all(np.array_equal(getattr(base, name), getattr(same, name)) for name in ("row", "y", "z", "y_pred")):
            raise DataError(
                "These studies cannot be compared row by row: they tested other rows, or another base classifier. "
                "Choose studies with the same data and the same base."
            )
    shape = {"n_patterns": len(groups.patterns), "n_classes": len(first.labels)}
    weight = cell_weight(base.y, base.z, base.weight, **shape)
    return ResampledRows.drawn(base.y, base.z, weight, groups, is_stratified=base.is_stratified, seed=seed), base


def _attained(
    candidate: Candidate, rows: ResampledRows, gap: str, reference: Reference
) -> Iterator[tuple[int, Attained]]:
    """(seed, metrics on every draw) of every curve."""
    for curve in candidate.curves:
        points = candidate.points(curve)
        predicted = [candidate.result.predictions(point).y_pred for point in points]
        seconds = _seconds(candidate, curve, len(points))
        yield curve.seed, rows.attained(predicted, gap, seconds, base=reference.counts)


def _seconds(candidate: Candidate, curve: Curve, n: int) -> Floats:
    """Training time (n,) in seconds until each point was available: in turn if trained one by one, else at the end."""
    is_separate = candidate.result.study.get("mode") == "separate" and curve.trigger is not None
    known = METHODS.get(curve.method)  # None for a method of a later version
    one_by_one = is_separate or getattr(known and known.options, "one_by_one", False)
    return np.asarray(curve.seconds * (np.arange(1, n + 1) / n if one_by_one else np.ones(n)))


def _gaps_at(
    candidate: Candidate, own: AttainedBySeed, losses: Sequence[float], reference: Reference
) -> list[Estimate]:
    """The smallest gap at every loss of accuracy, a mean over seeds; its interval is that of the point that has it."""
    gap, points = candidate.curves[0].gap, {curve.seed: candidate.points(curve) for curve in candidate.curves}

    def at(loss: float) -> Estimate:
        best = {seed: each.best_at(loss, reference) for seed, each in own.items()}
        value, ci = mean_estimate(
            [NOT_ESTIMABLE if i is None else points[seed][i].metric(gap) for seed, i in best.items()]
        )
        return Estimate(value, (max(ci[0], 0.0), ci[1]) if ci else None)

    return [at(loss) for loss in losses]


def _candidate(
    candidate: Candidate,
    own: AttainedBySeed,
    figures: Figures,
    gaps: Sequence[Estimate],
    against: tuple[Candidate, AttainedBySeed] | None,
) -> CandidateJson:
    first = candidate.curves[0]

    def mean(figure: Figure) -> EstimateJson:
        return over_seeds({seed: figure(found) for seed, found in own.items()}).to_json()

    return CandidateJson(
        key=candidate.key,
        run=candidate.run,
        method=first.method,
        trigger=first.trigger,
        seeds=[curve.seed for curve in candidate.curves],
        n_lams=_n_lams(own),
        depends_on_seed=candidate.depends_on_seed,
        seconds=float(np.mean([curve.seconds for curve in candidate.curves])),
        n_parameters=first.n_parameters,
        hypervolume=mean(figures.hypervolume),
        within=mean(figures.within),
        at_loss=[gap.to_json() for gap in gaps],
        difference=against and _differences((candidate, own), against, figures),
    )


def _differences(
    first: tuple[Candidate, AttainedBySeed], second: tuple[Candidate, AttainedBySeed], figures: Figures
) -> DifferencesJson:
    own, other = _by_seed(first, second)
    seeds = own.keys() & other.keys()
    is_one_seed = len(seeds) == 1 and any(candidate.depends_on_seed for candidate, _ in (first, second))

    def judged(figure: Figure, *, more_is_better: bool) -> DifferenceJson:
        found = compared(own, other, figure)
        if figure in figures.at_loss and not figures.has_gaps:
            found = Estimate(found.value, None)
        said = verdict(found, more_is_better=more_is_better, is_one_seed=is_one_seed)
        return DifferenceJson(**found.to_json(), verdict=said)

    return DifferencesJson(
        n_lams=min(_n_lams(own), _n_lams(other)),
        n_seeds=len(seeds),
        hypervolume=judged(figures.hypervolume, more_is_better=True),
        within=judged(figures.within, more_is_better=True),
        at_loss=[judged(figure, more_is_better=False) for figure in figures.at_loss],
    )


def _by_seed(*both: tuple[Candidate, AttainedBySeed]) -> list[AttainedBySeed]:
    """Two candidates' points; a curve that does not depend on the seed stands for every seed of the other one."""
    seeds = {seed for candidate, found in both for seed in found if candidate.depends_on_seed} or set(both[0][1])
    return [
        found if candidate.depends_on_seed else {seed: found.get(seed, next(iter(found.values()))) for seed in seeds}
        for candidate, found in both
    ]


def _n_lams(found: AttainedBySeed) -> int:
    return max(int(one.gap.shape[1]) for one in found.values())


def _flat(each: CandidateJson, comparison: ComparisonJson) -> Row:
    row: Row = {"run": each["run"], "method": each["method"], "trigger": each["trigger"]}
    seeds = " ".join(map(str, each["seeds"]))
    row |= {"criterion": comparison["criterion"], "seeds": seeds, "seconds": each["seconds"]}
    row |= {"against": comparison["against"], "noise_gap": comparison["base"]["noise_gap"]}
    differences = each["difference"]
    row |= {"n_lams": each["n_lams"], "n_lams_compared": differences and differences["n_lams"]}
    columns = [("hypervolume", each["hypervolume"], differences and differences["hypervolume"])]
    columns.append((f"hypervolume_in_{comparison['within']:g}s", each["within"], differences and differences["within"]))
    for i, loss in enumerate(comparison["losses"]):
        columns.append((f"gap_at_{loss:g}", each["at_loss"][i], differences and differences["at_loss"][i]))
    for name, own, other in columns:
        of_other = Estimate.of(other["value"], other["ci"]) if other else Estimate(None, None)
        row |= interval_columns(name, Estimate.of(**own)) | interval_columns(f"{name}_difference", of_other)
        row[f"{name}_verdict"] = other["verdict"] if other else None
    return row
