"""Published tokenizers by their own definition, a Hugging Face tokenizer.json."""

import dataclasses
import json
import pathlib
from collections.abc import Iterator
from collections.abc import Sequence

import tokenizers

from tfm import errors
from tfm.inputs.text import measures
from tfm.inputs.text import published_ids

FILE = "tokenizer.json"  # the definition
IDS_FILE = "special_ids.json"  # beside it, where a run has saved both

# Sections that change ids or offsets of whole texts: what encloses, cuts and pads them
# is the interface's matter.
_NOT_OURS = {"truncation": None, "padding": None, "post_processor": None}


class Definition:
    """A published tokenizer as the `tokenizers` library runs it: exactly its ids.

    The name of a special token in a text is text, as `encode_special_tokens` of the
    library has it. That alone is not enough where the vocabulary holds the names as
    pieces that a text can spell, as a unigram model's: so they are hidden from it.

    Args:
      body: the definition, parsed.
      special: the model's special ids; what else the definition calls special is added.
      where: the file that it comes from, for messages.

    Attributes:
      special: published_ids.SpecialIds, of the definition too.
      tokens: the vocabulary in the order of the model's ids.
      ids: published_ids.PublishedIds.
      unknown: the model's id of what it does not know; None without one.

    Raises:
      UserError: the library cannot read it, or its ids do not fit each other.
    """

    def __init__(self, body: dict, special: published_ids.SpecialIds, where: object):
        self._body = body
        try:
            check_merges(body["model"])
            self.tokens = tokens(body)
            self.special = _special(body, special, self.tokens)
            self._library, self._unknown = _library(body, self.special, self.tokens)
        except Exception as error:  # the library raises nothing more special
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise errors.UserError(
                f"{where} holds no tokenizer that the tokenizers library can read: "
                f"{reason}"
            ) from error
        self.ids = self.special.renumbering(len(self.tokens))
        # byte-level BPE may name a special token, which it never needs
        known = self._unknown in self.tokens
        id = self.tokens.index(self._unknown) if known else None
        self.unknown = None if id in self.special.all else id

    @property
    def hidden(self) -> dict:
        """The definition as the library runs it, special names hidden."""
        return json.loads(self._library.to_str())

    def encode(self, texts: list[str]) -> list[list[int]]:
        """The model's ids of each text."""
        found = self._library.encode_batch_fast(texts, add_special_tokens=False)
        return [encoding.ids for encoding in found]

    def lost(self, texts: Sequence[str]) -> list[int]:
        """The number of characters that are unknown of each text, but white space."""
        found = self._library.encode_batch([*texts], add_special_tokens=False)
        return [
            sum(
                measures.visible(text[start:end])
                for id, (start, end) in zip(one.ids, one.offsets, strict=True)
                if id == self.unknown
            )
            for text, one in zip(texts, found, strict=True)
        ]

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        """The text of each row of the model's ids, without special ones."""
        texts = self._library.decode_batch(rows, skip_special_tokens=False)
        if self._unknown is None:
            return texts
        return [text.replace(_hidden(self._unknown), self._unknown) for text in texts]

    def save(self, folder: pathlib.Path) -> None:
        """Writes all that `load` needs."""
        _write(folder / FILE, self._body)
        _write(folder / IDS_FILE, dataclasses.asdict(self.special))


def load(folder: pathlib.Path) -> Definition:
    """The tokenizer that was saved in a folder.

    Raises:
      UserError: a file is damaged.
    """
    fields = read_json(folder / IDS_FILE)
    try:
        fields["others"] = tuple(fields["others"])
        special = published_ids.SpecialIds(**fields)
    except (TypeError, KeyError) as error:
        raise errors.UserError(
            f"{folder / IDS_FILE} must hold the special ids of a published model. "
            f"Got {fields!r:.60}."
        ) from error
    return Definition(read_json(folder / FILE), special, folder / FILE)


