"""Speed on texts: a step of the encoder, a step of soft words, evaluation, Integrated Gradients of a sentence."""

from collections.abc import Iterator
from functools import cached_property, partial

import torch

from fairprog_core.classifiers import EncoderOptions
from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.cli.machine.bench.measurement import Measurement, Size, Workbench, measurement, seconds_of
from fairprog_core.common.home import Home
from fairprog_core.common.registry import build
from fairprog_core.data import CommentsOptions
from fairprog_core.explain import TokenGradientsOptions
from fairprog_core.explain.text.conditions import TextCondition
from fairprog_core.explain.text.gallery import Attributing
from fairprog_core.explain.text.words import worded
from fairprog_core.study import Study
from fairprog_core.triggers import TRIGGERS, SoftOptions


class Texts(Workbench):
    """Measures made-up comments with the shipped encoder."""

    noun = "texts"

    def __init__(self, home: Home, size: Size) -> None:
        options = EncoderOptions(steps=4 * size.repeats, batch_size=min(32, size.n_train))
        super().__init__(home, size, Study(dataset=CommentsOptions(**size.splits), classifier=options))

    @cached_property
    def classifier(self) -> Classifier:
        """The shipped encoder with a new head."""
        torch.manual_seed(0)
        return Encoder.new(self.study.classifier, n_classes=2)

    def on(self, device: str) -> Iterator[Measurement]:
        """All figures on one device."""
        yield self.base_step(device, "base_step_encoder")
        yield self.trigger_step(device, SoftOptions(), name="trigger_step_soft", steps=self.size.text_steps)
        yield from self.evaluation(device, SoftOptions(), name="evaluation_texts")
        yield self.attribution(device)

    def attribution(self, device: str) -> Measurement:
        """Integrated Gradients of one sentence with soft words; steps are doubled until convergence."""
        classifier: Encoder = self.frozen(device)  # type: ignore[assignment]
        trigger = (
            build(TRIGGERS, SoftOptions(), **classifier.input_spec, anchor_lams=(0.0,)).to(device).attach_to(classifier)
        )
        condition = TextCondition("soft", classifier, trigger.requires_grad_(False))
        explain, times = Attributing(TokenGradientsOptions()), list[float]()
        texts = [worded(classifier, text) for text in self.data.split("test").x[: self.size.sentences + 1]]
        for text in texts:
            times.append(seconds_of(partial(explain, text, condition), device) * 1e3)
        steps = TokenGradientsOptions().steps
        return measurement("attribution_sentence", device, times[1:], "ms", f"encoder, soft, {steps} steps or more")
