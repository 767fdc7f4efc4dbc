"""The folder that ``fairprog encoder`` writes: its files, and a notice with checksums by which it is recognised."""

from pathlib import Path

from fairprog_core.common.files.checksums import sha256_of
from fairprog_core.common.files.destination import Product

FILES = ("LICENSE", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
NOTICE = "NOTICE"
_TEXT = """This folder holds a part of all-MiniLM-L6-v2 by the sentence-transformers project
(sentence-transformers/all-MiniLM-L6-v2 on the Hugging Face hub), licensed under the Apache License,
Version 2.0; see LICENSE.

all-MiniLM-L6-v2 was tuned from nreimers/MiniLM-L6-H384-uncased, which keeps every second layer of
microsoft/MiniLM-L12-H384-uncased (both MIT licence; Wang et al. 2020, "MiniLM: Deep Self-Attention
Distillation for Task-Agnostic Compression of Pre-Trained Transformers"); its vocabulary is that of
BERT base uncased (Apache-2.0; Devlin et al. 2019).

Changed by fairprog: only the first {layers} layers are kept, {kept} of {v} entries of the vocabulary,
and weights are stored in half precision. Made by `fairprog encoder`.

SHA-256 of the files:
"""


def write_notice(folder: Path, *, layers: int, n_kept: int, n_all: int) -> None:
    """Write the notice of a folder that holds all other files."""
    text = _TEXT.format(layers=layers, kept=n_kept, v=n_all)
    (folder / NOTICE).write_text(text + _checksums(folder), "utf-8")


def is_unchanged(folder: Path) -> bool:
    """Whether a folder holds an encoder as it was written, and nothing else."""
    files = list(folder.iterdir())
    if {file.name for file in files} != {NOTICE, *FILES} or any(file.is_symlink() or file.is_dir() for file in files):
        return False
    return (folder / NOTICE).read_bytes().endswith(_checksums(folder).encode())


def _checksums(folder: Path) -> str:
    """One line per file, as ``sha256sum`` prints and checks it."""
    return "".join(f"{sha256_of(folder / name)}  {name}\n" for name in FILES)


CUT_ENCODER = Product("an unchanged encoder that fairprog wrote", is_unchanged, is_folder=True)
