"""The values of λ of a study. Torch-free."""

from pydantic import Field

from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.options import ADVANCED, Options
from fairprog_core.methods import MethodOptions
from fairprog_core.triggers import TRIGGERS


class LamOptions(Options):
    """λ of a study; the defaults of empty fields depend on the trigger and the criterion."""

    low: float | None = Field(
        None, gt=0, title="Lowest λ", description="Empty: what suits the trigger and the criterion."
    )
    high: float | None = Field(
        None, gt=0, title="Highest λ", description="Empty: what suits the trigger and the criterion."
    )
    grid: tuple[float, ...] | None = Field(
        None, min_length=1, title="Reported values of λ", description="Empty: what suits the trigger and the criterion."
    )
    per: dict[str, LamRange] = Field(
        default_factory=dict,
        title="λ where it differs",
        description='Whole ranges by "trigger.criterion", "trigger" or "criterion". Methods without a trigger have '
        'scales of their own: "method.criterion" or "method".',
        json_schema_extra=ADVANCED,
    )

    def range_of(self, trigger: str, criterion: str) -> LamRange:
        """The range for a trigger's and a criterion's registry keys.

        Raises:
            ConfigError: the values do not fit together, e.g. a grid beyond ``high``.
        """
        for key in (f"{trigger}.{criterion}", trigger, criterion):
            if key in self.per:
                return self.per[key]
        default = TRIGGERS[trigger].options.lam[criterion]
        low = self.low or default.low
        high = self.high or max(default.high, *(self.grid or (0.0,)))
        grid = self.grid or tuple(lam for lam in default.grid if lam <= high)
        return LamRange.parse({"low": low, "high": high, "grid": grid}, where=f"lam of {trigger} and {criterion}")

    def range_without_trigger(self, method: MethodOptions, criterion: str) -> LamRange:
        """The range of a method without a trigger: the one given in ``per``, else the method's default."""
        keys = (f"{method.kind}.{criterion}", method.kind)
        return next((self.per[key] for key in keys if key in self.per), method.lam[criterion])
