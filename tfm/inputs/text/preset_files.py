"""Tokenizer files of a preset, as Hugging Face folders hold them."""

import pathlib

from tokenizers import models

from tfm import errors
from tfm.inputs.text import definition
from tfm.inputs.text import pipelines
from tfm.inputs.text import presets
from tfm.inputs.text import published_ids

_WORD_PIECES = ("bert", "distilbert", "electra", "mobilebert")  # kinds of models
_BYTE_PAIRS: dict[str, pipelines.Words] = {
    "gpt2": "gpt2",
    "roberta": "gpt2",
    "bart": "gpt2",
    "qwen2": "qwen2",
    "qwen2_moe": "qwen2",
    "qwen3": "qwen2",
    "qwen3_moe": "qwen2",
}
# What a special token is called in tokenizer_config.json and special_tokens_map.json,
# then its id in config.json, then its usual spelling.
_ROLES = {
    "start": (("cls_token", "bos_token"), "bos_token_id", ("[CLS]", "<s>")),
    "end": (("sep_token", "eos_token"), "eos_token_id", ("[SEP]", "</s>")),
    "mask": (("mask_token",), "mask_token_id", ("[MASK]", "<mask>")),
    "padding": (("pad_token",), "pad_token_id", ("[PAD]", "<pad>")),
}
_ENDS_ALL = "<|endoftext|>"  # GPT-2's begin and end, where no file names any


def find(preset: str) -> tuple[dict, pathlib.Path] | None:
    """The definition of a preset's tokenizer, and the file that it comes from.

    It is tokenizer.json, or made of vocab.txt (as of BERT), or of vocab.json and
    merges.txt (as of GPT-2), by tokenizer_config.json. None where a preset has none of
    these: KerasHub's, whose tokenizer.json is another file, and SentencePiece's.

    Raises:
      UserError: a file is damaged.
    """
    found = _found(preset)
    if found is not None:
        body, path = found
        _tried(path, lambda: definition.check_merges(body["model"]))
    return found


def _found(preset: str) -> tuple[dict, pathlib.Path] | None:
    path = presets.file(preset, definition.FILE)
    if path is not None:
        body = definition.read_json(path)
        return None if is_of_keras(body) else (body, path)
    kind = _json(preset, "config.json").get("model_type")
    path = presets.file(preset, "vocab.txt")
    if path is not None and kind in _WORD_PIECES:
        return _tried(path, _word_pieces, preset, path), path
    for names, words in (
        (("vocab.json", "merges.txt"), _BYTE_PAIRS.get(kind)),
        (("encoder.json", "vocab.bpe"), "gpt2"),  # as OpenAI named them
    ):
        vocabulary, merges = (presets.file(preset, name) for name in names)
        if vocabulary and merges and words:
            body = _tried(merges, _byte_pairs, preset, vocabulary, merges, words)
            return body, merges
    return None


def is_of_keras(body: dict) -> bool:
    """Whether a tokenizer.json is KerasHub's, the config of a Keras object."""
    return "class_name" in body and "model" not in body


def positions(preset: str) -> int | None:
    """The longest input that a preset's model knows; None: any length.

    Raises:
      UserError: there is no such preset.
    """
    body = _json(preset, "config.json")
    if not body:  # of a hub that keras_nlp alone reads
        from tfm.inputs.text import library_tokenizer

        return library_tokenizer.positions(preset)
    inner = body.get("config") or {}  # of KerasHub
    named = [body.get(name) for name in ("max_position_embeddings", "n_positions")]
    return next((n for n in (inner.get("max_sequence_length"), *named) if n), None)


def special_ids(
    preset: str, body: dict, where: pathlib.Path
) -> published_ids.SpecialIds:
    """The special ids of a definition by the files beside it.

    Raises:
      UserError: they name a token that the definition does not have.
    """
    named = _json(preset, "special_tokens_map.json")
    named |= _json(preset, "tokenizer_config.json")
    numbered = _json(preset, "config.json")
    known = _tried(where, definition.tokens, body)
    ids = {token: id for id, token in enumerate(known)}
    marked = {one["content"]: one["id"] for one in body.get("added_tokens") or []}
    found = {}
    for role, (keys, number, usual) in _ROLES.items():
        names = [name for key in keys if (name := _content(named.get(key)))]
        if names and names[0] not in ids:
            raise errors.UserError(f"{where} must hold the {role} token {names[0]!r}.")
        found[role] = _first(
            *map(ids.get, names),
            numbered.get(number),
            *map((marked or ids).get, usual),
        )
    if found["start"] is None and found["end"] is None:
        found["start"] = found["end"] = ids.get(_ENDS_ALL)
    if found["padding"] == found["end"]:  # a token of use
        found["padding"] = None
    return published_ids.SpecialIds(**found)


def _first(*ids: int | list[int] | None) -> int | None:
    """The first id that is given; of a list, as of several ends, its first."""
    firsts = (id[0] if isinstance(id, list) and id else id for id in ids)
    return next((id for id in firsts if isinstance(id, int)), None)


def _word_pieces(preset: str, path: pathlib.Path) -> dict:
    config = _json(preset, "tokenizer_config.json")
    return pipelines.word_pieces(
        models.WordPiece.read_file(str(path)),
        lowercase=config.get("do_lower_case", True),
        strip_accents=config.get("strip_accents"),
        split_chinese=config.get("tokenize_chinese_chars", True),
        unknown=_content(config.get("unk_token")) or "[UNK]",
        added=_added(config),
    )


def _byte_pairs(preset: str, vocabulary, merges, words: pipelines.Words) -> dict:
    config = _json(preset, "tokenizer_config.json")
    return pipelines.byte_pairs(
        *models.BPE.read_file(str(vocabulary), str(merges)),
        words=words,
        add_prefix_space=config.get("add_prefix_space", False),
        added=_added(config),
    )


def _added(config: dict) -> list[dict]:
    """The tokens beside the vocabulary's that a tokenizer_config.json lists."""
    listed = config.get("added_tokens_decoder") or {}
    ids = sorted(map(int, listed))
    return [pipelines.added_token(id, **listed[str(id)]) for id in ids]


def _tried(path: pathlib.Path, read, *arguments):
    """The return value of `read`; a UserError of this file where it fails."""
    try:
        return read(*arguments)
    except errors.UserError:
        raise
    except Exception as error:  # the library raises nothing more special
        reason = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise errors.UserError(f"{path} holds no vocabulary: {reason}") from error


def _content(name: str | dict | None) -> str | None:
    """The spelling of a token, which may be given with its properties."""
    return name.get("content") if isinstance(name, dict) else name


def _json(preset: str, name: str) -> dict:
    path = presets.file(preset, name)
    return {} if path is None else definition.read_json(path)
