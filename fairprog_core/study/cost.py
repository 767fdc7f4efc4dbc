"""A rough estimate of the seconds that a study takes, for its progress bar and before it is started. Torch-free.

Measured on one core. Other machines take between half and twice as long; `fairprog_core.common.files.speed` knows
how fast this one is.
"""

from collections.abc import Mapping

from fairprog_core.common.files.speed import Speed
from fairprog_core.data.base import SplitName
from fairprog_core.study.plan import CurvePlan
from fairprog_core.study.study import Study

Sizes = Mapping[SplitName, int]  # numbers of rows by split
USUAL_SIZES: Sizes = {"train": 8000, "tune": 4000, "val": 4000, "test": 4800}  # if only the data set's file knows them
USUAL_SIDE = 64  # pixels; a classifier's ``seconds_per_row`` is for pictures of this size
PREDICTED = 0.3  # a prediction costs as much as this share of a training step on the row
INTERVALS = 0.1  # seconds per point and class
AUDIT = 1.0  # seconds of an auditor, which learns at the chosen λ, for every control and for the base
# An explanation costs as much as training steps on so many rows, for each λ and control:
GALLERY_ROWS = 50  # per row of the gallery
AVERAGED_ROWS = {"image": 1, "text": 4}  # per row of the averages
PROBE_ROWS = 300
CONTROLS = 3  # conditions beside the λ


def expected_seconds(
    study: Study, *, trains_base: bool, sizes: Sizes | None = None, speed: Speed | None = None
) -> dict[str, float]:
    """Seconds on one core by stage; "transfer" is the work on other bases.

    Args:
        study: the study to estimate.
        trains_base: whether the base has to be trained; False: it is in the cache.
        sizes: of the splits, where they are known; None: those of the options, else usual ones.
        speed: of this machine; None: of the one that the costs were measured on.
    """
    found = _on_reference(study, trains_base=trains_base, sizes=sizes)
    return (
        found if speed is None else {stage: cost * speed.of(speed_part(study, stage)) for stage, cost in found.items()}
    )


def speed_part(study: Study, stage: str) -> str:
    """Under which name the speed of a stage is kept: of studies with the same kind of data or of classifier."""
    return f"{stage}/{study.dataset.kind if stage == 'data' else study.classifier.kind}"


def _on_reference(study: Study, *, trains_base: bool, sizes: Sizes | None) -> dict[str, float]:
    sizes = _sizes(study) if sizes is None else sizes
    plans, per_row, of_base = study.plan_of_first_seed(), _per_row(study), _base_rows(study, sizes)
    n_seeds = len(study.seeds)  # the curves of every seed cost the same
    n_points = n_seeds * sum(_points(study, plan) for plan in plans)
    predicted = PREDICTED * per_row  # seconds per row
    per_point = INTERVALS * _labels(study) + predicted * sizes["test"]
    made = study.dataset.seconds_per_row
    n_explained = sum(is_explained(study, plan) for plan in plans) * (n_seeds if study.explain.every_seed else 1)
    return {
        "data": 0.3
        + made
        * sum(n for name, n in sizes.items() if name != "train" or (trains_base and study.classifier.needs_training)),
        "base": 0.3 + trains_base * of_base * per_row + predicted * (sizes["val"] + sizes["test"]),
        "triggers": n_seeds * sum(_learning(study, plan, of_base) for plan in plans),
        "evaluation": AUDIT * len(study.criteria) + n_seeds * sum(_evaluation(study, plan, sizes) for plan in plans),
        "transfer": sum(
            _base_rows(other, sizes) * _per_row(other) / 2 + n_points * per_point
            for other in (study.on(base) for base in study.transfer)
        ),
        "explain": n_explained * (_explained_rows(study, plans[0]) * per_row + 2 * made * sizes["test"]),
    }


