"""A classifier of pictures from elsewhere, frozen as it is.

Notation: k rows, c labels of the data, m outputs of the model, d features, s side of the data's pictures, h×w the
model's input.
"""

from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any, ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor, nn

from fairprog_core.classifiers import ImageModelOptions
from fairprog_core.classifiers.base import ClassifierHeader, Description
from fairprog_core.classifiers.image import ImageClassifier, ImageClassifierHeader
from fairprog_core.classifiers.image_model.architecture import rebuild
from fairprog_core.classifiers.image_model.code import take_any_batch
from fairprog_core.classifiers.image_model.in_parts import InParts
from fairprog_core.classifiers.image_model.layers import WRAPPER, find_cam_layer, named_layer, take_head, to_map
from fairprog_core.classifiers.image_model.opened import OpenedModel
from fairprog_core.classifiers.image_model.reading import PictureReading, ReadPicture
from fairprog_core.classifiers.image_model.sources import digests, fetch_model, open_model
from fairprog_core.classifiers.outputs import LabelOutputs
from fairprog_core.common.errors import ModelError, shorten
from fairprog_core.common.options import digest_of
from fairprog_core.data.base import Split

_FAILS = (RuntimeError, ValueError, TypeError, AttributeError, LookupError, AssertionError, ArithmeticError)


class ImageModelHeader(ImageClassifierHeader):
    """The description in the file of a classifier of pictures from elsewhere.

    Attributes:
        architecture: from which the net is built again, see `OpenedModel`.
        reading: how it reads pictures.
        outputs: how its outputs become logits of the data's labels.
        head_name: the layer of the net that makes the logits; "": there is none, and the net makes them itself.
        cam_name: the layer of Grad-CAM; "": there is none.
        notes: what was understood of the model's file.
    """

    architecture: dict[str, Any]
    reading: PictureReading
    outputs: LabelOutputs
    head_name: str = Field(max_length=1000)
    cam_name: str = Field(max_length=1000)
    notes: tuple[str, ...] = Field((), strict=False)


