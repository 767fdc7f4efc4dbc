"""``fp.reprogram``: learn a trigger in front of a user's own model, in memory."""

from collections.abc import Generator, Hashable, Iterable, Sequence
from typing import Any

import torch
from torch import nn

from fairprog_core.api.own_model.computing import computing, device_for
from fairprog_core.api.own_model.curve_points import curve_points, predict_curve
from fairprog_core.api.own_model.findings import Findings
from fairprog_core.api.own_model.inputs import Inputs
from fairprog_core.api.own_model.inputs.choice import choose_inputs
from fairprog_core.api.own_model.progress_bar import watch
from fairprog_core.api.own_model.reprogrammed import Reprogrammed
from fairprog_core.api.own_model.rows import (
    GivenRows,
    LabelOrder,
    check_cells,
    check_same_size,
    coded,
    fitted_to,
    order_labels,
    uncoded,
    unpacked,
)
from fairprog_core.api.own_model.setting import Setting, parse_setting
from fairprog_core.classifiers.own.classifier import OwnClassifier, check_gradient, n_classes_of
from fairprog_core.classifiers.own.pictures import Preprocess
from fairprog_core.classifiers.predict import predict
from fairprog_core.common.errors import ConfigError, shown
from fairprog_core.common.lam_range import LamRange
from fairprog_core.common.records import Front, TrainingRecord
from fairprog_core.methods.base import FittedModel
from fairprog_core.methods.reprogramming.trigger_training import FittedTrigger, TriggerTraining
from fairprog_core.pipeline.jobs.front import GapMeasure, choose
from fairprog_core.training.criteria import CriterionOptions
from fairprog_core.triggers import TriggerOptions
from fairprog_core.triggers.base import Trigger

_TRIED = 2  # rows on which the model is tried first


