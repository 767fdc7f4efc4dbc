"""A duel of finished curves: the same test rows, the same base, one criterion; figures and a verdict for each.

Curves may come from one study or from several, as long as these tested the same rows with the same
frozen base. See `fairprog_core.metrics.comparison` for how intervals come about.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairprog_core.common.errors import ConfigError, DataError
from fairprog_core.common.types import Predictions
from fairprog_core.methods import METHODS
from fairprog_core.metrics.comparison import Attained, Reference, ResampledRows, difference, over_seeds, verdict
from fairprog_core.metrics.counts import Floats, cell_weight
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.summaries import Point, rows_csv
from fairprog_core.results.result import Curve, Result

BYSTANDERS = ("majority",)  # methods that are a line on the chart, but no contender
LOSSES = (0.01, 0.02, 0.03, 0.05)  # of the base's accuracy, at which gaps are compared


@dataclass(frozen=True)
class Candidate:
    """The curves that differ only by their seed: one method, with one trigger or none, for one criterion.

    Attributes:
        run: id of the run, or whatever tells the results apart.
        result: where the curves come from.
        curves: one per seed.
    """

    run: str
    result: Result
    curves: tuple[Curve, ...]

    @property
    def key(self) -> str:
        """Tells contenders apart: the run, and the curves' key without their seed."""
        first = self.curves[0]
        family = str(first["key"]).removesuffix(f"-s{first['seed']}")
        return f"{self.run}:{family}"

    def points(self, curve: Curve) -> list[Point]:
        """The points of one of the curves whose predictions were kept."""
        return [point for point in self.result.points_of(curve) if point["artifacts"].get("predictions")]


def candidates(results: Mapping[str, Result], *, criterion: str | None = None) -> list[Candidate]:
    """Everything that can enter a duel, in the order of the results and their curves.

    Args:
        results: by the id of their run.
        criterion: only curves for this one; None: all.
    """
    found: dict[str, Candidate] = {}
    for run, result in results.items():
        for curve in result.curves:
            if criterion in (None, curve["criterion"]) and curve["method"] not in BYSTANDERS:
                one = Candidate(run, result, (curve,))
                known = found.get(one.key)
                found[one.key] = Candidate(run, result, (*known.curves, curve)) if known else one
    return list(found.values())


