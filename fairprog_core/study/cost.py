"""What a study will take, roughly: for its progress bar, and for whoever is about to start it. Torch-free.

Measured on one core; other machines take half of it or twice as much.
"""

from fairprog_core.study.plan import CurvePlan
from fairprog_core.study.study import Study

USUAL_ROWS = {"n_train": 8000, "n_test": 4800}  # where the data set's file decides
USUAL_SIDE = 64  # pixels; a classifier's seconds are those of pictures of this size
LOOK = 3e4  # rows of a training step that a look inside costs as much as


def expected_seconds(study: Study, *, trains_base: bool) -> dict[str, float]:
    """Seconds of one core by stage; "transfer" is the work on other bases.

    Args:
        study: what is computed.
        trains_base: whether its base is trained first, or found.
    """
    plans, per_row, of_base = study.plan(), _per_row(study), _base_rows(study)
    n_points = sum(_points(study, plan) for plan in plans)
    per_point = 0.4 * _labels(study) + 0.3 * per_row * _rows(study, "n_test")  # intervals and auditor; predictions
    return {
        "data": 10 + trains_base * _rows(study, "n_train") / 600,
        "base": 1 + trains_base * of_base * per_row,
        "triggers": sum(
            1 + _trainings(study, plan) * plan.method.n_rows(plan.budget, of_base) * per_row for plan in plans
        ),
        "evaluation": n_points * per_point,
        "transfer": sum(
            _base_rows(other) * _per_row(other) / 2 + n_points * per_point
            for other in (study.on(base) for base in study.transfer)
        ),
        "explain": LOOK * per_row * sum(is_explained(study, plan) for plan in plans),
    }


def is_explained(study: Study, plan: CurvePlan) -> bool:
    """Whether a curve gets a look inside: one is asked for, it has a trigger, and mostly the first seed."""
    looks = study.explain
    is_asked = bool(looks.gallery or looks.rows or looks.probe)
    return is_asked and plan.method.uses_trigger and (looks.every_seed or plan.seed == study.seeds[0])


def _per_row(study: Study) -> float:
    """Seconds that a training step takes for a row."""
    side: int = getattr(study.dataset, "image_size", USUAL_SIDE)
    seconds: float = study.classifier.seconds_per_row
    return seconds * (side / USUAL_SIDE) ** 2


def _base_rows(study: Study) -> int:
    """How many rows the training of the base sees."""
    n: int = study.classifier.n_steps(_rows(study, "n_train")) * study.classifier.batch_size
    return n


def _labels(study: Study) -> int:
    """How many classes there are: those of one attribute, or of several together."""
    target = getattr(study.dataset, "target", "")
    n_attributes = 1 if isinstance(target, str) else len(target)
    return int(2**n_attributes)


def _rows(study: Study, split: str) -> int:
    n: int | None = getattr(study.dataset, split, None)
    return n or USUAL_ROWS[split]


def _trainings(study: Study, plan: CurvePlan) -> int:
    """How many trainings make up a curve."""
    return 1 if plan.method.uses_trigger and study.mode == "amortised" else len(plan.lam.grid)


def _points(study: Study, plan: CurvePlan) -> int:
    """How often the test rows are predicted for a curve."""
    return len(plan.lam.grid) + (len(study.controls()) if plan.method.uses_trigger else 0)
