"""How the explain process explains a picture; imports torch.

Notation: s image side, c classes.
"""

import io
import os
import signal
import threading
import warnings
from functools import lru_cache
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor, nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import freeze, read_classifier
from fairprog_core.classifiers.image import ImageClassifier, to_pixels
from fairprog_core.common.errors import DataError
from fairprog_core.explain import EXPLAINERS
from fairprog_core.explain.base import Explainer
from fairprog_core.explain.gallery import to_int8, to_uint8
from fairprog_core.explain.image.grad_cam import normalise
from fairprog_core.explain.live.request import Arrays, Request, Version, version
from fairprog_core.triggers.base import load_trigger
from fairprog_core.triggers.image import ImageTrigger

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_PIXELS = 50_000_000
CPU = torch.device("cpu")


def start() -> None:
    """Limit torch to one thread, and start a thread that ends the process when its parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the server's to handle
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)


def answer(request: Request) -> Arrays:
    """Explain one picture under every condition; see `ExplainProcess.explain`."""
    classifier, trigger, untrained, black = _load(version(request.classifier), version(request.trigger))
    photo = decode(request.picture, classifier.image_size)
    x = to_pixels(photo[None], CPU)
    found: Arrays = {"photo": photo}
    for name, each in {"without": None, "untrained": untrained, "black": black, "with": trigger}.items():
        model = classifier if each is None else each.wrap(classifier, lam=request.lam)
        with torch.inference_mode():
            picture = x if each is None else each(x, request.lam)
        pixels = to_uint8(picture[0].permute(1, 2, 0).numpy())
        found |= {f"{key}_{name}": value for key, value in {"picture": pixels, **_explain(request, model, x)}.items()}
    return found


def _explain(request: Request, model: nn.Module, x: Tensor) -> Arrays:
    """The saliency map of one photo (1, 3, s, s), with logits, target and convergence."""
    entry = EXPLAINERS[request.method]
    baseline: dict[str, Tensor] = {}
    if request.method == "integrated_gradients" and request.baseline is not None:
        baseline["baseline"] = to_pixels(np.array(request.baseline)[None], CPU)[0]
    explainer: Explainer = entry.load()(entry.options.parse({}), **baseline)
    found = explainer.explain(model, x, target=request.target)
    maps = to_int8(found.maps.numpy()) if explainer.is_signed else to_uint8(normalise(found.maps).numpy())
    numbers = {key: getattr(found, key) for key in ("logits", "target", "delta", "steps", "converged")}
    return {"map": maps[0], **{key: value[0].numpy() for key, value in numbers.items() if value is not None}}


@lru_cache(maxsize=8)
def _load(
    classifier_file: Version, trigger_file: Version
) -> tuple[ImageClassifier, ImageTrigger, ImageTrigger, ImageTrigger]:
    """Classifier, trigger, untrained and black trigger; read again when a file changes."""
    classifier: Any = freeze(read_classifier(Path(classifier_file[0]), CLASSIFIERS)[0])
    trigger: Any = load_trigger(trigger_file[0]).requires_grad_(False).eval()
    return classifier, trigger, trigger.untrained(), trigger.black()


def decode(picture: bytes | NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A picture as (size, size, 3) uint8: upright, the middle square, scaled.

    Raises:
        DataError: no PNG, JPEG or WebP, damaged, or too large.
    """
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise DataError(f"The picture is {picture.dtype} {picture.shape}; give (h, w, 3) uint8 pixels.")
        image = Image.fromarray(picture)
    else:
        image = _open(picture)
    if image.size != (size, size):
        image = ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    return np.array(image)


def _open(picture: bytes) -> Image.Image:
    """The file's picture as upright RGB, transparent parts on white."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            image = Image.open(io.BytesIO(picture), formats=FORMATS)
        if image.width * image.height > MOST_PIXELS:
            raise DataError(
                f"The picture has {image.width} × {image.height} pixels; give one of at most "
                f"{MOST_PIXELS // 1_000_000} million."
            )
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise DataError("The file is no readable PNG, JPEG or WebP picture; choose another one.") from error
    ground = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(ground, upright).convert("RGB")