def expected_queries(study: Study) -> int:
    """About how many rows a study sends to a black box: to learn, to choose λ, and for the test."""
    plans, sizes = study.plan_of_first_seed(), _sizes(study)
    n_val, n_test = sizes["val"], sizes["test"]
    by_queries = [getattr(plan.method, "queries", 0) for plan in plans]
    learned = sum(by_queries) + (0 if all(by_queries) else sizes["tune"])
    evaluated = sum(
        len(plan.lam.grid) * n_val + _points(study, plan) * n_test for plan in plans if plan.method.uses_trigger
    )
    return n_val + n_test + len(study.seeds) * (learned + evaluated)


def is_explained(study: Study, plan: CurvePlan) -> bool:
    """Whether a curve is explained: it has a trigger and the first seed (unless ``every_seed``)."""
    options = study.explain
    return options.is_any and plan.method.uses_trigger and (options.every_seed or plan.seed == study.seeds[0])


def shares_of_curves(study: Study) -> dict[str, tuple[float, float]]:
    """By key of a curve, its shares of the seconds in which all curves learn, and in which all are evaluated."""
    sizes, plans = _sizes(study), study.plan()
    learning = [_learning(study, plan, _base_rows(study, sizes)) for plan in plans]
    evaluation = [_evaluation(study, plan, sizes) for plan in plans]
    both = zip(learning, evaluation, strict=True)
    shares = [(one / sum(learning), other / sum(evaluation)) for one, other in both]
    return dict(zip((plan.key for plan in plans), shares, strict=True))


def _learning(study: Study, plan: CurvePlan, of_base: int) -> float:
    """Seconds in which one curve learns; ``of_base`` is the number of rows in all batches of the base's training."""
    return 1 + _trainings(study, plan) * plan.method.n_rows(plan.budget, of_base) * _per_row(study)


def _evaluation(study: Study, plan: CurvePlan, sizes: Sizes) -> float:
    """Seconds in which one curve is evaluated: intervals and auditors; predictions of validation and test rows.

    A method that keeps the features of the base predicts in no time.
    """
    n_points = _points(study, plan)
    seconds = INTERVALS * _labels(study) * n_points + AUDIT * (1 + n_points - len(plan.lam.grid))
    if not plan.method.uses_trigger and plan.method.needs.weights != "all":
        return seconds
    n_rows = n_points * sizes["test"] + len(plan.lam.grid) * sizes["val"]
    return seconds + PREDICTED * _per_row(study) * n_rows


def _explained_rows(study: Study, plan: CurvePlan) -> float:
    """The training steps on rows that the explanations of a curve cost as much as."""
    options = study.explain
    per_condition = GALLERY_ROWS * options.gallery + PROBE_ROWS * options.probe
    per_condition += AVERAGED_ROWS[study.dataset.modality] * options.rows
    return (len(plan.lam.grid) + CONTROLS) * per_condition


def _per_row(study: Study) -> float:
    """Seconds of a training step per row."""
    side: int = getattr(study.dataset, "image_size", USUAL_SIDE)
    seconds: float = study.classifier.seconds_per_row
    return seconds * (side / USUAL_SIDE) ** 2


def _base_rows(study: Study, sizes: Sizes) -> int:
    """Number of rows in all batches of the training of the base."""
    n: int = study.classifier.n_rows_trained(sizes["train"])
    return n


def _labels(study: Study) -> int:
    """Number of classes: 2 for each attribute of the label."""
    target = getattr(study.dataset, "target", "")
    n_attributes = 1 if isinstance(target, str) else len(target)
    return int(2**n_attributes)


def _sizes(study: Study) -> Sizes:
    """Numbers of rows as the options say, else usual ones."""
    return {split: getattr(study.dataset, f"n_{split}", None) or usual for split, usual in USUAL_SIZES.items()}


def _trainings(study: Study, plan: CurvePlan) -> int:
    """Number of trainings of a curve."""
    return 1 if plan.method.uses_trigger and study.mode == "amortised" else len(plan.lam.grid)


def _points(study: Study, plan: CurvePlan) -> int:
    """Number of points of a curve, controls included: the test rows are predicted once for each."""
    return len(plan.lam.grid) + (len(study.controls()) if plan.method.uses_trigger else 0)
