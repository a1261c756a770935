"""Generation with the cache, without it, and by keras_nlp: the same shape and tokens.

    python benchmarks/generation.py [--rounds=5] [--rows=1] [--tokens=200]

A decoder of 10.1 million parameters with random weights (6 layers, 320 wide, 5 heads,
feed-forward 1,280, 8,000 tokens, 512 positions) goes on from 16 tokens, greedily. Each
round makes the tokens in every way, in turns, in one process; "without the cache" is
the whole model over the text so far for each token, at lengths rounded up to 16.
keras_nlp's is GPT2CausalLM.generate as it compiles itself. Printed are medians over
the rounds, of CPU seconds (steadier on a shared machine) and of wall seconds. A ratio
above 1 says that the cached way is quicker.
"""

import dataclasses
import pathlib
import statistics
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tfm import config
from tfm import interfaces
from tfm import models

PROMPT = 16  # tokens
SHAPE = {"num_layers": 6, "width": 320, "num_heads": 5, "feedforward_width": 1280}
VOCAB_SIZE, POSITIONS = 8_000, 512


@dataclasses.dataclass(frozen=True)
class Options:
    """python benchmarks/generation.py [--rounds=5] [--rows=1] [--tokens=200]

    Times generation with the key-value cache, without it, and by keras_nlp.
    """

    rounds: int = 5  # of each way
    rows: int = 1  # texts made at a time
    tokens: int = 200  # new ones of each text
    jit: bool = True  # the cached way by XLA, as generation does


def main(options: Options) -> None:
    from benchmarks import ways  # imports TensorFlow

    made = {
        "cached": _cached(options),
        "uncached": _uncached(options),
        "keras_nlp": _keras_nlp(options),
    }
    first = {name: ways.timed(way).wall for name, way in made.items()}  # compiles
    times = {name: [] for name in made}
    for _ in range(options.rounds):
        for name, way in made.items():
            times[name].append(ways.timed(way))
    for name, found in times.items():
        cpu, wall = (
            1000 * statistics.median(getattr(t, kind) for t in found) / options.tokens
            for kind in ("cpu", "wall")
        )
        print(
            f"{name:10} {cpu:7.2f} ms CPU, {wall:7.2f} ms wall a token; "
            f"the first time took {first[name]:.1f} s"
        )
    for name in ("uncached", "keras_nlp"):
        for kind in ("cpu", "wall"):
            ratios = [
                getattr(other, kind) / getattr(ours, kind)
                for other, ours in zip(times[name], times["cached"], strict=True)
            ]
            print(
                f"{kind:4} time, {name} / cached: median "
                f"{statistics.median(ratios):.2f} "
                f"(min {min(ratios):.2f}, max {max(ratios):.2f}; {len(ratios)} rounds)"
            )


def _prompts(options: Options):
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.integers(2, VOCAB_SIZE, (options.rows, PROMPT)).astype(np.int32)


def _model():
    import keras

    keras.utils.set_random_seed(0)
    decoder = models.Decoder(**SHAPE)
    spec = interfaces.Spec((POSITIONS,), "int32", VOCAB_SIZE)
    backbone = decoder.build({"tokens": spec})
    logits = backbone.get_layer("embedding")(backbone.output["sequence"], reverse=True)
    return decoder, keras.Model(backbone.input, logits)


def _cached(options: Options):
    import numpy as np

    from tfm.generation import loop
    from tfm.generation import settings

    decoder, model = _model()
    print(
        f"{model.count_params():,} parameters, {options.rows} rows of {PROMPT} tokens"
    )
    head = model.get_layer("embedding")
    made = loop.Loop(
        decoder.decoding(model),
        lambda x_BD: head(x_BD, reverse=True),
        np.arange(VOCAB_SIZE) > 0,
        eos_id=None,
        jit_compile=options.jit,
    )
    prompts = _prompts(options)
    rows, length = prompts.shape
    total = length + options.tokens
    greedy = settings.Settings(temperature=0)

    def generate():
        starts, done = np.zeros(rows, np.int32), np.zeros(rows, bool)
        state = made.prefill(prompts, starts, total - 1)
        buffer = np.pad(prompts, ((0, 0), (0, options.tokens)))
        uniforms = np.zeros((rows, options.tokens), np.float32)
        last = np.int32(total)
        _, buffer, *_ = made.advance(
            greedy, buffer, state, starts, done, uniforms, np.int32(length), last
        )
        return buffer.numpy()

    return generate


def _uncached(options: Options):
    import numpy as np
    import tensorflow as tf

    decoder, model = _model()
    decoding, head = decoder.decoding(model), model.get_layer("embedding")
    prompts = _prompts(options)
    rows, length = prompts.shape
    functions = {}

    def function(size):
        def last(tokens, slot):
            sequence, _ = decoding.decode_step(
                tokens, decoding.init_cache(rows, size), 0
            )
            logits = head(tf.gather(sequence, slot[None] - 1, axis=1), reverse=True)
            return tf.argmax(logits[:, 0, 1:], axis=-1, output_type=tf.int32) + 1

        return functions.setdefault(size, tf.function(last, autograph=False))

    def generate():
        buffer = np.pad(prompts, ((0, 0), (0, options.tokens)))
        for slot in range(length, buffer.shape[1]):
            size = -(-slot // 16) * 16
            tokens = np.zeros((rows, size), np.int32)
            tokens[:, :slot] = buffer[:, :slot]
            tokens = tf.constant(tokens)
            buffer[:, slot] = function(size)(tokens, tf.constant(slot)).numpy()
        return buffer

    return generate


def _keras_nlp(options: Options):
    import keras_nlp
    import numpy as np

    shape = types.SimpleNamespace(**SHAPE)
    model = keras_nlp.models.GPT2CausalLM(
        keras_nlp.models.GPT2Backbone(
            vocabulary_size=VOCAB_SIZE,
            num_layers=shape.num_layers,
            num_heads=shape.num_heads,
            hidden_dim=shape.width,
            intermediate_dim=shape.feedforward_width,
            max_sequence_length=POSITIONS,
        )
    )
    model.compile(sampler="greedy")
    prompts = np.pad(_prompts(options), ((0, 0), (0, options.tokens)))
    mask = np.zeros(prompts.shape, bool)
    mask[:, :PROMPT] = True
    inputs = {"token_ids": prompts, "padding_mask": mask}
    return lambda: model.generate(inputs, stop_token_ids=None)


if __name__ == "__main__":
    config.run(main, Options)
