"""The chart of the page Trade-off for a reprogrammed model.

The library does not import Plotly: the dashboard draws, and is found as an entry point of the group
``fairprog.chart``.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

from fairprog_core.api.own_model.findings import Findings
from fairprog_core.common.errors import ConfigError
from fairprog_core.results.curve import Curve
from fairprog_core.results.result import Result

GROUP, CHART = "fairprog.chart", "tradeoff"


def tradeoff(findings: Findings) -> Any:
    """The Plotly figure of the curve on the validation rows.

    Raises:
        ConfigError: no dashboard is installed, or it cannot be imported.
    """
    found = next(iter(entry_points(group=GROUP, name=CHART)), None)
    if found is None:
        raise ConfigError(
            "plot() is drawn by the dashboard, and none is installed; install fairprog whole, from its wheel or "
            "repository, or draw the columns of `curve` yourself."
        )
    try:
        draw = cast(Callable[[Result], Any], found.load())
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"The dashboard's chart {found.value} cannot be imported ({error}); install fairprog again, or draw the "
            "columns of `curve` yourself."
        ) from error
    return draw(as_result(findings))


def as_result(findings: Findings) -> Result:
    """The findings in the form of a study's result with a single curve, measured on the validation rows."""
    setting, gap = findings.setting, findings.setting.criterion.gap
    method, trigger, criterion = setting.method.kind, setting.trigger.kind, setting.criterion.kind
    curve = Curve(
        key=f"{method}-{trigger}-{criterion}-s{setting.seed}", method=method, trigger=trigger, criterion=criterion,
        seed=setting.seed, tuning_ratio=1.0, gap=gap, lams=list(setting.lam.grid), chosen_lam=findings.chosen_lam,
        hypervolume=findings.front["hypervolume"], validation=findings.front, seconds=findings.fit["seconds"],
        steps=findings.fit["steps"], best_step=findings.fit["best_step"],
    )  # fmt: skip
    return Result(
        Path(), {}, findings.base, list(findings.points), [curve], list(findings.labels.names),
        list(findings.groups.names), is_complete=True, majority_accuracy=findings.front["majority_accuracy"],
    )  # fmt: skip
