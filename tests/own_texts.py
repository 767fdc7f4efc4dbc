"""Comments with a shortcut, and a small Hugging Face classifier that takes it: what `fp.reprogram` is tried on.

Label: whether more of the words are rude or kind, which is not always clear. Group: which of two peoples is named. The
two agree in most comments, so a model that is trained on them reads the people where the words are mixed.
"""

from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

RUDE, KIND = ("awful", "stupid", "nasty", "ugly"), ("lovely", "clever", "gentle", "pretty")
PEOPLES = (("norther", "northern"), ("souther", "southern"))
FILLERS = ("the", "a", "was", "very", "today", "town", "said", "here", "again", "about", "some", "day", "house", "road")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


class Texts(NamedTuple):
    """Comments, labels and groups (n,)."""

    x: list[str]
    y: NDArray[np.int64]
    z: NDArray[np.int64]


def texts(n: int, seed: int, *, agreement: float = 0.9) -> Texts:
    """n comments; the same seed gives the same ones."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    z = np.where(rng.random(n) < agreement, y, 1 - y)
    comments = []
    for label, group in zip(y, z):
        is_rude = rng.random(5) < (0.75 if label else 0.25)
        words = [str(rng.choice(RUDE if rude else KIND)) for rude in is_rude]
        words += [str(rng.choice(PEOPLES[group])), *map(str, rng.choice(FILLERS, rng.integers(3, 8)))]
        comments.append(" ".join(rng.permutation(words)))
    return Texts(comments, y, z)


def word_piece_tokenizer() -> Any:
    """A tokenizer of the words above, as Hugging Face loads one."""
    words = [*RUDE, *KIND, *PEOPLES[0], *PEOPLES[1], *FILLERS]
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate([*SPECIAL, *words])}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


SIZES = {
    "bert": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64},
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
}


def shortcut_model(family: str = "bert", *, epochs: int = 4) -> tuple[Any, Any]:
    """A tiny classifier that has learned the shortcut, in training mode, and its tokenizer."""
    tokenizer = word_piece_tokenizer()
    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(
        family, vocab_size=len(tokenizer), max_position_embeddings=64, num_labels=2, **SIZES[family]
    )
    model = transformers.AutoModelForSequenceClassification.from_config(config).train()
    rows = texts(1500, 0)
    given = tokenizer(rows.x, padding=True, return_tensors="pt")
    ids, mask, y = given["input_ids"], given["attention_mask"], torch.from_numpy(rows.y)
    optimizer = torch.optim.Adam(model.parameters(), 0.003)
    for _ in range(epochs):
        for batch in torch.randperm(len(y)).split(32):
            loss = F.cross_entropy(model(input_ids=ids[batch], attention_mask=mask[batch]).logits, y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model, tokenizer
