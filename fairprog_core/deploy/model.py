"""What ``--model`` names, as a frozen classifier that a trigger can be put in front of.

A classifier's file of fairprog, the folder of a run, or whatever ``model`` of a study's ``[classifier]`` takes.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fairprog_core.classifiers import CLASSIFIERS, EncoderOptions, ImageModelOptions
from fairprog_core.classifiers.base import Classifier, freeze, read_classifier
from fairprog_core.common.errors import ConfigError, ModelError, shorten
from fairprog_core.common.home import is_file, user_path
from fairprog_core.common.options import Modality
from fairprog_core.data.base import Split
from fairprog_core.results.run_folder import RESULT, base_file, shipped_runs
from fairprog_core.triggers.base import Trigger

_FAMILIES: dict[Modality, tuple[str, type[ImageModelOptions] | type[EncoderOptions]]] = {
    "image": ("image_model", ImageModelOptions),
    "text": ("encoder", EncoderOptions),
}
# How outputs are told and inputs are read. A trigger's file may come from a stranger: nothing in it names a file.
_READING = ("labels", "label", "threshold", "image_size", "mean", "std", "prompts", "max_length")


def open_model(
    model: str | Path,
    trigger: Trigger,
    *,
    options: Mapping[str, Any] | None = None,
    device: torch.device | str = "cpu",
    is_checked: bool = True,
) -> Classifier:
    """Open a classifier for a trigger; labels, size of pictures and length of texts come from the trigger's file.

    Weights do not: the file's ``classifier_options`` say only how outputs are told and inputs are read.

    Args:
        model: a classifier's ``.safetensors`` file of fairprog; a run's folder, or the id of a shipped run, for its
            base; for pictures a folder or hub name, ``timm:…``, ``torchvision:…``, a TorchScript or torch.export file,
            ``factory:…``; for texts a folder or hub name of a tuned sequence classifier.
        trigger: that the classifier is opened for.
        options: further fields of `ImageModelOptions` or `EncoderOptions`, e.g. ``weights`` or ``labels``.
        device: where to compute.
        is_checked: refuse a classifier whose digest is not the one in the trigger's file.

    Returns:
        The classifier, frozen; the trigger is not attached to it yet.

    Raises:
        ArtifactError: a file of fairprog is missing or damaged.
        ModelError: there is no such model, it cannot be used, it is not the one that the trigger was learned on, or
            its outputs do not fit the labels.
        ConfigError: it takes inputs of another size, an option is not valid, or the trigger's file names no labels.
    """
    text = str(model)
    if (file := fairprog_file(text)) is not None:
        if options:
            raise ConfigError(
                f"{shorten(file, 100)} is a classifier of fairprog, which takes no options; leave them out."
            )
        classifier, about = read_classifier(file, CLASSIFIERS)
        key = str(about.get("key", ""))
    else:
        classifier, key = _from_elsewhere(text, trigger, options or {}), ""
    if is_checked:
        check_classifier(trigger, classifier, key=key)
    return freeze(classifier).to(device)


def fairprog_file(text: str) -> Path | None:
    """The classifier's file of fairprog that a text names, itself or as the base of a run; None: it names no such."""
    path = user_path(shipped_runs().get(text, text))
    if is_file(path / RESULT):
        return base_file(path)
    return path if path.suffix == ".safetensors" and is_file(path) else None


def check_classifier(trigger: Trigger, classifier: Classifier, *, key: str = "") -> None:
    """Refuse a classifier that is not the one of the trigger's file.

    Args:
        trigger: a file without a passport names the classifier by its key alone, which says how it came about.
        classifier: that was opened.
        key: in the classifier's own file; empty: it has none.

    Raises:
        ModelError: so it is.
    """
    if trigger.weights:
        trigger.check_weights(classifier.saved_digest())
    elif key and (expected := str(trigger.about.get("classifier", key))) != key:
        raise ModelError(
            f"The trigger was learned on the classifier {shorten(expected, 20)}, and this one is {shorten(key, 20)}, "
            "so nothing that was measured holds here; give that classifier, or set is_checked=False (--any-model)."
        )


def labels_of(trigger: Trigger) -> tuple[str, ...]:
    """The names of the classes, as the trigger's file has them; empty: it has none."""
    labels = trigger.about.get("labels")
    return tuple(map(str, labels)) if isinstance(labels, list) else ()


def _from_elsewhere(model: str, trigger: Trigger, options: Mapping[str, Any]) -> Classifier:
    """A model that was trained elsewhere, read as the trigger's file says."""
    labels, modality = labels_of(trigger), trigger.options.modality
    if not labels:
        raise ConfigError(
            "The trigger's file does not name the labels of its classifier; give the classifier's .safetensors file of "
            "the run as the model."
        )
    kind, known = _FAMILIES[modality]
    saved = trigger.about.get("classifier_options")  # how the classifier was read when the trigger was learned
    learned = saved if isinstance(saved, dict) and saved.get("kind") == kind else {}
    as_learned = {name: learned[name] for name in _READING if name in learned}
    own = {"model": model} | ({"tuned": True} if modality == "text" else {})
    parsed = known.parse({**as_learned, **options, **own}, where="the model")
    implementation: type[Classifier] = CLASSIFIERS[parsed.kind].load()
    side = trigger.input_spec.get("image_size")
    x = np.empty(0, dtype=object) if side is None else np.empty((0, side, side, 3), np.uint8)
    nothing = np.empty(0, dtype=np.int64)
    split = Split(x, nothing, nothing, np.zeros((1, len(labels))), is_stratified=False)
    return implementation.new_for(parsed, labels=labels, split=split)
