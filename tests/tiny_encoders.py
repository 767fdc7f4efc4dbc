"""Families of tiny random classifiers, each with a tokenizer of its own kind, written as Hugging Face does."""

import string
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import nn

from fairprog_core.classifiers import EncoderOptions
from fairprog_core.classifiers.encoder.classifier import Encoder
from fairprog_core.classifiers.encoder.text_input import TextInput

WORDS = ("the", "cat", "sat", "on", "a", "mat", "dog", "ran", "away", "from", "it")
TEXTS = ("the cat sat on a mat", "dog", "the dog ran away from the cat", "", "it sat")
STRANGE = (
    "", " ", "\x00\x00", "cat \x00 dog", "مرحبا بالعالم", "שלום עולם", "👩‍👩‍👧 cat 🏳️‍🌈", "\ud800 half a pair",
    "漢字かな", "<script>alert(1)</script>", "[PAD] [SEP] <pad> </s>", "cat " * 2500,
)  # fmt: skip
LETTERS = string.ascii_lowercase
LENGTH = {"max_position_embeddings": 40}
TINY = {"num_attention_heads": 2, "num_hidden_layers": 2, "hidden_size": 16, "intermediate_size": 24}


def word_pieces() -> tuple[Tokenizer, dict[str, str]]:
    """BERT's kind: pieces that go on with a word begin with ##."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    entries = [*special, *LETTERS, *(f"##{letter}" for letter in LETTERS), *(w for w in WORDS if w != "a"), "##ing"]
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(entries)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(special)
    return tokenizer, {f"{name[1:-1].lower()}_token": name for name in special}


def byte_pairs() -> tuple[Tokenizer, dict[str, str]]:
    """RoBERTa's kind: bytes merged to words, which carry the space before them."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    entries, merges = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet())], []
    for word in WORDS:
        left = "Ġ"
        for letter in word:
            if left + letter not in entries:
                merges.append((left, letter))
                entries.append(left + letter)
            left += letter
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(entries)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    tokenizer.add_special_tokens(special)
    names = ("cls_token", "pad_token", "sep_token", "unk_token", "mask_token")
    return tokenizer, dict(zip(names, special))


def unigrams() -> tuple[Tokenizer, dict[str, str]]:
    """ALBERT's kind: SentencePiece, a word begins with ▁."""
    special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]
    scores = [*((name, 0.0) for name in special), ("▁", -4.0), *((letter, -5.0) for letter in LETTERS)]
    scores += [(f"▁{word}", -2.0) for word in WORDS] + [("ing", -3.0)]
    tokenizer = Tokenizer(models.Unigram(scores, unk_id=1))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(special)
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return tokenizer, dict(zip(names, special))


def framed_unigrams() -> tuple[Tokenizer, dict[str, str]]:
    """XLM-RoBERTa's and CamemBERT's kind: SentencePiece between <s> and </s>."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    scores = [*((name, 0.0) for name in special), ("▁", -4.0), *((letter, -5.0) for letter in LETTERS)]
    tokenizer = Tokenizer(models.Unigram(scores + [(f"▁{word}", -2.0) for word in WORDS], unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(special)
    names = ("cls_token", "pad_token", "sep_token", "unk_token", "mask_token")
    return tokenizer, dict(zip(names, special)) | {"bos_token": "<s>", "eos_token": "</s>"}


def bare_byte_pairs() -> tuple[Tokenizer, dict[str, str]]:
    """GPT-2's kind: byte pairs with nothing before and after, and no pad token."""
    tokenizer, _ = byte_pairs()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    return tokenizer, {"bos_token": "</s>", "eos_token": "</s>", "unk_token": "</s>"}


def padded_byte_pairs() -> tuple[Tokenizer, dict[str, str]]:
    """Qwen's kind: byte pairs with nothing before and after, and no unknown token."""
    tokenizer, _ = bare_byte_pairs()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer, {"eos_token": "</s>", "pad_token": "<|endoftext|>"}


