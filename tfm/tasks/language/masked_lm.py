"""Masked language model objective: hidden tokens, next sentence, as BERT is trained.

B batch, T tokens, P hidden ones at the most, D width, V vocabulary.
"""

from collections.abc import Mapping

import keras
import numpy as np
from keras import ops

from tfm import interfaces
from tfm import layers
from tfm.tasks.language import bag_of_words
from tfm.tasks.language import masked_texts
from tfm.tasks.language import objective
from tfm.tasks.language import sentence_pairs
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import token_losses
from tfm.tasks.language import vocabulary_head


class MaskedLMObjective(objective.LanguageObjective):
    """Masked language modelling, with what is told of whole windows beside it.

    Devlin et al. 2018 (https://arxiv.org/abs/1810.04805). The tokens are hidden anew
    each time that an example is made. Only the places of hidden tokens go through the
    head over the vocabulary; their number P is fixed, and those too many weigh 0.

    Args:
      tokenizer: the tfm.inputs.text Tokenizer.
      max_length: T.
      masking: chooses and hides, see masking.Masking.
      documents: see tasks.MaskedLM.
      pair_ids: the ids of [CLS] and [SEP], for next-sentence prediction; None: without.
      bag_weight: of telling a window's tokens from its pooled vector, see
        bag_of_words; 0: it is not asked.
      tied: whether the logits are made by the embedding's table.

    Attributes:
      num_masked: P.
    """

    usage = 'predict --text="... [MASK] ..."'

    def __init__(
        self,
        tokenizer,
        max_length: int,
        masking,
        *,
        documents: str = "packed",
        pair_ids: tuple[int, int] | None = None,
        bag_weight: float = 0.0,
        tied: bool = True,
    ):
        self.tokenizer = tokenizer
        self.max_length = max_length
        self.masking = masking
        self.num_masked = masking.most(max_length)
        self.pairs = None
        if pair_ids:
            self.pairs = sentence_pairs.Pairs(
                *pair_ids, max_length, tokenizer.document_end
            )
        window = self.pairs.window if self.pairs else max_length
        super().__init__(
            self._spec(documents == "packed", bool(bag_weight)),
            ("tokens", "segments", "types"),
            window=window,
            documents=documents,
        )
        self._bag_weight = bag_weight
        self._alone = not (bag_weight or self.pairs)  # no other loss is added
        self._tied = tied

    def _spec(self, packed: bool, bag: bool) -> dict[str, interfaces.Spec]:
        size, length = self.tokenizer.vocab_size, self.max_length
        ids_T = interfaces.Spec((length,), "int32", size)
        found = {
            "tokens": ids_T,
            "masked_positions": interfaces.Spec((self.num_masked,), "int32", length),
            "masked_targets": interfaces.Spec((self.num_masked,), "int32", size),
            "masked_weight": interfaces.Spec((self.num_masked,), "float32"),
        }
        if packed:
            found["segments"] = interfaces.Spec((length,), "int32")
        if self.pairs:
            found["types"] = interfaces.Spec((length,), "int32", 2)
            found["is_next"] = interfaces.Spec((), "int32", 2)
        if bag:
            found["bag"] = ids_T
        return found

    def example(self, tokens, segments, rng, other=None) -> dict[str, np.ndarray]:
        """The example of a window.

        Args:
          tokens: int32, up to `window` of them.
          segments: int32, the number of each token's document in the window.
          rng: numpy.random.Generator, which all chance is drawn from.
          other: rng -> tokens of another window, for next-sentence prediction.

        Returns:
          tokens, segments and types int32 [T], 0 where there are none;
          masked_positions and masked_targets int32 [P], masked_weight float32 [P],
          1 for each that counts; is_next int32, 0 or 1; bag int32 [T], the distinct
          tokens.
        """
        found = self.empty()
        if self.pairs:
            tokens, types, found["is_next"] = self.pairs.make(tokens, rng, other)
            segments = np.ones_like(tokens)
            found["types"][: len(tokens)] = types
        length = len(tokens)
        positions = self.masking.choose(tokens, segments, rng)
        chosen = tokens[positions]
        number = len(positions)
        found["tokens"][:length] = tokens
        found["tokens"][positions] = self.masking.hide(chosen, rng)
        found["masked_positions"][:number] = positions
        found["masked_targets"][:number] = chosen
        found["masked_weight"][:number] = 1
        if "segments" in found:
            found["segments"][:length] = segments
        if "bag" in found:
            found["bag"] = bag_of_words.bag(
                tokens, self.tokenizer.first_word_id, self.max_length
            )
        return found

    def head(self, backbone: keras.Model) -> keras.Model:
        """`backbone` with the heads.

        Its inputs are the backbone's and masked_positions [B, P]. Outputs: logits_BPV,
        or a dict of these as "masked" with "next_sentence": logits_B, "bag": logits_BV.
        """
        positions_BP = keras.Input(
            (self.num_masked,), dtype="int32", name="masked_positions"
        )
        x_BPD = TakePositions(name="masked")(backbone.output["sequence"], positions_BP)
        width = x_BPD.shape[-1]
        if self._tied:
            width = vocabulary_head.embedding_width(backbone)
        x_BPD = keras.layers.Dense(width, activation="gelu", name="head_dense")(x_BPD)
        x_BPD = layers.normalize("layer", name="head_norm")(x_BPD)
        outputs = vocabulary_head.build(
            backbone, x_BPD, self.tokenizer.vocab_size, self._tied
        )
        if self._tied:
            outputs = vocabulary_head.Bias(name="head_bias")(outputs)
        if not self._alone:
            outputs = {"masked": outputs}
        if self.pairs:
            x_BD = backbone.output["pooled"]
            x_BD = keras.layers.Dense(
                x_BD.shape[-1], activation="tanh", name="next_sentence_dense"
            )(x_BD)
            next_B1 = keras.layers.Dense(1, name="next_sentence")(x_BD)
            outputs["next_sentence"] = ops.squeeze(next_B1, 1)
        if self._bag_weight:
            outputs["bag"] = bag_of_words.logits(
                backbone, self.tokenizer.vocab_size, self._tied
            )
        inputs = backbone.input | {"masked_positions": positions_BP}
        return keras.Model(inputs, outputs, name="masked_language_model")

    def terms(self, outputs, batch: Mapping) -> dict:
        """{name: (values, weights)} of hidden tokens and of whole examples.

        The losses of whole examples, those of next-sentence prediction and of bags of
        words, are added to that of each hidden token, so that the means add up.

        Args:
          outputs: the model's.
          batch: masked_targets and masked_weight [B, P], is_next [B], bag [B, T], and
            weight float32 [B], 0 for padding examples.

        Returns:
          loss and masked_accuracy [B, P]; where there are losses of examples,
          masked_loss [B, P]; next_sentence_loss, next_sentence_accuracy and bag_loss
          [B].
        """
        logits_BPV = outputs if self._alone else outputs["masked"]
        losses_BP, _, right_BP = token_losses.token_losses(
            logits_BPV, batch["masked_targets"]
        )
        weights_BP = token_losses.weigh(batch["masked_weight"], batch)
        found = {"masked_accuracy": (right_BP, weights_BP)}
        if not self._alone:
            found["masked_loss"] = (losses_BP, weights_BP)
        weights_B = ops.cast(batch["weight"], "float32")
        if self.pairs:
            logits_B = ops.cast(outputs["next_sentence"], "float32")
            next_B = ops.cast(batch["is_next"], "float32")
            loss_B = ops.softplus(logits_B) - next_B * logits_B  # cross-entropy
            right_B = ops.cast(ops.equal(logits_B > 0, next_B > 0), "float32")
            losses_BP = losses_BP + loss_B[:, None]
            found["next_sentence_loss"] = (loss_B, weights_B)
            found["next_sentence_accuracy"] = (right_B, weights_B)
        if self._bag_weight:
            loss_B = bag_of_words.losses(outputs["bag"], batch["bag"])
            losses_BP = losses_BP + self._bag_weight * loss_B[:, None]
            found["bag_loss"] = (loss_B, weights_B)
        return {"loss": (losses_BP, weights_BP)} | found

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Metrics of a split, from the sums of `terms` over it.

        Returns:
          loss and masked_accuracy; perplexity, of the hidden tokens; masked_loss (nats
          per hidden token), next_sentence_loss and bag_loss (nats per example), whose
          weighted sum loss is; and next_sentence_accuracy.
        """
        found = {name: sum_metrics.mean(sums, name) for name in sums}
        if not self._alone:
            found["loss"] = found["masked_loss"]
            found["loss"] += found.get("next_sentence_loss", 0.0)
            found["loss"] += self._bag_weight * found.get("bag_loss", 0.0)
        masked_loss = found.get("masked_loss", found["loss"])
        return found | {"perplexity": sum_metrics.perplexity(masked_loss)}

    def examples(
        self, split: interfaces.Split, mode: interfaces.Mode
    ) -> interfaces.Examples:
        """Windows of a split; for "predict" its texts, with [MASK] in them.

        Raises:
          UserError: a text has no [MASK], too many of them, or too many tokens.
        """
        if mode == "predict":
            return masked_texts.MaskedTexts(self, split)
        return super().examples(split, mode)

    def eval_step(self, model: keras.Model, mode: interfaces.Mode):
        """batch -> the terms of each example; for "predict" its likeliest tokens."""
        if mode != "predict":
            return super().eval_step(model, mode)

        def step(batch):
            outputs = model({n: batch[n] for n in model.input}, training=False)
            logits_BPV = outputs if self._alone else outputs["masked"]
            told = masked_texts.likeliest(logits_BPV, self.tokenizer.first_word_id)
            return told | {name: batch[name] for name in masked_texts.KEPT}

        return step

    def raw_examples(self) -> masked_texts.RawMaskedTexts:
        """Texts with [MASK] in them -> a batch, in a graph."""
        return masked_texts.RawMaskedTexts(self)

    def exports(self, kept: Mapping) -> dict:
        """The likeliest tokens of each [MASK] in a graph, for an exported model.

        Returns:
          tokens string and their probabilities float32, [B, P, K], the likeliest first;
          "" and 0 where a text has no more [MASK].
        """
        return masked_texts.exports(self.tokenizer, kept)

    def predictions(
        self, results: interfaces.Arrays, split: interfaces.Split
    ) -> list[dict]:
        """For each text, what its [MASK]s stand for.

        Returns:
          {"text": with the likeliest tokens in, "masks": for each [MASK] a list of
          {"token", "probability"}, the likeliest first}.
        """
        return masked_texts.predictions(self.tokenizer, results)


@keras.saving.register_keras_serializable(package="tfm")
class TakePositions(keras.layers.Layer):
    """`layers.take_positions` as a layer: x_BTD and positions_BP -> x_BPD."""

    def call(self, x_BTD, positions_BP):
        return layers.take_positions(x_BTD, positions_BP)
