"""What the registry names: a black box of pictures or of texts, whichever the data are."""

from collections.abc import Generator, Mapping
from typing import Any, Self, cast

import numpy as np
from torch import Tensor

from fairprog_core.classifiers.base import Description
from fairprog_core.classifiers.black_box.box import AnsweringClassifier, check, match
from fairprog_core.classifiers.black_box.pictures import PictureBox
from fairprog_core.classifiers.black_box.source import source_of
from fairprog_core.classifiers.black_box.texts import TextBox
from fairprog_core.classifiers.encoder.text_classifier import TRIAL_TEXTS
from fairprog_core.common.errors import ModelError
from fairprog_core.data.base import Split

TRIAL_GREYS = (64, 192)  # of pictures that are sent to learn which probability belongs to which label


class BlackBox(AnsweringClassifier):
    """Makes a `PictureBox` or a `TextBox`."""

    @classmethod
    def fetch(cls, options: Any) -> Generator[str, None, None]:
        """Open the address or import the function before any data are prepared."""
        source_of(options)
        yield from ()

    @classmethod
    def new_for(cls, options: Any, *, labels: tuple[str, ...], split: Split) -> Self:
        """Send two made-up rows of the split's kind, and match the answer's probabilities to the labels."""
        source, is_text = source_of(options), split.x.dtype == object
        rows = (
            list(TRIAL_TEXTS) if is_text else np.stack([np.full(split.x.shape[1:], n, np.uint8) for n in TRIAL_GREYS])
        )
        answer = source.ask(rows)
        n_outputs = check(answer, len(rows), source.name).shape[1]
        outputs = match(answer, n_outputs, options, labels, source.name)
        return cls._of(options, len(labels), None if is_text else split.x.shape[1], outputs)

    @classmethod
    def from_config(
        cls, options: Any, *, n_classes: int, init_args: Description, weights: Mapping[str, Tensor]
    ) -> Self:
        if not (options.address or options.function):
            raise ModelError("It is a black box without an address or a function.")
        return cls._of(options, n_classes, init_args["image_size"], init_args["outputs"])

    @classmethod
    def _of(cls, options: Any, n_classes: int, image_size: int | None, outputs: Any) -> Self:
        kind = TextBox if image_size is None else PictureBox
        return cast(Self, kind(options, n_classes=n_classes, image_size=image_size, outputs=outputs))
