"""Span corruption objective: denoising of text, as T5 is trained.

B batch, S encoder's tokens, T targets, V vocabulary.
"""

from collections.abc import Mapping
from collections.abc import Sequence

import numpy as np

from tfm import interfaces
from tfm.tasks.language import generative
from tfm.tasks.language import span_lengths
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import token_losses


class SpanCorruptionObjective(generative.GenerativeObjective):
    """Span corruption (Raffel et al. 2020, https://arxiv.org/abs/1910.10683).

    Spans of a window of one document are cut out at random, and a sentinel is left for
    each; the targets are the sentinels with what was there:

        window         a fine film about two brothers
        tokens         a <0> about two <1> [EOS]
        targets        <0> fine film <1> brothers [EOS]
        decoder_tokens [EOS] <0> fine film <1> brothers

    The decoder begins with [EOS], not with the padding's id as in T5: padding is what
    models hide. A window begins with a token that stays and ends with one cut out, as
    there.

    Args:
      vocab_size: V.
      lengths: sizes of an example, see span_lengths.SpanLengths.
      eos_id: the id of [EOS].
      sentinel_ids: the ids of the sentinels, one for each span.
      tied: whether the logits are made by the embedding's table.
      label_smoothing: share of the target spread over the vocabulary.

    Attributes:
      decoder_length: T.
    """

    def __init__(
        self,
        vocab_size: int,
        lengths: span_lengths.SpanLengths,
        eos_id: int,
        sentinel_ids: Sequence[int],
        *,
        tied: bool = True,
        label_smoothing: float = 0.0,
    ):
        self.decoder_length = lengths.decoder_length
        ids_T = interfaces.Spec((self.decoder_length,), "int32", vocab_size)
        super().__init__(
            vocab_size,
            tied,
            spec={
                "tokens": interfaces.Spec(
                    (lengths.encoder_length,), "int32", vocab_size
                ),
                "decoder_tokens": ids_T,
                "targets": ids_T,
                "target_weight": interfaces.Spec((self.decoder_length,), "float32"),
            },
            inputs=("tokens", "decoder_tokens"),
            window=lengths.window,
            documents="separate",
        )
        self._lengths = lengths
        self._eos_id = self.start_id = eos_id
        self._sentinel_ids = np.asarray(sentinel_ids, np.int32)
        self._label_smoothing = label_smoothing

    def example(self, tokens, segments, rng, other=None) -> dict[str, np.ndarray]:
        """The example of a window.

        Args:
          tokens: int32, up to `window` of them; an [EOS] at the end is left out.
          segments: not used.
          rng: numpy.random.Generator, which all chance is drawn from.
          other: not used.

        Returns:
          tokens int32 [S], decoder_tokens and targets int32 [T], padded with 0;
          target_weight float32 [T], 1 for each target. A text of one token has
          nothing cut out, and no target that counts.
        """
        if len(tokens) and tokens[-1] == self._eos_id:
            tokens = tokens[:-1]
        encoder, targets = self._corrupt(tokens, rng)
        found = self.empty()
        found["tokens"][: len(encoder)] = encoder
        found["tokens"][len(encoder)] = self._eos_id
        number = len(targets)
        found["targets"][:number] = targets
        found["targets"][number] = self._eos_id
        found["decoder_tokens"][0] = self._eos_id
        found["decoder_tokens"][1 : number + 1] = targets
        if number:
            found["target_weight"][: number + 1] = 1
        return found

    def _corrupt(self, tokens, rng):
        """The tokens that stay and those cut out, both with sentinels."""
        num_noise, num_spans = self._lengths.noise(len(tokens))
        if not num_spans:
            return tokens, tokens[:0]
        stays = _parts(len(tokens) - num_noise, num_spans, rng)
        cut = _parts(num_noise, num_spans, rng)
        kept, noise = _split(tokens, stays, cut)
        sentinels = self._sentinel_ids[:num_spans]
        encoder = np.insert(kept, np.cumsum(stays), sentinels)
        return encoder, np.insert(noise, np.cumsum(cut) - cut, sentinels)

    def terms(self, logits_BTV, batch: Mapping) -> dict:
        """Each target's loss and accuracy; see token_losses.terms.

        Args:
          logits_BTV: the model's output.
          batch: targets and target_weight [B, T], and weight float32 [B].
        """
        return token_losses.terms(logits_BTV, batch, self._label_smoothing)

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Loss per target, sentinels and [EOS] included, perplexity and accuracy."""
        return sum_metrics.metrics(sums)


def _parts(total: int, number: int, rng: np.random.Generator) -> np.ndarray:
    """Lengths of `number` parts of `total`, none empty; each division as likely."""
    cuts = np.sort(rng.permutation(total - 1)[: number - 1]) + 1
    return np.diff(np.concatenate([[0], cuts, [total]]))


def _split(tokens, stays, cut):
    """The tokens that stay and those cut out, which follow each other by turns."""
    lengths = np.stack([stays, cut], axis=1).ravel()
    is_noise = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return tokens[~is_noise], tokens[is_noise]
