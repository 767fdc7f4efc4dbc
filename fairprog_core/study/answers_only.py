"""Studies of classifiers that answer with probabilities alone: what suits them, and what they cannot do. Torch-free."""

from collections.abc import Sequence
from typing import Any

from fairprog_core.methods import METHODS, MethodOptions, QueryReprogramOptions
from fairprog_core.triggers import TRIGGERS, TriggerOptions


def fitting_methods(methods: Sequence[MethodOptions], modality: str) -> tuple[MethodOptions, ...]:
    """Methods that need more than answers left out, and a trigger that is learned by queries put first."""
    fitting = [method for method in methods if method.needs.is_met_by_answers]
    return (QueryReprogramOptions(), *(each for each in fitting if each.kind != "query_reprogram"))


def fitting_triggers(triggers: Sequence[TriggerOptions], modality: str) -> tuple[TriggerOptions, ...]:
    """Those triggers that can be learned by queries; if none can, the first of the modality that can."""
    known = (entry.options for entry in TRIGGERS.values() if entry.options.modality == modality)
    return (
        tuple(each for each in triggers if each.can_be_queried)
        or tuple(each for options in known if (each := options()).can_be_queried)[:1]
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
        can = ", ".join(kind for kind, entry in TRIGGERS.items() if entry.options().can_be_queried)
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
