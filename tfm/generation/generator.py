"""Text generation (inference) from prompts, by a trained language model.

    run = trained.load("runs/char_gpt")
    generator = generation.Generator(run)
    for found in generator.generate(["To be, or", "Enter"], temperature=0.8, seed=1):
        print(found.prompt + found.text)

B rows, S slots of the KV cache, P a prompt's tokens.
"""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from tfm import errors
from tfm.generation import continuation
from tfm.generation import generating_runs
from tfm.generation import notes as notes_lib
from tfm.generation import prompts as prompts_lib
from tfm.generation import settings as settings_lib

_CALL, _CALL_STREAMING = 32, 4  # tokens of a call of the compiled loop


@dataclasses.dataclass(frozen=True)
class Generated:
    """A text that was made."""

    prompt: str  # as it was given
    text: str  # what follows it
    # what ended it: eos ([EOS]), stop (a stop text), length (max_new_tokens) or
    # positions (the model reads no more; see Generator)
    finished: str
    tokens: tuple[int, ...]  # ids of the text, and of a stop
    notes: tuple[notes_lib.Note, ...]  # what the user should know of the prompt


@dataclasses.dataclass
class _Row:
    """A text being made."""

    prompt: prompts_lib.Prompt
    stream: list[int]  # what its random numbers are seeded by
    found: continuation.Continuation | None = None


