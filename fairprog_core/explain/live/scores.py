"""How the explain process scores a text while it is typed: logits alone, no attribution; imports torch.

Notation: l λ-values, c classes.
"""

import numpy as np
import torch

from fairprog_core.explain.live.request import Arrays, TextScores, version
from fairprog_core.explain.live.text import LETTERS, classifier_of, conditions_of
from fairprog_core.explain.text.words import readable


def answer(request: TextScores) -> Arrays:
    """The logits of one text without a trigger, with random words, and with the trigger at every λ."""
    classifier, _ = classifier_of(version(request.classifier))
    conditions = conditions_of(version(request.classifier), version(request.trigger), tuple(request.lams))
    text = readable(request.text[: LETTERS * classifier.max_length])
    x = classifier.to_input(classifier.encode([text]))
    with torch.inference_mode():
        logits = [each.classifier(each.put(x))[0].float().numpy() for each in conditions]  # in this order: see there
    return {
        "logits_without": logits[0],  # (c,)
        "logits_random_words": logits[1],
        "logits": np.stack(logits[3 : 3 + len(request.lams)]),  # (l, c)
    }
