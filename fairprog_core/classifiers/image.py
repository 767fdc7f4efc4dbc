"""Image classifiers small enough for a laptop's CPU, and torchvision's ResNet-18 for photos.

Notation: k rows, c classes, d features, s image side.
"""

from collections.abc import Generator
from typing import Any, ClassVar, Self

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from fairprog_core.classifiers import HybridOptions, ResidualNetOptions, ResNet18Options
from fairprog_core.classifiers.base import Classifier, ClassifierHeader
from fairprog_core.classifiers.weights_file import read_checkpoint
from fairprog_core.common.files.checksums import sha256_of
from fairprog_core.common.home import user_path
from fairprog_core.common.options import Options
from fairprog_core.data.base import Split

_SHIFT, _SLOPE = torch.tensor(-2.0), 4.0


def to_pixels(x: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Images (k, h, w, 3) uint8 -> (k, 3, h, w) float in [0, 1], channels last in memory."""
    return as_floats(torch.from_numpy(np.ascontiguousarray(x)).to(device))


def as_floats(x: Tensor) -> Tensor:
    """As `to_pixels`, for images that are a tensor already."""
    return x.permute(0, 3, 1, 2).float().div_(255)


def draw_flips(k: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(k,) which photos of a batch are flipped: half of them."""
    return rng.random(k) < 0.5


def some_flipped(x: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A copy of photos (k, s, s, 3) of which half are flipped."""
    x, flip = np.array(x), draw_flips(len(x), rng)
    flip_in_place(x, flip)
    return x


def flip_in_place(x: NDArray[Any], flip: NDArray[np.bool_]) -> None:
    """Flip some photos (k, s, s, 3).

    Args:
        x: contiguous; it is changed.
        flip: (k,) which ones.
    """
    pixels = x.view(f"V{x.itemsize * x.shape[-1]}")[..., 0]  # the three values are moved together: in half the time
    pixels[flip] = pixels[flip, :, ::-1]


class ImageClassifierHeader(ClassifierHeader):
    """The description in the file of a classifier of pictures.

    Attributes:
        image_size: side s of the pictures in pixels.
    """

    image_size: int = Field(ge=8, le=4096)


class ImageClassifier(Classifier):
    """A classifier of square pictures (k, 3, s, s) in [0, 1].

    Attributes:
        image_size: s.
    """

    header: ClassVar[type[ClassifierHeader]] = ImageClassifierHeader

    def __init__(self, options: Options, *, n_classes: int, image_size: int) -> None:
        super().__init__(options, n_classes=n_classes)
        self.image_size = image_size

    @property
    def input_spec(self) -> dict[str, int]:
        return {"image_size": self.image_size}

    @classmethod
    def new(cls, options: Any, *, n_classes: int, split: Split) -> Self:
        return cls(options, n_classes=n_classes, image_size=split.x.shape[1])

    def to_input(self, x: NDArray[Any], *, rng: np.random.Generator | None = None) -> Tensor:
        """Photos (k, s, s, 3) uint8 -> (k, 3, s, s); with ``rng`` half of them are flipped."""
        if rng is not None:
            x = some_flipped(x, rng)
        elif not x.flags.writeable:
            x = np.array(x)  # torch warns about read-only memory
        return to_pixels(x, self.device)

    def augment(self, x: Tensor, rng: np.random.Generator, *, zoom_low: float = 0.78) -> Tensor:
        """Flip half of the photos; in half of the batches shrink the photos onto a grey background.

        A base trained on smaller faces too does not fail merely because a border shrinks the photo.
        """
        flip = torch.from_numpy(rng.random(len(x)) < 0.5).to(x.device)
        x = torch.where(flip[:, None, None, None], x.flip(3), x)
        if rng.random() < 0.5:
            return x
        size = x.shape[-1]
        small = round(size * rng.uniform(zoom_low, 1))
        top, left = rng.integers(0, size - small + 1, 2)
        pad = (int(left), int(size - small - left), int(top), int(size - small - top))
        return F.pad(F.interpolate(x, size=(small, small), mode="bilinear", antialias=True), pad, value=0.5)

    @property
    def cam_layer(self) -> nn.Module | None:
        """The module whose output Grad-CAM uses, see `to_map`; None: there is none, and gradients of the input do."""
        raise NotImplementedError

    def to_map(self, output: Tensor) -> Tensor:
        """The output of `cam_layer`, or its gradient, as a map (k, d, a, b) of positions in the picture."""
        return output

    @property
    def cam_title(self) -> str:
        """The name of `cam_layer` on the screen."""
        return "last feature maps"


class AffineFirst(ImageClassifier):
    """A classifier of pictures whose `first_layers` are affine in the pixels."""

    begins_affine: ClassVar[bool] = True

    def features(self, x: Tensor) -> Tensor:
        return self.other_layers(self.first_layers(x))


class Conv(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)
        )


def begin(layers: nn.Sequential, x: Tensor) -> Tensor:
    """The first convolution and batch norm of layers that begin with a `Conv`, without its ReLU."""
    first: Any = layers[0]
    maps: Tensor = first[1](first[0](x))
    return maps


def go_on(layers: nn.Sequential, maps: Tensor) -> Tensor:
    """The output of the layers, from what `begin` gave."""
    maps = F.relu(maps)  # not in place: it may be a view, whose gradient would then be copied
    for layer in list(layers)[1:]:
        maps = layer(maps)
    return maps


class Residual(nn.Module):
    """Two convolutions and a shortcut around them."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.first = Conv(n, n)
        self.second = nn.Conv2d(n, n, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(n)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


def _scale(x: Tensor) -> Tensor:
    """Pixels from [0, 1] to about zero mean and unit variance: (x − 1/2) / (1/4), in one pass."""
    return torch.add(_SHIFT, x, alpha=_SLOPE)


class ConvFirst(AffineFirst):
    """A classifier that scales pixels and begins with a `Conv`."""

    @property
    def beginning(self) -> nn.Sequential:
        """The layers of which the first is that `Conv`."""
        raise NotImplementedError

    def first_layers(self, x: Tensor) -> Tensor:
        return begin(self.beginning, _scale(x))

    def first_change(self, x: Tensor) -> Tensor:
        first: Any = self.beginning[0]
        conv, norm = first[0], first[1]
        if not isinstance(norm, nn.Identity):  # not fused yet
            return super().first_change(x)
        return F.conv2d(x, _SLOPE * conv.weight, None, conv.stride, conv.padding)


class ResidualNet(ConvFirst):
    """Two strided convolutions, two residual blocks, pooling over positions, one linear layer.

    With max pooling a distant patch can take the maximum of a channel and so hide the rest; with mean pooling
    alone a patch only shifts the logits by a constant.
    """

    def __init__(self, options: ResidualNetOptions, *, n_classes: int, image_size: int) -> None:
        super().__init__(options, n_classes=n_classes, image_size=image_size)
        self.trunk = nn.Sequential(Conv(3, 8, 2), Conv(8, 16, 2), Residual(16), Conv(16, 32, 2), Residual(32))
        self.pool = options.pool
        self.linear = nn.Linear(64 if options.pool == "mean+max" else 32, n_classes)

    @property
    def beginning(self) -> nn.Sequential:
        return self.trunk

    @property
    def cam_layer(self) -> nn.Module:
        return self.trunk[-1]

    @property
    def head(self) -> nn.Module:
        return self.linear

    def other_layers(self, x: Tensor) -> Tensor:
        maps = go_on(self.trunk, x)  # (k, 32, s/8, s/8)
        pooled = {"mean": maps.mean((2, 3)), "max": maps.amax((2, 3))}
        return torch.cat([pooled[name] for name in self.pool.split("+")], 1)


class Attention(nn.Module):
    """A pre-norm attention block: tokens (k, t, d) -> (k, t, d)."""

    def __init__(self, d: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(d)
        self.qkv = nn.Linear(d, 3 * d)
        self.out = nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.LayerNorm(d), nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x: Tensor) -> Tensor:
        k, t, d = x.shape
        q, key, v = self.qkv(self.norm(x)).view(k, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, key, v).transpose(1, 2).reshape(k, t, d)
        x = x + self.out(mixed)
        y: Tensor = x + self.mlp(x)
        return y


class Hybrid(ConvFirst):
    """Convolution stem to an 8×8 grid of tokens, a class token, two attention blocks.

    Grad-CAM uses the grid that enters the last block: beyond it the positions no longer act on the class
    token, the only token that the head reads.
    """

    def __init__(self, options: HybridOptions, *, n_classes: int, image_size: int) -> None:
        super().__init__(options, n_classes=n_classes, image_size=image_size)
        d, self.grid = 64, -(-image_size // 8)
        self.stem = nn.Sequential(Conv(3, 12, 2), Conv(12, 24, 2), nn.Conv2d(24, d, 3, 2, padding=1))
        self.position = nn.Parameter(torch.randn(1, self.grid**2, d) * 0.02)
        self.token = nn.Parameter(torch.zeros(1, 1, d))
        self.first, self.last = Attention(d), Attention(d)
        self.positions = nn.Identity()
        self.norm = nn.LayerNorm(d)
        self.linear = nn.Linear(d, n_classes)

    @property
    def beginning(self) -> nn.Sequential:
        return self.stem

    @property
    def cam_layer(self) -> nn.Module:
        return self.positions

    @property
    def head(self) -> nn.Module:
        return self.linear

    def other_layers(self, x: Tensor) -> Tensor:
        tokens = go_on(self.stem, x).flatten(2).transpose(1, 2) + self.position  # (k, t, d)
        tokens = self.first(torch.cat([self.token.expand(x.shape[0], -1, -1), tokens], 1))
        grid = tokens[:, 1:].transpose(1, 2).unflatten(2, (self.grid, self.grid))
        grid = self.positions(grid)  # (k, d, s/8, s/8)
        tokens = torch.cat([tokens[:, :1], grid.flatten(2).transpose(1, 2)], 1)
        features: Tensor = self.norm(self.last(tokens))[:, 0]
        return features


class ResNet18(AffineFirst):
    """torchvision's ResNet-18 for real photos, with random or given first weights; pixels standardised as for ImageNet.

    Source: the paper's image classifier (section 4.1).
    """

    def __init__(self, options: ResNet18Options, *, n_classes: int, image_size: int) -> None:
        from torchvision.models import resnet18

        super().__init__(options, n_classes=n_classes, image_size=image_size)
        self.net = resnet18(weights=None, num_classes=n_classes)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1), persistent=False)

    @classmethod
    def cache_inputs(cls, options: ResNet18Options) -> dict[str, str]:
        return {"init": sha256_of(user_path(options.init))} if options.init else {}

    @classmethod
    def fetch(cls, options: ResNet18Options) -> Generator[str, None, None]:
        """Read the first weights, so that a file that does not fit is refused before data are prepared."""
        cls(options, n_classes=2, image_size=64).start()
        yield from ()

    @classmethod
    def new(cls, options: ResNet18Options, *, n_classes: int, split: Split) -> Self:
        """A net with random weights, or with those of ``options.init``.

        Raises:
            ModelError: the file does not hold the weights of a ResNet-18.
        """
        classifier = super().new(options, n_classes=n_classes, split=split)
        classifier.start()
        return classifier

    def start(self) -> None:
        """Take the weights of ``options.init``; a last layer with another number of outputs keeps its random ones."""
        options, own = self.options, self.net.state_dict()
        assert isinstance(options, ResNet18Options)
        if not options.init:
            return
        checkpoint = read_checkpoint(options.init).named_as(own)
        for name in ("fc.weight", "fc.bias"):
            if name in checkpoint.tensors and checkpoint.tensors[name].shape != own[name].shape:
                checkpoint.tensors[name] = own[name]
        self.net.load_state_dict(checkpoint.check(own, net="torchvision:resnet18"))

    @property
    def cam_layer(self) -> nn.Module:
        layer: nn.Module = self.net.layer4
        return layer

    @property
    def head(self) -> nn.Module:
        linear: nn.Module = self.net.fc
        return linear

    def first_layers(self, x: Tensor) -> Tensor:
        maps: Tensor = self.net.bn1(self.net.conv1((x - self.mean) / self.std))
        return maps

    def other_layers(self, x: Tensor) -> Tensor:
        net = self.net
        x = net.maxpool(F.relu(x))
        for block in (net.layer1, net.layer2, net.layer3, net.layer4):
            x = block(x)
        features: Tensor = net.avgpool(x).flatten(1)
        return features
