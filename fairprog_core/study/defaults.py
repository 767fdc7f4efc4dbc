"""What a study is made of that names its data alone: the options classes say it of themselves. Torch-free."""

from collections.abc import Callable, Mapping
from typing import Any

from fairprog_core.classifiers import CLASSIFIERS, TrainedOptions
from fairprog_core.common.options import Modality
from fairprog_core.common.registry import Entry, O_co
from fairprog_core.data import DATASETS
from fairprog_core.methods import METHODS, MethodOptions
from fairprog_core.training.budget import Budget
from fairprog_core.triggers import TRIGGERS, TriggerOptions


def classifier(modality: Modality) -> TrainedOptions:
    """The base."""
    return _of(CLASSIFIERS, modality)[0]


def methods(modality: Modality) -> tuple[MethodOptions, ...]:
    """What is learned, and controls."""
    return _of(METHODS, modality)


def triggers(modality: Modality) -> tuple[TriggerOptions, ...]:
    """What it is learned for."""
    return _of(TRIGGERS, modality)


def budget(modality: Modality) -> Budget:
    """How long."""
    return Budget(**Budget.suited.get(modality, {}))


def first_control(modality: Modality) -> MethodOptions:
    """The control that stands beside every curve of a trigger."""
    return next(method for method in methods(modality) if method.is_control)


def by_modality(make: Callable[[Modality], Any]) -> Callable[[dict[str, Any]], Any]:
    """A factory of a field's default: what ``make`` gives for the data that the fields before it chose."""
    return lambda values: make(values["dataset"].modality if "dataset" in values else "image")


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a study, and what suits its data where they name only some options of a method or the budget."""
    dataset = values.get("dataset")
    kind = dataset.get("kind") if isinstance(dataset, dict) else None
    found = dict(values)
    if not isinstance(kind, str) or kind not in DATASETS:
        return found
    modality = DATASETS[kind].options.modality
    if isinstance(values.get("budget"), dict):
        found["budget"] = {**Budget.suited.get(modality, {}), **values["budget"]}
    if isinstance(values.get("methods"), (list, tuple)):
        found["methods"] = [_suited(each, modality) for each in values["methods"]]
    return found


def _suited(method: Any, modality: Modality) -> Any:
    """A method's values, filled with what suits the modality; whatever is no method stays as it is."""
    kind = method.get("kind") if isinstance(method, dict) else None
    if not isinstance(kind, str) or kind not in METHODS:
        return method
    return {**METHODS[kind].options.suited.get(modality, {}), **method}


def _of(registry: Mapping[str, Entry[O_co]], modality: Modality) -> tuple[O_co, ...]:
    """The entries of a registry that a study has by default, in their order."""
    known = (entry.options for entry in registry.values())
    return tuple(options.suited_to(modality) for options in known if modality in options.default_for)
