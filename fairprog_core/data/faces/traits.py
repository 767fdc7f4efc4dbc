"""The traits of a drawn face: from (stream, row) to traits.

Every row has a block of uniforms in a counter-based stream (Philox), and every trait is an
inverse CDF of one of them. So a face does not depend on its batch or on how many others are
drawn, and a counterfactual pair is one block with both values of z.

Notation: n faces.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairprog_core.common.types import Floats
from fairprog_core.data.random_streams import row_uniforms

Colour = tuple[float, float, float]  # red, green, blue in 0..1

P_ATTRIBUTE = {"smiling": (0.48, 0.48), "glasses": (0.10, 0.14), "wavy": (0.45, 0.14)}  # P(attribute | z = 0, 1)

_SLOTS = (
    "z", "blond", "smiling", "glasses", "wavy", "tone", "red", "is_long", "length", "beard", "beard_density",
    "moustache", "moustache_if", "jaw", "lip", "has_lipstick", "lipstick", "brow", "lash", "earring", "tie",
    "bangs", "necklace", "v_neck", "x", "y", "scale", "tilt", "aspect", "part", "hairline", "volume", "phase",
    "frequency", "skin", "warmth", "iris", "cloth_style", "cloth_r", "cloth_g", "cloth_b", "back", "back_r",
    "back_g", "back_b", "back_shift", "back_r2", "back_g2", "back_b2", "light_angle", "light", "exposure",
    "temperature", "noise",
)  # fmt: skip
_BLOCK = 96  # uniforms per row, a multiple of 4; the spare ones are for future traits


class Face(NamedTuple):
    """The traits of one face; lengths in half image sides, angles in radians, shares in 0..1."""

    z: int
    blond: int
    smiling: int
    glasses: int
    wavy: int
    hair: Colour
    skin: Colour
    cloth: Colour
    iris: Colour
    back_top: Colour
    back_bottom: Colour
    length: float
    beard: float
    moustache: float
    jaw: float
    lip: float
    lipstick: float
    brow: float
    lash: float
    earring: int
    tie: int
    bangs: int
    necklace: int
    v_neck: int
    x: float
    y: float
    scale: float
    tilt: float
    aspect: float
    part: float
    hairline: float
    volume: float
    phase: float
    frequency: float
    light_angle: float
    light: float
    exposure: float
    temperature: float
    noise: float


def uniforms(key: int, start: int, stop: int) -> dict[str, Floats]:
    """The uniforms of rows start..stop-1 by trait, (n,) each in [0, 1)."""
    block = row_uniforms(key, start, stop, per_row=_BLOCK)
    return {name: block[:, i] for i, name in enumerate(_SLOTS)}


def attributes(
    u: dict[str, Floats], probabilities: dict[str, tuple[float, float]], z: NDArray[np.int64]
) -> dict[str, NDArray[np.int64]]:
    """Binary attributes (n,) by name, drawn with P(attribute | z)."""
    return {name: (u[name] < np.where(z == 1, p[1], p[0])).astype(np.int64) for name, p in probabilities.items()}


def faces(
    u: dict[str, Floats], z: NDArray[np.int64], attribute: dict[str, NDArray[np.int64]], *, separability: float
) -> list[Face]:
    """The traits of n faces whose z (1 = male-presenting) and attributes are given."""
    male = z == 1
    columns: dict[str, NDArray[np.generic]] = {"z": z, **attribute}
    columns |= _hair(u, male, attribute["blond"], separability)
    columns |= _features(u, male)
    columns |= _scene(u, male)
    return [Face(*row) for row in zip(*(columns[name].tolist() for name in Face._fields), strict=True)]


def _hair(
    u: dict[str, Floats], male: NDArray[np.bool_], blond: NDArray[np.int64], separability: float
) -> dict[str, Floats]:
    """The cut of the hair, and its colour on a scale from black to platinum on which blond and not blond overlap."""
    centre = np.where(blond == 1, 0.5 + 0.17 * separability, 0.5 - 0.19 * separability)
    tone = np.clip(centre + np.where(blond == 1, 0.11, 0.16) * _normal(u["tone"]), 0, 1)
    red = np.clip(0.35 * _normal(u["red"]), -0.5, 1)
    colour = _ramp(tone, _HAIR) * (1 + np.outer(red, (0.16, -0.06, -0.14)))
    return {
        "hair": np.clip(colour, 0, 1),
        "length": np.where(_is(u["is_long"], male, 0.86, 0.08), _between(u["length"], 0.55, 1.0), 0.12 * u["length"]),
        "bangs": _is(u["bangs"], male, 0.35, 0.10),
        "part": _between(u["part"], -0.5, 0.5),
        "hairline": _between(u["hairline"], -0.06, 0.06),
        "volume": u["volume"],
        "phase": _between(u["phase"], 0, 2 * np.pi),
        "frequency": _between(u["frequency"], 9, 16),
    }


def _features(u: dict[str, Floats], male: NDArray[np.bool_]) -> dict[str, Floats]:
    """The features in which the drawing styles differ, and skin and eyes, in which they do not."""
    beard = _is(u["beard"], male, 0.0, 0.5)
    density = _between(u["beard_density"], 0.25, 0.9)
    moustache = (u["moustache_if"] < 0.8) & ((beard == 1) | (_is(u["moustache"], male, 0.0, 0.45) == 1))
    skin = _ramp(_BETA(u["skin"]), _SKIN) * (1 + np.outer(0.4 * _normal(u["warmth"]), (0.03, 0, -0.05)))
    return {
        "skin": np.clip(skin, 0, 1),
        "iris": _IRIS[(u["iris"] * len(_IRIS)).astype(np.int64)],
        "beard": beard * density,
        "moustache": moustache * np.maximum(density, 0.5),
        "jaw": np.clip(np.where(male, 0.70, 0.25) + 0.13 * _normal(u["jaw"]), 0, 1),
        "lip": np.clip(np.where(male, 0.25, 0.75) + 0.15 * _normal(u["lip"]), 0, 1),
        "lipstick": _is(u["has_lipstick"], male, 0.55, 0.02) * _between(u["lipstick"], 0.5, 1),
        "brow": np.clip(np.where(male, 0.75, 0.30) + 0.13 * _normal(u["brow"]), 0.05, 1),
        "lash": np.clip(np.where(male, 0.10, 0.80) + 0.15 * _normal(u["lash"]), 0, 1),
        "earring": _is(u["earring"], male, 0.35, 0.04),
        "tie": _is(u["tie"], male, 0.01, 0.22),
        "necklace": _is(u["necklace"], male, 0.25, 0.02),
        "v_neck": _is(u["v_neck"], male, 0.55, 0.30),
    }


def _scene(u: dict[str, Floats], male: NDArray[np.bool_]) -> dict[str, Floats]:
    """Pose, clothes, background, light and camera noise."""
    hue = np.stack([u["cloth_r"], u["cloth_g"], u["cloth_b"]], axis=-1)
    muted = (male & (u["cloth_style"] < 0.65))[:, None]
    top = _between(u["back"], 0.2, 0.85)[:, None] + 0.11 * _normal3(u, "back_r", "back_g", "back_b")
    top = np.clip(top, 0, 1)
    shift = 0.14 * _normal(u["back_shift"])[:, None] + 0.06 * _normal3(u, "back_r2", "back_g2", "back_b2")
    return {
        "x": 0.04 * _normal(u["x"]),
        "y": 0.035 * _normal(u["y"]),
        "scale": 1 + 0.05 * _normal(u["scale"]),
        "tilt": 0.07 * _normal(u["tilt"]),
        "aspect": 1 + 0.04 * _normal(u["aspect"]),
        "cloth": np.where(muted, 0.12 + 0.45 * hue * (0.7, 0.8, 1.0), 0.15 + 0.8 * hue),
        "back_top": top,
        "back_bottom": np.clip(top + shift, 0, 1),
        "light_angle": _between(u["light_angle"], 0, 2 * np.pi),
        "light": 0.38 * u["light"],
        "exposure": 0.17 * _normal(u["exposure"]),
        "temperature": 0.07 * _normal(u["temperature"]),
        "noise": _between(u["noise"], 0.008, 0.03),
    }


def _is(u: Floats, male: NDArray[np.bool_], p_female: float, p_male: float) -> NDArray[np.int64]:
    return (u < np.where(male, p_male, p_female)).astype(np.int64)


def _between(u: Floats, low: float, high: float) -> Floats:
    return low + (high - low) * u


def _inverse_cdf(density: Callable[[Floats], Floats], low: float, high: float) -> Callable[[Floats], Floats]:
    """A function from u in [0, 1) to the quantile of a density on [low, high], from a table (accurate to 1e-4)."""
    value = np.linspace(low, high, 4001)
    middle = density((value[1:] + value[:-1]) / 2)
    share = np.concatenate([[0.0], np.cumsum(middle)]) / middle.sum()
    return lambda u: np.interp(u, share, value)


_normal = _inverse_cdf(lambda v: np.exp(-(v**2) / 2), -3.5, 3.5)  # truncated, so that every face stays in the picture
_BETA = _inverse_cdf(lambda v: v**0.6 * (1 - v) ** 1.4, 0.0, 1.0)  # Beta(1.6, 2.4)


def _normal3(u: dict[str, Floats], *names: str) -> Floats:
    return np.stack([_normal(u[name]) for name in names], axis=-1)


def _table(*stops: tuple[float, int, int, int]) -> tuple[Floats, Floats]:
    values = np.array(stops, dtype=np.float64)
    return values[:, 0], values[:, 1:] / 255


_HAIR = _table(
    (0, 22, 18, 18), (0.18, 48, 32, 24), (0.38, 92, 60, 38), (0.55, 134, 94, 58),
    (0.70, 176, 134, 84), (0.85, 214, 178, 118), (1, 240, 220, 176),
)  # fmt: skip
_SKIN = _table((0, 252, 224, 200), (0.3, 238, 196, 160), (0.55, 208, 154, 114), (0.8, 150, 100, 68), (1, 92, 58, 40))
_IRIS = np.array([[70, 110, 150], [80, 60, 40], [60, 100, 70], [50, 40, 32]]) / 255


def _ramp(position: Floats, ramp: tuple[Floats, Floats]) -> Floats:
    """(n, 3) colours at the positions (n,) of a colour ramp."""
    stops, colours = ramp
    return np.stack([np.interp(position, stops, colours[:, k]) for k in range(3)], axis=-1)