def head_to_head(
    value: Sequence[Candidate],
    *,
    against: int = 0,
    losses: Sequence[float] = LOSSES,
    within: float | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Every contender's figures, and those of all others against one of them.

    Args:
        value: at least one.
        against: index of the one that the others are compared with.
        losses: of the base's accuracy, at which gaps are read off.
        within: seconds of training that count for the comparison at matched seconds; None: what the one that
            is compared with took.
        seed: of the resampling.

    Returns:
        JSON: ``criterion``, ``gap`` (metric), ``n`` (rows), ``base`` and ``majority``, ``losses``, ``within``,
        ``against`` (key), and ``contenders``, each with ``key``, ``run``, ``method``, ``trigger``, ``seeds``,
        ``seconds`` (mean over seeds), ``n_parameters``, ``hypervolume``, ``within``, ``at_loss`` as
        {"value", "ci"}, and ``difference``, which holds the last three again, minus those of the one that is
        compared with and with a ``verdict``; None for that one.

    Raises:
        ConfigError: there is nobody, or the curves close different gaps.
        DataError: their studies tested other rows, or another base, or too few rows for the gap.
        ArtifactError: predictions are missing or damaged.
    """
    gaps = {curve["gap"] for each in value for curve in each.curves}
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
    in_time = max(curve["seconds"] for curve in value[against].curves) if within is None else within
    figures = [_figures(found, reference, losses, in_time) for found in attained]
    return {
        "criterion": value[0].curves[0]["criterion"],
        "gap": gap,
        "n": len(base.y),
        "base": {"accuracy": float(reference.accuracy[0]), "gap": float(reference.gap[0])},
        "majority": float(reference.majority[0]),
        "losses": list(losses),
        "within": in_time,
        "against": value[against].key,
        "contenders": [
            _about(each) | _summary(own) | {"difference": None if i == against else _differences(own, figures[against])}
            for i, (each, own) in enumerate(zip(value, figures, strict=True))
        ],
    }


def head_to_head_csv(judged: Mapping[str, Any]) -> str:
    """A duel as CSV text: one row per contender; differences and verdicts are against the one named in ``against``."""
    return rows_csv([_flat(each, judged) for each in judged["contenders"]])


Figures = dict[str, Any]  # "hypervolume", "within": by seed (1+b,); "at_loss": a list of such


def _shared_rows(value: Sequence[Candidate], seed: int) -> tuple[ResampledRows, Predictions]:
    """The rows that all were tested on, resampled, and what the base says of them."""
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
    shape = {"n_patterns": len(groups.patterns), "n_classes": len(first.values["labels"])}
    weight = cell_weight(base.y, base.z, base.weight, **shape)
    return ResampledRows.drawn(base.y, base.z, weight, groups, is_stratified=base.is_stratified, seed=seed), base


def _attained(
    contender: Candidate, rows: ResampledRows, gap: str, reference: Reference
) -> Iterator[tuple[int, Attained]]:
    """By seed, what every curve attained."""
    for curve in contender.curves:
        points = contender.points(curve)
        predicted = [contender.result.predictions(point).y_pred for point in points]
        seconds = _seconds(contender, curve, len(points))
        yield curve["seed"], rows.attained(predicted, gap, seconds, base=reference.counts)


def _seconds(contender: Candidate, curve: Curve, n: int) -> Floats:
    """Seconds (n,) until there was a point: trained one by one they come one by one, else all at the end."""
    is_separate = contender.result.study.get("mode") == "separate" and curve["trigger"] is not None
    known = METHODS.get(curve["method"])  # a later version may have more
    one_by_one = is_separate or getattr(known and known.options, "one_by_one", False)
    return np.asarray(curve["seconds"] * (np.arange(1, n + 1) / n if one_by_one else np.ones(n)))


def _figures(found: Mapping[int, Attained], reference: Reference, losses: Sequence[float], within: float) -> Figures:
    return {
        "hypervolume": {seed: one.hypervolume(reference) for seed, one in found.items()},
        "within": {seed: one.hypervolume(reference, within=within) for seed, one in found.items()},
        "at_loss": [{seed: one.gap_at(loss, reference) for seed, one in found.items()} for loss in losses],
    }


def _about(contender: Candidate) -> dict[str, Any]:
    curve = contender.curves[0]
    seconds = float(np.mean([each["seconds"] for each in contender.curves]))
    return {
        "key": contender.key, "run": contender.run, "method": curve["method"], "trigger": curve["trigger"],
        "seeds": [each["seed"] for each in contender.curves], "seconds": seconds,
        "n_parameters": curve.get("n_parameters"),
    }  # fmt: skip


def _summary(own: Figures) -> dict[str, Any]:
    return {
        "hypervolume": over_seeds(own["hypervolume"]).to_json(),
        "within": over_seeds(own["within"]).to_json(),
        "at_loss": [over_seeds(values).to_json() for values in own["at_loss"]],
    }


def _differences(own: Figures, other: Figures) -> dict[str, Any]:
    pairs = zip(own["at_loss"], other["at_loss"], strict=True)
    return {
        "hypervolume": _judged(difference(own["hypervolume"], other["hypervolume"]), more_is_better=True),
        "within": _judged(difference(own["within"], other["within"]), more_is_better=True),
        "at_loss": [_judged(difference(one, two), more_is_better=False) for one, two in pairs],
    }


def _flat(each: Mapping[str, Any], judged: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: each[name] for name in ("run", "method", "trigger")} | {"criterion": judged["criterion"]}
    row |= {"seeds": " ".join(str(seed) for seed in each["seeds"]), "seconds": each["seconds"]}
    row["against"] = judged["against"]
    own, difference = _by_column(each, judged), _by_column(each["difference"] or {}, judged)
    for name, found in own.items():
        other = difference.get(name) or {}
        row |= _ends(name, found) | _ends(f"{name}_difference", other) | {f"{name}_verdict": other.get("verdict")}
    return row


def _by_column(figures: Mapping[str, Any], judged: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    if not figures:
        return {}
    at_loss = {f"gap_at_{loss:g}": found for loss, found in zip(judged["losses"], figures["at_loss"], strict=True)}
    return {"hypervolume": figures["hypervolume"], f"hypervolume_in_{judged['within']:g}s": figures["within"]} | at_loss


def _ends(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    low, high = found.get("ci") or (None, None)
    return {name: found.get("value"), f"{name}_low": low, f"{name}_high": high}


def _judged(found: Estimate, *, more_is_better: bool) -> dict[str, Any]:
    return found.to_json() | {"verdict": verdict(found, more_is_better=more_is_better)}