class Generator:
    """Text generation with a KV cache, by sampling or beam search.

    A decoder or LSTM goes on from the prompt, an encoder-decoder reads it as its source
    and writes an answer. A prompt begins a text, as documents begin in training: after
    [EOS], as if a document had ended before it, or after what a published model begins
    texts with; an empty prompt is that alone. Reserved tokens are never made, but for
    [EOS], and the sentinels of an encoder-decoder.

    Beyond its `max_length` tokens of context a decoder goes on with the last half of
    them, read anew; so does one with positions that are not learned, as it has not seen
    longer texts. (For a published one it is the length that it was published with.)
    Beam search, and an encoder-decoder, end there. An LSTM has no limit.

    Args:
      run: a trained.Trained, or anything with its `experiment`, `model`, `objective`
        and `preprocessor.tokenizer`.
      jit_compile: by XLA: half the time a token, but seconds for each new number of
        prompts. Any loop compiles once for each bucket of lengths and way to choose.

    Raises:
      UserError: the run's model or task cannot generate.
    """

    def __init__(self, run, jit_compile: bool = True):
        decoding = generating_runs.decoding(run)
        self._reader = reader = prompts_lib.Reader.of(run, decoding)
        tokenizer = reader.writer
        self._sentinels = {tokenizer.id_of(name): name for name in reader.sentinels}

        from tfm.generation import loop

        self._num_allowed = int(reader.allowed.sum())
        self._loop = loop.Loop.of(run, reader, decoding, jit_compile)

    def generate(
        self,
        prompts: Sequence[str],
        *,
        batch_size: int = 16,
        on_text: Callable[[str], None] | None = None,
        seen: dict[int, int] | None = None,
        **fields,
    ) -> list[Generated]:
        """Texts that follow the prompts.

        A row's text does not depend on the other prompts, nor on batch_size, but for
        the rounding of sums.

        Args:
          prompts: texts; names of special tokens in them are those tokens.
          batch_size: texts that are made at a time.
          on_text: called with each piece of the text as it is made, if there is one
            text only; the pieces joined are the whole text.
          seen: a dict that is kept from call to call, so that a prompt that comes again
            has other texts; see prompts.streams.
          fields: of Settings, such as temperature, top_k, stop.

        Returns:
          For each prompt its num_samples texts, in the order of the prompts. Of
          beams, the likeliest first.
        """
        settings = settings_lib.Settings(**fields)
        self._check_samples(settings)
        if isinstance(prompts, str):
            raise errors.UserError("prompts must be a list of texts. Got one str.")
        if batch_size < 1:
            raise errors.UserError(f"batch_size must be 1 or more. Got {batch_size}.")
        beams = settings.num_beams > 1
        copies = 1 if beams else settings.num_samples
        read = [self._reader.read(text, settings) for text in prompts]
        read = [prompt for prompt in read for _ in range(copies)]
        streams = prompts_lib.streams(prompts, copies, settings.seed, seen)
        rows = [_Row(*row) for row in zip(read, streams, strict=True)]
        if on_text and len(rows) * settings.num_samples > copies:
            on_text = None
        groups = {}
        for row in rows:
            groups.setdefault(self._reader.bucket(row.prompt), []).append(row)
        found = {}  # by the row's identity
        make = self._search if beams else self._write
        for length, group in groups.items():
            for start in range(0, len(group), batch_size):
                part = group[start : start + batch_size]
                for row, made in zip(
                    part, make(part, length, settings, on_text), strict=True
                ):
                    found[id(row)] = made
        return [generated for row in rows for generated in found[id(row)]]

    def notes(self, **fields) -> list[str]:
        """Notes on settings: those that change nothing, stop texts that never come."""
        settings = settings_lib.Settings(**fields)
        self._check_samples(settings)
        reader = self._reader
        return notes_lib.of_settings(
            settings, reader.writer, self._num_allowed, reader.sentinels
        )

    def problem(self, prompt: str) -> str:
        """Why `generate` refuses a prompt; "" where it does not."""
        return self._reader.problem(prompt)

    def _check_samples(self, settings: settings_lib.Settings) -> None:
        ends = self._reader.eos_id is not None
        texts = notes_lib.most_texts(settings, self._num_allowed, ends)
        if settings.num_beams > 1 and settings.num_samples > texts:
            raise errors.UserError(
                f"max_new_tokens={settings.max_new_tokens} can make {texts:,} texts. "
                f"Got num_samples={settings.num_samples}."
            )

    def _begin(self, rows: list[_Row], length: int, settings, num_slots: int):
        """The KV cache of the prompts (prefill), and the arrays of the loop."""
        tokens_BP = np.zeros((len(rows), length), np.int32)
        for tokens_P, row in zip(tokens_BP, rows, strict=True):
            tokens_P[length - len(row.prompt.ids) :] = row.prompt.ids
        starts_B = np.int32([length - len(row.prompt.ids) for row in rows])
        source_BM = None
        if rows[0].prompt.source is not None:
            source_BM = np.zeros((len(rows), self._reader.positions), np.int32)
            for source_M, row in zip(source_BM, rows, strict=True):
                source_M[: len(row.prompt.source)] = row.prompt.source
        cache = self._loop.prefill(tokens_BP, starts_B, num_slots, source_BM)
        rest = np.zeros((len(rows), num_slots + 1 - length), np.int32)
        return np.concatenate([tokens_BP, rest], axis=1), cache, starts_B

    def _continuation(self, row: _Row, settings) -> continuation.Continuation:
        before = () if row.prompt.source is not None else row.prompt.ids
        return continuation.Continuation(
            self._reader.writer,
            before,
            self._sentinels,
            self._reader.eos_id,
            settings.stop,
        )

    def _write(self, rows: list[_Row], length: int, settings, on_text):
        """Makes the rows' texts token by token; see Settings."""
        num_new = settings.max_new_tokens
        for row in rows:
            row.found = self._continuation(row, settings)
        num_slots = prompts_lib.bucket(length + num_new - 1)
        if self._reader.window is not None:
            num_slots = min(num_slots, self._reader.window)
        uniforms = prompts_lib.uniforms([row.stream for row in rows], settings)
        buffer_BS, cache, starts_B = self._begin(rows, length, settings, num_slots)
        slot, made, told = length, 0, 0
        at_a_time = _CALL_STREAMING if on_text else _CALL
        while made < num_new and not all(row.found.finished for row in rows):
            if slot > num_slots:
                if self._reader.start_id is not None:
                    break  # what it answers to would not be seen any more
                slot, buffer_BS, cache, starts_B = self._slide(buffer_BS, starts_B)
            steps = min(at_a_time, num_new - made, num_slots + 1 - slot)
            uniform_BC = np.zeros((len(rows), at_a_time), np.float32)
            uniform_BC[:, :steps] = uniforms[:, made : made + steps]
            done_B = np.array([bool(row.found.finished) for row in rows])
            end, buffer_BS, cache, _ = self._loop.advance(
                settings,
                buffer_BS,
                cache,
                starts_B,
                done_B,
                uniform_BC,
                np.int32(slot),
                np.int32(slot + steps),
            )
            new = buffer_BS[:, slot : int(end)].numpy()
            for row, ids in zip(rows, new, strict=True):
                self._extend(row, ids)
            slot, made = int(end), made + new.shape[1]
            if on_text and len(sure := rows[0].found.sure) > told:
                on_text(sure[told:])
                told = len(sure)
        if on_text and len(text := rows[0].found.text) > told:
            on_text(text[told:])
        default = "length" if made >= num_new else "positions"
        return [[self._generated(row, row.found, default)] for row in rows]

    def _extend(self, row: _Row, ids: np.ndarray) -> None:
        if row.found.finished:
            return
        if self._reader.eos_id in ids:  # 0s follow it
            ids = ids[: ids.tolist().index(self._reader.eos_id) + 1]
        if 0 in ids:
            raise errors.UserError(
                "The model's scores are not numbers: its training went wrong."
            )
        row.found.extend(ids)

    def _slide(self, buffer_BS, starts_B):
        """The last half of the tokens as a new prompt, in a cache of the same size."""
        num_slots = buffer_BS.shape[1] - 1
        kept = max(num_slots // 2, 1)
        tokens_BP = buffer_BS[:, -kept:].numpy()
        starts_B = np.maximum(starts_B - (num_slots + 1 - kept), 0).astype(np.int32)
        cache = self._loop.prefill(tokens_BP, starts_B, num_slots)
        rest = np.zeros((len(starts_B), num_slots + 1 - kept), np.int32)
        return kept, np.concatenate([tokens_BP, rest], axis=1), cache, starts_B

    def _search(self, rows: list[_Row], length: int, settings, on_text):
        """Finds the rows' likeliest texts."""
        num_slots = length + settings.max_new_tokens - 1
        if self._reader.window is not None:
            num_slots = max(min(num_slots, self._reader.window), length)
        buffer_BS, cache, starts_B = self._begin(rows, length, settings, num_slots)
        tokens_BKS, scores_BK = self._loop.search(
            settings, buffer_BS, cache, starts_B, np.int32(length)
        )
        if not np.isfinite(scores_BK[:, 0]).all():
            raise errors.UserError(
                "The model's scores are not numbers: its training went wrong."
            )
        num_made = num_slots + 1 - length
        short = num_made < settings.max_new_tokens
        result = []
        for row, tokens_KS in zip(rows, tokens_BKS.numpy()[:, :, length:], strict=True):
            texts = []
            for tokens_S in tokens_KS[: settings.num_samples]:
                found = self._continuation(row, settings)
                found.extend(tokens_S)
                default = "positions" if short else "length"
                texts.append(self._generated(row, found, default))
            result.append(texts)
        if on_text:
            on_text(result[0][0].text)
        return result

    def _generated(self, row: _Row, found, default: str) -> Generated:
        notes = list(row.prompt.notes)
        finished = found.finished or default
        if finished == "positions":
            most = self._reader.positions
            told = f"The text ends at the {most} tokens that the model reads."
            notes.append(notes_lib.Note("positions", told))
        return Generated(
            row.prompt.text, found.text, finished, tuple(found.tokens), tuple(notes)
        )
