"""Text classification by an LSTM joined with a bag of n-grams (wide and deep)."""

import dataclasses

from tfm import inputs
from tfm import models
from tfm.experiments import text_cls


def experiment():
    base = text_cls.experiment()
    return dataclasses.replace(
        base,
        inputs=inputs.Together(
            {"text": base.inputs, "ngrams": inputs.Ngrams(strip_html=True)}
        ),
        model=models.Together({"lstm": base.model, "ngrams": models.NgramBag()}),
        train=dataclasses.replace(base.train, epochs=2, min_steps=200),
    )
