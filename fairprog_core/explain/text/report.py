"""The explanations of one curve on texts: identity words, counterfactual pairs, gallery and probe.

Each is computed for every condition: without a trigger, with two controls, at every λ, and for rivals.

Notation: n rows, m gallery texts, t tokens, d features, c classes.
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.explain import TextProbeOptions, TokenGradientsOptions
from fairprog_core.explain.averages import RowValues
from fairprog_core.explain.base import Work, chunks
from fairprog_core.explain.conditions import Rival
from fairprog_core.explain.counterfactuals import compare
from fairprog_core.explain.report import ExplanationReport, explain_curve
from fairprog_core.explain.text.conditions import TextCondition, TextConditions
from fairprog_core.explain.text.gallery import Attributing, attribute
from fairprog_core.explain.text.words import WordedText, all_words, worded
from fairprog_core.metrics.explanations.averages import CounterfactualMeans, TextExplanation
from fairprog_core.metrics.explanations.by_condition import Means
from fairprog_core.metrics.explanations.gallery import GalleryAbout, GalleryArrays, StudyNote, whole_note
from fairprog_core.triggers.text import TextTrigger

N_PAIRS = 150
IG_ROWS = 60  # with an identity word; more cost half a second each
IG_SHARE_STEPS = 8  # moves the averaged share by less than .002 against 256 steps
LABEL_EVERY = 10  # rows of Integrated Gradients
BATCH = 64

Outputs = tuple[NDArray[np.float32], NDArray[np.float32]]  # features and logits


class TextReport(ExplanationReport):
    """The explanations of texts."""

    nulls: ClassVar[tuple[str, ...]] = ("empty",)
    rows_are: ClassVar[str] = "comments"
    conditions: TextConditions

    def make_conditions(self, trigger: TextTrigger, lams: Sequence[float], rivals: Sequence[Rival]) -> TextConditions:
        return TextConditions(self.classifier, trigger, lams, rivals)

    def prepare_rows(self) -> None:
        self.names = all_words(self.dataset.identity_words().values())

    def n_steps(self) -> int:
        rows, texts = max(self.options.rows, self.options.gallery, 1), self.options.gallery
        pairs = 2 * (min(N_PAIRS, rows) // BATCH + 1) if self.options.rows else 0
        shares = min(IG_ROWS, self.options.rows) // LABEL_EVERY
        probe = 30 + len(self.conditions) if self.options.probe else 0
        return len(self.conditions) * (rows // BATCH + 1 + pairs + shares + texts) + 2 + probe

    def outputs(self, ids: NDArray[np.int32], condition: TextCondition, label: str) -> Work[Outputs]:
        """Features (n, d) and logits (n, c) of texts under one condition."""
        classifier, features, logits = condition.classifier, [], []
        order = classifier.reading_order(ids)
        for rows in chunks(len(ids), BATCH):
            yield f"{label}, {condition.name}"
            with torch.inference_mode():
                x = classifier.features(condition.put(classifier.to_input(ids[order[rows]])))
                features.append(x.float().cpu())
                logits.append(classifier.head(x).float().cpu())
        back = np.argsort(order)
        return torch.cat(features).numpy()[back], torch.cat(logits).numpy()[back]

    def predict_rows(self) -> Work[None]:
        """Logits and features of the pool: one pass per condition."""
        ids = self.classifier.encode(self.pool.split.x)
        self.features, self.logits = [], []
        for condition in self.conditions:
            features, logits = yield from self.outputs(ids, condition, "Predictions")
            self.features.append(features)
            self.logits.append(logits)

    def averages(self) -> Work[TextExplanation]:
        """Share on identity words, and counterfactual pairs."""
        return TextExplanation(
            lams=self.conditions.lams,
            rows=self.n_averaged,
            regions=["identity words"] if self.names else [],
            ig_identity_share=(yield from self.ig_share()),
            counterfactuals=(yield from self.counterfactuals()),
            paired=self.paired,
            flat=self.flat,
            by_group=self.by_group,
        )

    def ig_share(self) -> Work[Means | None]:
        """Mean share of |Integrated Gradients| on identity words, among the text's own words."""
        if not (self.names and self.options.rows):
            return None
        texts = [worded(self.classifier, text) for text in self.pool.split.x[: self.options.rows]]
        holding = [row for row, text in enumerate(texts) if text.is_among(self.names).any()][:IG_ROWS]
        if not holding:
            return None
        n = holding[-1] + 1  # rows without an identity word have no share, but count for the weights
        rows, found = self.pool.rows(n), list[RowValues]()
        steps = TokenGradientsOptions(steps=IG_SHARE_STEPS, max_steps=IG_SHARE_STEPS)
        attributing = Attributing(steps)
        for label, condition in self.each("Attribution on identity words"):
            shares = np.full(n, np.nan)
            for number, row in enumerate(holding):
                if number % LABEL_EVERY == 0:
                    yield label
                shares[row] = share_on(self.names, texts[row], attributing(texts[row], condition).tokens)
            found.append(RowValues.of(shares))
        self.average_by_group(found, rows)
        level = np.full(n, np.nan)
        level[holding] = [texts[row].is_among(self.names).mean() for row in holding]
        return self.average("ig_identity_share", found, rows, rows.mean(level))

    def counterfactuals(self) -> Work[CounterfactualMeans | None]:
        """Differences within counterfactual pairs, which differ only in Z."""
        if not self.options.rows:
            return None
        yield "Writing counterfactual pairs"
        pairs = self.dataset.twins(min(N_PAIRS, self.options.rows))
        if pairs is None:
            return None
        ids = [self.classifier.encode(texts) for texts in (pairs.first, pairs.second)]
        found = []
        for condition in self.conditions:
            _, first = yield from self.outputs(ids[0], condition, "Counterfactual pairs")
            _, second = yield from self.outputs(ids[1], condition, "Counterfactual pairs")
            found.append(compare(first, second, pairs.y))
        return self.average_pairs(found, pairs.names)

    def gallery(self, chosen_lam: float, study: StudyNote) -> Work[tuple[GalleryArrays, GalleryAbout]]:
        """The arrays of the gallery's file, and the note about them."""
        rows, arrays, picked = self.picked(chosen_lam)
        texts = [worded(self.classifier, text) for text in self.pool.split.x[rows]]
        attributed, note = yield from attribute(self.conditions, texts, self.names, picked=picked)
        return arrays | attributed, whole_note(self.curve_note, note, study)

    def empty_inputs(self) -> list[TextInput]:
        nothing = self.classifier.to_input(self.classifier.encode([""]))
        return [condition.put(nothing) for condition in self.conditions.on_base]

    def probe_options(self) -> TextProbeOptions:
        base = self.classifier.options
        return TextProbeOptions(model=base.model, max_length=base.max_length)


def share_on(names: frozenset[str], text: WordedText, tokens: NDArray[np.float32]) -> float:
    """Share of |attributions| (t,) that lies on a text's identity words; NaN where all are 0."""
    size = np.abs(text.by_word(tokens))
    with np.errstate(invalid="ignore"):
        return float(size[text.is_among(names)].sum() / size.sum())


explanation_report = partial(explain_curve, TextReport)
