"""Prompts: tokenization, truncation to the context window, buckets, seeds."""

import dataclasses
import hashlib
import re
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm.generation import notes

_LEAST = 4  # tokens of the shortest bucket
_SENTINEL = re.compile(r"<extra_id_\d+>")


@dataclasses.dataclass(frozen=True)
class Prompt:
    """A prompt as the model reads it."""

    text: str
    ids: list[int]  # that the decoder goes on from
    source: list[int] | None  # of the encoder, if there is one
    notes: list[notes.Note]


@dataclasses.dataclass(frozen=True)
class Reader:
    """Tokenizer of prompts, which keeps them within what the model reads."""

    tokenizer: object
    positions: int  # tokens that the model was trained to read, here or before
    window: int | None  # tokens that it can see; None: there is no limit
    start_id: int | None  # what an encoder-decoder's decoder begins with
    eos_id: int | None  # of what is written
    pads: bool = True  # whether prompts of several lengths can be made into a batch
    sentinels: tuple[str, ...] = ()  # names in a prompt that an encoder reads as gaps
    target_tokenizer: object | None = None  # of what is written, if it is another

    @classmethod
    def of(cls, run, decoding) -> "Reader":
        """That of a run's model.

        Args:
          run: as a Generator takes it.
          decoding: of the run's model, see models.decoding.
        """
        tokenizer, start_id = run.preprocessor.tokenizer, run.objective.start_id
        trained = run.model.input["tokens"].shape[1]
        positions = max(trained, getattr(decoding, "positions", 0))
        is_limited = start_id is not None or _grows(decoding)
        writer = getattr(run.preprocessor, "target_tokenizer", tokenizer)
        names = writer.config.special_tokens if start_id is not None else ()
        return cls(
            tokenizer,
            positions,
            window=positions if is_limited else None,
            start_id=start_id,
            eos_id=writer.eos_id,
            pads=getattr(decoding, "pads", True),
            sentinels=tuple(filter(_SENTINEL.fullmatch, names)),
            target_tokenizer=writer,
        )

    @property
    def writer(self):
        """The tokenizer of what is written."""
        return self.target_tokenizer or self.tokenizer

    @property
    def allowed(self) -> np.ndarray:
        """The tokens that may be made, bool [V]: of words, [EOS] and sentinels."""
        return allowed(self.writer, self.sentinels)

    def problem(self, text: str) -> str:
        """Why a text cannot be read as a prompt; "" if it can."""
        if self.start_id is not None or self.eos_id is not None:
            return ""
        return "" if len(self.tokenizer.encode_prompt(text)) else "no token in the text"

    def read(self, text: str, settings) -> Prompt:
        """The tokens of a text, as many as the model reads.

        A text that a decoder goes on from begins as those of training do, after the
        tokenizer's `begin_id`, unless there is no room for it.

        Raises:
          UserError: the text is empty, and there is no such token to begin with.
        """
        ids = self.tokenizer.encode_prompt(text, gaps=self.sentinels).tolist()
        told = notes.of_prompt(self.tokenizer, text, self.sentinels)
        room = self._room(settings)
        if room is not None and len(ids) > room:
            whole = (
                f"The prompt has {len(ids)} tokens: the model reads its last {room}."
            )
            told.append(notes.Note("cut", whole))
            ids = ids[-room:]
        if self.start_id is not None:
            eos_id = self.tokenizer.eos_id
            end = [] if eos_id is None else [eos_id]
            return Prompt(text, [self.start_id], ids + end, told)
        begin = self.tokenizer.begin_id
        if begin is None and not ids:
            raise errors.UserError(
                "A prompt must have a token or more: the vocabulary has no [EOS] "
                f"that a text could begin with. Got {text!r}."
            )
        has_begin = ids[:1] == [begin]  # as a published tokenizer may have it
        if begin is not None and not has_begin and (room is None or len(ids) < room):
            ids = [begin, *ids]
        return Prompt(text, ids, None, told)

    def bucket(self, prompt: Prompt) -> int:
        """The length to which the prompt's ids are padded."""
        if prompt.source is not None:
            return 1  # all begin with the one token
        if not self.pads:
            return len(prompt.ids)
        return bucket(len(prompt.ids), self.window)

    def _room(self, settings) -> int | None:
        """The tokens that a prompt can have."""
        if self.start_id is not None:
            return self.positions - (self.tokenizer.eos_id is not None)
        if settings.num_beams > 1 and self.window is not None:
            left = self.window + 1 - settings.max_new_tokens
            return max(left, self.window // 2, 1)
        return self.window


def allowed(tokenizer, sentinels: Sequence[str] = ()) -> np.ndarray:
    """The tokens that may be made, bool [V].

    Args:
      tokenizer: of what is written: words and [EOS], if it has that.
      sentinels: names of special tokens that may be made too.
    """
    found_V = np.ones(tokenizer.vocab_size, bool)
    found_V[[*tokenizer.special_ids]] = False
    found_V[[tokenizer.id_of(name) for name in sentinels]] = True
    if tokenizer.eos_id is not None:
        found_V[tokenizer.eos_id] = True
    return found_V


def bucket(length: int, most: int | None = None) -> int:
    """The length to which a prompt is padded: at most a quarter more, few in all."""
    step = max(_LEAST, 2 ** max(length.bit_length() - 3, 0))
    padded = -(-length // step) * step
    return padded if most is None else min(padded, max(most, length))


def streams(
    texts: Sequence[str],
    num_samples: int,
    seed: int,
    seen: dict[int, int] | None = None,
) -> list[list[int]]:
    """Seeds of each row's random numbers, a prompt's samples in a row.

    They depend on the seed, the prompt's text and the number of the sample, so that a
    prompt has the same texts wherever it stands. The same prompt again goes on
    counting, and has other ones.

    Args:
      texts: the prompts.
      num_samples: of each.
      seed: of all.
      seen: the samples of earlier calls, by a hash of the prompt; counted on.
    """
    found, counts = [], {} if seen is None else seen
    for text in texts:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        key = int.from_bytes(digest[:8], "little")
        first = counts.get(key, 0)
        counts[key] = first + num_samples
        found += [[seed, key, first + i] for i in range(num_samples)]
    return found


def uniforms(streams: list[list[int]], settings) -> np.ndarray:
    """Random numbers of each row, float32 [B, max_new_tokens]; zeros if none is drawn.

    Args:
      streams: the seeds of B rows.
      settings: settings.Settings.
    """
    shape = len(streams), settings.max_new_tokens
    if settings.deterministic:
        return np.zeros(shape, np.float32)
    return np.stack(
        [np.random.default_rng(seeds).random(shape[1], np.float32) for seeds in streams]
    )


def _grows(decoding) -> bool:
    """Whether the cache is larger for a longer text, as keys and values are."""
    import tensorflow as tf

    sizes = [
        [tuple(part.shape) for part in tf.nest.flatten(decoding.init_cache(1, length))]
        for length in (2, 3)
    ]
    return sizes[0] != sizes[1]
