"""One sentence for whatever transformers raises about a folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from fairprog_core.common.errors import ModelError

FAMILIES = "BERT, RoBERTa, DeBERTa, ModernBERT, GPT-2, Llama or Qwen2"
_REMEDIES = {
    "model": f"give a sequence classifier or an encoder that transformers knows, such as {FAMILIES}",
    "tokenizer": "save the tokenizer again in its fast form, as tokenizer.json",
    "adapter": "give an adapter that peft can read, or merge it and save the whole model",
}
_BROKEN = (OSError, ValueError, RuntimeError, KeyError, ImportError, SafetensorError)  # what transformers raises


@contextmanager
def refusing(folder: Path, what: str = "model") -> Iterator[None]:
    """Turn the exceptions of transformers for an unusable folder into one sentence."""
    try:
        yield
    except _BROKEN as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"The {what} in {folder} cannot be used ({reason[:150]}); {_REMEDIES[what]}.") from error
