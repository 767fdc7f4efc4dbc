"""The results of the paper's figures 4 to 6 as rows for a table or a chart. Torch-free.

Every number is taken at the λ that was chosen on validation, as a mean over seeds; see ``summaries.mean_over_seeds``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NotRequired, TypeVar

from typing_extensions import TypedDict

from fairprog_core.metrics.comparison import Pair, Verdict, share_kept, verdict
from fairprog_core.metrics.intervals import Estimate, EstimateJson
from fairprog_core.metrics.point import FewRows, Point
from fairprog_core.metrics.summaries import SAME_CURVE, Row, interval_columns, mean_estimate, mean_over_seeds, rows_csv
from fairprog_core.results.curve import Curve, CurveId
from fairprog_core.results.result import Result

C = TypeVar("C", bound=CurveId)


class ExperimentRow(TypedDict):
    """Accuracy and gap at the chosen λ, as a mean over curves that differ only by seed, and those of the base.

    ``lam`` has one value per seed; ``gap_name`` is the metric of ``gap``; ``…_delta`` is the change against the
    base; ``verdict`` says whether the gap is better, that is smaller, than the base's; ``is_one_seed`` says whether the
    row comes from one seed of a method that depends on its seed, so that no figure of it gives a verdict;
    ``noise_gap`` is of the gap, ``base_noise_gap`` of the base's, ``few_rows`` of both, see
    `fairprog_core.metrics.point.gap_note`. The last keys depend on the experiment:

    * less tuning data: ``tuning_ratio`` (of ``SAME_CURVE``) and ``kept``, the gain as a share of that with all data;
    * other bases: ``source`` and ``target`` (names of the bases), ``kept``, the share of the gain that is kept, and
      ``controls``, the gap of every control on the other base, with ``controls_noise``, what noise alone shows there;
    * several classes: ``n_classes`` and ``left_out``, labels that are too rare in a group to count.
    """

    method: str
    trigger: str | None
    criterion: str
    tuning_ratio: float | None
    seeds: list[int]
    lam: list[float | None]
    gap_name: str
    base_accuracy: float | None
    base_accuracy_ci: list[float] | None
    accuracy: float | None
    accuracy_ci: list[float] | None
    accuracy_delta: EstimateJson
    base_gap: float | None
    base_gap_ci: list[float] | None
    gap: float | None
    gap_ci: list[float] | None
    gap_delta: EstimateJson
    verdict: Verdict
    is_one_seed: bool
    noise_gap: float | None
    base_noise_gap: float | None
    few_rows: FewRows | None
    collapsed: bool
    kept: NotRequired[EstimateJson]
    source: NotRequired[str]
    target: NotRequired[str]
    controls: NotRequired[dict[str, EstimateJson]]
    controls_noise: NotRequired[dict[str, float | None]]
    n_classes: NotRequired[int]
    left_out: NotRequired[list[str]]


def is_about_shares(result: Result) -> bool:
    """Whether the curves use several shares of the tuning data."""
    return len({curve.share for curve in result.curves}) > 1


def tuning_rows(result: Result) -> list[ExperimentRow]:
    """Figure 4: the gap against the share of the tuning data.

    Args:
        result: of a study with several shares, the whole (1) among them.

    Returns:
        One row per method, trigger, criterion and share, in the order of the study.
    """
    whole = {_without_share(curve): curve for curve in result.curves if curve.is_whole}
    rows = []
    for curves in _families(result.curves):
        kept = mean_estimate([_kept(result, whole.get(_without_share(curve)), curve) for curve in curves])
        row = _figures(result.base, curves, [result.chosen_point(curve) for curve in curves])
        row["tuning_ratio"] = curves[0].share
        row["kept"] = kept.to_json()
        rows.append(row)
    return rows


def transfer_rows(results: Iterable[Result]) -> list[ExperimentRow]:
    """Figure 5: triggers on bases that they were not trained on; the matrix of the share of the gain that is kept.

    Args:
        results: each with the triggers of one base.

    Returns:
        One row per study, method, trigger, criterion and other base.
    """
    rows = []
    for target in (target for result in results for target in result.transfer):
        for curves in _families(target.curves):
            row = _figures(target.point, curves, [curve.chosen for curve in curves])
            row["source"], row["target"] = target.source, target.base
            row["kept"] = mean_estimate([Estimate.of(**curve.kept) for curve in curves]).to_json()
            controls, gap = _controls([point for curve in curves for point in curve.points]), curves[0].gap
            row["controls"] = {name: mean.metric(gap).to_json() for name, mean in controls.items()}
            row["controls_noise"] = {name: mean.noise_gap.get(gap) for name, mean in controls.items()}
            rows.append(row)
    return rows


def class_rows(results: Iterable[Result]) -> list[ExperimentRow]:
    """Figure 6: the gap against the number of classes.

    Args:
        results: of studies that differ in their label.

    Returns:
        One row per study, method, trigger and criterion, sorted by number of classes. Curves that use only a share
        of the tuning data are left out.
    """
    rows = []
    for result in results:
        for curves in _families(curve for curve in result.curves if curve.is_whole):
            row = _figures(result.base, curves, [result.chosen_point(curve) for curve in curves])
            row["n_classes"], row["left_out"] = len(result.labels), result.base.left_out
            rows.append(row)
    return sorted(rows, key=lambda row: row["n_classes"])


def experiment_csv(rows: Sequence[ExperimentRow]) -> str:
    """Rows as CSV text: intervals as <name>_low and <name>_high, empty if not estimable.

    The cell with too few rows is <few_rows>, its number of rows, with few_rows_group and few_rows_label.
    """
    return rows_csv([_flat(row) for row in rows])


def experiment_json(row: ExperimentRow) -> dict[str, object]:
    """A row as ``fairprog runs experiments --json`` prints it, with keys for the gap of every control and its noise."""
    flat: dict[str, object] = {name: value for name, value in row.items() if not name.startswith("controls")}
    flat |= {f"{name}_gap": found for name, found in row.get("controls", {}).items()}
    return flat | {f"{name}_noise_gap": found for name, found in row.get("controls_noise", {}).items()}


def _figures(base: Point, curves: Sequence[CurveId], points: Sequence[Point]) -> ExperimentRow:
    """The chosen points of curves that differ only by seed as a mean over seeds, with the base."""
    first, mean = curves[0], mean_over_seeds(points, same=SAME_CURVE)[0]
    base_accuracy, accuracy = (point.metric("accuracy").to_json() for point in (base, mean))
    base_gap, gap = (point.metric(first.gap).to_json() for point in (base, mean))
    change, is_one_seed = mean.change(first.gap), len(curves) == 1 and first.depends_on_seed
    return ExperimentRow(
        method=first.method,
        trigger=first.trigger,
        criterion=first.criterion,
        tuning_ratio=first.tuning_ratio,
        seeds=list(mean.seeds),
        lam=[point.lam for point in points],
        gap_name=first.gap,
        base_accuracy=base_accuracy["value"],
        base_accuracy_ci=base_accuracy["ci"],
        accuracy=accuracy["value"],
        accuracy_ci=accuracy["ci"],
        accuracy_delta=mean.change("accuracy").to_json(),
        base_gap=base_gap["value"],
        base_gap_ci=base_gap["ci"],
        gap=gap["value"],
        gap_ci=gap["ci"],
        gap_delta=change.to_json(),
        verdict=verdict(change, more_is_better=False, is_one_seed=is_one_seed),
        is_one_seed=is_one_seed,
        noise_gap=mean.noise_gap.get(first.gap),
        base_noise_gap=base.noise_gap.get(first.gap),
        few_rows=base.few_rows(first.gap),
        collapsed=mean.collapsed,
    )


def _controls(points: Sequence[Point]) -> dict[str, Point]:
    """Every control as a mean over seeds."""
    by_control: dict[str, list[Point]] = {}
    for point in points:
        if point.lam is None:
            by_control.setdefault(point.method, []).append(point)
    return {name: mean_over_seeds(of_control, same=SAME_CURVE)[0] for name, of_control in by_control.items()}


def _kept(result: Result, full: Curve | None, curve: Curve) -> Estimate:
    """The gain of ``curve`` as a share of the gain of ``full``, on the same base."""
    if full is None:
        return Estimate(None, None)
    base, groups = result.predictions(result.base), result.groups()
    pairs = [Pair(base, result.predictions(result.chosen_point(one))) for one in (full, curve)]
    return share_kept(*pairs, groups=groups, n_classes=len(result.labels), gap=curve.gap)


def _flat(row: ExperimentRow) -> Row:
    flat: Row = {}
    for name, found in experiment_json(row).items():
        if name == "few_rows":
            few = found if isinstance(found, Mapping) else {}
            flat |= {name: few.get("n"), f"{name}_group": few.get("group"), f"{name}_label": few.get("label")}
        elif isinstance(found, Mapping):
            flat |= interval_columns(name, Estimate.of(**found))
        elif name.endswith("_ci"):
            start = name.removesuffix("_ci")
            flat[f"{start}_low"], flat[f"{start}_high"] = found or (None, None)  # type: ignore[misc]
        else:
            flat[name] = "; ".join(map(str, found)) if isinstance(found, list) else found  # type: ignore[assignment]
    return flat


def _families(curves: Iterable[C]) -> list[list[C]]:
    """Lists of curves that differ only by seed, in the order of their first curves."""
    families: dict[tuple[object, ...], list[C]] = {}
    for curve in curves:
        families.setdefault(tuple(getattr(curve, name) for name in SAME_CURVE), []).append(curve)
    return list(families.values())


def _without_share(curve: CurveId) -> tuple[object, ...]:
    return curve.method, curve.trigger, curve.criterion, curve.seed
