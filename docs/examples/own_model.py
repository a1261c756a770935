"""A deep averaging network (Iyyer et al. 2015) over word embeddings."""

import dataclasses

from tfm import data
from tfm import inputs
from tfm import tasks
from tfm import training
from tfm.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class AveragingNetwork:
    """The mean of the embeddings, through dense layers."""

    width: int = 64  # of the embeddings and of the layers
    num_layers: int = 2  # dense layers
    dropout: float = 0.2  # share of each layer's outputs dropped

    reads, optional = frozenset({"tokens"}), frozenset()
    gives = frozenset({"pooled"})

    def build(self, specs):
        import keras

        from tfm import layers

        tokens = specs["tokens"]
        tokens_BT = keras.Input(tokens.shape, dtype=tokens.dtype, name="tokens")
        mask_BT = keras.ops.not_equal(tokens_BT, 0)  # 0 is padding
        x_BTE = layers.TokenEmbedding(tokens.size, self.width)(tokens_BT)
        x_BE = layers.Pooling("mean")(x_BTE, mask=mask_BT)
        for _ in range(self.num_layers):
            x_BE = keras.layers.Dense(self.width, "relu")(x_BE)
            x_BE = keras.layers.Dropout(self.dropout)(x_BE)
        return keras.Model({"tokens": tokens_BT}, {"pooled": x_BE})


def experiment():
    return Experiment(
        data=data.LabeledText(train="reviews.csv"),
        inputs=inputs.Text(vocab_size=2_000, max_length=64),
        model=AveragingNetwork(),
        task=tasks.TextClassification(),
        optimizer=training.Optimizer(learning_rate=3e-3),
        train=training.Train(epochs=6),
    )
