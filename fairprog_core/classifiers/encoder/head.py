"""The head of a sequence classifier, found by what it computes: the linear layer whose output are the logits.

Notation: k texts, t tokens, c classes, d features, w width of a word vector.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.classifiers.model_folder import quiet
from fairprog_core.common.errors import ModelError, shorten

N_TRIAL = 6  # tokens of the trial text, all different, so that no two places give the same numbers
_FAILS = (TypeError, ValueError, RuntimeError, AttributeError, LookupError, AssertionError, ArithmeticError)


class Head(NamedTuple):
    """Where the head is.

    Attributes:
        name: of the layer in its model.
        linear: the layer.
        reads_last: whether it reads every token and the logits are those of the last one, as in decoders.
        skipped: then a token id that is not counted as the last one: that of the pad token, if there is one.
    """

    name: str
    linear: nn.Linear
    reads_last: bool = False
    skipped: int | None = None


class LastToken(nn.Module):
    """Stands where the head of a decoder was: hidden states (k, t, d) -> those of one token per text, t times.

    So whichever token the decoder takes of what this returns, texts may be padded on the right.

    Attributes:
        at: (k,) the token of every text, set before every pass.
    """

    at: Tensor

    def forward(self, hidden: Tensor) -> Tensor:
        """The states of the tokens `at`."""
        return _of_tokens(hidden, self.at)


@torch.no_grad()
def find_head(model: PreTrainedModel) -> Head:
    """The last linear layer whose output are the logits, for every text or for its first or last token.

    The model reads one short text of arbitrary word vectors.

    Raises:
        ModelError: the model fails on word vectors, or its logits are the output of no linear layer.
    """
    family, config = model.config.model_type, model.config.get_text_config()
    skipped = getattr(config, "pad_token_id", None)
    seen: list[tuple[str, nn.Linear, Tensor]] = []

    def note(name: str, module: nn.Linear, _: Any, output: Tensor) -> None:
        seen.append((name, module, output))

    linears = [(name, module) for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    hooks = [module.register_forward_hook(partial(note, name)) for name, module in linears]
    try:
        config.pad_token_id = 0 if skipped is None else skipped  # a decoder then warns here, where it is silenced
        table = model.get_input_embeddings()
        rows: Tensor = table.weight  # type: ignore[assignment]
        ids = torch.linspace(1, len(rows) - 1, N_TRIAL, device=rows.device).long()[None]
        with quiet():
            logits: Tensor = model(inputs_embeds=table(ids), attention_mask=torch.ones_like(ids)).logits
    except _FAILS as error:
        raise ModelError(
            f"This model ({family}) fails on a text that is given as word vectors ({shorten(error, 100)}); choose one "
            "that takes inputs_embeds."
        ) from error
    finally:
        config.pad_token_id = skipped
        for hook in hooks:
            hook.remove()
    for name, linear, output in reversed(seen):
        if output.ndim == 3 and _is_same(output[:, -1], logits):
            return Head(name, linear, reads_last=True, skipped=skipped)
        if _is_same(output, logits) or (output.ndim == 3 and _is_same(output[:, 0], logits)):
            return Head(name, linear)
    raise ModelError(f"The logits of this model ({family}) are the output of no linear layer; choose another model.")


def take_head(model: PreTrainedModel, head: Head) -> LastToken | None:
    """Remove the head; the model then outputs features instead of logits, of the tokens in what is returned, if any.

    A decoder without a pad token gets one in its configuration, as it otherwise refuses several texts at once.
    """
    last = LastToken() if head.reads_last else None
    if last is not None:
        config = model.config.get_text_config()
        config.use_cache = False
        config.pad_token_id = 0 if config.pad_token_id is None else config.pad_token_id
    parent, _, name = head.name.rpartition(".")
    setattr(model.get_submodule(parent), name, last or nn.Identity())
    return last


@contextmanager
def reading_at(model: PreTrainedModel, head: Head, at: Tensor) -> Iterator[None]:
    """A decoder gives the logits of the tokens ``at`` (k,) inside, whichever it takes itself; afterwards as before."""
    config = model.config.get_text_config()
    hook = head.linear.register_forward_hook(lambda _, __, output: _of_tokens(output, at))
    config.pad_token_id = 0 if head.skipped is None else head.skipped
    try:
        with quiet():
            yield
    finally:
        hook.remove()
        config.pad_token_id = head.skipped


def last_tokens(x: TextInput, skipped: int | None) -> Tensor:
    """(k,): the last token of every text that is not the pad token, as decoders of transformers find it."""
    is_real = x.mask if skipped is None else x.mask & (x.ids != skipped)
    return (torch.arange(x.mask.shape[1], device=x.mask.device) * is_real).argmax(1)


def _of_tokens(values: Tensor, at: Tensor) -> Tensor:
    """Values (k, t, d) of one token per text, t times."""
    return values[torch.arange(values.shape[0], device=values.device), at][:, None].expand_as(values)


def _is_same(found: Tensor, logits: Tensor) -> bool:
    return found.shape == logits.shape and torch.equal(found, logits)
