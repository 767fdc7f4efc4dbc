"""Pictures or texts: which inputs the arguments of ``fp.reprogram`` mean."""

from typing import Any

from fairprog_core.api.own_model.inputs import Inputs
from fairprog_core.api.own_model.inputs.pictures import PictureInputs
from fairprog_core.classifiers.own.pictures import Preprocess
from fairprog_core.common.errors import ConfigError


def choose_inputs(
    *, tokenizer: Any = None, max_length: int | None = None, preprocess: Preprocess | None = None, flip: bool = False
) -> Inputs:
    """Texts if there is a tokenizer, else pictures.

    Raises:
        ConfigError: an argument belongs to the other kind of inputs.
    """
    if tokenizer is None:
        if max_length is not None:
            raise ConfigError("max_length is for texts; give tokenizer= as well, or leave it out.")
        return PictureInputs(preprocess, flip=flip)
    if preprocess is not None or flip:
        raise ConfigError("preprocess= and flip= are for pictures, tokenizer= for texts; leave one of them out.")
    from fairprog_core.api.own_model.inputs.texts import TextInputs  # brings transformers

    return TextInputs(tokenizer) if max_length is None else TextInputs(tokenizer, max_length=max_length)
