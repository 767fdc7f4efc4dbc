"""What a black box asks: an address or a function."""

import base64
import io
import json
import os
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import urllib3
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError
from urllib3.util import Retry, Timeout

from fairprog_core.classifiers import BlackBoxOptions
from fairprog_core.common.errors import ModelError, shorten, shown

SentRows: TypeAlias = NDArray[np.uint8] | list[str]  # pictures (k, h, w, 3), or k texts
_TRY_LATER = (429, 500, 502, 503, 504)
_LONGEST_WAIT = 60  # seconds between two tries, also where the answer asks for more
KEPT = "what was answered before is kept"


class BoxAnswer(NamedTuple):
    """The answer to one request.

    Attributes:
        probabilities: as they came, not checked yet.
        labels: names of the probabilities; empty: not said.
        n_tries: how often the rows were sent.
    """

    probabilities: Any
    labels: Sequence[str] = ()
    n_tries: int = 1


class BoxSource(Protocol):
    """Something that answers; ``name`` begins the sentences about it."""

    name: str

    def ask(self, rows: SentRows) -> BoxAnswer:
        """Send rows and wait for the answer.

        Raises:
            ModelError: there is none.
        """


def source_of(options: BlackBoxOptions) -> BoxSource:
    """The source that options name.

    Raises:
        ModelError: they name none, or there is no such function or token.
    """
    if options.address:
        return Address(options)
    if options.function:
        return Function(options.function)
    raise ModelError(
        "classifier is a black box without an address or a function; set classifier.address or classifier.function."
    )


class Body(BaseModel):
    """The JSON that an address answers."""

    model_config = ConfigDict(strict=True)

    probabilities: list[list[float]] | list[float]
    labels: list[str] = []


class Address:
    """Sends rows as JSON to an address; tries again where there is no answer, or one that says to try later."""

    def __init__(self, options: BlackBoxOptions) -> None:
        self.options, self.name = options, f"The black box at {shorten(options.address, 80)}"
        self.headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if options.token:
            if not (token := os.environ.get(options.token)):
                raise ModelError(
                    f"The environment variable {options.token}, which classifier.token names, is not set; set it where "
                    "the run is computed."
                )
            self.headers["Authorization"] = f"Bearer {token}"
        retries = Retry(
            total=options.retries, redirect=0, backoff_factor=0.5, backoff_max=_LONGEST_WAIT, allowed_methods=None,
            retry_after_max=_LONGEST_WAIT, status_forcelist=_TRY_LATER, raise_on_status=False, raise_on_redirect=False,
        )  # fmt: skip
        self.pool = urllib3.PoolManager(timeout=Timeout(options.timeout), retries=retries, maxsize=1)

    def ask(self, rows: SentRows) -> BoxAnswer:
        body = {"texts": rows} if isinstance(rows, list) else {"images": [_png(row) for row in rows]}
        data = json.dumps(body).encode()
        try:
            response = self.pool.request("POST", self.options.address, body=data, headers=self.headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise ModelError(
                f"{self.name} gives no answer ({_reason(error)}); start it, or change classifier.address or "
                f"classifier.timeout, and resume the run: {KEPT}."
            ) from error
        n_tries = 1 + len(response.retries.history if response.retries else ())
        if response.status != 200:
            raise ModelError(
                f"{self.name} answers with status {response.status} after {n_tries} "
                f"{'try' if n_tries == 1 else 'tries'} ({shorten(_text(response.data), 60)}); mend that and resume "
                f"the run: {KEPT}."
            )
        try:
            found = Body.model_validate_json(response.data)
        except ValidationError as error:
            raise ModelError(
                f'{self.name} answers {shown(_text(response.data), 60)}; it must answer with JSON {{"probabilities": '
                "[[…], …]}, one row of numbers for each row sent."
            ) from error
        return BoxAnswer(found.probabilities, found.labels, n_tries)


class Function:
    """Calls a function of an installed module."""

    def __init__(self, function: str) -> None:
        self.name = f"The black box {shorten(function, 80)}"
        module, _, name = function.partition(":")
        try:
            self.function = getattr(import_module(module), name)
        except Exception as error:  # whatever a module of the user raises
            raise ModelError(
                f"The function {shorten(function, 80)} cannot be imported ({_first_line(error)}); install its package, "
                "or add its folder to PYTHONPATH."
            ) from error
        if not callable(self.function):
            raise ModelError(f"{shorten(function, 80)} is no function but a {type(self.function).__name__}.")

    def ask(self, rows: SentRows) -> BoxAnswer:
        try:
            found = self.function(rows)
        except Exception as error:  # whatever a function of the user raises
            raise ModelError(
                f"{self.name} fails on {len(rows)} rows ({_first_line(error)}); mend it and resume the run: {KEPT}."
            ) from error
        return BoxAnswer(found, tuple(getattr(self.function, "labels", ())))


def _png(picture: NDArray[np.uint8]) -> str:
    """A picture (h, w, 3) as PNG in base64."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _reason(error: Exception) -> str:
    """The first cause of an error of urllib3, in a few words."""
    while isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        error = error.reason
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        return "the connection is refused" if "refused" in str(error) else "it cannot be reached"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "it is too slow"
    return _first_line(error)


def _first_line(error: Exception) -> str:
    return shorten((str(error).strip().splitlines() or [""])[0] or type(error).__name__, 80)


def _text(data: bytes) -> str:
    return data[:400].decode("utf-8", "replace")
