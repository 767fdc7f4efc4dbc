"""Predict new rows with a trigger in front of its classifier: block by block, with progress, to be continued.

Notation: n rows of a block, k of a batch, c classes.
"""

import json
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import Tensor

from fairprog_core.classifiers.base import Classifier, content_digest
from fairprog_core.classifiers.predict import evaluating
from fairprog_core.common.errors import ConfigError, FairprogError, ModelError
from fairprog_core.common.process.version import VERSION
from fairprog_core.data.table.pictures import decode_cell
from fairprog_core.deploy.apply.parts import KEY, SCHEMA, Parts
from fairprog_core.deploy.apply.rows import Block, InputRows, n_threads
from fairprog_core.triggers.base import ReprogrammedClassifier, Trigger
from fairprog_core.triggers.fixed import FixedTrigger

if TYPE_CHECKING:
    import pyarrow as pa

MOST_SHOWN = 3  # problems that are said at the end


class ApplyProgress(NamedTuple):
    """How far it is.

    Attributes:
        n_rows: that are done.
        share: of the input that is done.
        is_kept: whether these rows were done by an earlier call.
    """

    n_rows: int
    share: float
    is_kept: bool = False


@dataclass
class Applied:
    """What was done.

    Attributes:
        n_rows: number of rows, bad ones too.
        n_bad: rows without a prediction.
        problems: the first of them, "row 7: …".
        is_anew: whether parts of other settings lay there and were removed.
    """

    n_rows: int = 0
    n_bad: int = 0
    problems: list[str] = field(default_factory=list)
    is_anew: bool = False


def apply_trigger(
    trigger: Trigger,
    classifier: Classifier,
    rows: InputRows,
    output: Path,
    *,
    labels: Sequence[str],
    lam: float | None = None,
    has_bad: bool = True,
) -> Generator[ApplyProgress, None, Applied]:
    """Write the predictions of all rows as Parquet; closing the generator, or an error, keeps what is done.

    Columns: ``row``, the input's name for pictures, the copied ones, ``prediction``, ``p_<label>`` for every label, and
    ``problem``. A row that cannot be read has nulls. A column of the input with one of these names gets ``input_``
    before it.

    Args:
        trigger: from its file.
        classifier: that it belongs to, frozen.
        rows: to predict.
        output: the file.
        labels: the names of the c classes.
        lam: λ; None: the chosen one of the trigger's file.
        has_bad: whether rows that cannot be read are in the output.

    Yields:
        The progress, after every block.

    Returns:
        What was done.

    Raises:
        ConfigError: λ is outside of the trained range, or the output may not be written.
        ModelError: a logit is not a finite number.
    """
    at = FixedTrigger(trigger, trigger.lam_or_chosen(lam)).lam  # in the trained range
    model = ReprogrammedClassifier(trigger.to(classifier.device).attach_to(classifier), classifier, at)
    about: dict[str, JsonValue] = {
        "schema": SCHEMA, "fairprog": VERSION, "trigger": content_digest(trigger.state_dict()),
        "classifier": classifier.saved_digest(), "lam": at, "labels": list(labels), "input": rows.stamp(),
        "has_bad": has_bad,
    }  # fmt: skip
    with Parts(output, about) as parts:
        done, result, number = parts.n_done(), Applied(is_anew=parts.is_anew), -1
        for number, block in enumerate(rows.blocks()):
            if number >= done:
                with evaluating(model), torch.inference_mode():  # not while the caller has the turn
                    table = _table(model, block, rows, labels, about, has_bad=has_bad)
                parts.add(number, table)
            _count(result, parts.file(number), block)
            yield ApplyProgress(result.n_rows, block.share, is_kept=number < done)
        if number < 0:
            raise ConfigError(f"{rows.table.name} has no rows.")
        parts.join(number + 1)
    return result


