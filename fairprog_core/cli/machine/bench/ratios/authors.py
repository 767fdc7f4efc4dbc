"""A plain implementation of the procedure of the paper's authors, to measure against; fairprog uses it nowhere else.

One training per λ. In every step the discriminator and the trigger are trained on one batch of the natural mix: a
backward pass of the discriminator's loss through the frozen net, a step of the discriminator, a second backward pass of
the utility loss, a projection of the two gradients, a step of the trigger. The net is used as it was trained: batch
norm is not folded. Photos are decoded and shrunk whenever they are drawn. On texts the net's weights are not frozen in
the graph, so that both passes compute their gradients too, which nobody uses; on pictures they are frozen.

Kept out although the authors have it: dropout in the frozen text encoder, and cuDNN switched off. Both would make the
reference slower. Changed: a gradient of length 0 is not divided by.

Source: the paper's section 3.2 and equations 2 and 3; the order of the steps as in its published code.

Notation: k rows, c classes, g groups, s image side, p side of the photo inside a border, m trigger words, v vocabulary.
"""

import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import read_classifier
from fairprog_core.cli.machine.bench.ratios.cases import BenchCase
from fairprog_core.data.base import Split

LEARNING_RATE, DISCRIMINATOR_RATE = 1e-4, 0.05  # the authors' for pictures; neither changes the time of a step
HIDDEN = 64


class AuthorsTraining:
    """The training of a trigger for one λ."""

    def __init__(self, case: BenchCase) -> None:
        """Open the base and the tuning rows; `begin` comes next."""
        self.case, self.device = case, torch.device(case.device)
        self.base = read_classifier(case.base_file, CLASSIFIERS)[0].to(self.device).eval()
        split = case.dataset.split("tune")
        self.rows = self.prepared(split)
        self.y, self.z = torch.from_numpy(split.y), torch.from_numpy(split.z)
        self.c = self.base.n_classes
        self.n_rows = min(case.rows_per_step(), len(split.y))

    def begin(self, lam: float, seed: int) -> None:
        """Begin a training.

        Args:
            lam: weight of the fairness loss.
            seed: for initial weights and batches.
        """
        torch.manual_seed(seed)
        self.lam, n_groups = lam, len(self.case.dataset.groups.names)
        self.discriminator = nn.Sequential(
            nn.Linear(2 * self.c, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_groups)
        ).to(self.device)
        self.trigger = self.new_trigger()
        self.optimizer = torch.optim.Adam([self.trigger], lr=LEARNING_RATE)
        self.adversary = torch.optim.Adam(self.discriminator.parameters(), lr=DISCRIMINATOR_RATE)
        self.loader: DataLoader[Any] = DataLoader(
            range(len(self.y)), batch_size=self.n_rows, shuffle=True, drop_last=True, collate_fn=self._collate  # type: ignore[arg-type]
        )  # fmt: skip
        self.batches: Iterator[tuple[Any, Tensor, Tensor]] = iter(())

    def step(self) -> None:
        """Train discriminator and trigger on the next batch."""
        x, y, z = self._next()
        logits = self.logits(x)
        given = F.one_hot(y, self.c).to(logits.dtype)
        self.adversary.zero_grad()
        self.optimizer.zero_grad()
        fairness = F.cross_entropy(self.discriminator(torch.cat([logits, given], 1)), z)
        torch.autograd.backward(fairness, retain_graph=True)
        assert self.trigger.grad is not None
        against = self.trigger.grad.clone()
        self.adversary.step()
        self.optimizer.zero_grad()
        torch.autograd.backward(F.cross_entropy(logits, y))
        with torch.no_grad():
            unit = against / against.norm().clamp_min(1e-12)
            self.trigger.grad -= (self.trigger.grad * unit).sum() * unit
            self.trigger.grad -= self.lam * against
        self.optimizer.step()
        self.after_step()

    @torch.no_grad()
    def predict(self, rows: Any) -> NDArray[np.int64]:
        """Predicted classes of prepared rows, as after every epoch."""
        starts = range(0, len(rows), self.n_rows)
        parts = [np.arange(start, min(start + self.n_rows, len(rows))) for start in starts]
        found: NDArray[np.int64] = (
            torch.cat([self.logits(self.batch(rows, part)).argmax(1) for part in parts]).cpu().numpy()
        )
        return found

    def prepared(self, split: Split) -> Any:
        """The rows of a split as they lie on the disk."""
        raise NotImplementedError

    def batch(self, rows: Any, drawn: Sequence[int] | NDArray[np.int64]) -> Any:
        """Some of the prepared rows as the net's input, before the trigger."""
        raise NotImplementedError

    def new_trigger(self) -> Tensor:
        """The learned values before the first step."""
        raise NotImplementedError

    def logits(self, x: Any) -> Tensor:
        """Logits (k, c) of a batch with the trigger."""
        raise NotImplementedError

    def after_step(self) -> None:
        """What follows a step of the optimizer."""

    def _next(self) -> tuple[Any, Tensor, Tensor]:
        """The next batch of the pass over the tuning rows, then of the next pass."""
        found = next(self.batches, None)
        if found is None:
            self.batches = iter(self.loader)
            found = next(self.batches)
        return found

    def _collate(self, drawn: list[int]) -> tuple[Any, Tensor, Tensor]:
        return self.batch(self.rows, drawn), self.y[drawn].to(self.device), self.z[drawn].to(self.device)


