"""Settings of sampling and beam search: temperature, top-k, top-p, stops."""

import dataclasses

from tfm import errors
from tfm import validation


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of text generation: sampling or beam search, and when a text ends."""

    max_new_tokens: int = 200  # tokens of a text at the most
    temperature: float = 1.0  # below 1: likelier tokens; 0: always the likeliest
    top_k: int | None = None  # draw from the k likeliest tokens only
    top_p: float = 1.0  # draw from the likeliest tokens that have this share together
    # above 1: search for the likeliest text with so many kept at a time
    num_beams: int = 1
    # of beams: their score is divided by the length to this power; 0: not at all
    length_penalty: float = 1.0
    # above 1: scores of tokens that were there are divided by it
    repetition_penalty: float = 1.0
    # a text ends before this one; may be given several times. [EOS] always ends it
    stop: list[str] = dataclasses.field(default_factory=list)
    num_samples: int = 1  # texts for each prompt
    seed: int = 0  # of the random choices: the same seed gives the same text

    def __post_init__(self):
        validation.at_least(
            self, 1, "max_new_tokens", "num_beams", "num_samples", "top_k"
        )
        validation.at_least(self, 0, "temperature", "seed", "length_penalty")
        validation.share(self, "top_p")
        validation.above_zero(self, "repetition_penalty")
        if isinstance(self.stop, str) or not all(self.stop):
            raise errors.UserError(
                f"stop must be a list of texts that are not empty. Got {self.stop!r}."
            )
        self._check_together()

    def _check_together(self) -> None:
        if self.num_beams > 1:
            given = {"top_k": self.top_k is not None, "top_p": self.top_p < 1}
            given["temperature"] = self.temperature != 1
            for name in (name for name, is_given in given.items() if is_given):
                raise errors.UserError(
                    "num_beams searches and draws nothing: give it without "
                    f"temperature, top_k and top_p. Got {name}={getattr(self, name)}."
                )
        if self.num_samples > self.num_beams and self.deterministic:
            raise errors.UserError(
                "num_samples texts need a temperature above 0, or num_beams of as "
                f"many. Got num_samples={self.num_samples}, "
                f"num_beams={self.num_beams}, temperature={self.temperature}."
            )

    @property
    def deterministic(self) -> bool:
        """Whether nothing is drawn."""
        return self.temperature == 0 or self.num_beams > 1
