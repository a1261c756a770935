"""Small models with weights of their own, as a loaded run has them."""

import types

import keras
import numpy as np

from tfm import models
from tfm import tasks
from tfm.inputs import text as tokens

TEXTS = ["the quick brown fox jumps over the lazy dog, and sleeps on!"] * 2
SHAPE = {"num_layers": 1, "width": 8, "num_heads": 2, "feedforward_width": 8}
LENGTH = 16
MODELS = {
    "decoder": models.Decoder(**SHAPE),
    "rotary": models.Decoder(**SHAPE, position="rotary"),
    "lstm": models.LSTM(embedding_width=6, width=8),
    "encoder_decoder": models.EncoderDecoder(**SHAPE),
}


def run(name: str, method="character", special=("[EOS]",), length=LENGTH, scale=1.0):
    """What generation needs of a run; the weights are normal, times `scale`."""
    task = tasks.CausalLM()
    if name == "encoder_decoder":
        task = tasks.SpanCorruption(mean_span=1.0)
        special = task.special_tokens(length)
    config = tokens.Tokens(
        method=method, vocab_size=300, max_length=length, special_tokens=special
    )
    tokenizer = config.learn(TEXTS)
    bound = task.bind(tokenizer, length)
    packed = name in ("decoder", "rotary")
    bound_packed = {"packed": True} if packed else {}
    model = bound.model(
        MODELS[name].build(tokenizer.vocab_size, length, **bound_packed)
    )
    for i, weight in enumerate(model.weights):
        values = np.random.default_rng(i).normal(size=weight.shape) * scale
        weight.assign(values)
    return types.SimpleNamespace(
        experiment=types.SimpleNamespace(model=MODELS[name], task=task),
        model=model,
        task=bound,
        tokenizer=tokenizer,
    )


def scores(run, ids, source=None) -> np.ndarray:
    """log-probabilities of each next token by the whole model, float64 [T, V]."""
    length = run.tokenizer.config.max_length
    padded = np.zeros((1, length), np.int32)
    padded[0, : len(ids)] = ids
    inputs = padded
    if source is not None:
        sources = np.zeros((1, length), np.int32)
        sources[0, : len(source)] = source
        inputs = {"tokens": sources, "decoder_tokens": padded}
    elif isinstance(run.model.input, dict):
        inputs = {"tokens": padded, "segments": np.sign(padded)}
    logits_TV = keras.ops.convert_to_numpy(run.model(inputs))[0, : len(ids)]
    return log_softmax(logits_TV.astype(np.float64))


def log_softmax(logits) -> np.ndarray:
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def allowed(run) -> np.ndarray:
    """Which tokens may be made."""
    found = np.arange(run.tokenizer.vocab_size) >= run.tokenizer.first_word_id
    for name in run.tokenizer.config.special_tokens:
        is_sentinel = name.startswith("<extra") and hasattr(run.task, "start_id")
        found[run.tokenizer.id_of(name)] = name == "[EOS]" or is_sentinel
    return found