class ImageModel(ImageClassifier):
    """A classifier of pictures that was trained elsewhere; nothing of it is folded, converted or trained.

    Attributes:
        reading: how it reads pictures.
        outputs: how its outputs become logits of the data's labels.
        cam_name: the layer of Grad-CAM; "": it has none, and gradients of the input stand in.
    """

    header: ClassVar[type[ClassifierHeader]] = ImageModelHeader
    is_converted: ClassVar[bool] = False

    def __init__(
        self,
        options: ImageModelOptions,
        *,
        n_classes: int,
        image_size: int,
        architecture: dict[str, Any],
        reading: PictureReading,
        outputs: LabelOutputs,
        head_name: str,
        cam_name: str,
        notes: tuple[str, ...],
        net: nn.Module,
        linear: nn.Linear | None,
    ) -> None:
        """Put the parts together.

        Args:
            options: of this kind of classifier.
            n_classes: c.
            image_size: s.
            architecture: see `ImageModelHeader`, as are the next five.
            reading: how the net reads pictures.
            outputs: how its outputs become logits.
            head_name: the layer that was taken out of the net.
            cam_name: the layer of Grad-CAM.
            notes: what was understood of the model's file.
            net: (k, 3, h, w) -> features (k, d); without ``linear`` -> (k, m).
            linear: features -> logits (k, c); None: the net has no such layer.
        """
        super().__init__(options, n_classes=n_classes, image_size=image_size)
        self.architecture, self.reading, self.outputs = architecture, reading, outputs
        self.head_name, self.cam_name, self.notes = head_name, cam_name, notes
        self.read, self.net, self.parts = ReadPicture(reading), net, InParts()
        self.linear = nn.Identity() if linear is None else linear

    @classmethod
    def cache_inputs(cls, options: ImageModelOptions) -> dict[str, str]:
        return digests(options)

    @classmethod
    def fetch(cls, options: ImageModelOptions) -> Generator[str, None, None]:
        with closing(fetch_model(options)) as steps:
            for progress in steps:
                yield progress.label

    @classmethod
    def new_for(cls, options: ImageModelOptions, *, labels: tuple[str, ...], split: Split) -> Self:
        """The model that the options name.

        Raises:
            ModelError: there is no such model, it cannot be used, or its outputs do not fit the labels.
        """
        opened, side = open_model(options, labels=labels), split.x.shape[1]
        reading = opened.reading.given(options)
        x = ReadPicture(reading)(torch.rand(3, 3, side, side, generator=torch.Generator().manual_seed(0)))
        net, architecture = opened.net, opened.architecture
        if opened.is_code:
            net, batch = take_any_batch(net, x[:1], where=opened.where)
            architecture |= {"batch": batch}
        m = _n_outputs(net, x, opened)
        names = opened.names or tuple(map(str, range(m)))
        is_zero_shot = opened.head is not None
        outputs = LabelOutputs.match(
            names, labels, given=() if is_zero_shot else options.labels, label=options.label,
            threshold=options.threshold, is_multi_label=opened.is_multi_label, where=opened.where,
        )  # fmt: skip
        head_name, linear = "", opened.head
        if linear is None and not opened.is_program and (found := take_head(net, x)) is not None:
            head_name, linear = found
        if options.cam_layer:
            cam_name = named_layer(net, options.cam_layer, x, where=opened.where)
        else:
            cam_name = "" if opened.is_program else find_cam_layer(net, x)
        return cls(
            options,
            n_classes=len(labels),
            image_size=side,
            architecture=architecture,
            reading=reading,
            outputs=outputs,
            head_name=head_name,
            cam_name=cam_name,
            notes=opened.notes,
            net=net,
            linear=None if linear is None else _with_bias(outputs.of_head(linear)),
        )

    @classmethod
    def from_config(
        cls, options: ImageModelOptions, *, n_classes: int, init_args: Description, weights: Mapping[str, Tensor]
    ) -> Self:
        inside = {name.removeprefix("net."): value for name, value in weights.items() if name.startswith("net.")}
        net = rebuild(init_args["architecture"], head=init_args["head_name"], weights=inside)
        linear = weights.get("linear.weight")
        head = None if linear is None or linear.ndim != 2 else nn.Linear(linear.shape[1], n_classes)
        classifier = cls(options, n_classes=n_classes, net=net, linear=head, **init_args)
        classifier._check_reading()
        return classifier

    @torch.no_grad()
    def _check_reading(self) -> None:
        """Refuse a description whose parts do not fit each other, e.g. a size of pictures that the net does not read.

        Raises:
            ModelError: so it is.
        """
        try:
            self.eval()(torch.zeros(1, 3, self.image_size, self.image_size))
        except (RuntimeError, ValueError, TypeError, LookupError) as error:
            raise ModelError(f"Its description does not fit its network ({shorten(error, 100)}).") from error

    def init_args(self) -> Description:
        values = super().init_args()
        return values | {name: values[name].model_dump(mode="json") for name in ("reading", "outputs")}

    def _read(self, x: Tensor) -> Tensor:
        features: Tensor = self.net(self.read(x))
        return features

    def features(self, x: Tensor) -> Tensor:
        features = self.parts(self._read, x)
        return features if isinstance(self.linear, nn.Linear) else self.outputs.select(features)

    @property
    def device(self) -> torch.device:
        return self.read.mean.device  # a program may show no weights

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 of the weights and of what is computed with them."""
        return digest_of([super().digest(), self.init_args()])

    def describe(self) -> str:
        """What was read from the model's own configuration, for the screen."""
        return "; ".join((f"reads {self.reading.describe()}", *self.notes))

    @property
    def head(self) -> nn.Module:
        """The last linear layer; an identity if the net shows none, and the features are then the logits."""
        return self.linear

    @property
    def cam_layer(self) -> nn.Module | None:
        return self.net.get_submodule(self.cam_name) if self.cam_name else None

    def to_map(self, output: Tensor) -> Tensor:
        side = (self.image_size, self.image_size)
        return to_map(self.net.get_submodule(self.cam_name), output, self.reading.size or side)

    @property
    def cam_title(self) -> str:
        return f"layer {self.cam_name.removeprefix(WRAPPER)}"


@torch.enable_grad()
def _n_outputs(net: nn.Module, x: Tensor, opened: OpenedModel) -> int:
    """The number m of outputs of a model, from a trial on a few pictures x.

    Raises:
        ModelError: it fails, returns no logits, looks at other rows, or lets no gradient through.
    """
    size = " × ".join(map(str, x.shape[2:]))
    try:
        x = x.clone().requires_grad_()
        output = net(x)
        with torch.no_grad():
            alone = net(x[:1])
    except _FAILS as error:
        raise ModelError(
            f"{opened.where} fails on pictures of {size} pixels in colour ({shorten(error, 80)}); set "
            "classifier.image_size to the side that it reads, or give another model."
        ) from error
    if not isinstance(output, Tensor) or output.ndim != 2 or len(output) != len(x) or not output.is_floating_point():
        found = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise ModelError(f"{opened.where} returns {found} for {len(x)} pictures; give one that returns logits (k, m).")
    if not output.requires_grad or torch.autograd.grad(output.sum(), x, allow_unused=True)[0] is None:
        raise ModelError(
            f"{opened.where} lets no gradient through to its input, so no trigger can be learned; save it without "
            "no_grad(), detach() or quantisation."
        )
    if not torch.allclose(output[:1], alone, atol=1e-3, rtol=1e-3, equal_nan=True):
        raise ModelError(
            f"{opened.where} answers otherwise for a picture alone than among others; save it in evaluation mode "
            "(model.eval()), without dropout and batch statistics."
        )
    return output.shape[1] if opened.head is None else opened.head.out_features


def _with_bias(linear: nn.Linear) -> nn.Linear:
    """A linear layer with a bias, zero where it had none: methods read it."""
    if linear.bias is None:
        linear.bias = nn.Parameter(torch.zeros_like(linear.weight[:, 0]))
    return linear
