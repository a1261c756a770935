"""Tiny published models as KerasHub presets: BERT, GPT-2 and Llama."""

import io
import pathlib
import warnings

import keras_nlp
import sentencepiece

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] a man is eat ##ing food . br".split()  # noqa: SIM905


def write(folder: pathlib.Path, tokenizer=None, **fields) -> str:
    """A BERT of 13 tokens and 8 positions; its weights are random."""
    shape = {"num_layers": 2, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 8}
    shape |= {"vocabulary_size": len(WORDS), "max_sequence_length": 8}
    backbone = keras_nlp.models.BertBackbone(**shape | fields)
    tokenizer = tokenizer or keras_nlp.models.BertTokenizer(WORDS, lowercase=True)
    return save(folder, backbone, tokenizer)


def gpt2(folder: pathlib.Path, **fields) -> str:
    """A GPT-2 of bytes and a few merges, 16 positions; random weights, no padding id.

    "!" is id 0, and the end of a text is the last id.
    """
    letters = "!abcdefghijklmnopqrstuvwxyz.\u0120"
    merges = ["t h", "th e", "\u0120 the", "a n"]
    words = [*letters, *(merge.replace(" ", "") for merge in merges), "<|endoftext|>"]
    tokenizer = keras_nlp.models.GPT2Tokenizer(
        {word: id for id, word in enumerate(words)}, merges
    )
    shape = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
    shape |= {"vocabulary_size": len(words), "max_sequence_length": 16}
    return save(folder, keras_nlp.models.GPT2Backbone(**shape | fields), tokenizer)


def llama(folder: pathlib.Path, **fields) -> str:
    """A Llama of 40 pieces, with grouped queries and a head of its own."""
    learnt = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["the man is eating food in the house"] * 9),
        model_writer=learnt,
        vocab_size=40,
        model_type="bpe",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    tokenizer = keras_nlp.models.LlamaTokenizer(learnt.getvalue())
    shape = {"num_layers": 2, "num_query_heads": 4, "num_key_value_heads": 2}
    shape |= {"hidden_dim": 8, "intermediate_dim": 16, "tie_word_embeddings": False}
    shape |= {"vocabulary_size": tokenizer.vocabulary_size()}
    return save(folder, keras_nlp.models.LlamaBackbone(**shape | fields), tokenizer)


def save(folder: pathlib.Path, backbone, tokenizer) -> str:
    """A preset of this backbone and tokenizer."""
    with warnings.catch_warnings():  # of TensorFlow about NumPy
        warnings.filterwarnings("ignore", message="__array__ implementation")
        backbone.save_to_preset(str(folder))
    tokenizer.save_to_preset(str(folder))
    return str(folder)
