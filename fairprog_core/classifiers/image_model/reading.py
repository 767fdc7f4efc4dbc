"""How a model reads pictures: size, mean and standard deviation.

Notation: k rows, s side of the data's pictures, h×w the model's input.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from fairprog_core.classifiers import ImageModelOptions

Three = Annotated[tuple[float, ...], Field(min_length=3, max_length=3, strict=False)]
Side = Annotated[int, Field(ge=1, le=8192)]
Interpolation = Literal["bilinear", "bicubic", "nearest"]
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class PictureReading(BaseModel):
    """What is done to a picture before a model sees it, inside of the gradient.

    Attributes:
        size: (h, w) of the model's input; None: pictures keep the size that the data have.
        mean: of the channels, subtracted from pixels in [0, 1].
        std: of the channels, by which the difference is divided.
        interpolation: how pictures of another size are resized.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    size: tuple[Side, Side] | None = None
    mean: Three = IMAGENET_MEAN
    std: Three = IMAGENET_STD
    interpolation: Interpolation = "bilinear"

    @classmethod
    def of_timm(cls, config: Mapping[str, Any]) -> "PictureReading":
        """What timm's ``pretrained_cfg`` says of a net."""
        how = config.get("interpolation")
        return cls(
            size=tuple(config["input_size"][1:]), mean=config["mean"], std=config["std"],
            interpolation=how if how in ("bilinear", "bicubic") else "bilinear",
        )  # fmt: skip

    def given(self, options: ImageModelOptions) -> "PictureReading":
        """This reading with what the options set."""
        side = options.image_size
        chosen = {"size": side and (side, side), "mean": options.mean, "std": options.std}
        return self.model_copy(update={name: value for name, value in chosen.items() if value})

    def describe(self) -> str:
        """For the screen: "32 × 32, mean 0.5, 0.5, 0.5, standard deviation 0.5, 0.5, 0.5"."""
        size = "the data's size" if self.size is None else "{} × {}".format(*self.size)
        mean, std = (", ".join(f"{value:g}" for value in values) for values in (self.mean, self.std))
        return f"{size}, mean {mean}, standard deviation {std}"


class ReadPicture(nn.Module):
    """Pictures (k, 3, s, s) in [0, 1] -> a model's input (k, 3, h, w)."""

    def __init__(self, reading: PictureReading) -> None:
        super().__init__()
        self.size, self.mode = reading.size, reading.interpolation
        self._matrices: dict[tuple[int, int], Tensor] = {}
        self.mean: Tensor
        self.std: Tensor
        for name in ("mean", "std"):
            value = torch.tensor(getattr(reading, name), dtype=torch.float32).view(1, 3, 1, 1)
            self.register_buffer(name, value, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous()  # triggers lay pictures out channels last, which a model that flattens its input refuses
        if self.size is not None and tuple(x.shape[2:]) != self.size:
            rows, columns = (self._matrix(*sides, x) for sides in zip(x.shape[2:], self.size, strict=True))
            x = rows @ x @ columns.T
        return (x - self.mean) / self.std

    def _matrix(self, side: int, wanted: int, x: Tensor) -> Tensor:
        """(wanted, side): the resizing of one axis; as a product its gradient is the same each time, on a GPU too."""
        found = self._matrices.get((side, wanted))
        if found is None or found.device != x.device:
            how: dict[str, Any] = {} if self.mode == "nearest" else {"antialias": True, "align_corners": False}
            with torch.inference_mode(False):  # else it could not be used where gradients are wanted
                eye = torch.eye(side)[None, None]
                found = F.interpolate(eye, size=(wanted, side), mode=self.mode, **how)[0, 0].to(x.device)
            self._matrices[side, wanted] = found
        return found
