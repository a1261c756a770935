"""Detokenization of a text as it grows: streaming, stop sequences, [EOS]."""

from collections.abc import Sequence

_BROKEN = "\N{REPLACEMENT CHARACTER}"


class Continuation:
    """A text that follows a prompt, as it grows.

    Args:
      tokenizer: the tfm.inputs.text Tokenizer.
      before: the ids that the text goes on from.
      shown: special tokens that the text shows, by id: sentinels.
      eos_id: ends the text; None if there is none.
      stops: texts that end it, and are left out.

    Attributes:
      tokens: the ids made, those of a stop included.
      text: what they say, without the stop.
      finished: "eos" or "stop" where one was met, else "".
    """

    def __init__(
        self,
        tokenizer,
        before: Sequence[int],
        shown: dict[int, str],
        eos_id: int | None,
        stops: Sequence[str],
    ):
        self._tokenizer = tokenizer
        self._before = list(before)
        self._shown = shown
        self._eos_id = eos_id
        self._stops = stops
        self.tokens: list[int] = []
        self.text = ""
        self.finished = ""

    def extend(self, ids: Sequence[int]) -> None:
        """Takes more tokens, up to what ends the text; none after that."""
        ids = [] if self.finished else [int(id) for id in ids]
        if self._eos_id in ids:
            ids = ids[: ids.index(self._eos_id)]
            self.finished = "eos"
        known = len(self.tokens)
        self.tokens += ids
        self.text = self._decoded(self.tokens)
        if self._stop(self.text) is None:
            return
        self.finished = "stop"
        # the first token with which the stop is there, however many came at once
        for number in range(known + 1, len(self.tokens) + 1):
            text = self._decoded(self.tokens[:number])
            place = self._stop(text)
            if place is not None:
                break
        self.tokens, self.text = self.tokens[:number], text[:place]

    @property
    def sure(self) -> str:
        """The beginning of the text that further tokens cannot change."""
        if self.finished:
            return self.text
        text = self.text.rstrip(_BROKEN)  # the character may not be whole yet
        held = 0  # letters at the end that may begin a stop
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(text)), held, -1):
                if text.endswith(stop[:length]):
                    held = length
                    break
        return text[: len(text) - held]

    def _stop(self, text: str) -> int | None:
        places = [text.find(stop) for stop in self._stops]
        return min((place for place in places if place >= 0), default=None)

    def _decoded(self, ids: list[int]) -> str:
        # with what is before: pieces join its last word, or a space comes between
        before = self._spelt(self._before)
        whole = self._spelt(self._before + ids)
        return whole[len(before) :] if whole.startswith(before) else self._spelt(ids)

    def _spelt(self, ids: list[int]) -> str:
        """The text of the ids, with the names of the special tokens that it shows."""
        parts, names = [[]], []
        for id in ids:
            if id in self._shown:
                names.append(self._shown[id])
                parts.append([])
            else:
                parts[-1].append(id)
        texts = self._tokenizer.decode(parts)
        spelt = texts[0]
        spaced = self._tokenizer.config.method in ("word", "wordpiece", "unigram")
        for name, text in zip(names, texts[1:], strict=True):
            spelt += (" " if spaced and spelt else "") + name
            spelt += (" " if spaced and text else "") + text
        return spelt
