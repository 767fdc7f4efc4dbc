"""What ``fp.reprogram`` returns: a trigger for every λ, its figures on validation rows, and the untouched model.

Notation: n rows, c classes.
"""

from copy import deepcopy
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.api.own_model.computing import computing
from fairprog_core.api.own_model.curve_points import curve_points, points_table, predict_curve
from fairprog_core.api.own_model.findings import Findings
from fairprog_core.api.own_model.folder import write
from fairprog_core.api.own_model.inputs import Inputs
from fairprog_core.api.own_model.plot import tradeoff
from fairprog_core.api.own_model.rows import GivenRows, coded, uncoded
from fairprog_core.api.own_model.setting import Setting
from fairprog_core.classifiers.own.classifier import OwnClassifier
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.own_model import TriggeredModel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Reprogrammed:
    """A frozen model with a trigger that was learned in front of it, for every λ of a range.

    Attributes:
        classifier: the user's model, wrapped; its weights and its mode are the user's.
        inputs: how inputs are converted.
        trigger: the learned trigger, on the CPU.
        findings: figures on the validation rows.
        device: where to compute.
    """

    classifier: OwnClassifier
    inputs: Inputs
    trigger: Trigger
    findings: Findings
    device: torch.device

    @property
    def chosen_lam(self) -> float:
        """The λ to quote, chosen on the validation rows: the smallest gap within the allowed loss of accuracy."""
        return self.findings.chosen_lam

    @property
    def setting(self) -> Setting:
        """What was learned, and for how long."""
        return self.findings.setting

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the c classes, in the order of the logits."""
        return self.findings.labels.names

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups."""
        return self.findings.groups.names

    @property
    def curve(self) -> "pd.DataFrame":
        """The curve on the validation rows: one row a λ, every metric with its 95 % interval.

        Columns: "lam"; every metric as "<name>", "<name>_low", "<name>_high"; the same with "delta_" for the paired
        change against the model without a trigger; "collapsed"; "chosen". λ was chosen on these very rows, so quote the
        figures of `evaluate` on others.
        """
        own = [point for point in self.findings.points if point.lam is not None]
        return points_table(own, chosen_lam=self.chosen_lam).drop(columns="method")

    def evaluate(self, x: Any, y: Any, z: Any) -> "pd.DataFrame":
        """Measure rows of one's own, on which neither the trigger was learned nor λ chosen.

        Args:
            x: n inputs, in any form that ``fp.reprogram`` takes.
            y: labels.
            z: groups, those of the tuning rows.

        Returns:
            As `curve`, with a column "method": "reprogram" at every λ; "base", the model without a trigger, and the
            control, "random_trigger", whose "lam" is NaN.

        Raises:
            DataError: the rows are not of the right form, or have other labels or groups.
        """
        rows = GivenRows(self.inputs.rows(x, "x"), y, z, "evaluate")
        split, groups = coded(rows, self.findings.labels, self.findings.groups)
        with computing(self.classifier, self.device):
            split = self.classifier.prepare(split)
            base, found = predict(self.classifier, split), list(predict_curve(self._model(), split, self.setting))
        own, points = curve_points(found, base, groups=groups, labels=self.labels, setting=self.setting)
        at_lams, controls = ([point for point in points if (point.lam is None) is is_none] for is_none in (False, True))
        return points_table([*at_lams, own, *controls], chosen_lam=self.chosen_lam)

    def predict(self, x: Any, lam: float | None = None) -> NDArray[np.float64]:
        """Probabilities (n, c) of inputs with the trigger, in the order of `labels`.

        Args:
            x: n inputs, in any form that ``fp.reprogram`` takes.
            lam: see `module`.

        Raises:
            ConfigError: λ is out of range.
            DataError: the inputs are not of the right form.
        """
        lam, rows = self._checked(lam), self.inputs.rows(x, "x")
        with computing(self.classifier, self.device):
            split = self.classifier.prepare(uncoded(rows))
            found = self._model().predict(split, lam)
        logits = np.asarray(found.logits, dtype=np.float64)
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def module(self, lam: float | None = None) -> TriggeredModel:
        """The trigger at one λ and then the untouched model, as a ``torch.nn.Module``.

        Args:
            lam: any number from 0 to the highest λ that was trained; between anchors the trigger is interpolated, below
                the lowest anchor it is that of the lowest. None: the chosen one.

        Raises:
            ConfigError: λ is NaN or outside of the trained range.
        """
        return TriggeredModel(self.trigger, self.classifier, self._checked(lam))

    def _checked(self, lam: float | None) -> float:
        """λ, or the chosen one.

        Raises:
            ConfigError: it is NaN or outside of the trained range.
        """
        highest = self.trigger.scale.anchor_lams[-1]
        if lam is None:
            return self.chosen_lam
        if not isinstance(lam, Real) or not 0 <= lam <= highest:
            raise ConfigError(f"lam is {shown(lam)}, allowed are numbers from 0 to {highest:g}, the trained range.")
        return float(lam)

    def _model(self) -> FittedTrigger:
        """The classifier with the trigger, on the device."""
        return FittedTrigger(deepcopy(self.trigger).to(self.device), self.classifier)

    def plot(self) -> Any:
        """The chart of the page Trade-off, of `curve`: accuracy over the gap, with intervals, as a Plotly figure.

        Raises:
            ConfigError: the dashboard, which draws it, is not installed.
        """
        return tradeoff(self.findings)

    def save(self, folder: str | Path) -> None:
        """Write trigger, figures and settings into a new or empty folder, for `load_reprogrammed`; no weights.

        Raises:
            ConfigError: the folder is not empty, or a label is neither text nor a number.
            ArtifactError: it cannot be written.
        """
        model, weights = self.classifier.digest(), self.classifier.saved_digest()
        write(folder, self.trigger, self.findings, model=model, weights=weights, inputs=self.inputs.to_json())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.findings.in_words()}>"
