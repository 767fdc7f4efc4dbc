"""A frozen classifier with its trigger as a graph: plain tensors in, logits out.

Notation: k rows, s image side, t tokens, c classes.
"""

from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.export import Dim

from fairprog_core.classifiers.base import Classifier
from fairprog_core.classifiers.encoder.text_classifier import TextClassifier
from fairprog_core.classifiers.encoder.text_input import TextInput
from fairprog_core.deploy.export.tokenizer import alone_tokenizer
from fairprog_core.triggers.base import Trigger
from fairprog_core.triggers.image import shrinking

PictureSize: TypeAlias = tuple[int, int]  # height, width
LAM = "lam"
OUTPUT = "logits"
ROWS = "batch"  # names of the free dimensions
TOKENS = "tokens"
_LENGTHS = {1: 6, 3: 1_000_000, 64: 14}  # longest text in tokens of a batch of random texts, by its rows
_SHORTEST_TOKENS = 2


class ExportedGraph(nn.Module):
    """Base: the inputs of a graph, their free dimensions, and inputs to try it with.

    Attributes:
        classifier: frozen.
        trigger: attached to the classifier; None: the classifier alone.
        lam: λ, if it is fixed; None: it is the graph's last input, float32 (1,).
    """

    names: ClassVar[tuple[str, ...]]

    def __init__(self, classifier: Classifier, trigger: Trigger | None, lam: float | None) -> None:
        super().__init__()
        self.classifier, self.trigger, self.lam = classifier, trigger, lam

    @property
    def takes_lam(self) -> bool:
        """Whether λ is an input."""
        return self.trigger is not None and self.lam is None

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        return (*self.names, LAM) if self.takes_lam else self.names

    def axes(self) -> dict[str, tuple[str | int, ...]]:
        """The shape of every input; free dimensions by their names."""
        raise NotImplementedError

    def dynamic_shapes(self) -> tuple[dict[int, Any] | None, ...]:
        """As torch.export takes them."""
        free = {ROWS: Dim(ROWS), TOKENS: Dim(TOKENS, min=_SHORTEST_TOKENS, max=self.most_tokens)}
        shapes = self.axes()
        return tuple(
            {place: free[size] for place, size in enumerate(shapes[name]) if isinstance(size, str)} or None
            for name in self.input_names
        )

    @property
    def most_tokens(self) -> int:
        """The longest text that may come in."""
        return _SHORTEST_TOKENS + 1

    def random_inputs(self, n: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        """n random rows as inputs, without λ."""
        raise NotImplementedError

    def inputs_of(self, rows: Any) -> tuple[Tensor, ...]:
        """Real rows as inputs, without λ: pictures (k, s, s, 3) uint8, or k texts."""
        raise NotImplementedError

    def to_classifier(self, *inputs: Tensor) -> Any:
        """Inputs of the graph, without λ -> those of classifier and trigger."""
        raise NotImplementedError

    def with_lam(self, inputs: tuple[Tensor, ...], lam: float) -> tuple[Tensor, ...]:
        """Inputs with λ, where it is one."""
        return (*inputs, torch.tensor([lam], dtype=torch.float32)) if self.takes_lam else inputs

    def forward(self, *inputs: Tensor) -> Tensor:
        """Inputs in the order of `input_names` -> logits (k, c)."""
        x = self.to_classifier(*inputs[: len(self.names)])
        if self.trigger is not None:
            x = self.trigger(x, inputs[-1] if self.lam is None else self.lam)
        logits: Tensor = self.classifier(x)
        return logits


class PictureGraph(ExportedGraph):
    """Pictures (k, 3, s, s) in [0, 1], or as a picture library gives them: (k, h, w, 3) uint8.

    Of those of another size the largest centred square is resized to s × s, as fairprog reads files, but without
    rounding to whole levels.

    Attributes:
        picture_size: (h, w) of pictures as bytes; None: they come as numbers.
    """

    names = ("image",)

    resize: Tensor

    def __init__(
        self, classifier: Classifier, trigger: Trigger | None, lam: float | None, picture_size: PictureSize | None
    ) -> None:
        super().__init__(classifier, trigger, lam)
        self.picture_size, self.side = picture_size, classifier.input_spec["image_size"]
        self.register_buffer("resize", shrinking(min(picture_size or (self.side,)), self.side), persistent=False)

    def axes(self) -> dict[str, tuple[str | int, ...]]:
        numbers = (ROWS, 3, self.side, self.side)
        return {"image": numbers if self.picture_size is None else (ROWS, *self.picture_size, 3), LAM: (1,)}

    def random_inputs(self, n: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        size = [n if side == ROWS else int(side) for side in self.axes()["image"]]
        if self.picture_size is not None:
            return (torch.randint(256, size, generator=generator, dtype=torch.uint8),)
        return (torch.rand(size, generator=generator),)

    def inputs_of(self, rows: Any) -> tuple[Tensor, ...]:
        pictures = torch.from_numpy(np.array(rows))
        if self.picture_size is None:
            return ((pictures.permute(0, 3, 1, 2) / 255).contiguous(),)
        return (pictures,) if tuple(pictures.shape[1:3]) == self.picture_size else ()

    def to_classifier(self, *inputs: Tensor) -> Tensor:
        (image,) = inputs
        if self.picture_size is None:
            return image
        pixels, (height, width) = image.permute(0, 3, 1, 2).float() / 255, self.picture_size
        if height == width == self.side:
            return pixels
        square = min(height, width)
        top, left = (height - square) // 2, (width - square) // 2
        return self.resize @ pixels[:, :, top : top + square, left : left + square] @ self.resize.T


class TextGraph(ExportedGraph):
    """Token ids and attention mask, each (k, t) int64; what stands where the mask is 0 does not matter."""

    names = ("input_ids", "attention_mask")
    classifier: TextClassifier
    reserved: Tensor

    def __init__(self, classifier: TextClassifier, trigger: Trigger | None, lam: float | None) -> None:
        super().__init__(classifier, trigger, lam)
        tokens = classifier.tokens
        self.tokenizer, self.yields_reserved = alone_tokenizer(classifier)
        self.register_buffer("reserved", torch.tensor(tokens.reserved), persistent=False)
        self.unknown_id, self.n_ends = tokens.unknown_id, tokens.n_ends

    @property
    def most_tokens(self) -> int:
        return max(self.classifier.max_length, _SHORTEST_TOKENS + 1)

    def axes(self) -> dict[str, tuple[str | int, ...]]:
        return dict.fromkeys(self.names, (ROWS, TOKENS)) | {LAM: (1,)}

    def random_inputs(self, n: int, generator: torch.Generator) -> tuple[Tensor, ...]:
        tokens, most = self.classifier.tokens, min(self.most_tokens, _LENGTHS.get(n, 12))
        n_ends = sum(tokens.n_ends)
        lengths = torch.randint(n_ends + 1, max(most, n_ends + 1) + 1, (n,), generator=generator)
        lengths[0] = max(most, n_ends + 1)
        place = torch.arange(int(lengths[0]))
        mask = place < lengths[:, None]
        ids = torch.randint(tokens.n_ids, mask.shape, generator=generator)
        ids[ids == tokens.pad_id] = tokens.blank_id
        before, after = tokens.n_ends
        ids[:, :before] = torch.tensor(tokens.prefix, dtype=torch.int64)
        for row, length in zip(ids, lengths.tolist()):
            row[length - after : length] = torch.tensor(tokens.suffix, dtype=torch.int64)
        return ids * mask, mask.long()

    def inputs_of(self, rows: Any) -> tuple[Tensor, ...]:
        read = Tokenizer.from_str(self.tokenizer).encode_batch(list(rows))
        return torch.tensor([each.ids for each in read]), torch.tensor([each.attention_mask for each in read])

    def to_classifier(self, *inputs: Tensor) -> TextInput:
        mask = inputs[1] > 0
        ids = torch.where(mask, inputs[0], self.classifier.tokens.pad_id)
        if self.yields_reserved:
            ids = torch.where(self._inside(mask) & (ids[..., None] == self.reserved).any(-1), self.unknown_id, ids)
        return TextInput(self.classifier.embed(ids.clamp(min=0)), mask, ids)

    def _inside(self, mask: Tensor) -> Tensor:
        """(k, t): the places between the tokenizer's start and end."""
        place = torch.arange(mask.shape[1], device=mask.device)
        before, after = self.n_ends
        return (place >= before) & (place < mask.sum(1, keepdim=True) - after)


def make_graph(
    classifier: Classifier,
    trigger: Trigger | None,
    lam: float | None = None,
    *,
    picture_size: PictureSize | None = None,
) -> ExportedGraph:
    """The graph for a classifier of pictures or of texts.

    Args:
        classifier: frozen.
        trigger: attached to it; None: the classifier alone.
        lam: λ, if it is to be fixed; None: it is an input.
        picture_size: (h, w) of pictures that come as bytes; None: as numbers. Texts are token ids in any case.
    """
    if isinstance(classifier, TextClassifier):
        return TextGraph(classifier, trigger, lam)
    return PictureGraph(classifier, trigger, lam, picture_size)
