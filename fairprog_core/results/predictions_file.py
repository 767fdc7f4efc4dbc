"""Predictions on disk: one parquet file per classifier and λ.

Columns: row, y, y_pred, z, weight, logit_0 … logit_{c-1} (null for methods without logits), and for
overlapping groups one boolean z_<name> each. The names of labels and groups are in the metadata.

Notation: n samples, c classes, p group patterns, g groups.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import Header, damaged, from_json, parse_header, short
from fairprog_core.common.home import replacing
from fairprog_core.common.types import Groups, Predictions

if TYPE_CHECKING:
    import pyarrow as pa

# pyarrow is imported where a file is read or written: the page server does not need its 40 MB.

SCHEMA = "fairprog.predictions/1"
_KEY = b"fairprog"
_REMEDY = "run the study again"
_CODES = ("y", "y_pred", "z", "weight")  # columns with few distinct values, which are dictionary-encoded


class PredictionsHeader(Header):
    """The header of a predictions file.

    Attributes:
        labels: names of the c classes.
        groups: names of the g groups.
        patterns: (p, g) the groups of every pattern code.
        is_stratified: whether the number of rows per (z, y) cell is fixed by design.
    """

    labels: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    groups: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    patterns: list[list[bool]] = Field(min_length=1)
    is_stratified: bool


class StoredPredictions(NamedTuple):
    """The content of a predictions file."""

    predictions: Predictions
    groups: Groups
    labels: tuple[str, ...]


def write_predictions(path: Path, predictions: Predictions, *, groups: Groups, labels: Sequence[str]) -> None:
    """Write predictions as parquet, atomically.

    Args:
        path: of the file; its folder is made if missing.
        predictions: n rows.
        groups: the groups and their patterns.
        labels: the c class names.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, object] = {"row": predictions.row, "y": predictions.y, "y_pred": predictions.y_pred}
    columns |= {"z": predictions.z, "weight": predictions.weight}
    logit_names = [f"logit_{c}" for c in range(len(labels))]
    for c, name in enumerate(logit_names):
        no_logits = pa.nulls(len(predictions.y), pa.float32())
        columns[name] = no_logits if predictions.logits is None else predictions.logits[:, c]
    if not groups.is_exclusive:
        columns |= {f"z_{name}": groups.patterns[predictions.z, g] for g, name in enumerate(groups.names)}
    about = {
        "schema": SCHEMA,
        "labels": list(labels),
        "groups": list(groups.names),
        "patterns": groups.patterns.tolist(),
        "is_stratified": predictions.is_stratified,
    }
    table = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(about).encode()})
    encoding = {"row": "DELTA_BINARY_PACKED"} | dict.fromkeys(logit_names, "BYTE_STREAM_SPLIT")
    with replacing(path) as part:
        pq.write_table(table, part, compression="zstd", use_dictionary=list(_CODES), column_encoding=encoding)


def read_predictions(path: Path) -> StoredPredictions:
    """Read a file written by `write_predictions`.

    Raises:
        ArtifactError: the file is missing, damaged, or of another version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise ArtifactError(f"Predictions {path} are missing; {_REMEDY}.")
    try:
        table = pq.ParquetFile(path).read()
        about = from_json((table.schema.metadata or {}).get(_KEY, b"null"))
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:  # OSError: decompression failed
        raise ArtifactError(damaged(path, error, _REMEDY)) from error
    if not isinstance(about, dict):
        raise ArtifactError(damaged(path, "it has no description", _REMEDY))
    if (found := about.get("schema")) != SCHEMA:
        raise ArtifactError(f"{path} is of version {short(repr(found))}, this fairprog reads {SCHEMA!r}; {_REMEDY}.")
    header = parse_header(PredictionsHeader, about, path=path, remedy=_REMEDY)
    try:
        groups = _groups(header)
        predictions = _predictions(table, n_classes=len(header.labels), is_stratified=header.is_stratified)
        _check_codes(predictions, n_classes=len(header.labels), n_patterns=len(groups.patterns))
    except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise ArtifactError(damaged(path, error, _REMEDY)) from error
    return StoredPredictions(predictions, groups, header.labels)


def _predictions(table: "pa.Table", *, n_classes: int, is_stratified: bool) -> Predictions:
    if not table.num_rows:
        raise ValueError("it has no rows")
    logits = [table.column(f"logit_{c}") for c in range(n_classes)]
    has_logits = not any(column.null_count for column in logits)
    if not has_logits and any(column.null_count < table.num_rows for column in logits):
        raise ValueError("some rows have no logits")
    return Predictions(
        logits=np.column_stack([_floats(table, f"logit_{c}") for c in range(n_classes)]).astype(np.float32)
        if has_logits
        else None,
        y_pred=_integers(table, "y_pred"),
        y=_integers(table, "y"),
        z=_integers(table, "z"),
        weight=_floats(table, "weight").astype(np.float64),
        row=_integers(table, "row"),
        is_stratified=is_stratified,
    )


def _integers(table: "pa.Table", name: str) -> NDArray[np.int64]:
    values: NDArray[Any] = table.column(name).to_numpy()
    if values.dtype.kind not in "iu":
        raise ValueError(f"the column {name} holds other values than whole numbers")
    return values.astype(np.int64)


def _floats(table: "pa.Table", name: str) -> NDArray[np.floating]:
    values: NDArray[Any] = table.column(name).to_numpy()
    if values.dtype.kind != "f" or not np.isfinite(values).all():
        raise ValueError(f"the column {name} holds other values than finite numbers")
    return values


def _check_codes(predictions: Predictions, *, n_classes: int, n_patterns: int) -> None:
    for name, n in (("y", n_classes), ("y_pred", n_classes), ("z", n_patterns), ("row", 2**62)):
        codes: NDArray[np.int64] = getattr(predictions, name)
        if codes.min() < 0 or codes.max() >= n:
            raise ValueError(f"the column {name} holds numbers outside 0 … {n - 1}")
    if predictions.weight.min() < 0 or not 0 < predictions.weight.sum() < np.inf:
        raise ValueError("some weights are negative, or all are zero")


def _groups(header: PredictionsHeader) -> Groups:
    if any(len(pattern) != len(header.groups) for pattern in header.patterns):
        raise ValueError("the patterns are not of as many groups as there are")
    return Groups(header.groups, np.array(header.patterns, dtype=bool))
