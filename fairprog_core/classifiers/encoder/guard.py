"""What transformers reports and raises, in fairprog's way: silence where fairprog checks, one sentence for an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError
from transformers.utils import logging

from fairprog_core.common.errors import ModelError

FAMILIES = "BERT, RoBERTa, DeBERTa, ModernBERT, GPT-2, Llama or Qwen2"
_BROKEN = (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError)  # what transformers raises


@contextmanager
def quiet() -> Iterator[None]:
    """Silence progress bars and reports of transformers; callers check what matters in them."""
    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """Turn the exceptions of transformers for an unusable folder into one sentence."""
    try:
        yield
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(
            f"The model in {folder} cannot be used ({reason[:200]}); give a sequence classifier or an encoder that "
            f"transformers knows, such as {FAMILIES}."
        ) from error
