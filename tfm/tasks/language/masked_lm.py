"""Telling hidden tokens.

B batch, T tokens, P hidden ones at the most, D width, V vocabulary.
"""

import keras
import numpy as np
from keras import ops

from tfm import layers
from tfm.tasks.language import bag_of_words
from tfm.tasks.language import masked_texts
from tfm.tasks.language import sentence_pairs
from tfm.tasks.language import sum_metrics
from tfm.tasks.language import token_losses
from tfm.tasks.language import vocabulary_head


class MaskedTokens:
    """Masked language modelling, with what is told of whole windows beside it.

    Devlin et al. 2018 (https://arxiv.org/abs/1810.04805). The tokens are hidden anew
    each time that an example is made. Only the places of hidden tokens go through the
    head over the vocabulary; their number P is fixed, and those too many weigh 0.

    Args:
      tokenizer: the tfm.inputs.text Tokenizer.
      max_length: T.
      masking: chooses and hides, see masking.Masking.
      documents: see MaskedLM.
      pair_ids: the ids of [CLS] and [SEP], for next-sentence prediction; None: without.
      bag_weight: of telling a window's tokens from its pooled vector, see
        bag_of_words; 0: it is not asked.
      tied: whether the logits are made by the embedding's table.

    Attributes:
      window: tokens of the corpus that an example takes.
      stride: tokens from one window to the next.
      crosses: whether a window may hold several documents.
      packed: whether the model must keep these apart, by the input "segments".
      types: how many kinds of token the model must tell, by the input "types".
      spec: {name: (dtype, shape)} of an example.
    """

    by_sums = True
    use = "fill"  # what a trained model is for: telling what [MASK] stands for

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
        self.pairs = None
        if pair_ids:
            self.pairs = sentence_pairs.Pairs(
                *pair_ids, max_length, tokenizer.document_end
            )
        self.window = self.stride = self.pairs.window if self.pairs else max_length
        self.crosses = documents != "separate"
        self.packed = documents == "packed"
        self.types = 2 if self.pairs else 0
        self.num_masked = masking.most(max_length)
        int_T = (np.dtype(np.int32), (max_length,))
        int_P = (np.dtype(np.int32), (self.num_masked,))
        self.spec = {
            "tokens": int_T,
            "masked_positions": int_P,
            "masked_targets": int_P,
            "masked_weight": (np.dtype(np.float32), (self.num_masked,)),
        }
        if self.packed:
            self.spec["segments"] = int_T
        if self.pairs:
            self.spec |= {"types": int_T, "is_next": (np.dtype(np.int32), ())}
        if bag_weight:
            self.spec["bag"] = int_T
        self._bag_weight = bag_weight
        self._alone = not (bag_weight or self.pairs)  # no other loss is added
        self._tied = tied

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
        if self.packed:
            found["segments"][:length] = segments
        if self._bag_weight:
            found["bag"] = bag_of_words.bag(
                tokens, self.tokenizer.first_word_id, self.max_length
            )
        return found

    def empty(self) -> dict[str, np.ndarray]:
        """An example of zeros."""
        return {
            name: np.zeros(shape, dtype) for name, (dtype, shape) in self.spec.items()
        }

    def model(self, backbone: keras.Model) -> keras.Model:
        """`backbone` with the heads.

        Its inputs are the backbone's and masked_positions [B, P]. Outputs: logits_BPV,
        or a dict of these as "masked" with "next_sentence": logits_B, "bag": logits_BV.
        """
        inputs = backbone.input
        if not isinstance(inputs, dict):
            inputs = {"tokens": inputs}
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
        inputs = inputs | {"masked_positions": positions_BP}
        return keras.Model(inputs, outputs, name="masked_language_model")

    def loss(self, outputs, batch: dict):
        """Each hidden token's loss and weight, and sums to watch.

        The losses of whole examples, those of next-sentence prediction and of bags of
        words, are added to that of each hidden token, so that the means add up.

        Args:
          outputs: the model's.
          batch: masked_targets and masked_weight [B, P], is_next [B], bag [B, T], and
            weight float32 [B], 0 for padding examples.

        Returns:
          losses_BP, weights_BP, and {name: (sum, count)}: masked_accuracy; where there
          are losses of examples, masked_loss; next_sentence_loss and
          next_sentence_accuracy; bag_loss.
        """
        logits_BPV = outputs if self._alone else outputs["masked"]
        losses_BP, _, right_BP = token_losses.token_losses(
            logits_BPV, batch["masked_targets"]
        )
        weights_BP = token_losses.weigh(batch["masked_weight"], batch)
        count = ops.sum(weights_BP)
        watched = {"masked_accuracy": (ops.sum(right_BP * weights_BP), count)}
        if not self._alone:
            watched["masked_loss"] = (ops.sum(losses_BP * weights_BP), count)
        weights_B = ops.cast(batch["weight"], "float32")
        examples = ops.sum(weights_B)
        if self.pairs:
            logits_B = ops.cast(outputs["next_sentence"], "float32")
            next_B = ops.cast(batch["is_next"], "float32")
            loss_B = ops.softplus(logits_B) - next_B * logits_B  # cross-entropy
            right_B = ops.cast(ops.equal(logits_B > 0, next_B > 0), "float32")
            losses_BP = losses_BP + loss_B[:, None]
            watched |= {
                "next_sentence_loss": (ops.sum(loss_B * weights_B), examples),
                "next_sentence_accuracy": (ops.sum(right_B * weights_B), examples),
            }
        if self._bag_weight:
            loss_B = bag_of_words.losses(outputs["bag"], batch["bag"])
            losses_BP = losses_BP + self._bag_weight * loss_B[:, None]
            watched["bag_loss"] = (ops.sum(loss_B * weights_B), examples)
        return losses_BP, weights_BP, watched

    def metrics(self, sums: sum_metrics.Sums) -> dict[str, float]:
        """Metrics of a split from the sums over it: "loss" and what `loss` watches.

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

    def text_batch(self, texts: list[str]) -> dict[str, np.ndarray]:
        """The examples of texts in which [MASK] stands for a token each.

        Raises:
          UserError: a text has no [MASK], too many of them, or too many tokens.
        """
        return masked_texts.batch(self, texts)

    def predictions(self, outputs, batch: dict, top: int = 5) -> list[dict]:
        """For each text of `text_batch`, what its [MASK]s stand for.

        Args:
          outputs: the model's, as NumPy.
          batch: what `text_batch` gave.
          top: how many tokens are told for each [MASK].

        Returns:
          {"text": with the likeliest tokens in, "masks": for each [MASK] a list of
          {"token", "probability"}, the likeliest first}.
        """
        logits_BPV = outputs if self._alone else outputs["masked"]
        return masked_texts.predictions(self, np.asarray(logits_BPV), batch, top)


@keras.saving.register_keras_serializable(package="tfm")
class TakePositions(keras.layers.Layer):
    """`layers.take_positions` as a layer: x_BTD and positions_BP -> x_BPD."""

    def call(self, x_BTD, positions_BP):
        return layers.take_positions(x_BTD, positions_BP)
