"""Predictions on disk: one parquet file per classifier and λ.

Columns: row, y, y_pred, z, weight, logit_0 … logit_{c-1} (null for methods without logits), and for
groups that overlap one boolean z_<name> each. The names of labels and groups travel in the file.

Notation: n samples, c classes, p group patterns, g groups.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.home import replacing
from fairprog_core.common.types import Groups, Predictions

if TYPE_CHECKING:
    import pyarrow as pa

# pyarrow is imported where a file is read or written: 40 MB that the page server need not carry.

SCHEMA = "fairprog.predictions/1"
_KEY = b"fairprog"
_CODES = ("y", "y_pred", "z", "weight")  # few distinct values: a dictionary each


class StoredPredictions(NamedTuple):
    """What a predictions file holds."""

    predictions: Predictions
    groups: Groups
    labels: tuple[str, ...]


def write_predictions(path: Path, predictions: Predictions, *, groups: Groups, labels: Sequence[str]) -> None:
    """Write predictions as parquet, whole or not at all.

    Args:
        path: of the file; its folder is made if missing.
        predictions: n rows.
        groups: what the pattern codes mean.
        labels: the c class names.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {"row": predictions.row, "y": predictions.y, "y_pred": predictions.y_pred}
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
    """Read what `write_predictions` wrote.

    Raises:
        ArtifactError: the file is missing, damaged, or of another version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise ArtifactError(f"Predictions {path} are missing; run the study again.")
    try:
        table = pq.ParquetFile(path).read()
        about = json.loads((table.schema.metadata or {})[_KEY])
        if about["schema"] != SCHEMA:
            raise ArtifactError(
                f"{path} is of version {about['schema']!r}, this fairprog reads {SCHEMA!r}; run the study again."
            )
        return StoredPredictions(_predictions(table, about), _groups(about), tuple(about["labels"]))
    except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged or not written by fairprog ({error}); run the study again.") from error


def _predictions(table: "pa.Table", about: dict[str, Any]) -> Predictions:
    logits = [table.column(f"logit_{c}") for c in range(len(about["labels"]))]
    has_logits = not any(column.null_count for column in logits)
    return Predictions(
        logits=np.column_stack([column.to_numpy() for column in logits]).astype(np.float32) if has_logits else None,
        y_pred=_column(table, "y_pred"),
        y=_column(table, "y"),
        z=_column(table, "z"),
        weight=table.column("weight").to_numpy().astype(np.float64),
        row=_column(table, "row"),
        is_stratified=bool(about["is_stratified"]),
    )


def _column(table: "pa.Table", name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    values: np.ndarray[tuple[int], np.dtype[np.int64]] = table.column(name).to_numpy().astype(np.int64)
    return values


def _groups(about: dict[str, Any]) -> Groups:
    patterns = np.array(about["patterns"], dtype=bool).reshape(-1, len(about["groups"]))
    return Groups(tuple(about["groups"]), patterns)
