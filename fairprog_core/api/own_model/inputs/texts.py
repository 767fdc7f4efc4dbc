"""Texts as people keep them, and the Hugging Face model that reads them.

Notation: n texts.
"""

from typing import Any, ClassVar

from numpy.typing import NDArray
from torch import nn

from fairprog_core.api.codes import as_column
from fairprog_core.classifiers.own.texts import MAX_LENGTH, OwnTextClassifier, fast_tokens, wrap_texts
from fairprog_core.common.errors import DataError, shown
from fairprog_core.common.options import Modality, digest_of

_LAST_CALL = ("truncation", "padding")  # how the user's tokenizer was called last, which is set anew for every call


class TextInputs:
    """Texts for a Hugging Face sequence classifier.

    Attributes:
        tokens: built from the model's tokenizer, which is not changed.
        max_length: longest text in tokens; longer ones are cut.
    """

    modality: ClassVar[Modality] = "text"

    def __init__(self, tokenizer: Any, *, max_length: int = MAX_LENGTH) -> None:
        """Take a tokenizer.

        Raises:
            ConfigError: it is no fast tokenizer of Hugging Face, or the length is out of range.
            ModelError: it does not read a text as [CLS] … [SEP].
        """
        self.tokens, self.max_length = fast_tokens(tokenizer, max_length), max_length

    def rows(self, x: Any, what: str) -> NDArray[Any]:
        """n texts, a list, an array or a pandas Series -> (n,) object."""
        if isinstance(x, str):
            raise DataError(f"{what} is a single text; give a list of texts.")
        texts = as_column(x, what).to_numpy(dtype=object)
        if strange := [i for i, text in enumerate(texts) if not isinstance(text, str)]:
            raise DataError(f"{what} holds {shown(texts[strange[0]])} in row {strange[0]}; give texts.")
        return texts

    def spec(self, x: NDArray[Any]) -> dict[str, int]:
        """Nothing: the model tells the width of its word vectors."""
        return {}

    def wrap(self, model: nn.Module, **spec: int) -> OwnTextClassifier:
        """The model as a classifier of texts."""
        return wrap_texts(model, self.tokens, max_length=self.max_length)

    def to_json(self) -> dict[str, Any]:
        """Digest of the tokenizer, and the length of texts."""
        state = self.tokens.tokenizer_state
        read = {name: value for name, value in state["tokenizer"].items() if name not in _LAST_CALL}
        digest = digest_of([read, state["special"]])
        return {"modality": self.modality, "tokenizer": digest, "max_length": self.max_length}
