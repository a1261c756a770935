"""The tokenizer of each method: learnt from texts, or loaded from a folder."""

import json
import pathlib
from collections.abc import Iterable

from tfm import errors
from tfm.inputs.text import settings
from tfm.inputs.text import tokenizer


def learn(config: settings.Tokenization, texts: Iterable[str]) -> tokenizer.Tokenizer:
    """Reads the texts once, as a stream, and learns a vocabulary from them.

    The same texts give the same vocabulary on every machine.

    Raises:
      UserError: no text holds a character other than white space.
    """
    config = settings.tokenization(config)
    return _backend(config.method).learn(config, texts)


def preset(config: settings.PresetTokenization) -> tokenizer.Tokenizer:
    """Loads the tokenizer of a preset.

    Raises:
      UserError: there is no such preset.
    """
    from tfm.inputs.text import pretrained_tokenizer

    return pretrained_tokenizer.from_preset(settings.tokenization(config))


def load(folder: str | pathlib.Path) -> tokenizer.Tokenizer:
    """Returns the tokenizer that `Tokenizer.save` put in the folder.

    Raises:
      UserError: the folder holds no tokenizer.
    """
    folder = pathlib.Path(folder)
    path = folder / settings.FILE
    if not path.is_file():
        raise errors.UserError(
            f"A tokenizer's folder must hold {settings.FILE}. Got {folder}."
        )
    fields = json.loads(path.read_text(encoding="utf-8"))
    if "preset" in fields:
        from tfm.inputs.text import pretrained_tokenizer

        config = settings.PresetTokenization(**fields)
        return pretrained_tokenizer.load(config, folder)
    fields["special_tokens"] = tuple(fields["special_tokens"])
    config = settings.Tokenization(**fields)
    return _backend(config.method).load(config, folder)


def _backend(method: str) -> type[tokenizer.Tokenizer]:
    if method == "unigram":
        from tfm.inputs.text import unigram

        return unigram.Unigram
    if method in ("character", "byte"):
        from tfm.inputs.text import characters

        return characters.Characters if method == "character" else characters.Bytes
    from tfm.inputs.text import words

    return words.Words
