"""Text preprocessor: tokenization ahead of training, augmentation in the graph.

B batch, T tokens.
"""

import dataclasses
import pathlib
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm import interfaces
from tfm.inputs.text import backends
from tfm.inputs.text import measures
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer as tokenizer_module


class TextPreprocessor:
    """Texts to token ids; see interfaces.Preprocessor.

    Args:
      config: an inputs.Text or inputs.PretrainedText.
      tokenizer: that was learnt or loaded for it.

    Attributes:
      config: with all special tokens that the tokenizer reserves.
      tokenizer: text to ids and back.
      stored: tokens int32 [T], ids below the size of the vocabulary.
      specs: the same.
      limits: ("tokens", T), to which texts are cut; see data.cuts.
      usually_unknown: the share of characters up to which it is not warned of.
    """

    def __init__(self, config, tokenizer: tokenizer_module.Tokenizer):
        self.config = config
        self.tokenizer = tokenizer
        size = tokenizer.vocab_size
        self.stored = {"tokens": interfaces.Spec((config.max_length,), "int32", size)}
        self.specs = self.stored
        self.limits = {"tokens": ("tokens", config.max_length)}
        self.usually_unknown = measures.usually_unknown(config.method)

    def encode(self, rows: Sequence[interfaces.Row]) -> dict[str, list[np.ndarray]]:
        """{"tokens": the ids of each row's text, int32, T at the most}.

        Space around a text is left out, as it is where a data set is read.
        """
        return {"tokens": self.tokenizer.encode([row["text"].strip() for row in rows])}

    def encode_measured(
        self, rows: Sequence[interfaces.Row]
    ) -> tuple[dict[str, list[np.ndarray]], dict[str, np.ndarray]]:
        """As `encode`; and how many tokens each text had, and what it lost.

        Returns:
          {"tokens": their ids}, and {"tokens": measures.FIELDS [n]}.
        """
        texts = [row["text"].strip() for row in rows]
        whole = self.tokenizer.encode(texts, truncate=False)
        found = [self.tokenizer.truncated(row) for row in whole]
        measured = measures.of(self.tokenizer, texts, whole)
        return {"tokens": found}, {"tokens": measured}

    def graph(self) -> Callable[[Mapping, object], Mapping]:
        """(arrays, seeds) -> arrays; with seeds, the texts are augmented."""
        augmenter = self.config.augment.build(
            self.tokenizer.vocab_size, self.tokenizer.first_word_id
        )

        def augmented(tokens_BT: np.ndarray, seeds_B3: np.ndarray) -> np.ndarray:
            found_BT = np.zeros_like(tokens_BT)
            rows = zip(found_BT, tokens_BT, seeds_B3.tolist(), strict=True)
            for found_T, tokens_T, seed in rows:
                row = augmenter(tokens_T, *seed)  # padding stays, as special ids do
                found_T[: len(row)] = row
            return found_BT

        def apply(stored: Mapping, seeds_B3) -> dict:
            if seeds_B3 is None or augmenter is None:
                return dict(stored)
            import tensorflow as tf

            tokens_BT = stored["tokens"]
            found_BT = tf.numpy_function(
                augmented, [tokens_BT, seeds_B3], tf.int32, stateful=False
            )
            found_BT.set_shape(tokens_BT.shape)
            return {**stored, "tokens": found_BT}

        return apply

    def raw_graph(self) -> Callable[[Mapping], Mapping]:
        """{"text": string [B]} -> {"tokens": int32 [B, T]}, `encode` in a graph.

        Raises:
          UserError: the tokenizer's method cannot run in a graph.
        """
        from tfm.inputs.text.graphs import raw

        return raw.RawText(self.tokenizer)

    def save(self, folder: pathlib.Path) -> None:
        """Writes the tokenizer, which is all that `load` needs."""
        self.tokenizer.save(folder)


def of_length(
    config, tokenizer: tokenizer_module.Tokenizer, max_length: int
) -> TextPreprocessor:
    """The preprocessor of a config whose max_length was found in the data."""
    config = dataclasses.replace(config, max_length=max_length)
    tokenizer.config = dataclasses.replace(tokenizer.config, max_length=max_length)
    return TextPreprocessor(config, tokenizer)


def load(config, folder: pathlib.Path) -> TextPreprocessor:
    """The preprocessor that was saved in a folder, as `config` wants it.

    What decides on single texts (how they are cut, augmented) goes by `config`, what
    an id means by the folder.

    Raises:
      UserError: other fields differ, so that ids would mean other tokens.
    """
    tokenizer = backends.load(folder)
    _check_same(config, tokenizer.config, folder)
    tokenizer.config = dataclasses.replace(
        tokenizer.config,
        max_length=config.max_length or tokenizer.config.max_length,
        truncate=config.truncate,
    )
    config = dataclasses.replace(config, **vars(tokenizer.config))
    return TextPreprocessor(config, tokenizer)


def _check_same(config, saved, folder: pathlib.Path) -> None:
    rule = "Weights fit only the tokens that they were trained on"
    wanted = settings.tokenization(config)
    if type(saved) is not type(wanted):
        kinds = ["inputs.Text", "inputs.PretrainedText"]
        if isinstance(saved, settings.PresetTokenization):
            kinds.reverse()
        raise errors.UserError(
            f"The token ids of {folder} come from {kinds[0]}, this experiment's from "
            f"{kinds[1]}. {rule}."
        )
    differ = [
        field.name
        for field in dataclasses.fields(wanted)
        if not _agrees(field.name, getattr(wanted, field.name), saved)
    ]
    if differ:
        theirs, ours = (
            " ".join(f"--inputs.{n}={_show(getattr(c, n))}" for n in differ)
            for c in (saved, wanted)
        )
        raise errors.UserError(f"{rule}. {folder} has {theirs}; got {ours}.")


def _agrees(name: str, value, saved) -> bool:
    if name == "special_tokens":  # a task may have reserved more
        return set(value) <= set(saved.special_tokens)
    return name in settings.FREE or value == getattr(saved, name)


def _show(value: object) -> str:
    """A value as it is written on the command line."""
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
