"""How the outputs of a classifier that was trained elsewhere become logits of the data's labels.

Notation: k rows, m outputs of the model, c labels of the data.
"""

import re
from collections.abc import Sequence
from typing import Self

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from fairprog_core.common.errors import ModelError, shorten

NO_OUTPUT = -1  # the number of the output of a label that has none: its logit is 0
_GENERIC = re.compile(r"(label|class)?[ _-]?\d+", re.IGNORECASE)  # transformers' LABEL_0, or a number


class LabelOutputs(BaseModel):
    """Which output of the model is the logit of each label.

    A model with a single output (a sigmoid's logit, or a score) says how far one of two labels is above the other: that
    label's logit is the output minus ``threshold``, the other's is 0.

    Attributes:
        index: for each of the c labels the number of its output, 0..m-1, or ``NO_OUTPUT``.
        threshold: what a single output must exceed for its label to be predicted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    index: tuple[int, ...] = Field(min_length=1, strict=False)
    threshold: float = 0.0

    @classmethod
    def match(
        cls,
        names: Sequence[str],
        labels: Sequence[str],
        *,
        given: Sequence[str] = (),
        label: str = "",
        threshold: float | None = None,
        is_multi_label: bool = False,
        where: str,
    ) -> Self:
        """Match a model's outputs to labels by their names; letter case, spaces and underscores do not count.

        Args:
            names: the model's own names of its m outputs, e.g. of ``id2label``; generic ones (LABEL_0) match in order.
            labels: of the data, c.
            given: the data's label of each output, in the model's order; empty: ``names`` say it.
            label: the one output to use, of several that each answer yes or no for themselves.
            threshold: of a single output; None: 0, where a sigmoid is .5.
            is_multi_label: whether each output answers yes or no for itself.
            where: the model, for errors, e.g. "The model in vit/".

        Raises:
            ModelError: names or numbers do not match.
        """
        if label or len(names) == 1:
            number = _number_of(label, names, where) if label else 0
            return cls._single(names[number], number, labels, given=given, threshold=threshold or 0.0, where=where)
        has = f"{where} has {len(names)} outputs ({_listed(names)})"
        if is_multi_label:
            raise ModelError(f"{has} that each answer yes or no; choose one of them: classifier.label.")
        if threshold is not None:
            raise ModelError(f"{has}, and a threshold is for a single one; leave out classifier.threshold.")
        if len(names) != len(labels):
            raise ModelError(
                f"{has} and the data {len(labels)} labels ({_listed(labels)}); choose a model with as many, or the one "
                "output to use: classifier.label."
            )
        if given and len(given) != len(names):
            raise ModelError(
                f"{has} and classifier.labels names {len(given)}; name the data's label of each, in order."
            )
        if not given and all(_GENERIC.fullmatch(name.strip()) for name in names) and not _is_same(names, labels):
            return cls(index=tuple(range(len(labels))))
        spoken = [_plain(name) for name in given or names]
        if sorted(spoken) != sorted(map(_plain, labels)) or len(set(spoken)) < len(spoken):
            raise ModelError(
                f"{where}: its outputs are {_listed(given or names)}, the data's labels {_listed(labels)}; set "
                "classifier.labels to the data's label of each output, in the model's order."
            )
        return cls(index=tuple(spoken.index(_plain(name)) for name in labels))

    @classmethod
    def _single(
        cls, name: str, number: int, labels: Sequence[str], *, given: Sequence[str], threshold: float, where: str
    ) -> Self:
        """Outputs of a model of which one output is used; it speaks for the label of its name, else for the second."""
        if len(labels) != 2:
            raise ModelError(
                f"{where} gives one output, which tells two labels apart, and the data have {len(labels)} "
                f"({_listed(labels)}); choose a model with {len(labels)} outputs."
            )
        spoken = given[-1] if given else name
        if given and _plain(spoken) not in map(_plain, labels):
            raise ModelError(
                f"{where}: classifier.labels names {_listed(given)}, the data's labels are {_listed(labels)}."
            )
        is_first = _plain(spoken) == _plain(labels[0])
        return cls(index=(number, NO_OUTPUT) if is_first else (NO_OUTPUT, number), threshold=threshold)

    @property
    def is_all(self) -> bool:
        """Whether the model's outputs are the logits as they are, if it has no others."""
        return self.index == tuple(range(len(self.index))) and not self.threshold

    def select(self, logits: Tensor) -> Tensor:
        """Outputs of the model (k, m) -> logits of the data's labels (k, c)."""
        if self.is_all and logits.shape[1] == len(self.index):
            return logits
        columns = [
            torch.zeros_like(logits[:, 0]) if number == NO_OUTPUT else logits[:, number] - self.threshold
            for number in self.index
        ]
        return torch.stack(columns, dim=1)

    def of_head(self, linear: nn.Linear) -> nn.Linear:
        """A model's last linear layer (d -> m) -> the layer (d -> c) that computes the logits of the data's labels."""
        if self.is_all and linear.out_features == len(self.index):
            return linear
        head = nn.Linear(linear.in_features, len(self.index), device=linear.weight.device, dtype=linear.weight.dtype)
        with torch.no_grad():
            bias = torch.zeros_like(linear.weight[:, 0]) if linear.bias is None else linear.bias
            head.weight.zero_()
            for label, number in enumerate(self.index):
                if number != NO_OUTPUT:
                    head.weight[label] = linear.weight[number]
            head.bias.copy_(self.select(bias[None])[0])
        return head


def _number_of(label: str, names: Sequence[str], where: str) -> int:
    found = [number for number, name in enumerate(names) if _plain(name) == _plain(label)]
    if len(found) != 1:
        raise ModelError(
            f"{where} has no output {label!r}; it has {_listed(names)}: set classifier.label to one of them."
        )
    return found[0]


def _is_same(names: Sequence[str], labels: Sequence[str]) -> bool:
    return sorted(map(_plain, names)) == sorted(map(_plain, labels))


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").casefold().split())


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(shorten(name, 24) for name in names[:6]) + more
