"""How the explain process explains a text; imports torch.

Notation: k texts.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import freeze, read_classifier
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.common.errors import DataError
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import DATASETS
from fairprog_core.explain import TokenGradientsOptions
from fairprog_core.explain.base import finish
from fairprog_core.explain.live.request import TextRequest, Version, version
from fairprog_core.explain.text.conditions import TextConditions
from fairprog_core.explain.text.gallery import attribute
from fairprog_core.explain.text.words import all_words, worded
from fairprog_core.metrics.explanations.gallery import CurveNote, GalleryAbout, GalleryArrays, StudyNote, whole_note
from fairprog_core.triggers.base import load_trigger
from fairprog_core.triggers.text import TextTrigger

LETTERS = 128  # of a text per token that the classifier reads; only spaces and endless words need more
SHORT = 48  # tokens; for longer texts steps are doubled less often, so that the answer comes in time
LONG_STEPS = 128


def answer(request: TextRequest) -> tuple[GalleryArrays, GalleryAbout]:
    """Explain one text under every condition; see `ExplainProcess.explain_text`."""
    classifier, header = classifier_of(version(request.classifier))
    conditions = conditions_of(version(request.classifier), version(request.trigger), tuple(request.lams))
    most = LETTERS * classifier.max_length
    text = worded(classifier, request.text[:most])
    text = text._replace(is_cut=text.is_cut or len(request.text) > most)
    options = TokenGradientsOptions()
    if len(text.ids) > SHORT:
        options = TokenGradientsOptions(max_steps=LONG_STEPS)
    work = attribute(conditions, [text], _identity_words(header), options, picked="A text of one's own.")
    arrays, note = finish(work)
    nowhere = np.array([-1])
    arrays |= {"row": nowhere, "y": nowhere, "z": nowhere, "lams": np.array(request.lams, dtype=np.float64)}
    trigger = conditions.trigger
    curve: CurveNote = {
        "labels": list(header.get("labels", [])),
        "groups": list(header.get("groups", [])),
        "trigger": trigger.options.kind,
        "seed": trigger.seed,
    }
    study: StudyNote = {"criterion": trigger.about.get("criterion")}
    return arrays, whole_note(curve, note, study)


@lru_cache(maxsize=4)
def classifier_of(file: Version) -> tuple[Encoder, dict[str, Any]]:
    """A classifier of texts and its description; read again when the file changes."""
    classifier, header = read_classifier(Path(file[0]), CLASSIFIERS)
    if not isinstance(classifier, Encoder):
        raise DataError("This classifier is made for pictures; give one that reads texts.")
    return freeze(classifier), header


@lru_cache(maxsize=8)
def conditions_of(classifier_file: Version, trigger_file: Version, lams: tuple[float, ...]) -> TextConditions:
    """The conditions that are compared; read again when a file changes."""
    trigger = load_trigger(trigger_file[0])
    if not isinstance(trigger, TextTrigger):
        raise DataError("This trigger is made for pictures; give one that joins texts.")
    return TextConditions(classifier_of(classifier_file)[0], trigger, lams)


def _identity_words(header: dict[str, Any]) -> frozenset[str]:
    """The identity words of the data that the classifier was trained on; empty for data without an entry."""
    options = header.get("dataset", {})
    entry = DATASETS.get(options.get("kind"))
    if entry is None:
        return frozenset()
    dataset = build(DATASETS, entry.options.parse(options), Home.find())
    return all_words(dataset.identity_words().values())
