"""Judges a run, or an audit of predictions, by bounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairprog_core.api.auditing.audit import Audit
from fairprog_core.api.checking.bounds import Bound, BoundVerdict
from fairprog_core.common.errors import ConfigError, shorten, shown
from fairprog_core.metrics.intervals import Estimate
from fairprog_core.metrics.point import Point, gap_note
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result

EXIT_CODES: dict[BoundVerdict, int] = {"kept": 0, "broken": 1, "open": 3}


@dataclass(frozen=True)
class Judgement:
    """What one bound says of one curve, or of one file of predictions.

    Attributes:
        subject: the curve's key, or the file's name.
        bound: that was asked for.
        found: the metric on the test rows, at the chosen λ.
        verdict: kept, broken, or open.
        note: what limits the figure, e.g. too few rows for an interval; empty: nothing.
        n: number of rows.
        lam: the chosen λ; None for predictions.
        beside: the same metric of the base and of the controls, by method.
    """

    subject: str
    bound: Bound
    found: Estimate
    verdict: BoundVerdict
    note: str
    n: int
    lam: float | None = None
    beside: dict[str, Estimate] = field(default_factory=dict)

    @classmethod
    def of(cls, subject: str, bound: Bound, point: Point, beside: dict[str, Point] | None = None) -> "Judgement":
        """Judge a point.

        Args:
            subject: its name.
            bound: that it should keep.
            point: the figures.
            beside: the base and the controls by method.
        """
        found, noise = point.metric(bound.metric), point.noise_gap.get(bound.metric)
        others = {method: each.metric(bound.metric) for method, each in (beside or {}).items()}
        note = "cannot be estimated" if found.value is None else gap_note(found, noise, point.few_rows(bound.metric))
        return cls(subject, bound, found, bound.judge(found), note, point.n, point.lam, others)


def judge_result(result: Result, bounds: Sequence[Bound], *, curve: str | None = None) -> list[Judgement]:
    """Judge the triggers of a run at their chosen λ, on the test rows.

    Args:
        result: of a finished run.
        bounds: one at least. One that names a criterion is asked of the curves of that criterion; any other one of
            these too, or of all where no bound names a criterion.
        curve: only curves whose key is this, or contains it, of any criterion if none of them is of the named one;
            None: every trigger's.

    Raises:
        ConfigError: the run is not finished, or no curve fits.
    """
    if not result.is_complete:
        raise ConfigError(f"The run in {shorten(result.folder)} is not finished; wait for it, or resume it.")
    curves = _named(result, curve)
    criteria = {bound.criterion for bound in bounds if bound.criterion}
    found: list[Judgement] = []
    for bound in bounds:
        wanted = {bound.criterion} if bound.criterion else criteria
        meant = [each for each in curves if not wanted or each.criterion in wanted] or curves * (curve is not None)
        if not meant:
            known = ", ".join(dict.fromkeys(each.criterion for each in curves))
            raise ConfigError(
                f"No trigger was trained for {bound.criterion}; there is: {known}; name one, or a curve by --curve."
            )
        found += (_of_curve(result, each, bound) for each in meant)
    return found


def _named(result: Result, part: str | None) -> list[Curve]:
    """Every trigger's curve; or those that a part of their key names, whatever their method."""
    known = [each.key for each in result.curves]
    if part is None:
        found = [each for each in result.curves if each.trigger is not None]
    else:
        found = [each for each in result.curves if part in (each.key if part not in known else [each.key])]
    if not found:
        what = "has no trigger" if part is None else f"has no curve {shown(part)}"
        raise ConfigError(f"This run {what}; its curves are {shorten(', '.join(known), 180) or 'none'}.")
    return found


def _of_curve(result: Result, curve: Curve, bound: Bound) -> Judgement:
    beside = {"base": result.base} | result.controls_of(curve)
    return Judgement.of(curve.key, bound, result.chosen_point(curve), beside)


def judge_audit(name: str, audit: Audit, bounds: Iterable[Bound]) -> list[Judgement]:
    """Judge predictions.

    Args:
        name: of the file.
        audit: of its rows.
        bounds: that it should keep.
    """
    return [Judgement.of(name, bound, audit.point) for bound in bounds]


def overall(judgements: Iterable[Judgement]) -> BoundVerdict:
    """Broken if one is; else open if one is; else kept."""
    verdicts = {each.verdict for each in judgements}
    return next((each for each in ("broken", "open") if each in verdicts), "kept")
