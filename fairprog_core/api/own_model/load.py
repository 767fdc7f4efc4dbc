"""``fp.load_reprogrammed``: a saved trigger in front of the model that it was learned on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from fairprog_core.api.own_model.computing import device_for
from fairprog_core.api.own_model.folder import read
from fairprog_core.api.own_model.inputs.choice import choose_inputs
from fairprog_core.api.own_model.reprogrammed import Reprogrammed
from fairprog_core.classifiers.base import weights_digest
from fairprog_core.classifiers.own.pictures import Preprocess
from fairprog_core.common.errors import ConfigError, ModelError


def load_reprogrammed(
    folder: str | Path,
    model: nn.Module,
    *,
    tokenizer: Any = None,
    max_length: int | None = None,
    preprocess: Preprocess | None = None,
    device: str = "auto",
) -> Reprogrammed:
    """Read a folder that `Reprogrammed.save` wrote; the model itself is not in it.

    Args:
        folder: with ``reprogrammed.json`` and ``trigger.safetensors``.
        model: that the trigger was learned on, with the same weights.
        tokenizer: for a model of texts, as given to ``fp.reprogram``.
        max_length: as given to ``fp.reprogram``.
        preprocess: as given to ``fp.reprogram``; code cannot be saved.
        device: where to compute, as for ``fp.reprogram``.

    Raises:
        ArtifactError: the folder is missing or damaged.
        ModelError: the model has other weights.
        ConfigError: ``preprocess``, ``tokenizer`` or ``max_length`` is not as it was.
    """
    saved = read(folder)
    inputs = choose_inputs(tokenizer=tokenizer, max_length=max_length, preprocess=preprocess)
    if saved.inputs != (given := inputs.to_json()):
        raise ConfigError(f"{folder} was made with {_in_words(saved.inputs)}, not {_in_words(given)}; give the same.")
    if saved.model != (digest := weights_digest(model)):
        raise ModelError(
            f"{folder} was made for a model with other weights (their digest is {saved.model}, this model's {digest}); "
            "give that model, or reprogram this one."
        )
    classifier = inputs.wrap(model, **saved.trigger.input_spec)
    classifier.n_classes = len(saved.findings.labels.values)
    saved.trigger.attach_to(classifier)
    return Reprogrammed(classifier, inputs, saved.trigger.released(), saved.findings, device_for(model, device))


def _in_words(inputs: Mapping[str, object]) -> str:
    """Inputs as words: "image inputs, no preprocess=" or "text inputs, tokenizer 0f3a…, max_length 128"."""
    if "has_preprocess" in inputs:
        return f"{inputs.get('modality')} inputs, {'' if inputs['has_preprocess'] else 'no '}preprocess="
    named = (f"{name} {inputs.get(name)}" for name in ("tokenizer", "max_length"))
    return f"{inputs.get('modality')} inputs, {', '.join(named)}"
