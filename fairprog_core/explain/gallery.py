"""The gallery of one curve: photos, triggers and saliency maps as small integers in one file.

Torch-free, so that the page reads it.

Notation: m photos, k λ-values, s image side, a×a feature map.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fairprog_core.errors import ArtifactError
from fairprog_core.home import replacing

FORMAT = "fairprog.gallery/1"


def write_gallery(path: Path, arrays: dict[str, NDArray[Any]], metadata: dict[str, Any]) -> None:
    """Write the arrays, and the metadata as JSON in the file's header."""
    with replacing(path) as part:
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(contiguous, part, {"fairprog": json.dumps({"format": FORMAT, **metadata})})


def read_gallery(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What `write_gallery` wrote.

    Raises:
        ArtifactError: the file is missing, damaged or no gallery of fairprog.
    """
    if not path.is_file():
        raise ArtifactError(f"No gallery at {path}: it is written when a curve is finished; run the study again.")
    try:
        with safe_open(path, framework="np") as file:
            metadata = json.loads((file.metadata() or {}).get("fairprog", "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ArtifactError(f"{path} is no readable safetensors file ({error}); run the study again.") from error
    if metadata.get("format") != FORMAT:
        found = metadata.get("format", "no description")
        raise ArtifactError(f"{path} holds {found}, not {FORMAT}; give a gallery written by fairprog.")
    return arrays, metadata


def to_uint8(maps: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Maps (…, h, w) in 0 … 1 -> 0 … 255."""
    return np.rint(np.clip(maps, 0, 1) * 255).astype(np.uint8)


def to_int8(maps: NDArray[np.float32]) -> NDArray[np.int8]:
    """Signed maps (…, h, w), each scaled so that its largest size is 127; zeros stay zeros."""
    largest = np.abs(maps).max(axis=(-2, -1), keepdims=True)
    return np.rint(maps / np.where(largest > 0, largest, 1) * 127).astype(np.int8)


def pick(y: NDArray[np.int64], z: NDArray[np.int64], is_changed: NDArray[np.bool_], m: int) -> NDArray[np.int64]:
    """m row numbers, evenly over the (z, y) cells; in each, up to half are photos whose prediction changed.

    Changed means in either direction, in the order of the rows, so nothing flatters the trigger.
    """
    chosen: list[int] = []
    cells = [np.flatnonzero((z == a) & (y == b)) for a, b in sorted(set(zip(z.tolist(), y.tolist(), strict=True)))]
    queues = []
    for rows in cells:
        changed, same = rows[is_changed[rows]].tolist(), rows[~is_changed[rows]].tolist()
        taken = min(len(changed), max(1, m // len(cells) // 2))
        queues.append(changed[:taken] + same + changed[taken:])
    while len(chosen) < m and any(queues):
        for queue in queues:
            if queue and len(chosen) < m:
                chosen.append(queue.pop(0))
    return np.array(chosen, dtype=np.int64)
