"""Translation and other text to text (sequence to sequence): the fields of the task."""

import dataclasses
import typing
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm import validation
from tfm.tasks import special_tokens
from tfm.tasks.sequences import names

if typing.TYPE_CHECKING:
    from tfm import interfaces
    from tfm.tasks.sequences import objective


@dataclasses.dataclass(frozen=True)
class Translation:
    """A text written from another (seq2seq): translation, transliteration, phonemes.

    Trained by teacher forcing; every evaluation writes the texts too, and scores them
    beside the loss. A text with several targets in a split counts once, and any of
    these is right (bleu and chrf take them as references).

    | score | what |
    |---|---|
    | bleu, chrf | as sacrebleu has them, 0 to 100 |
    | exact | share of texts written as a target |
    | word_error | share of texts that are no target: of words, as spelling to sound |
    | phoneme_error | edits over the parts, between spaces, of the nearest target |
    | character_error | the same of characters |
    """

    scores: tuple[names.Score, ...] = ("bleu", "chrf")  # of what is written
    num_beams: int = 1  # kept at a time in the search; 1: greedy decoding
    # of beams: their score is divided by the length to this power; 0: not at all
    length_penalty: float = 1.0
    tied: bool = True  # logits by the embedding's own table, else by a layer more
    label_smoothing: float = 0.0  # share of the target spread over the vocabulary

    columns = {"target": frozenset({"text"})}
    reads = frozenset({"causal"})
    gives = frozenset({"decoder_tokens"})
    metrics = ("loss", "perplexity", "accuracy", *names.SCORES)
    train_steps = ("MeanLoss", "SharpnessAware")

    def __post_init__(self):
        validation.at_least(self, 1, "num_beams")
        validation.at_least(self, 0, "length_penalty")
        validation.fraction(self, "label_smoothing")
        for name in self.scores:
            if name not in names.SCORES:
                raise errors.UserError(
                    f"scores must be of {', '.join(names.SCORES)}. Got {name!r}."
                )

    def direction(self, metric: str) -> "interfaces.Direction | None":
        """The better way for a metric that is measured."""
        if metric in ("loss", "perplexity"):
            return "min"
        if metric == "accuracy":
            return "max"
        if metric not in self.scores:
            return None
        return "min" if metric in names.ERRORS else "max"

    def reserves(self, inputs: "interfaces.Inputs") -> Sequence[str]:
        """[EOS], which ends texts and which the decoder begins with.

        Raises:
          UserError: the inputs are not pairs of texts.
        """
        if "target_tokens" not in inputs.gives:
            raise errors.UserError(
                "Translation reads pairs of texts: give inputs.TextToText. "
                f"Got inputs.{type(inputs).__name__}."
            )
        names.check_installed(self.scores)
        return (special_tokens.EOS,)

    def bind(
        self,
        columns: "Mapping[str, interfaces.Column]",
        preprocessor: "interfaces.Preprocessor",
    ) -> "objective.TextToTextObjective":
        """The objective for a preprocessor of inputs.TextToText."""
        from tfm.tasks.sequences import objective

        return objective.TextToTextObjective(
            preprocessor,
            scores=self.scores,
            num_beams=self.num_beams,
            length_penalty=self.length_penalty,
            tied=self.tied,
            label_smoothing=self.label_smoothing,
        )