def reprogram(
    model: nn.Module,
    *,
    tune: tuple[Any, Any, Any],
    validation: tuple[Any, Any, Any],
    trigger: str | TriggerOptions,
    criterion: str | CriterionOptions,
    lams: Sequence[float] | LamRange | None = None,
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    preprocess: Preprocess | None = None,
    tokenizer: Any = None,
    max_length: int | None = None,
    identity_words: Iterable[str] = (),
    labels: Sequence[Hashable] | None = None,
    flip: bool = False,
    progress: bool = True,
    **options: object,
) -> Reprogrammed:
    """Learn a trigger in front of a frozen model, as a study does, and measure it on the validation rows.

    Writes nothing to disk. The model is in evaluation mode and frozen while this computes; afterwards, also after an
    error or Ctrl-C, its weights, modes, ``requires_grad``, gradients, hooks and device are as before.

    Rows are (x, y, z). x: pictures (n, s, s, 3) or (n, 3, s, s), uint8 or floats in 0 … 1, numpy or torch; with
    ``tokenizer`` texts. y: integers or booleans that number the model's logits; or words, in the order of ``labels``,
    else of ``model.config.id2label``, else sorted (the categories of pandas in their own order). z: integers, words or
    booleans; or several columns of 0 and 1 (a DataFrame, an array (n, g)): groups that may overlap and leave rows out.

    Args:
        model: from pictures (k, 3, s, s) to logits (k, c) or an object with ``logits``; or a sequence classifier of
            Hugging Face, which reads ``inputs_embeds``. A single logit counts as two classes: 0 and that one.
        tune: rows to learn from, best such as the model was not trained on.
        validation: rows on which the trigger is validated and λ chosen.
        trigger: registry key or options, e.g. ``"border"``.
        criterion: registry key or options, e.g. ``"demographic_parity"``.
        lams: the reported values of λ, or a `LamRange`; None: what suits trigger and criterion.
        steps: of the training; None: 500 on pictures, 60 on texts.
        seed: for all random numbers.
        device: "auto" (a GPU when there is one), "cpu", "cuda" or "mps".
        preprocess: put between the picture with its trigger and the model, inside the gradient, e.g. a normalisation.
        tokenizer: of a Hugging Face sequence classifier; then x are texts, and ``trigger`` is "soft" or "hard".
        max_length: longest text in tokens, including [CLS] and [SEP]; None: 128, or what the model reads.
        identity_words: words that name a group; the search for hard words tries those near them first.
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
    inputs = choose_inputs(tokenizer=tokenizer, max_length=max_length, preprocess=preprocess, flip=flip)
    setting = parse_setting(
        trigger=trigger, criterion=criterion, lams=lams, steps=steps, seed=seed, modality=inputs.modality,
        options=options,
    )  # fmt: skip
    given = (_rows(inputs, tune, "tune"), _rows(inputs, validation, "validation"))
    check_same_size(*given)
    on, classifier = device_for(model, device), inputs.wrap(model, **inputs.spec(given[0].x))
    with computing(classifier, on):
        classifier.n_classes = _try_out(classifier, given[0])
        order = order_labels(
            given[0].y, n_classes=classifier.n_classes, labels=labels, config=getattr(model, "config", None)
        )
        training = _training(classifier, setting, given, order, on, identity_words)
        title = f"{setting.trigger.kind}, {setting.criterion.kind}"
        learned, findings = watch(_learn(training, setting, order), title, is_shown=progress)
    return Reprogrammed(classifier, inputs, learned, findings, on)


def _rows(inputs: Inputs, given: Any, what: str) -> GivenRows:
    """The rows of one argument, their inputs converted.

    Raises:
        DataError: they are not (x, y, z), or the inputs are not of the right form.
    """
    x, y, z = unpacked(given, what)
    return GivenRows(inputs.rows(x, f"x of {what}"), y, z, what)


def _try_out(classifier: OwnClassifier, rows: GivenRows) -> int:
    """The number of classes c, from the logits of a few rows.

    Raises:
        ModelError: the model fails on them, or returns something else.
    """
    classifier.check_reading()
    few = classifier.prepare(uncoded(rows.x[:_TRIED])).x
    x = classifier.to_input(few)
    n_classes = n_classes_of(classifier.call_model, x, len(few))
    leaf = (x if isinstance(x, torch.Tensor) else x.vectors).detach().requires_grad_()
    check_gradient(classifier.call_model, leaf if isinstance(x, torch.Tensor) else x._replace(vectors=leaf), leaf)
    return n_classes


def _training(
    classifier: OwnClassifier,
    setting: Setting,
    given: Sequence[GivenRows],
    labels: LabelOrder,
    device: torch.device,
    identity_words: Iterable[str],
) -> TriggerTraining:
    """The training on the tuning rows, with the validation rows prepared as well.

    Raises:
        DataError: labels or groups do not fit, or a (group, label) cell that the criterion needs is empty.
    """
    tune, groups = coded(given[0], labels, None)
    validation, groups = coded(given[1], labels, groups)
    splits = [fitted_to(tune, groups), validation]
    if setting.criterion.conditions_on_label:
        for split, rows in zip(splits, given, strict=True):
            check_cells(split, groups, labels, what=rows.what)
    prepared = [classifier.prepare(split) for split in splits]
    return TriggerTraining(
        setting.method, setting.trigger, classifier=classifier, split=prepared[0], validation=prepared[1],
        groups=groups, criterion=setting.criterion, lam=setting.lam, seed=setting.seed, budget=setting.budget,
        device=device, identity_words=frozenset(word.lower() for word in identity_words),
    )  # fmt: skip


def _learn(
    training: TriggerTraining, setting: Setting, labels: LabelOrder
) -> Generator[TrainingRecord, None, tuple[Trigger, Findings]]:
    """Train for every λ, choose λ on the validation rows and measure them; yields the training's records."""
    classifier, rows, groups = training.classifier, training.validation, training.groups
    measure = GapMeasure(setting.criterion.gap, groups, labels.names)
    base = predict(classifier, rows)
    measure.reference(base)  # refuse too few rows before training
    few = rows.evenly(setting.budget.validate_rows)
    base_of_few = predict(classifier, few)

    def validate(model: FittedModel, lams: Sequence[float], done: Front | None) -> Front:
        return measure.front(model, lams, few, base_of_few, done)

    trigger = training.for_every_lam()
    fit = yield from training.fit(trigger, validate)
    found = list(predict_curve(FittedTrigger(trigger, classifier), rows, setting))
    own, points = curve_points(found, base, groups=groups, labels=labels.names, setting=setting)
    at_lams = (each.predictions for each in found if each.lam is not None)
    front = measure.front_of(at_lams, setting.lam.grid, base)
    chosen = choose(front, max_loss=setting.max_loss)
    return trigger.released(), Findings(setting, labels, groups, own, tuple(points), front, chosen, fit)
