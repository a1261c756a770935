"""Raw columns to arrays: text as token ids, n-grams, vectors or scores; pictures.

inputs = inputs.Text(method="wordpiece", vocab_size=8_000)
preprocessor = inputs.fit([{"text": "A fine film."}])
tokens = preprocessor.encode([{"text": "fine"}])["tokens"]
preprocessor.save("runs/text_cls/preprocessor")
preprocessor = inputs.load("runs/text_cls/preprocessor")
"""

from tfm.inputs.image.augmentation import ImageAugment
from tfm.inputs.image.config import Image
from tfm.inputs.image.pretrained import PretrainedImage
from tfm.inputs.ngrams import Ngrams
from tfm.inputs.sentence_vectors import SentenceVectors
from tfm.inputs.stacking import Stacked
from tfm.inputs.text.augmentation import Augment
from tfm.inputs.text.config import Text
from tfm.inputs.text.pretrained import PretrainedText
from tfm.inputs.text_to_text import TextToText
from tfm.inputs.together import Together

__all__ = [
    "Augment",
    "Image",
    "ImageAugment",
    "Ngrams",
    "PretrainedImage",
    "PretrainedText",
    "SentenceVectors",
    "Stacked",
    "Text",
    "TextToText",
    "Together",
]
