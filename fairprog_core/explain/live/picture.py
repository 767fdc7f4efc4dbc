"""How the explain process explains a picture; imports torch.

Notation: s image side, c classes.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fairprog_core.classifiers import CLASSIFIERS
from fairprog_core.classifiers.base import freeze, read_classifier
from fairprog_core.classifiers.image import ImageClassifier, to_pixels
from fairprog_core.explain import EXPLAINERS
from fairprog_core.explain.base import Explainer
from fairprog_core.explain.gallery import to_int8, to_uint8
from fairprog_core.explain.image.grad_cam import normalise
from fairprog_core.explain.live.decode import decode
from fairprog_core.explain.live.request import Arrays, Request, Version, version
from fairprog_core.triggers.base import load_trigger
from fairprog_core.triggers.image import ImageTrigger

CPU = torch.device("cpu")


def start() -> None:
    """Limit torch to one thread."""
    torch.set_num_threads(1)


def answer(request: Request) -> Arrays:
    """Explain one picture under every condition; see `ExplainProcess.explain`."""
    classifier, trigger, untrained, black = _load(version(request.classifier), version(request.trigger))
    photo = decode(request.picture, classifier.image_size)
    x = to_pixels(photo[None], CPU)
    found: Arrays = {"photo": photo}
    for name, each in {"without": None, "untrained": untrained, "black": black, "with": trigger}.items():
        model = classifier if each is None else each.before(classifier, request.lam)
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
