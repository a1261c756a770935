"""BERT's WordPiece in a graph, with the ids of the tokenizers library.

B texts, N code points of all of them.
"""

import tensorflow as tf
from tokenizers import normalizers
from tokenizers import pre_tokenizers

from tfm.inputs.text.graphs import code_points
from tfm.inputs.text.graphs import composition
from tfm.inputs.text.graphs import pieces
from tfm.inputs.text.graphs import ranges


class Bert(tf.Module):
    """Texts to the ids of a published BERT, in our numbering.

    Args:
      tokenizer: a PretrainedTokenizer whose definition `reads`.
    """

    def __init__(self, tokenizer):
        super().__init__()
        body = tokenizer.definition
        self.enclosing = tokenizer.enclosing()
        self._ours = tokenizer.ids.ours.astype("int32")
        self._words = _Words(body["normalizer"])
        model = body["model"]
        self.pieces = pieces.WordPieces(
            model["vocab"],
            model["vocab"][model["unk_token"]],
            model["continuing_subword_prefix"],
            model["max_input_chars_per_word"],
        )

    def __call__(self, texts_B) -> tf.RaggedTensor:
        rows = self.pieces(self._words(texts_B))
        return rows.with_flat_values(tf.gather(self._ours, rows.flat_values))


def reads(definition: dict | None) -> bool:
    """Whether a definition is BERT's, whatever its vocabulary."""
    if definition is None:
        return False
    kinds = [
        (definition.get(part) or {}).get("type")
        for part in ("normalizer", "pre_tokenizer", "model")
    ]
    hidden = all("\uffff" in token["content"] for token in definition["added_tokens"])
    return kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and hidden


class _Words:
    """Texts to words, by what the library makes of each code point."""

    def __init__(self, fields: dict):
        lowercase, strip = fields["lowercase"], fields["strip_accents"]
        strip = lowercase if strip is None else strip
        clean = normalizers.BertNormalizer(
            clean_text=fields["clean_text"],
            handle_chinese_chars=fields["handle_chinese_chars"],
            strip_accents=False,
            lowercase=False,
        )
        last = normalizers.BertNormalizer(
            clean_text=False,
            handle_chinese_chars=False,
            strip_accents=strip,
            lowercase=lowercase,
        )
        apart = _apart()

        def finished(character: str) -> str:
            made = last.normalize_str(character)
            return "".join(apart.get(ord(c), c) for c in made)

        self._clean = code_points.Mapping(clean.normalize_str)
        self._decomposed = None
        if strip:
            self._decomposed = code_points.Mapping(normalizers.NFD().normalize_str)
        self._last = code_points.Mapping(finished)

    def __call__(self, texts_B) -> tf.RaggedTensor:
        """string [B, None]."""
        rows = self._clean(code_points.decoded(texts_B))
        if self._decomposed is not None:
            rows = composition.ordered(self._decomposed(rows))
        return tf.strings.split(code_points.encoded(self._last(rows)))


def _apart() -> dict[int, str]:
    """Punctuation by itself, and white space, as the library divides texts."""
    text = "a" + "".join(f"{chr(code)}a" for code in ranges.ALL)
    found = dict.fromkeys(ranges.ALL, " ")
    divided = pre_tokenizers.BertPreTokenizer().pre_tokenize_str(text)
    for _, (start, end) in divided:
        for place in range(start + (start + 1) % 2, end, 2):
            code = ranges.ALL[place // 2]
            found[code] = f" {chr(code)} " if end - start == 1 else chr(code)
    return {code: made for code, made in found.items() if made != chr(code)}
