"""What suits the data and the classifier of a study: defaults from the options classes, and refusals. Torch-free."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fairprog_core.classifiers import CLASSIFIERS, ClassifierOptions
from fairprog_core.common.options import Modality
from fairprog_core.common.registry import Entry, O_co
from fairprog_core.data import DATASETS, modality_of
from fairprog_core.methods import METHODS, MethodOptions, QueryReprogramOptions
from fairprog_core.training.budget import Budget
from fairprog_core.triggers import TRIGGERS, TriggerOptions


def classifier(modality: Modality) -> ClassifierOptions:
    """The default base classifier."""
    return _of(CLASSIFIERS, modality)[0]


def methods(modality: Modality) -> tuple[MethodOptions, ...]:
    """The default methods, with controls."""
    return _of(METHODS, modality)


def triggers(modality: Modality) -> tuple[TriggerOptions, ...]:
    """The default triggers."""
    return _of(TRIGGERS, modality)


def budget(modality: Modality) -> Budget:
    """The default budget."""
    return Budget(**Budget.suited.get(modality, {}))


def first_control(modality: Modality) -> MethodOptions:
    """The control that is evaluated for every curve of a trigger."""
    return next(method for method in methods(modality) if method.is_control)


def by_base(make: Callable[[Modality], Any], fitting: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    """As `by_modality`, with what fits a classifier of which only answers are known."""
    usual = by_modality(make)

    def values_of(values: dict[str, Any]) -> Any:
        found = usual(values)
        return fitting(found, values["dataset"].modality) if has_only_answers(values) else found

    return values_of


def has_only_answers(values: Mapping[str, Any]) -> bool:
    """Whether the classifier among the fields before answers with probabilities alone."""
    return "dataset" in values and "classifier" in values and values["classifier"].only_answers


def by_modality(make: Callable[[Modality], Any]) -> Callable[[dict[str, Any]], Any]:
    """A ``default_factory``: calls ``make`` with the modality of the data set among the fields before."""
    return lambda values: make(values["dataset"].modality if "dataset" in values else "image")


def fitting_methods(methods: Sequence[MethodOptions], modality: str) -> tuple[MethodOptions, ...]:
    """Methods that need more than answers left out, and a trigger that is learned by queries put first."""
    fitting = [method for method in methods if method.needs.is_met_by_answers]
    return (QueryReprogramOptions(), *(each for each in fitting if each.kind != "query_reprogram"))


def fitting_triggers(triggers: Sequence[TriggerOptions], modality: str) -> tuple[TriggerOptions, ...]:
    """Those triggers that can be learned by queries; if none can, the first of the modality that can."""
    known = (entry.options for entry in TRIGGERS.values() if entry.options.modality == modality)
    return (
        tuple(each for each in triggers if each.can_be_queried)
        or tuple(each for options in known if (each := options.suited_to(options.modality)).can_be_queried)[:1]
    )


def find_misfit(
    classifiers: Sequence[Any], methods: Sequence[MethodOptions], triggers: Sequence[Any], *, is_explained: bool
) -> str | None:
    """Why these cannot be studied together, as an error message; None: they can.

    Args:
        classifiers: the study's own, then those of its other bases.
        methods: of the study.
        triggers: of the study.
        is_explained: whether the study asks for explanations.
    """
    by_queries = any(method.kind == "query_reprogram" for method in methods)
    box = next((each for each in classifiers if each.only_answers), None)
    if (by_queries or box) and (unfit := [each.kind for each in triggers if not each.can_be_queried]):
        can = ", ".join(
            kind for kind, entry in TRIGGERS.items() if entry.options.suited_to(entry.options.modality).can_be_queried
        )
        return f"the trigger {unfit[0]} as set here cannot be learned by queries alone; triggers that can: {can}"
    if box and (inside := [method.kind for method in methods if not method.needs.is_met_by_answers]):
        can = ", ".join(
            kind for kind, entry in METHODS.items()
            if entry.options.needs.is_met_by_answers and not entry.options.is_control
        )  # fmt: skip
        return (
            f"{inside[0]} needs gradients, features or weights, and {box.kind} answers with probabilities alone; "
            f"methods that work: {can}"
        )
    if classifiers[0].only_answers and is_explained:
        return (
            "explain asks for saliency and probe (Grad-CAM, integrated gradients), which look inside, and "
            f"{classifiers[0].kind} answers with probabilities alone; leave explain out: the curve, its leakage and "
            "its group tables need no more"
        )
    return None


def filled(values: Mapping[str, object]) -> dict[str, object]:
    """Values of a study in which partly given methods and budget are completed with what suits the data."""
    dataset, budget, methods = (values.get(name) for name in ("dataset", "budget", "methods"))
    kind = dataset.get("kind") if isinstance(dataset, dict) else None
    completed = dict(values)
    if not isinstance(kind, str) or kind not in DATASETS:
        return completed
    modality = modality_of(dataset)
    if isinstance(budget, dict):
        completed["budget"] = {**Budget.suited.get(modality, {}), **budget}
    if isinstance(methods, (list, tuple)):
        completed["methods"] = [_suited(each, modality) for each in methods]
    return completed


def _suited(method: object, modality: Modality) -> object:
    """A method's values, completed with what suits the modality; any other value is returned unchanged."""
    if not isinstance(method, dict):
        return method
    kind = method.get("kind")
    if not isinstance(kind, str) or kind not in METHODS:
        return method
    return {**METHODS[kind].options.suited.get(modality, {}), **method}


def _of(registry: Mapping[str, Entry[O_co]], modality: Modality) -> tuple[O_co, ...]:
    """The entries of a registry that a study of this modality has by default, in their order."""
    known = (entry.options for entry in registry.values())
    return tuple(options.suited_to(modality) for options in known if modality in options.default_for)
