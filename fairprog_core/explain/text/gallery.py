"""The gallery of a text curve: Integrated Gradients of every word of some texts.

Notation: m texts, W words of all of them, l λ-values, k trigger words, t tokens, c classes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.classifiers.encoder.tokens import Tokens
from fairprog_core.explain import TokenGradientsOptions
from fairprog_core.explain.base import Work
from fairprog_core.explain.text.conditions import TRIGGER, TextCondition, TextConditions
from fairprog_core.explain.text.token_gradients import LEAST_CHANGE, TokenGradients
from fairprog_core.explain.text.words import WordedText
from fairprog_core.metrics.explanations.gallery import GalleryArrays, TextNote

TOXIC = 1  # the class that is explained
NUMBERS: dict[str, type[np.generic]] = {
    "delta": np.float32, "absolute_delta": np.float32, "steps": np.int64, "converged": np.bool_,
}  # fmt: skip


class Attribution(NamedTuple):
    """One text under one condition, in units of the logit of `TOXIC` against the others.

    Attributes:
        tokens: (t,) of the text's own tokens.
        trigger: (k,) of the trigger's words; None without a trigger.
        logits: (c,).
        absolute_delta: sum of the attributions minus the change from the baseline.
        delta: |absolute_delta| over |change|, or over .1 where the change is smaller.
        steps: steps of the integral.
        converged: whether the delta is below the tolerance.
    """

    tokens: NDArray[np.float32]
    trigger: NDArray[np.float32] | None
    logits: NDArray[np.float32]
    absolute_delta: float
    delta: float
    steps: int
    converged: bool


class Attributing:
    """Integrated Gradients of single texts; the baseline is the [PAD] vector of the condition's classifier."""

    def __init__(self, options: TokenGradientsOptions) -> None:
        self.options = options

    def __call__(self, text: WordedText, condition: TextCondition) -> Attribution:
        """How much every token of a text and of the trigger adds."""
        classifier = condition.classifier
        blank, n_ends = classifier.embedding[classifier.tokens.blank_id].detach(), classifier.tokens.n_ends
        explainer = TokenGradients(self.options, baseline=blank, n_ends=n_ends)
        x = classifier.to_input(text.ids[None])
        found = explainer.explain(classifier, condition.put(x), target=TOXIC)
        origin, values = condition.origin(x)[0].cpu().numpy(), found.maps[0].numpy()
        tokens = np.zeros(len(text.ids), dtype=np.float32)
        tokens[origin[origin != TRIGGER]] = values[origin != TRIGGER]
        missed, steps, converged, change = (float(value) for value in found[3:] if value is not None)
        return Attribution(
            tokens=tokens,
            trigger=None if condition.trigger is None else values[origin == TRIGGER],
            logits=found.logits[0].numpy(),
            absolute_delta=missed,
            delta=abs(missed) / max(abs(change), LEAST_CHANGE),
            steps=int(steps),
            converged=bool(converged),
        )


def attribute(
    conditions: TextConditions,
    texts: Sequence[WordedText],
    names: frozenset[str],
    options: TokenGradientsOptions | None = None,
    *,
    picked: str,
) -> Work[tuple[GalleryArrays, TextNote]]:
    """Explain m texts under every condition.

    Args:
        conditions: their classifiers are explained.
        texts: as the classifier takes them.
        names: lower-case identity words.
        options: steps and tolerance.
        picked: how the texts were chosen, for the note.

    Returns:
        The arrays of the gallery's file that follow from the texts, and the note about them.
    """
    options = options or TokenGradientsOptions()
    attributing = Attributing(options)
    found: list[list[Attribution]] = []  # per condition, per text
    for condition in conditions:
        found.append([])
        for number, text in enumerate(texts):
            yield f"Integrated Gradients, {condition.name}, text {number + 1} of {len(texts)}"
            found[-1].append(attributing(text, condition))
    n_words = [len(text.words) for text in texts]
    arrays: GalleryArrays = {
        "first": np.concatenate([[0], np.cumsum(n_words)]).astype(np.int64),
        "is_identity": _joined([text.is_among(names) for text in texts], np.uint8),
    }
    by_word = [_joined([text.by_word(one.tokens) for text, one in zip(texts, each)], np.float32) for each in found]
    arrays |= conditions.stacked("ig", by_word)
    k, c = conditions.trigger.options.n_words, conditions.classifier.n_classes
    of_trigger = [
        None if condition.trigger is None else _rows([one.trigger for one in each], k)
        for condition, each in zip(conditions, found, strict=True)
    ]
    arrays |= conditions.stacked("ig_trigger", of_trigger)
    arrays |= conditions.stacked("logits", [_rows([one.logits for one in each], c) for each in found])
    for name, dtype in NUMBERS.items():
        values = [np.array([getattr(one, name) for one in each], dtype) for each in found]
        arrays |= conditions.stacked(f"ig_{name}", values)
    return arrays, {
        "ig_steps": options.steps,
        "ig_max_steps": options.max_steps,
        "ig_tolerance": options.tolerance,
        "ig_baseline": _baseline(conditions.classifier.tokens),
        "texts": [text.words for text in texts],
        "is_cut": [text.is_cut for text in texts],
        **conditions.describe(),
        "picked": picked,
    }


def _baseline(tokens: Tokens) -> str:
    """The baseline in words; BERT's names stand for a token at each end, whatever the family calls them."""
    if tokens.n_ends == (1, 1):
        return "[PAD] in place of every word, the trigger's too; [CLS] and [SEP] are kept"
    ends = " and ".join(tokens.name(token) for token in (*tokens.prefix, *tokens.suffix))
    return f"{tokens.name(tokens.blank_id)} in place of every word, the trigger's too" + (
        f"; {ends} kept" if ends else ""
    )


def _joined(parts: Sequence[NDArray[Any]], dtype: type[np.generic]) -> NDArray[Any]:
    """Arrays (W_i,) joined into one."""
    return np.concatenate([np.empty(0, dtype), *parts]).astype(dtype)


def _rows(parts: Sequence[NDArray[np.float32] | None], width: int) -> NDArray[np.float32]:
    """Rows (width,) as one array (n, width); (0, width) where there are none."""
    return np.array(parts, dtype=np.float32).reshape(len(parts), width)
