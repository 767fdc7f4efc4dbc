"""How fast this machine is, compared with the one that the costs were measured on; kept in the home. Torch-free.

A short calibration measures it when a worker starts. Every finished run corrects it for its stages and its kind of
classifier.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import Field

from fairprog_core.common.errors import MachineError
from fairprog_core.common.files.json_values import Header, from_json
from fairprog_core.common.home import Home, replacing

LEAST, MOST = 0.05, 50.0  # beyond that a measurement was disturbed
NEW = 0.5  # weight of a finished run beside what was known before
SHORT = 0.3  # seconds: what took less says nothing


class SpeedFile(Header):
    """The content of the file; see `Speed`."""

    machine: float = Field(ge=LEAST, le=MOST)
    parts: dict[str, float] = Field(default_factory=dict, max_length=1000)


@dataclass(frozen=True)
class Speed:
    """Multiples of the expected seconds.

    Attributes:
        machine: of every computation; None: not measured yet.
        parts: of those parts of a run, such as a stage with a kind of classifier, that one has finished here.
    """

    machine: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)

    def of(self, part: str) -> float:
        """The multiple for a part of a run."""
        return self.parts.get(part, self.machine or 1.0)

    def after(self, expected: Mapping[str, float], seconds: Mapping[str, float]) -> "Speed":
        """The speed after a run.

        Args:
            expected: seconds by part on the reference machine.
            seconds: that the parts took.
        """
        found = {
            part: min(max(seconds[part] / cost, LEAST), MOST)
            for part, cost in expected.items()
            if cost > SHORT and seconds.get(part, 0.0) > SHORT
        }
        known = {part: (1 - NEW) * self.of(part) + NEW * new for part, new in found.items()}
        return replace(self, parts={**self.parts, **known})


def read_speed(home: Home) -> Speed:
    """The speed of this home's machine; that of the reference where none is known, or the file is damaged."""
    try:
        found = SpeedFile.model_validate(from_json(_file(home).read_bytes()))
    except (OSError, ValueError):
        return Speed()
    return Speed(found.machine, {key: min(max(value, LEAST), MOST) for key, value in found.parts.items()})


def write_speed(home: Home, speed: Speed) -> None:
    """Keep the speed; a full disk ends nothing."""
    values = {"machine": speed.machine or 1.0, "parts": dict(speed.parts)}
    try:
        _file(home).parent.mkdir(parents=True, exist_ok=True)
        with replacing(_file(home)) as part:
            part.write_text(json.dumps(values), "utf-8")
    except (MachineError, OSError):
        return


def _file(home: Home) -> Path:
    return home.cache / "speed.json"
