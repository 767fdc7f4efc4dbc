"""The tables of a model card, filled from a passport."""

from collections.abc import Sequence

from fairprog_core.common.errors.markdown import as_markdown
from fairprog_core.metrics.fairness import METRICS
from fairprog_core.metrics.group_tables import ChangeRow, GroupRow
from fairprog_core.metrics.intervals import EstimateJson
from fairprog_core.pipeline.stress.stress_result import GroupCalibration, StressResult
from fairprog_core.pipeline.stress.survival import stress_sentence
from fairprog_core.triggers.passport import MeasuredPoint, Passport, PassportFacts


def points_table(facts: PassportFacts) -> str:
    """The classifier alone, the trigger at every λ, and the controls."""
    gap = title_of(facts.gap)
    rows = [("classifier alone", facts.base)]
    rows += [(f"trigger, λ = {p.lam:g}{' (chosen)' if p.lam == facts.chosen_lam else ''}", p) for p in facts.points
             if p.lam is not None]  # fmt: skip
    rows += [(f"control: {in_words(point.method)}", point) for point in facts.controls]
    return _table(
        ("", gap, "Accuracy", "Change of the gap"),
        [
            (
                f"{name}{', collapsed' if point.is_collapsed else ''}", estimate_in(point, facts.gap),
                estimate_in(point, "accuracy"), _shown(point.delta.get(facts.gap), sign="+"),
            )
            for name, point in rows
        ],
    )  # fmt: skip


def groups_table(facts: PassportFacts) -> str:
    """The rates of every group, without the trigger → with it at the chosen λ."""

    def pair(before: GroupRow, after: GroupRow, rate: str) -> str:
        return f"{_shown(before[rate])} → {_shown(after[rate])}"  # type: ignore[literal-required]

    rows = [
        (
            as_markdown(before["group"]), as_markdown(facts.labels[before["label"]]), f"{before['n']:,}",
            pair(before, after, "selection_rate"), pair(before, after, "true_positive_rate"),
            pair(before, after, "false_positive_rate"), pair(before, after, "accuracy"),
        )
        for before, after in zip(facts.groups_before, facts.groups_after, strict=False)
    ]  # fmt: skip
    return _table(
        ("Group", "Label", "Rows", "Predicted", "True positive rate", "False positive rate", "Accuracy"), rows
    )


def changes_table(facts: PassportFacts) -> str:
    """Rows that became right or wrong with the trigger at the chosen λ."""
    said = (
        f"Rows that only one of the two gets right: the classifier alone, or with the trigger at λ = "
        f"{facts.chosen_lam:g}. Shares of the rows of a group and label."
    )
    rows = [_change(facts, row) for row in facts.changes]
    return f"{said}\n\n" + _table(("Group", "Label", "Rows", "Became right", "Became wrong", "Net"), rows)


def _change(facts: PassportFacts, row: ChangeRow) -> tuple[str, ...]:
    gained, lost = (f"{row[key]['rows']:,} ({_shown(row[key])})" for key in ("gained", "lost"))
    group, label = as_markdown(row["group"]), as_markdown(facts.labels[row["label"]])
    return group, label, f"{row['n']:,}", gained, lost, _shown(row["net"], sign="+")


def does_it_hold(passport: Passport) -> list[str]:
    """The trigger on inputs that were changed, and calibration; nothing where `fairprog stress` did not measure it."""
    if passport.facts.stress is None:
        return []
    found = StressResult.from_json(passport.facts.stress, path=passport.place)
    if (curve := found.curve(passport.facts.curve)) is None:
        return []
    gap = title_of(curve.gap)
    changes = [
        (
            as_markdown(row.title), _shown(row.base.gap.to_json()), _shown(row.trigger.gap.to_json()),
            _shown(row.control.gap.to_json()), _shown(row.trigger.accuracy.to_json()),
        )
        for row in curve.rows
    ]  # fmt: skip
    groups = [
        (as_markdown(alone.group or "all"), *(_error(each) for each in (alone, after)))
        for alone, after in zip(curve.calibration["base"], curve.calibration["trigger"], strict=False)
    ]
    return [
        "## Does it hold?",
        as_markdown(stress_sentence(curve)),
        f"{gap} on {found.n:,} of the test rows after a change of the inputs, and accuracy with the trigger:",
        _table(("Change", "classifier alone", "trigger", f"control: {in_words(curve.control)}", "Accuracy"), changes),
        "Expected calibration error on unchanged rows (in brackets: what noise alone stays below):",
        _table(("Group", "classifier alone", "trigger"), groups),
    ]


def _error(calibration: GroupCalibration) -> str:
    """A calibration error, and in brackets what noise alone stays below."""
    if calibration.error is None:
        return "–"
    noise = "" if calibration.noise is None else f" ({calibration.noise:.3f})"
    return f"{calibration.error:.3f}{noise}"


def estimate_in(point: MeasuredPoint, metric: str) -> str:
    """A metric of a point with its interval."""
    return _shown(point.metrics.get(metric))


def _shown(estimate: EstimateJson | None, sign: str = "") -> str:
    """``0.124 [0.101, 0.147]``; a dash where it is not estimable."""
    if estimate is None or estimate["value"] is None:
        return "–"
    form = f"{sign}.3f"
    value = format(estimate["value"], form).replace("-", "−")
    if (ci := estimate["ci"]) is None:
        return value
    return f"{value} [{format(ci[0], form)}, {format(ci[1], form)}]".replace("-", "−")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def title_of(metric: str) -> str:
    """The name of a metric on the screen; of one that a plug-in brought its key."""
    return METRICS[metric].title if metric in METRICS else in_words(metric)


def in_words(key: str) -> str:
    """A registry key as words."""
    return key.replace("_", " ")
