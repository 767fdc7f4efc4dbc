"""``fp.reprogram``: learn a trigger in front of a user's own model, in memory."""

from collections.abc import Generator, Hashable, Sequence
from typing import Any

import torch
from torch import nn

from fairprog_core.api.curve_points import curve_points, predict_curve
from fairprog_core.api.inputs import Inputs, PictureInputs
from fairprog_core.api.progress_bar import watch
from fairprog_core.api.reprogrammed import Findings, Reprogrammed
from fairprog_core.api.rows import LabelOrder, Rows, check_cells, coded, fitted_to, order_labels, unpacked
from fairprog_core.api.setting import Setting, parse_setting
from fairprog_core.classifiers.own import OwnClassifier, Preprocess, lent, n_classes_of
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.records import TrainingRecord
from fairprog_core.common.types import Groups
from fairprog_core.data.base import Split
from fairprog_core.methods.base import FittedModel
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger, TriggerTraining
from fairprog_core.pipeline.environment import choose_device, deterministic
from fairprog_core.pipeline.front import GapMeasure, choose
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.triggers import TriggerOptions

_PROBED = 2  # rows on which the model is tried first


def reprogram(
    model: nn.Module,
    *,
    tune: tuple[Any, Any, Any],
    validation: tuple[Any, Any, Any],
    trigger: str | TriggerOptions = "border",
    criterion: str | CriterionOptions = "equalized_odds",
    lams: Sequence[float] | LamRange | None = None,
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    preprocess: Preprocess | None = None,
    labels: Sequence[Hashable] | None = None,
    flip: bool = False,
    progress: bool = True,
    **options: object,
) -> Reprogrammed:
    """Learn a trigger in front of a frozen model, as a study does, and measure it on the validation rows.

    Writes nothing to disk. The model is in evaluation mode and frozen while this computes; afterwards, also after an
    error or Ctrl-C, its weights, modes, ``requires_grad``, gradients, hooks and device are as before.

    Rows are (x, y, z). x: pictures (n, s, s, 3) or (n, 3, s, s), uint8 or floats in 0 … 1, numpy or torch. y: integers
    or booleans that number the model's logits; or words, in the order of ``labels``, else of
    ``model.config.id2label``, else sorted (the categories of pandas in their own order). z: integers, words or
    booleans; or several columns of 0 and 1 (a DataFrame, an array (n, g)): groups that may overlap and leave rows out.

    Args:
        model: from (k, 3, s, s) to logits (k, c), or to an object with ``logits``, as of Hugging Face. A single
            logit counts as two classes: 0 and that one.
        tune: rows to learn from, best such as the model was not trained on.
        validation: rows on which the trigger is validated and λ chosen.
        trigger: registry key or options, e.g. ``"border"``.
        criterion: registry key or options, e.g. ``"demographic_parity"``.
        lams: the reported values of λ, or a `LamRange`; None: what suits trigger and criterion.
        steps: of the training; None: 500 on pictures.
        seed: for all random numbers.
        device: "auto" (a GPU when there is one), "cpu", "cuda" or "mps".
        preprocess: put between the picture with its trigger and the model, inside the gradient, e.g. a normalisation.
        labels: one per logit, in their order, where y holds words or other numbers.
        flip: mirror half of the pictures of a training batch, as studies do; only where a mirrored picture keeps its
            label and looks like one that the model was trained on.
        progress: draw a progress bar on a terminal or in a notebook.
        options: fields of `ReprogramOptions` and `Budget`, and of the trigger's and the criterion's options where these
            are given by their keys, e.g. ``photo=0.9, per_cell=8, max_accuracy_loss=0.05``.

    Raises:
        FairprogError: rows, model or options do not fit; one sentence says what was found and what to do.
    """
    if not isinstance(model, nn.Module):
        raise ConfigError(f"model is {shown(model)}; give a torch.nn.Module from inputs to logits.")
    inputs: Inputs = PictureInputs(preprocess, flip=flip)
    setting = parse_setting(
        trigger=trigger, criterion=criterion, lams=lams, steps=steps, seed=seed, modality=inputs.modality,
        options=options,
    )  # fmt: skip
    chosen_device = choose_device(device)
    given = [
        Rows(inputs.rows(x, f"x of {what}"), y, z, what)
        for what, (x, y, z) in (("tune", unpacked(tune, "tune")), ("validation", unpacked(validation, "validation")))
    ]
    classifier = inputs.wrap(model, given[0].x)
    generators = [chosen_device] if chosen_device.type == "cuda" else []
    with lent(classifier, chosen_device), deterministic(chosen_device), torch.random.fork_rng(generators):
        batch = classifier.prepare(Split(given[0].x[:_PROBED], *_no_codes(given[0].x[:_PROBED])))
        n_rows = len(batch.x)
        classifier.n_classes = n_classes_of(classifier.call_model, classifier.to_input(batch.x), n_rows)
        order = order_labels(
            given[0].y, n_classes=classifier.n_classes, labels=labels, config=getattr(model, "config", None), what="tune"
        )
        splits, groups = _splits(given, order)
        training = _training(classifier, setting, [classifier.prepare(each) for each in splits], groups, chosen_device)
        title = f"{setting.trigger.kind}, {setting.criterion.kind}"
        trigger_, findings = watch(_learn(training, setting, order), title, is_shown=progress)
    return Reprogrammed(classifier, inputs, trigger_, findings, chosen_device)
