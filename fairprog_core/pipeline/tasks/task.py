"""A task: a part of a study that can be computed by itself, as soon as the tasks that it needs are finished."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from fairprog_core.common.records import BaseRecord, CurveInTraining

TaskKind: TypeAlias = Literal["base", "other_base", "curve", "transfer", "explanation"]


@dataclass(frozen=True)
class Task:
    """A task; what it computes depends only on the study, on its own names, and on the files of what it needs.

    Attributes:
        kind: the ``base`` is trained before all others, as a task on a cluster only; an ``other_base`` is made for
            transfers; a ``curve`` is learned and evaluated; a ``transfer`` evaluates a curve on another base; an
            ``explanation`` looks inside a curve.
        curve: key of the curve; empty for a base.
        base: name of the other base; empty for curves and explanations.
        needs: the tasks whose files it reads.
    """

    kind: TaskKind
    curve: str = ""
    base: str = ""
    needs: frozenset["Task"] = field(default=frozenset(), compare=False, repr=False)


class Advance(NamedTuple):
    """What a task has done since it last said so.

    Attributes:
        stage: of the run, to which the seconds belong: "triggers", "evaluation", "base" or "explain".
        share: of this task's work in the stage that is finished, 0 … 1; None: as before.
        label: what is being done; None: as before.
        seconds: spent since the last advance.
        record: of the training.
    """

    stage: str
    share: float | None
    label: str | None
    seconds: float
    record: CurveInTraining | BaseRecord | None = None
