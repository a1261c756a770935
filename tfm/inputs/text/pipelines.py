"""Well-known tokenization pipelines, from vocabulary files alone.

A pipeline is a definition as in a Hugging Face tokenizer.json: normalization, division
into words, the model of the pieces, and how they are joined again.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Literal

# How byte-level BPE divides a text into words.
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

Words = Literal["gpt2", "llama3", "qwen2"]


def word_pieces(
    vocabulary: Mapping[str, int],
    *,
    lowercase: bool,
    strip_accents: bool | None = None,
    split_chinese: bool = True,
    unknown: str = "[UNK]",
    prefix: str = "##",
    added: Sequence[dict] = (),
) -> dict:
    """BERT's WordPiece (Devlin et al. 2018, https://arxiv.org/abs/1810.04805).

    Args:
      vocabulary: {token: id}.
      lowercase: whether case is folded.
      strip_accents: whether accents are dropped; None: where case is folded.
      split_chinese: whether a Chinese character is a word.
      unknown: the token of words that cannot be spelt.
      prefix: marks a piece that continues a word.
      added: tokens beside the vocabulary's, as `added_token` makes them.
    """
    if unknown not in vocabulary:
        raise ValueError(f"the vocabulary must hold {unknown}")
    normalizer = {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": split_chinese,
        "strip_accents": strip_accents,
        "lowercase": lowercase,
    }
    model = {
        "type": "WordPiece",
        "unk_token": unknown,
        "continuing_subword_prefix": prefix,
        "max_input_chars_per_word": 100,
        "vocab": dict(vocabulary),
    }
    decoder = {"type": "WordPiece", "prefix": prefix, "cleanup": True}
    return _pipeline(added, normalizer, {"type": "BertPreTokenizer"}, model, decoder)


def byte_pairs(
    vocabulary: Mapping[str, int],
    merges: Iterable[Sequence[str]],
    *,
    words: Words = "gpt2",
    add_prefix_space: bool = False,
    added: Sequence[dict] = (),
) -> dict:
    """Byte-level BPE (Radford et al. 2019), as of GPT-2, RoBERTa, Llama 3 and Qwen.

    Args:
      vocabulary: {token: id}.
      merges: pairs of tokens, the most frequent ones first.
      words: whose way it is to divide a text into words.
      add_prefix_space: whether a text begins with a space.
      added: tokens beside the vocabulary's, as `added_token` makes them.
    """
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": add_prefix_space,
        "trim_offsets": True,
        "use_regex": words == "gpt2",
    }
    division = byte_level
    if words != "gpt2":
        pattern = {"Regex": _LLAMA3 if words == "llama3" else _QWEN2}
        split = {"type": "Split", "pattern": pattern, "behavior": "Isolated"}
        parts = [split | {"invert": False}, byte_level]
        division = {"type": "Sequence", "pretokenizers": parts}
    model = {
        "type": "BPE",
        "unk_token": None,
        "ignore_merges": words == "llama3",
        "vocab": dict(vocabulary),
        "merges": [[*pair] for pair in merges],
    }
    normalizer = {"type": "NFC"} if words == "qwen2" else None
    decoder = byte_level | {"add_prefix_space": True, "use_regex": True}
    return _pipeline(added, normalizer, division, model, decoder)


def added_token(id: int, content: str, special: bool, **fields: bool) -> dict:
    """A token that a text is searched for before it is divided into words."""
    usual = {"single_word": False, "lstrip": False, "rstrip": False}
    usual |= {"normalized": not special}
    return {"id": id, "content": content, "special": special} | usual | fields


def _pipeline(added, normalizer, pre_tokenizer, model, decoder) -> dict:
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [*added],
        "normalizer": normalizer,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": model,
    }
