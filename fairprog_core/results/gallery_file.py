"""The gallery of one curve as a safetensors file: arrays, and metadata as JSON in the header."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.files.json_values import damaged, from_json, parse_header, plain
from fairprog_core.common.home import replacing
from fairprog_core.results.gallery_layout import Gallery as Gallery
from fairprog_core.results.gallery_layout import GalleryHeader, check

REMEDY = "run the study again"


def write_gallery(path: Path, gallery: Gallery) -> None:
    """Write a gallery as safetensors, atomically."""
    arrays = {name: np.ascontiguousarray(array) for name, array in gallery.arrays.items()}
    with replacing(path) as part:
        save_file(arrays, part, metadata={"fairprog": json.dumps(plain(gallery.about), allow_nan=False)})


def read_gallery(path: Path) -> Gallery:
    """Read a file written by `write_gallery`.

    Raises:
        ArtifactError: the file is missing, damaged or was not written by fairprog.
    """
    if not path.is_file():
        raise ArtifactError(f"The gallery {path} is missing; {REMEDY}.")
    try:
        with safe_open(path, framework="np") as file:
            about: Any = from_json((file.metadata() or {}).get("fairprog", "null"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise ArtifactError(damaged(path, error, REMEDY)) from error
    parse_header(GalleryHeader, {"about": about}, path=path, remedy=REMEDY)
    gallery = Gallery(arrays, about)
    try:
        check(gallery)
    except ValueError as error:
        raise ArtifactError(damaged(path, error, REMEDY)) from error
    return gallery