def _table(
    model: ReprogrammedClassifier,
    block: Block,
    rows: InputRows,
    labels: Sequence[str],
    about: dict[str, JsonValue],
    *,
    has_bad: bool,
) -> "pa.Table":
    """The predictions of a block."""
    import pyarrow as pa

    problems = list(block.problems)
    shares = _probabilities(model, block, rows, problems, len(labels))  # (n, c), NaN for bad rows
    is_bad = np.array([bool(problem) for problem in problems])
    names = np.array(list(labels), dtype=object)
    predicted = [None if bad else str(name) for bad, name in zip(is_bad, names[shares.argmax(1)], strict=True)]
    columns: dict[str, Any] = {"row": pa.array(block.numbers, pa.int64())}
    copied = _names([rows.column] * rows.has_names + list(rows.kept), labels)
    if rows.has_names:
        columns[copied[rows.column]] = pa.array(block.inputs, pa.large_string())
    for name, cells in block.kept.items():
        columns[copied[name]] = pa.array(map(_text, cells), pa.large_string())
    columns["prediction"] = pa.array(predicted, pa.large_string())
    for c, label in enumerate(labels):
        columns[f"p_{label}"] = pa.array(shares[:, c], pa.float32(), mask=is_bad)
    columns["problem"] = pa.array([problem or None for problem in problems], pa.large_string())
    table = pa.table(columns).replace_schema_metadata({KEY: json.dumps(about).encode()})
    return table if has_bad else table.filter(pa.array(~is_bad))


def _names(copied: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """By column of the input its name in the output; where fairprog's own columns have it, "input_" comes before it."""
    own = {"row", "prediction", "problem", *(f"p_{label}" for label in labels)}
    taken, found = own.union(copied), {}
    for name in copied:
        free = name
        if name in own:
            while free in taken:
                free = f"input_{free}"
            taken.add(free)
        found[name] = free
    return found


def _text(cell: str | bytes | None) -> str | None:
    return None if isinstance(cell, bytes) else cell


def _probabilities(
    model: ReprogrammedClassifier, block: Block, rows: InputRows, problems: list[str], n_classes: int
) -> NDArray[np.float32]:
    """(n, c) probabilities; NaN, with an entry in ``problems``, for inputs that cannot be read."""
    shares = np.full((len(block.numbers), n_classes), np.nan, np.float32)
    for places, x in _batches(model.classifier, block, rows, problems):
        logits: Tensor = model(model.to_input(x)).float()
        if not torch.isfinite(logits).all():
            raise ModelError(
                f"The classifier's logits are not finite in the rows {block.numbers[places[0]]:,} and following; check "
                "its weights."
            )
        shares[places] = logits.softmax(-1).cpu().numpy()
    return shares


def _batches(
    classifier: Classifier, block: Block, rows: InputRows, problems: list[str]
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """The places and the prepared rows of every batch, rows of similar length together."""
    places = np.array([i for i, x in enumerate(block.inputs) if x is not None], np.int64)
    k = 64 if classifier.device.type == "cpu" else 256
    if rows.modality == "text":
        ids = cast(Any, classifier).encode([str(block.inputs[i]) for i in places])
        order = classifier.reading_order(ids)
        for start in range(0, len(order), k):
            some = order[start : start + k]
            yield places[some], ids[some]
        return
    side = classifier.input_spec["image_size"]
    with ThreadPoolExecutor(n_threads()) as pool:
        for start in range(0, len(places), k):
            some = places[start : start + k]
            read = list(pool.map(lambda i: _pixels(block, rows, int(i), side), some))
            for i, found in zip(some, read, strict=True):
                if isinstance(found, str):
                    problems[i] = found
            good = [(i, found) for i, found in zip(some, read, strict=True) if not isinstance(found, str)]
            if good:
                yield np.array([i for i, _ in good]), np.stack([found for _, found in good])


def _pixels(block: Block, rows: InputRows, i: int, side: int) -> NDArray[np.uint8] | str:
    """A picture, or why it cannot be read."""
    x = block.inputs[i]
    try:
        if isinstance(x, bytes):
            return decode_cell(x, side, name=f"the picture of row {block.numbers[i]}")
        return rows.pictures.read(str(x), side)
    except FairprogError as error:
        return str(error)


def _count(result: Applied, file: Path, block: Block) -> None:
    """Add the rows of a part that is done."""
    import pyarrow.parquet as pq

    problems = pq.read_table(file, columns=["row", "problem"], partitioning=None).drop_null()
    n_missing = len(block.numbers) - pq.read_metadata(file).num_rows  # bad rows that are left out
    result.n_rows += len(block.numbers)
    result.n_bad += len(problems) + n_missing
    for row, problem in zip(problems["row"].to_pylist(), problems["problem"].to_pylist(), strict=True):
        if len(result.problems) < MOST_SHOWN:
            result.problems.append(f"row {row}: {problem}")
