"""Text classifiers: pretrained encoders in Hugging Face's folder format, and the small shipped one."""

from typing import Any, TypeAlias

HubJson: TypeAlias = dict[str, Any]  # content of Hugging Face's config.json or tokenizer.json
