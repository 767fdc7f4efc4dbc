"""Data sets: what can be chosen. Torch-free; an implementation is imported when it is used."""

from typing import Literal

from pydantic import Field

from fairprog_core.options import Options
from fairprog_core.registry import Entry


class FacesOptions(Options):
    """Drawn faces: is the hair blond? Correlated with how male the face presents."""

    kind: Literal["faces"] = "faces"
    # fields: data helper


class CelebAOptions(Options):
    """CelebA from a local folder."""

    kind: Literal["celeba"] = "celeba"
    # fields: data helper


DATASETS = {
    "faces": Entry(FacesOptions, "fairprog_core.data.faces:Faces"),
    "celeba": Entry(CelebAOptions, "fairprog_core.data.celeba:CelebA"),
}
