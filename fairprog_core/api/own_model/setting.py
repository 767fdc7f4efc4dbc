"""The settings of ``fp.reprogram``: keys, option objects and single fields, parsed as those of a study."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.options import Modality, Options
from fairprog_core.common.plugins import load_plugins
from fairprog_core.common.validation import kind_of
from fairprog_core.methods import ReprogramOptions
from fairprog_core.study.lam_options import LamOptions
from fairprog_core.study.study import Select
from fairprog_core.training.budget import Budget
from fairprog_core.training.criteria import CRITERIA, CriterionOptions
from fairprog_core.triggers import TRIGGERS, TriggerOptions

Chosen = TypeVar("Chosen", bound=Options)


@dataclass(frozen=True)
class Setting:
    """What is learned, and for how long.

    Attributes:
        method: options of the method.
        trigger: options of the trigger.
        criterion: which gap counts.
        lam: range of λ and the reported values.
        budget: of the training.
        seed: for all random numbers.
    """

    method: ReprogramOptions
    trigger: TriggerOptions
    criterion: CriterionOptions
    lam: LamRange
    budget: Budget
    seed: int

    @property
    def max_loss(self) -> float:
        """The largest loss of accuracy that is allowed when λ is chosen."""
        return self.criterion.max_accuracy_loss or Select().max_accuracy_loss


def parse_setting(
    *,
    trigger: str | TriggerOptions,
    criterion: str | CriterionOptions,
    lams: Sequence[float] | LamRange | None,
    steps: int | None,
    seed: int,
    modality: Modality,
    options: Mapping[str, object],
) -> Setting:
    """Parse the arguments of ``fp.reprogram``.

    Args:
        trigger: registry key or options.
        criterion: registry key or options.
        lams: the reported values of λ, or a range; None: what suits trigger and criterion.
        steps: of the training; None: what the criterion or the modality says.
        seed: for all random numbers.
        modality: of the inputs.
        options: fields of the method and the budget, and of trigger and criterion where these are keys.

    Raises:
        ConfigError: a key, a name or a value is not allowed.
    """
    load_plugins()
    if not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise ConfigError(f"seed is {shown(seed)}, allowed are integers from 0 to {2**31 - 1}.")
    trigger_class = _class_of(trigger, {key: entry.options for key, entry in TRIGGERS.items()}, "trigger")
    criterion_class = _class_of(criterion, CRITERIA, "criterion")
    if trigger_class.modality != modality:
        fitting = ", ".join(key for key, entry in TRIGGERS.items() if entry.options.modality == modality)
        raise ConfigError(f"The trigger {kind_of(trigger_class)} is not for {modality} inputs; choose {fitting}.")
    left = dict(options)
    parts = {
        "method": _taken(left, ReprogramOptions, {"kind"}),
        "budget": _taken(left, Budget, {"steps"}),
        "trigger": _taken(left, trigger_class, {"kind"}) if isinstance(trigger, str) else {},
        "criterion": _taken(left, criterion_class, {"kind", "steps"}) if isinstance(criterion, str) else {},
    }
    _refuse_unknown(left, trigger_class if isinstance(trigger, str) else None)
    chosen = trigger if isinstance(trigger, Options) else trigger_class.parse(parts["trigger"], where="trigger")
    gap = criterion if isinstance(criterion, Options) else criterion_class.parse(parts["criterion"], where="criterion")
    method = ReprogramOptions.parse(
        {**ReprogramOptions.suited.get(modality, {}), **parts["method"]}, where="the method's options"
    )
    budget = {**Budget.suited.get(modality, {}), **parts["budget"]}
    if (n_steps := gap.steps if steps is None else steps) is not None:
        budget["steps"] = n_steps
    return Setting(method, chosen, gap, _range(chosen, gap, lams), Budget.parse(budget, where="the budget"), seed)


def _class_of(given: object, known: Mapping[str, type[Chosen]], noun: str) -> type[Chosen]:
    """The options class of a key or of options.

    Raises:
        ConfigError: it is neither.
    """
    if isinstance(given, str) and given in known:
        return known[given]
    if type(given) in known.values():
        return cast(type[Chosen], type(given))
    raise ConfigError(f"{noun} is {shown(given)}, allowed are {', '.join(known)}, or the options of one of them.")


def _taken(options: dict[str, object], cls: type[Options], left_out: set[str]) -> dict[str, object]:
    """Remove the fields of a class from ``options`` and return them."""
    return {name: options.pop(name) for name in cls.model_fields if name in options and name not in left_out}


def _refuse_unknown(left: Mapping[str, object], trigger: type[TriggerOptions] | None) -> None:
    if not left:
        return
    classes: list[type[Options]] = [ReprogramOptions, Budget, CriterionOptions, *([trigger] if trigger else [])]
    known = dict.fromkeys(name for cls in classes for name in cls.model_fields if name not in ("kind", "steps"))
    raise ConfigError(f"There is no option {', '.join(map(shown, left))}; allowed are {', '.join(known)}.")


def _range(trigger: TriggerOptions, criterion: CriterionOptions, lams: Sequence[float] | LamRange | None) -> LamRange:
    """The range of λ that a study would have with these reported values."""
    if isinstance(lams, LamRange):
        return lams
    if lams is None:
        return trigger.lam[criterion.kind]
    try:
        grid = sorted({float(lam) for lam in lams})
    except (TypeError, ValueError):
        raise ConfigError(f"lams is {shown(lams)}; give numbers from 0 on, e.g. [0, 1, 4].") from None
    wrong = [lam for lam in grid if not (math.isfinite(lam) and lam >= 0)]
    if wrong or not grid:
        found = f"holds {wrong[0]:g}" if wrong else "is empty"
        raise ConfigError(f"lams {found}; give finite numbers from 0 on, e.g. [0, 1, 4].")
    return LamOptions.parse({"grid": grid}, where="lams").range_of(trigger.kind, criterion.kind)
