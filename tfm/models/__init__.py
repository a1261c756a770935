"""Models: frozen configurations with build(vocab_size, max_length) -> keras.Model."""

from tfm.models.cnn import CNN as CNN
from tfm.models.lstm import LSTM as LSTM
from tfm.models.transformer import Transformer as Transformer