def begun_pairs() -> tuple[Tokenizer, dict[str, str]]:
    """Llama's kind: a space before every text, bytes for what is not in the vocabulary, <s> before a text."""
    special = ["<unk>", "<s>", "</s>"]
    entries, merges = [*special, *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *LETTERS], []
    for word in WORDS:
        left = "▁"
        for letter in word:
            if left + letter not in entries:
                merges.append((left, letter))
                entries.append(left + letter)
            left += letter
    vocabulary = {token: i for i, token in enumerate(entries)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens(special)
    return tokenizer, {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}


FAMILIES = {
    "bert": (word_pieces, {**TINY, **LENGTH}),
    "distilbert": (word_pieces, {"n_heads": 2, "n_layers": 2, "dim": 16, "hidden_dim": 24, **LENGTH}),
    "roberta": (byte_pairs, {**TINY, "max_position_embeddings": 42, "type_vocab_size": 1, "pad_token_id": 1}),
    "albert": (unigrams, {**TINY, **LENGTH, "embedding_size": 8}),
    "electra": (word_pieces, {**TINY, **LENGTH, "embedding_size": 8}),
}  # fmt: skip

ROBERTA = {**TINY, "max_position_embeddings": 42, "type_vocab_size": 1, "pad_token_id": 1}
DECODER = {**TINY, **LENGTH, "num_key_value_heads": 1}
MORE = {
    "xlm-roberta": (framed_unigrams, ROBERTA),
    "camembert": (framed_unigrams, ROBERTA),
    "deberta": (byte_pairs, {**TINY, **LENGTH, "pad_token_id": 1, "relative_attention": True}),
    "deberta-v2": (
        unigrams,
        {**TINY, **LENGTH, "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_biased_input": False,
         "position_buckets": 8, "type_vocab_size": 0, "share_att_key": True, "norm_rel_ebd": "layer_norm"},
    ),
    "mpnet": (word_pieces, {**ROBERTA, "pad_token_id": 1}),
    "modernbert": (
        word_pieces,
        {**TINY, **LENGTH, "global_attn_every_n_layers": 2, "local_attention": 8, "cls_token_id": 2, "sep_token_id": 3,
         "bos_token_id": 2, "eos_token_id": 3, "classifier_pooling": "mean"},
    ),
    "gpt2": (
        bare_byte_pairs,
        {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 40, "pad_token_id": None, "bos_token_id": 2,
         "eos_token_id": 2},
    ),
    "qwen2": (padded_byte_pairs, {**DECODER, "pad_token_id": 291, "bos_token_id": None, "eos_token_id": 2}),
    "gemma": (begun_pairs, {**DECODER, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "head_dim": 8}),
    "llama": (begun_pairs, {**DECODER, "pad_token_id": None, "bos_token_id": 1, "eos_token_id": 2}),
}  # fmt: skip
ALL = FAMILIES | MORE


def save_family(family: str, folder: Path, *, n_classes: int | None = None, **changes: object) -> Path:
    """Write a tiny random model as Hugging Face does: an encoder, or with ``n_classes`` a classifier."""
    make_tokenizer, sizes = ALL[family]
    tokenizer, special = make_tokenizer()
    torch.manual_seed(7)
    config = transformers.AutoConfig.for_model(
        family,
        **{"vocab_size": tokenizer.get_vocab_size(), "pad_token_id": 0, **sizes, **changes},
        num_labels=n_classes or 2,
    )
    kind = transformers.AutoModelForSequenceClassification if n_classes else transformers.AutoModel
    model = kind.from_config(config)
    for value in model.parameters():  # wide enough that words and their places matter
        if value.ndim == 2:
            nn.init.normal_(value, std=0.5)
    model.save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    return folder


def make(folder: Path | str, *, n_classes: int = 3, seed: int = 0, **options: object) -> Encoder:
    torch.manual_seed(seed)
    return Encoder.new(EncoderOptions(model=str(folder), **options), n_classes=n_classes).eval()


def read(encoder: Encoder, *texts: str) -> TextInput:
    return encoder.to_input(encoder.encode(texts))
