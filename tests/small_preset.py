"""A tiny BERT as a KerasHub preset, for tests of published models."""

import pathlib
import warnings

import keras_nlp

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] a man is eat ##ing food . br".split()  # noqa: SIM905


def write(folder: pathlib.Path, **fields) -> str:
    """A BERT of 13 tokens and 8 positions; its weights are random."""
    shape = {"num_layers": 2, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 8}
    shape |= {"vocabulary_size": len(WORDS), "max_sequence_length": 8}
    backbone = keras_nlp.models.BertBackbone(**shape | fields)
    tokenizer = keras_nlp.models.BertTokenizer(WORDS, lowercase=True)
    return save(folder, backbone, tokenizer)


def save(folder: pathlib.Path, backbone, tokenizer) -> str:
    """A preset of this backbone and tokenizer."""
    with warnings.catch_warnings():  # of TensorFlow about NumPy
        warnings.filterwarnings("ignore", message="__array__ implementation")
        backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return str(folder)
