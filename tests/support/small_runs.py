"""Small models with weights of their own, as a loaded run has them."""

import types

import keras
import numpy as np

from tfm import inputs
from tfm import models
from tfm import tasks

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
    config, task = MODELS[name], tasks.CausalLM(documents="separate")
    if name in ("decoder", "rotary"):
        task = tasks.CausalLM(documents="packed")
    if name == "encoder_decoder":
        task = tasks.SpanCorruption(mean_span=1.0)
    text = inputs.Text(
        method=method, vocab_size=300, max_length=length, special_tokens=special
    )
    rows = [{"text": line} for line in TEXTS]
    preprocessor = text.fit(rows, task.reserves(text))
    objective = task.bind({}, preprocessor)
    model = objective.head(config.build(objective.inputs))
    for i, weight in enumerate(model.weights):
        values = np.random.default_rng(i).normal(size=weight.shape) * scale
        weight.assign(values)
    return types.SimpleNamespace(
        experiment=types.SimpleNamespace(inputs=text, model=config, task=task),
        preprocessor=preprocessor,
        objective=objective,
        model=model,
    )


def scores(run, ids, source=()) -> np.ndarray:
    """log-probabilities of each next token by the whole model, float64 [T, V]."""
    ids_1T, source_1S = _padded(run, ids), _padded(run, source)
    given = {"tokens": ids_1T, "segments": np.sign(ids_1T)}
    if "decoder_tokens" in run.model.input:
        given = {"tokens": source_1S, "decoder_tokens": ids_1T}
    logits_1TV = run.model({name: given[name] for name in run.model.input})
    logits_TV = keras.ops.convert_to_numpy(logits_1TV)[0, : len(ids)]
    return log_softmax(logits_TV.astype(np.float64))


def _padded(run, ids) -> np.ndarray:
    found = np.zeros((1, *run.preprocessor.specs["tokens"].shape), np.int32)
    found[0, : len(ids)] = ids
    return found


def log_softmax(logits) -> np.ndarray:
    logits = logits - logits.max(axis=-1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def allowed(run) -> np.ndarray:
    """Which tokens may be made, bool [V]."""
    tokenizer = run.preprocessor.tokenizer
    found = np.arange(tokenizer.vocab_size) >= tokenizer.first_word_id
    for name in tokenizer.config.special_tokens:
        is_sentinel = name.startswith("<extra") and run.objective.start_id is not None
        found[tokenizer.id_of(name)] = name == "[EOS]" or is_sentinel
    return found