class AuthorsBorder(AuthorsTraining):
    """A border of tanh(w) around the photo, which is decoded from JPEG and shrunk for every batch."""

    def prepared(self, split: Split) -> list[bytes]:
        found = []
        for photo in split.x:
            content = io.BytesIO()
            Image.fromarray(np.asarray(photo)).save(content, "jpeg", quality=95)
            found.append(content.getvalue())
        return found

    def batch(self, rows: list[bytes], drawn: Sequence[int] | NDArray[np.int64]) -> Tensor:
        photos = []
        for row in drawn:
            with Image.open(io.BytesIO(rows[row])) as photo:
                small = photo.convert("RGB").resize((self.photo_side, self.photo_side), Image.Resampling.BILINEAR)
            photos.append(torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 255)
        return torch.stack(photos).to(self.device)

    @cached_property
    def image_size(self) -> int:
        """s."""
        side: int = self.base.input_spec["image_size"]
        return side

    @cached_property
    def photo_side(self) -> int:
        """p."""
        options: Any = self.case.plan.trigger
        return round(float(options.photo) * self.image_size)

    def new_trigger(self) -> Tensor:
        self.base.requires_grad_(False)
        side, edge = self.image_size, (self.image_size - self.photo_side) // 2
        self.mask = torch.ones(1, 1, side, side, device=self.device)
        self.mask[..., edge : edge + self.photo_side, edge : edge + self.photo_side] = 0
        return nn.Parameter(torch.randn(1, 3, side, side, device=self.device))

    def logits(self, x: Tensor) -> Tensor:
        before = (self.image_size - self.photo_side) // 2
        after = self.image_size - self.photo_side - before
        logits: Tensor = self.base(F.pad(x, (before, after, before, after)) + torch.tanh(self.trigger) * self.mask)
        return logits


class AuthorsSoftWords(AuthorsTraining):
    """m points of the simplex over the vocabulary after [CLS]; the net is Hugging Face's own."""

    def prepared(self, split: Split) -> NDArray[np.int32]:
        encoder: Any = self.base
        ids: NDArray[np.int32] = encoder.encode(split.x)
        return ids

    def batch(self, rows: NDArray[np.int32], drawn: Sequence[int] | NDArray[np.int64]) -> Tensor:
        ids, pad = torch.from_numpy(rows[np.asarray(drawn)].astype(np.int64)), self.pad_id
        return ids[:, : int((ids != pad).sum(1).max())].to(self.device)

    @cached_property
    def pad_id(self) -> int:
        """Token id of the padding."""
        encoder: Any = self.base
        pad: int = encoder.tokens.pad_id
        return pad

    def new_trigger(self) -> Tensor:
        from fairprog_core.classifiers.encoder.head import find_head  # brings transformers, for texts
        from fairprog_core.classifiers.encoder.reading import new_model

        encoder: Any = self.base
        net: Any = new_model(encoder.config)
        self.net = net.to(self.device).eval()
        self.net.load_state_dict(encoder.body.state_dict(), strict=False)
        find_head(self.net).linear.load_state_dict(encoder.linear.state_dict())
        self.net.requires_grad_(True)  # the optimizer gets the trigger alone
        self.table: Tensor = self.net.get_input_embeddings().weight
        options: Any = self.case.plan.trigger
        start = torch.rand(options.n_words, len(self.table), device=self.device)
        return nn.Parameter(start / start.sum(1, keepdim=True))

    def logits(self, x: Tensor) -> Tensor:
        words = self.net.get_input_embeddings()(x)
        trigger = (self.trigger @ self.table).expand(len(x), -1, -1)
        mask = torch.cat([torch.ones_like(x[:, :1]).expand(-1, trigger.shape[1]), (x != self.pad_id).long()], 1)
        vectors = torch.cat([words[:, :1], trigger, words[:, 1:]], 1)
        logits: Tensor = self.net(inputs_embeds=vectors, attention_mask=mask).logits
        return logits

    @torch.no_grad()
    def after_step(self) -> None:
        self.trigger.copy_(to_simplex(self.trigger))


def to_simplex(values: Tensor) -> Tensor:
    """The nearest points of the simplex to rows (m, v), by Euclidean distance: each row ≥ 0 with sum 1."""
    ordered = values.sort(dim=1, descending=True).values
    excess = ordered.cumsum(1) - 1
    rank = torch.arange(1, values.shape[1] + 1, device=values.device)
    n = (ordered * rank > excess).sum(1, keepdim=True)
    return (values - excess.gather(1, n - 1) / n).clamp_min(0)


def authors_training(case: BenchCase) -> AuthorsTraining:
    """The authors' training of a case, with as many rows a step as fairprog's."""
    return (AuthorsBorder if case.dataset.modality == "image" else AuthorsSoftWords)(case)
