"""Limits of one machine: the most that a study, a queue, a picture, a text, a page or a download may take. Torch-free.

Every limit has a default, a variable of the environment that sets it, and a sentence for what exceeds it. Limits are
checked when something is submitted, never when a saved study is read: a study of a larger machine still opens here.
"""

import os
from functools import lru_cache
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from fairprog_core.common.errors import ConfigError, DataError, shown

PREFIX = "FAIRPROG_MAX_"
_HIGHEST = 10**9  # of any limit


def n_cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _limit(default: float, *, title: str, description: str, instead: str, low: float = 1) -> Any:
    """A field: its name on the screen, what it bounds, and what to do where it is exceeded."""
    return Field(
        default, ge=low, le=_HIGHEST, title=title, description=description, json_schema_extra={"instead": instead}
    )


class Limits(BaseSettings):
    """The limits of this process: ``FAIRPROG_MAX_THREADS`` and so on, else the defaults."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, allow_inf_nan=False)

    threads: int = Field(
        default_factory=lambda: n_cores(),
        ge=1,
        le=_HIGHEST,
        title="Threads of a study",
        description="Never more than the cores of the machine, whatever the variable says.",
        json_schema_extra={"instead": "choose fewer threads, or none"},
    )
    jobs: int = Field(
        default_factory=lambda: n_cores(),
        ge=1,
        le=_HIGHEST,
        title="Curves at once",
        description="Processes that compute the curves of one study side by side.",
        json_schema_extra={"instead": "ask for fewer curves at once"},
    )
    curves: int = _limit(
        1000,
        title="Curves of a study",
        description="Seeds, times triggers and methods, times criteria, times shares of the tuning data.",
        instead="choose fewer seeds, triggers, methods or criteria",
    )
    lams: int = _limit(
        1000,
        title="Values of λ of a curve",
        description="Reported values; each is evaluated on the test split.",
        instead="report fewer values of λ",
    )
    bases: int = _limit(
        100,
        title="Other bases of a study",
        description="Bases on which its triggers are evaluated too.",
        instead="name fewer other bases",
    )
    queue: int = _limit(
        200,
        title="Runs in the queue",
        description="Queued runs of a home; running ones do not count.",
        instead="wait until some have started, or remove some on the page Runs",
    )
    runs_per_visitor: int = _limit(
        3,
        title="Runs of one visitor",
        description="Queued and running ones together, on a shared server only.",
        instead="wait until one has ended, or cancel one",
    )
    visitor_minutes: int = _limit(
        10,
        title="Minutes of a visitor's study",
        description="That it is expected to take on this machine; in a class only, and not for its teacher.",
        instead="choose a quick preset, fewer curves or fewer steps",
    )
    pixels: int = _limit(
        25_000_000,
        title="Pixels of a picture",
        description="Width times height, before the picture is decoded.",
        instead="give a smaller picture",
    )
    letters: int = _limit(
        20_000,
        title="Letters of a text",
        description="Of a text of one's own that is explained.",
        instead="give a shorter text",
    )
    typed: int = _limit(
        10_000,
        title="Letters of a field",
        description="Typed into one field of the form; a longer list of numbers belongs in a study's file.",
        instead="write a study's file, and start it with `fairprog run`",
    )
    rows: int = _limit(
        100,
        title="Rows of a table",
        description="Shown on a page; files and the command line have all rows.",
        instead="see all of them on the command line",
    )
    explanation_seconds: float = _limit(
        120.0,
        title="Seconds of an explanation",
        description="Of one picture or text; a slower explanation is cancelled.",
        instead="give a smaller picture or a shorter text",
    )
    explanation_megabytes: int = _limit(
        2000,
        title="Megabytes of an explanation",
        description="Memory beyond what the process that explains held before.",
        instead="give a smaller picture or a shorter text",
    )
    explanations_waiting: int = _limit(
        100,
        title="Explanations that wait",
        description="Of all visitors of a server together.",
        instead="try again in a minute",
    )
    explanations_per_visitor: int = _limit(
        10,
        title="Explanations of one visitor that wait",
        description="A newer request of a page takes the place of its older one.",
        instead="wait for one of them, or cancel one",
    )
    download_gigabytes: float = _limit(
        10.0,
        title="Gigabytes of a download",
        description="Of a model or a data set from the hub.",
        instead="choose a smaller one, or download it yourself and give its folder",
        low=0.001,
    )

    upload_megabytes: int = _limit(
        200,
        title="Megabytes of an upload",
        description="Of one file: a table, or a zip of pictures or of a model.",
        instead="upload a smaller file, or name a folder of the server where its owner allows it",
    )

    @field_validator("threads")
    @classmethod
    def _at_most_the_cores(cls, value: int) -> int:
        return min(value, n_cores())

    def refusal(self, name: str, found: str) -> str:
        """The sentence for what exceeds a limit: what was found, what is allowed, what to do instead.

        Args:
            name: of the limit.
            found: the first clause, e.g. "This study has 2,000 curves".
        """
        allowed = f"at most {getattr(self, name):,} are allowed ({variable(name)})"
        return f"{found}; {allowed}: {_extra(type(self).model_fields[name])['instead']}."


def limits() -> Limits:
    """The current limits.

    Raises:
        ConfigError: a variable of the environment is no number, or out of its bounds.
    """
    return _read(tuple(os.environ.get(variable(name)) for name in Limits.model_fields), n_cores())


@lru_cache(maxsize=8)
def _read(_values: tuple[str | None, ...], _cores: int) -> Limits:
    """The limits of an environment; cached, because a page asks for each field of its form."""
    try:
        return Limits()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        field = Limits.model_fields[name]
        low = next(bound.ge for bound in field.metadata if hasattr(bound, "ge"))
        number = "whole number" if field.annotation is int else "number"
        raise ConfigError(
            f"{variable(name)} is {shown(first['input'])}; it must be a {number} from {low:g} to {_HIGHEST:,}."
        ) from error


def check_pixels(what: str, width: int, height: int) -> None:
    """Refuse a picture with too many pixels, before it is decoded.

    Args:
        what: the picture, as it begins the sentence.
        width: in pixels, as the file's header says.
        height: in pixels.

    Raises:
        DataError: it has more pixels than allowed.
    """
    now = limits()
    if width * height > now.pixels:
        raise DataError(now.refusal("pixels", f"{what} has {width:,} × {height:,} pixels"))


def variable(name: str) -> str:
    """The variable of the environment that sets a limit."""
    return f"{PREFIX}{name.upper()}"


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
