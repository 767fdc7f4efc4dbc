"""``fp.stress``: what is left of the effect of a run's triggers when their inputs change on the way."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fairprog_core.common.home import Home
from fairprog_core.pipeline.stress.stress_result import StressResult
from fairprog_core.results.result import Result

if TYPE_CHECKING:
    from fairprog_core.deploy.stress.subject import StressProgress


def stress(
    result: Result,
    *,
    curve: str = "",
    lam: float | None = None,
    rows: int | None = None,
    changes: Sequence[str] = (),
    device: str | None = None,
    home: Home | str | Path | None = None,
    progress: "Callable[[StressProgress], None] | None" = None,
) -> StressResult:
    """Measure the triggers of a run on test rows that were changed, beside the base and the control.

    Pictures are changed after the trigger was put on; of texts the words of the trigger stay as they are.

    Args:
        result: of a finished run, whose data can be drawn or read here.
        curve: key of a curve, or a part of keys; empty: every trigger.
        lam: λ; None: the one that was chosen for every curve.
        rows: number of test rows, drawn evenly over groups and labels; None: all.
        changes: e.g. ``("jpeg_75", "printed")``, or ``("typos",)``; empty: all that suit the data.
        device: auto, cpu, cuda or mps; None: as the study says.
        home: with the cache of the data; None: ``FAIRPROG_HOME``, else the platform's data folder.
        progress: called with what is done, and its share of the whole.

    Raises:
        ConfigError: an argument is not valid, the run is not finished, or its classifier is a black box.
        DataError: the data are not those that the run was measured on.
        ArtifactError: a file of the run is missing or damaged.
    """
    from fairprog_core.deploy.stress.measure import measure_stress

    opened = home if isinstance(home, Home) else Home.find(home)
    work = measure_stress(
        result, home=opened, curve=curve, lam=lam, rows=rows, changes=changes, device=device
    )  # fmt: skip
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            found: StressResult = end.value
            return found
        if progress:
            progress(step)
