"""Translation: Spanish to English, or any table of two columns, by an encoder-decoder.

    python benchmarks/verses.py verses.csv
    python -m tfm.train --experiment=translate --data.train=verses.csv
    python -m tfm.predict --run_dir=runs/translate --text="Y dijo Dios: Sea la luz."

Beside other ways on the same verses: benchmarks/translation.py.
"""

from tfm import data
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment


def experiment() -> Experiment:
    return Experiment(
        data=data.ParallelText(
            train="verses.csv", validation_fraction=0.02, test_fraction=0.05
        ),
        inputs=inputs.TextToText(
            source=inputs.Text(
                method="bpe", vocab_size=8_000, lowercase=False, max_length=64
            )
        ),
        model=models.EncoderDecoder(
            num_layers=3,
            width=192,
            num_heads=4,
            feedforward_width=768,
            position="learned",
            dropout=0.1,
        ),
        task=tasks.Translation(num_beams=4, label_smoothing=0.1),
        optimizer=training.Optimizer(learning_rate=1e-3, weight_decay=0.01),
        train=training.Train(
            steps=4000, batch_size=64, eval_every=1000, best_metric="bleu"
        ),
    )
