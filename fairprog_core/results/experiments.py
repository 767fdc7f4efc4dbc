"""What the studies of the paper's figures 4 to 6 found, as rows that a table or a chart takes. Torch-free.

Every figure is read at the λ that was chosen on validation, as a mean over seeds; see ``summaries.mean_over_seeds``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from fairprog_core.metrics.comparison import Pair, share_kept
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.summaries import SAME_CURVE, mean_estimate, mean_over_seeds, rows_csv
from fairprog_core.results.result import Curve, Result

Row = dict[str, Any]
C = TypeVar("C", bound=Mapping[str, Any])


def share(curve: Mapping[str, Any]) -> float:
    """The share of the tuning data; results of an early version say none, which was all."""
    return float(curve.get("tuning_ratio") or 1)


def is_about_shares(result: Result) -> bool:
    """Whether curves were learned from several shares of the tuning data."""
    return len({share(curve) for curve in result.curves}) > 1


def tuning_rows(result: Result) -> list[Row]:
    """Figure 4: the gap against the share of the tuning data.

    Args:
        result: of a study with several shares, the whole (1) among them.

    Returns:
        One row per method, trigger, criterion and share, in the order of the study: the figures of ``_figures``, and
        ``kept``, the share of the gain of the whole tuning data that is kept.
    """
    whole = {_without_share(curve): curve for curve in result.curves if share(curve) == 1}
    rows = []
    for curves in _families(result.curves):
        pairs = [(whole.get(_without_share(curve)), curve) for curve in curves]
        kept = mean_estimate([_kept(result, full, curve) for full, curve in pairs])
        row = _figures(result.base, curves, [_chosen(result, curve) for curve in curves])
        rows.append(row | {"tuning_ratio": share(curves[0]), "kept": kept.to_json()})
    return rows


def transfer_rows(results: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Figure 5: triggers on bases that they were not learned on; the matrix of the share of the gain that is kept.

    Args:
        results: result JSONs, each with the triggers of one base.

    Returns:
        One row per study, method, trigger, criterion and other base: the figures of ``_figures``, ``source`` and
        ``target`` (names of the two bases), ``kept``, and the gap of every control on the other base as
        ``<control>_gap`` {"value", "ci"}.
    """
    return [
        _figures(target["point"], curves, [_point_at(curve["points"], curve["chosen_lam"]) for curve in curves])
        | {"source": target["source"], "target": target["base"]}
        | {"kept": mean_estimate([Estimate.of(**curve["kept"]) for curve in curves]).to_json()}
        | _controls(curves)
        for result in results
        for target in result.get("transfer", [])
        for curves in _families(target["curves"])
    ]


def class_rows(results: Iterable[Result]) -> list[Row]:
    """Figure 6: the gap against the number of classes.

    Args:
        results: of studies that differ in their label.

    Returns:
        One row per study, method, trigger and criterion, the fewest classes first: the figures of ``_figures``,
        ``n_classes``, and ``left_out``, labels that are too rare in a group to count. Curves that were learned from
        a share of the tuning data are left out.
    """
    rows = []
    for result in results:
        for curves in _families(curve for curve in result.curves if share(curve) == 1):
            row = _figures(result.base, curves, [_chosen(result, curve) for curve in curves])
            about = {"n_classes": len(result.values["labels"]), "left_out": result.base.get("left_out", [])}
            rows.append(row | about)
    return sorted(rows, key=lambda row: row["n_classes"])


def experiment_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV text: intervals as <name>_low and <name>_high, empty where not estimable."""
    return rows_csv([_flat(row) for row in rows])


def _figures(base: Mapping[str, Any], curves: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]]) -> Row:
    """What the curve is (``SAME_CURVE``), ``seeds``, ``lam`` (one per seed), ``gap_name``, and accuracy and gap.

    Both are told as ``base_<name>``, ``base_<name>_ci``, ``<name>``, ``<name>_ci`` and ``<name>_delta``
    {"value", "ci"}.
    """
    gap, mean = curves[0]["gap"], mean_over_seeds(points, same=SAME_CURVE)[0]
    row = {name: curves[0].get(name) for name in SAME_CURVE}
    row |= {"seeds": mean["seeds"], "lam": [point["lam"] for point in points], "gap_name": gap}
    for name, metric in (("accuracy", "accuracy"), ("gap", gap)):
        row |= {f"base_{name}": base[metric], f"base_{name}_ci": base.get(f"{metric}_ci")}
        row |= {name: mean[metric], f"{name}_ci": mean[f"{metric}_ci"]}
        row[f"{name}_delta"] = mean["delta"][metric]
    return row | {"collapsed": mean["collapsed"]}


def _controls(curves: Sequence[Mapping[str, Any]]) -> Row:
    """The gap of every control, as a mean over seeds."""
    gap, found = curves[0]["gap"], dict[str, list[Mapping[str, Any]]]()
    for point in (point for curve in curves for point in curve["points"] if point["lam"] is None):
        found.setdefault(point["method"], []).append(point)
    means = {name: mean_over_seeds(points, same=SAME_CURVE)[0] for name, points in found.items()}
    return {f"{name}_gap": {"value": mean[gap], "ci": mean[f"{gap}_ci"]} for name, mean in means.items()}


def _kept(result: Result, full: Curve | None, curve: Curve) -> Estimate:
    """The share of the gain of ``full`` that ``curve`` keeps, on the same base."""
    if full is None:
        return Estimate(None, None)
    base, groups = result.predictions(result.base), result.groups()
    pairs = [Pair(base, result.predictions(_chosen(result, one))) for one in (full, curve)]
    return share_kept(*pairs, groups=groups, n_classes=len(result.values["labels"]), gap=curve["gap"])


def _flat(row: Mapping[str, Any]) -> Row:
    flat: Row = {}
    for name, found in row.items():
        if isinstance(found, Mapping):
            flat[name] = found.get("value")
        if isinstance(found, Mapping) or name.endswith("_ci"):
            ci = found.get("ci") if isinstance(found, Mapping) else found
            start = name.removesuffix("_ci")
            flat[f"{start}_low"], flat[f"{start}_high"] = ci or (None, None)
        else:
            flat[name] = "; ".join(map(str, found)) if isinstance(found, list) else found
    return flat


def _families(curves: Iterable[C]) -> list[list[C]]:
    """Curves that differ by their seed alone, in the order of their first."""
    found: dict[tuple[Any, ...], list[C]] = {}
    for curve in curves:
        found.setdefault(tuple(curve.get(name) for name in SAME_CURVE), []).append(curve)
    return list(found.values())


def _without_share(curve: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(curve.get(name) for name in ("method", "trigger", "criterion", "seed"))


def _chosen(result: Result, curve: Curve) -> Mapping[str, Any]:
    return _point_at(result.points_of(curve), curve["chosen_lam"])


def _point_at(points: Iterable[Mapping[str, Any]], lam: float) -> Mapping[str, Any]:
    return next(point for point in points if point["lam"] == lam)
