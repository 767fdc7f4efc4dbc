"""The pictures kept of one curve, as safetensors: uint8 and int8 arrays, and a JSON note about them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fairprog_core.common.errors import ArtifactError
from fairprog_core.common.home import replacing
from fairprog_core.common.json_values import plain


class Gallery(NamedTuple):
    """The pictures or texts kept of one curve: ``arrays`` by name, and ``about``, a `GalleryNote`."""

    arrays: dict[str, NDArray[Any]]
    about: Mapping[str, Any]

    @property
    def n_rows(self) -> int:
        """How many test rows were kept; a study may keep none."""
        return len(self.arrays["row"])


def write_gallery(path: Path, gallery: Gallery) -> None:
    """Write a gallery as safetensors, whole or not at all."""
    arrays = {name: np.ascontiguousarray(array) for name, array in gallery.arrays.items()}
    with replacing(path) as part:
        save_file(arrays, part, metadata={"fairprog": json.dumps(plain(gallery.about), allow_nan=False)})


def read_gallery(path: Path) -> Gallery:
    """Read what `write_gallery` wrote.

    Raises:
        ArtifactError: the file is missing, damaged or was not written by fairprog.
    """
    if not path.is_file():
        raise ArtifactError(f"The gallery {path} is missing; run the study again.")
    try:
        with safe_open(path, framework="np") as file:
            about = json.loads((file.metadata() or {})["fairprog"])
            names = file.keys()
            return Gallery({name: file.get_tensor(name) for name in names}, about)
    except (SafetensorError, KeyError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged or not written by fairprog ({error}); run the study again.") from error
