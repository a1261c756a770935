"""Text-to-text objective: teacher forcing, and texts written at every evaluation.

B batch, N examples of a split, S tokens of a text, T of a target, V tokens in all.
"""

import collections
from collections.abc import Mapping
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfm import figures
from tfm import generation
from tfm import interfaces
from tfm.data import batches
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import terms as terms_lib
from tfm.tasks.language import terms_objective
from tfm.tasks.language import token_losses
from tfm.tasks.language import vocabulary_head
from tfm.tasks.sequences import scores as scores_module
from tfm.tasks.sequences import writing

_SHOWN = 20  # samples


class TextToTextObjective(terms_objective.TermsObjective):
    """A target told token by token, from its text; see interfaces.Objective.

        tokens         ein guter Film [EOS]
        targets        a good film [EOS]
        decoder_tokens [EOS] a good film

    Args:
      preprocessor: of inputs.TextToText.
      scores: names of those of written texts, see sequences.scores.
      num_beams: of the search; 1: greedy decoding.
      length_penalty: see generation.Settings.
      tied: whether the logits are made by the embedding's table.
      label_smoothing: share of the target spread over the vocabulary.

    Attributes:
      inputs: tokens int32 [S] and decoder_tokens int32 [T].
      start_id: what the decoder begins with, [EOS].
    """

    usage = 'predict --text="..."'

    def __init__(
        self,
        preprocessor: interfaces.Preprocessor,
        *,
        scores: Sequence[str] = (),
        num_beams: int = 1,
        length_penalty: float = 1.0,
        tied: bool = True,
        label_smoothing: float = 0.0,
    ):
        self._tokenizer = preprocessor.target_tokenizer
        self._tokens = preprocessor.specs["tokens"]
        self._target = preprocessor.specs["target_tokens"]
        self.inputs = {"tokens": self._tokens, "decoder_tokens": self._target}
        self.start_id = self._tokenizer.eos_id
        self._names = tuple(scores)
        self._settings = generation.Settings(
            max_new_tokens=self._target.shape[0],
            num_beams=num_beams,
            length_penalty=length_penalty,
        )
        self._tied, self._label_smoothing = tied, label_smoothing

    def examples(
        self, split: interfaces.Split, mode: interfaces.Mode
    ) -> interfaces.Examples:
        """The pairs of a split; for "predict" without targets."""
        return PairExamples(split, self._tokens, self._target, self.start_id, mode)

    def head(self, backbone: keras.Model) -> keras.Model:
        """`backbone` with a head on its causal features -> logits_BTV."""
        logits_BTV = vocabulary_head.build(
            backbone, backbone.output["causal"], self._target.size, self._tied
        )
        return keras.Model(backbone.input, logits_BTV, name="text_to_text")

    def logits(self, model: keras.Model, features):
        """Scores of the vocabulary [..., V] from features [..., D], by the head."""
        return vocabulary_head.logits(model, features)

    def terms(self, outputs, batch: Mapping) -> dict:
        """Each token's loss and accuracy; see token_losses.terms.

        Args:
          outputs: logits [B, T, V].
          batch: targets int32 [B, T], and weight float32 [B], 0 for examples that fill
            it up.
        """
        batch = {**batch, "target_weight": keras.ops.not_equal(batch["targets"], 0)}
        return token_losses.terms(outputs, batch, self._label_smoothing)

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Loss per token, [EOS] included, perplexity and accuracy."""
        return sum_metrics.metrics(sums)

    def eval_step(self, model: keras.Model, mode: interfaces.Mode):
        """batch -> written int32 [B, T]; and sums of each example's loss, if it has."""
        write = None
        if self._names or mode == "predict":
            writer = writing.Writer(model, self.logits, self._tokenizer)

            def write(tokens_BS):
                return writer(tokens_BS, self._settings)

        def step(batch):
            found = {"written": write(batch["tokens"])} if write else {}
            if mode == "predict":
                return found
            logits_BTV = model({n: batch[n] for n in model.input}, training=False)
            return found | terms_lib.example_sums(self.terms(logits_BTV, batch))

        return step

    def compute_metrics(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> figures.Evaluation:
        """Loss, perplexity and accuracy of the tokens, and scores of what is written.

        Args:
          results: as `eval_step` keeps them, and row [N] int64.
          split: with the texts and targets.

        Returns:
          The metrics, and as figures the samples "written" and a curve of "lengths".
        """
        found = self.scores(results)
        if "written" not in results:
            return figures.Evaluation(found)
        rows = split.rows(results["row"])
        texts = self.texts(results["written"])
        groups = collections.defaultdict(list)  # a text with several targets is one
        for place, row in enumerate(rows):
            groups[row["text"]].append(place)
        firsts = [places[0] for places in groups.values()]
        found |= scores_module.of(
            self._names,
            [texts[first] for first in firsts],
            [[rows[place]["target"] for place in places] for places in groups.values()],
        )
        step = max(len(firsts) // _SHOWN, 1)
        shown = [
            (rows[first]["text"], rows[first]["target"], texts[first])
            for first in firsts[::step][:_SHOWN]
        ]
        columns = ("source", "reference", "written")
        samples = figures.Samples(columns, shown)
        return figures.Evaluation(found, {"written": samples})

    def texts(self, written_NT: np.ndarray) -> list[str]:
        """The texts of tokens; what follows an [EOS] is padding."""
        return self._tokenizer.decode(written_NT)

    def exports(self, kept: Mapping) -> Mapping:
        """{"target": what is written, string [B]} in a graph, for an exported model."""
        written_BT = tf.RaggedTensor.from_tensor(kept["written"])
        follows_B = tf.zeros_like(kept["written"][:, 0], tf.bool)
        return {"target": self._tokenizer.spelling()(written_BT, follows_B)}

    def predictions(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> list[dict]:
        """{"target": what is written} of each row."""
        return [{"target": text} for text in self.texts(results["written"])]


class PairExamples:
    """Texts with their targets, and these moved by one for the decoder.

    Args:
      split: with "tokens" and "target_tokens".
      tokens: spec [S].
      target: spec [T].
      start_id: what the decoder's tokens begin with.
      mode: "predict" leaves the targets out.
    """

    def __init__(
        self,
        split: interfaces.Split,
        tokens: interfaces.Spec,
        target: interfaces.Spec,
        start_id: int,
        mode: interfaces.Mode,
    ):
        self._has_targets = mode != "predict"
        stored = {"tokens": tokens}
        if self._has_targets:
            stored["target_tokens"] = target
        self._rows = batches.Rows(split, stored)
        self._target, self._start_id = target, start_id
        self.spec = {"tokens": tokens, "decoder_tokens": target}
        if self._has_targets:
            self.spec["targets"] = target

    def __len__(self) -> int:
        return len(self._rows)

    def batch(
        self, places: np.ndarray, epochs: np.ndarray, seed: int
    ) -> dict[str, np.ndarray]:
        """The arrays of `spec`, "row", and "seed_row" where the split gives it."""
        found = self._rows.batch(places, epochs, seed)
        before_NT = np.zeros((len(places), *self._target.shape), np.int32)
        before_NT[:, 0] = self._start_id
        if self._has_targets:
            targets_NT = found["targets"] = found.pop("target_tokens")
            # behind the end there is nothing to be read
            going_on = (targets_NT[:, :-1] != 0) & (
                targets_NT[:, :-1] != self._start_id
            )
            before_NT[:, 1:] = np.where(going_on, targets_NT[:, :-1], 0)
        found["decoder_tokens"] = before_NT
        return found