def read_json(path: pathlib.Path) -> dict:
    """A JSON object from a file.

    Raises:
      UserError: it cannot be read, or holds none.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise errors.UserError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(body, dict):
        raise errors.UserError(
            f"{path} must hold a JSON object. Got a {type(body).__name__}."
        )
    return body


def tokens(body: dict) -> list[str]:
    """The tokens of a definition in the order of their ids."""
    vocabulary = body["model"]["vocab"]
    if isinstance(vocabulary, dict):
        known = {id: token for token, id in vocabulary.items()}
    else:  # of unigram, with scores
        known = dict(enumerate(token for token, _ in vocabulary))
    known = {added["id"]: added["content"] for added in _added(body)} | known
    return in_order(known)


def in_order(known: dict[int, str]) -> list[str]:
    """Tokens in the order of their ids, with a name where there is none."""
    return [known.get(id, f"<no token {id}>") for id in range(max(known) + 1)]


def _added(body: dict) -> list[dict]:
    return body.get("added_tokens") or []


def _unknown(model: dict, known: Sequence[str]) -> str | None:
    """The token of what the vocabulary cannot spell; None without one."""
    if model.get("unk_id") is not None:
        return known[model["unk_id"]]
    return model.get("unk_token")


def _special(
    body: dict, special: published_ids.SpecialIds, known: Sequence[str]
) -> published_ids.SpecialIds:
    """These ids, and the others that the definition calls special."""
    outside = [id for id in special.all if not 0 <= id < len(known)]
    if outside:
        raise ValueError(f"it has {len(known)} tokens, the model's special {outside}")
    others = {added["id"] for added in _added(body) if added["special"]}
    unknown = _unknown(body["model"], known)
    others = {id for id in others | {*special.others} if known[id] != unknown}
    return dataclasses.replace(special, others=tuple(sorted(others)))


def _library(
    body: dict, special: published_ids.SpecialIds, known: Sequence[str]
) -> tuple[tokenizers.Tokenizer, str | None]:
    """The library's tokenizer, and the name of the unknown token, which is hidden."""
    unknown = _unknown(body["model"], known)
    names = {known[id] for id in special.all} | ({unknown} - {None})
    added = [_renamed(token, "content", names) for token in _added(body)]
    model = _without_names(body["model"], names)
    hidden = body | _NOT_OURS | {"added_tokens": added, "model": model}
    library = tokenizers.Tokenizer.from_str(json.dumps(hidden))
    for token in added:
        found = library.token_to_id(token["content"])
        if found != token["id"]:
            raise ValueError(
                f"its added token {token['content']!r} has the id {token['id']}, "
                f"where its vocabulary makes it {found}"
            )
    library.encode_special_tokens = True
    return library, unknown


def _without_names(model: dict, names: set[str]) -> dict:
    """The model with special names under others, which no text has."""
    model = _renamed(model, "unk_token", names)
    vocabulary = model["vocab"]
    if not isinstance(vocabulary, dict):
        renamed = [[_hidden(t) if t in names else t, s] for t, s in vocabulary]
        return model | {"vocab": renamed}
    renamed = {_hidden(t) if t in names else t: id for t, id in vocabulary.items()}
    model = model | {"vocab": renamed}
    if "merges" in model:
        merges = zip(model["merges"], _merged(model), strict=True)
        model["merges"] = [m for m, merged in merges if names.isdisjoint(merged)]
    return model


def check_merges(model: dict) -> None:
    """ValueError where a merge of BPE has no token; the library would panic."""
    vocabulary = model["vocab"]
    for merged in _merged(model):
        for token in merged:
            if token not in vocabulary:
                raise ValueError(f"a merge has {token!r}, which the vocabulary lacks")


def _merged(model: dict) -> Iterator[tuple[str, str, str]]:
    """The two tokens that each merge of BPE takes, and the one it makes."""
    prefix = model.get("continuing_subword_prefix") or ""
    for merge in model.get("merges", ()):
        first, second = merge.split(" ") if isinstance(merge, str) else merge
        yield first, second, first + second.removeprefix(prefix)


def _renamed(body: dict, key: str, names: set[str]) -> dict:
    name = body.get(key)
    return body | {key: _hidden(name)} if name in names else body


def _hidden(name: str) -> str:
    """A name with a noncharacter of Unicode, which is for such inner use."""
    return f"\uffff {name} \uffff"


def _write(path: pathlib.Path, body: dict) -> None:
    text = json.dumps(body, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")
