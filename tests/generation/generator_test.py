"""Generated texts: as the whole model makes them, each row by itself."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from tests.support import small_runs
from tfm import errors
from tfm import generation

PROMPTS = ["the fox", "q", "a lazy dog"]


@pytest.fixture(scope="module")
def made():
    """Runs and their generators, by name; made once, so that each compiles once."""
    found = {}

    def get(name):
        if name not in found:
            run = small_runs.run(name)
            found[name] = run, generation.Generator(run, jit_compile=False)
        return found[name]

    return get


def _begun(run, prompt) -> list[int]:
    """The ids of a prompt, as a document begins."""
    tokenizer = run.preprocessor.tokenizer
    return [tokenizer.id_of("[EOS]"), *tokenizer.encode([prompt])[0].tolist()]


def _greedy(run, ids, number, source=()) -> list[int]:
    """Greedy tokens by the whole model for each, up to [EOS]."""
    ids, allowed = list(ids), small_runs.allowed(run)
    eos, new = run.preprocessor.tokenizer.id_of("[EOS]"), []
    for _ in range(number):
        scores = small_runs.scores(run, ids, source)[-1]
        new.append(int(np.where(allowed, scores, -np.inf).argmax()))
        ids.append(new[-1])
        if new[-1] == eos:
            return new[:-1]
    return new


@pytest.mark.parametrize("name", small_runs.MODELS)
def test_with_the_cache_the_same_tokens_as_without(made, name):
    run, generator = made(name)
    number = 5
    found = generator.generate(PROMPTS, temperature=0, max_new_tokens=number)
    for prompt, one in zip(PROMPTS, found, strict=True):
        ids, source = _begun(run, prompt), ()
        if name == "encoder_decoder":
            source = [*ids[1:], run.objective.start_id]
            ids = [run.objective.start_id]
        assert list(one.tokens) == _greedy(run, ids, number, source)
        alone = generator.generate([prompt], temperature=0, max_new_tokens=number)
        assert alone == [one]


@pytest.mark.parametrize("name", ["decoder", "lstm"])
def test_xla_makes_the_same(made, name):
    run, generator = made(name)
    compiled = generation.Generator(run)
    settings = {"temperature": 0.9, "top_k": 9, "top_p": 0.9, "max_new_tokens": 5}
    expected = generator.generate(PROMPTS, **settings)
    assert compiled.generate(PROMPTS, **settings) == expected


def test_a_row_does_not_depend_on_the_others(made):
    _, generator = made("decoder")
    settings = {"seed": 3, "max_new_tokens": 30, "repetition_penalty": 1.2}
    together = generator.generate([*PROMPTS, "q"], num_samples=2, **settings)
    again = generator.generate(PROMPTS[::-1], num_samples=2, batch_size=2, **settings)
    texts = [found.text for found in together]
    assert texts[:6] == [f.text for i in (4, 2, 0) for f in again[i : i + 2]]
    assert len(set(texts)) == 8  # the same prompt again has other texts
    other = generator.generate(PROMPTS, **settings | {"seed": 4})
    assert not {found.text for found in other} & set(texts)


def test_beyond_the_positions_the_last_half_is_read_anew(made):
    run, generator = made("decoder")
    ids = _begun(run, "the quick brow")  # 15, a bucket of 16
    (found,) = generator.generate(["the quick brow"], temperature=0, max_new_tokens=9)
    whole = [*ids, *found.tokens]
    # a token of the 16 slots; then from the last 8 tokens on
    assert list(found.tokens[:1]) == _greedy(run, whole[:15], 1)
    assert list(found.tokens[1:9]) == _greedy(run, whole[8:16], 8)
    assert found.finished == "length" and not found.notes


def test_a_long_prompt_loses_its_beginning_and_it_is_told(made):
    run, generator = made("decoder")
    text = "the quick brown fox jumps"
    (found,) = generator.generate([text], temperature=0, max_new_tokens=1)
    ids = run.preprocessor.tokenizer.encode([text], truncate=False)[0][-16:]
    assert list(found.tokens) == _greedy(run, ids, 1)
    assert found.notes == (
        ("cut", "The prompt has 25 tokens: the model reads its last 16."),
    )
    (found,) = made("lstm")[1].generate([text], temperature=0, max_new_tokens=20)
    assert not found.notes


def test_an_encoder_decoder_ends_at_its_positions(made):
    run, generator = made("encoder_decoder")
    found = generator.generate(["q <extra_id_0> z"], num_samples=20, max_new_tokens=40)
    ended = [one for one in found if one.finished == "positions"]
    assert ended and all(len(one.tokens) == 16 for one in ended)
    assert "ends at the 16 tokens" in ended[0].notes[0].text
    assert any("<extra_id_" in one.text for one in found)
    sentinel = run.preprocessor.tokenizer.id_of("<extra_id_0>")
    assert sentinel in {id for one in found for id in one.tokens}


def test_reserved_tokens_are_never_made():
    special = ("[CLS]", "[EOS]", "[MASK]")
    run = small_runs.run("decoder", special=special, scale=0.01)
    generator = generation.Generator(run, jit_compile=False)
    prompt = "a [CLS] b"
    found = generator.generate([prompt], num_samples=400, max_new_tokens=1)
    counts = collections.Counter(one.tokens for one in found)
    eos = run.preprocessor.tokenizer.id_of("[EOS]")
    assert not any(
        id < run.preprocessor.tokenizer.first_word_id for ids in counts for id in ids
    )
    assert counts[()] > 0  # [EOS], which ended those texts
    assert {one.finished for one in found} == {"eos", "length"}
    assert eos not in {id for ids in counts for id in ids}


def test_a_very_low_temperature_is_greedy(made):
    _, generator = made("rotary")
    greedy = generator.generate(PROMPTS, temperature=0, max_new_tokens=5)
    cold = generator.generate(PROMPTS, temperature=1e-30, max_new_tokens=5)
    assert [f.tokens for f in cold] == [f.tokens for f in greedy]


def test_top_k_and_top_p_keep_to_the_likeliest(made):
    run, generator = made("decoder")
    scores = small_runs.scores(run, _begun(run, "the fox"))[-1]
    scores = np.where(small_runs.allowed(run), scores, -np.inf) / 2.0
    chances = np.exp(small_runs.log_softmax(scores))
    order = np.argsort(-chances)
    inside = 1 + int((chances[order].cumsum() < 0.6).sum())
    number = 300
    for fields, size in (({"top_k": 3}, 3), ({"top_p": 0.6}, inside)):
        found = generator.generate(
            ["the fox"],
            num_samples=number,
            batch_size=number,
            max_new_tokens=1,
            temperature=2.0,
            **fields,
        )
        eos = run.preprocessor.tokenizer.id_of("[EOS]")
        counts = collections.Counter((*one.tokens, eos)[0] for one in found)
        assert set(counts) <= set(order[:size].tolist())
        expected = chances[order[:size]] / chances[order[:size]].sum()
        shares = np.array([counts[id] for id in order[:size]]) / number
        np.testing.assert_allclose(shares, expected, atol=0.1)


def test_beams_find_what_greedy_misses():
    """After "a" greedy takes the likelier token, which leads nowhere."""

    class Chain:
        """A model of the last token only: its decoding and its head in one."""

        table = np.full((6, 6), -9.0, np.float32)

        def init_cache(self, batch_size, length, source=None):
            return (tf.zeros((batch_size, 1)),)

        def decode_step(self, tokens_BT, cache, slot, starts_B=None):
            return tf.gather(tf.constant(self.table), tokens_BT), cache

    from tfm.generation import loop
    from tfm.generation import settings

    chain = Chain()
    # 2 -> 3 (0.6) or 4 (0.4); 3 -> 2, 3 or 4 alike; 4 -> 4 or [EOS] 1
    chain.table[2, [3, 4]] = np.log([0.6, 0.4])
    chain.table[3, [2, 3, 4]] = np.log(1 / 3)
    chain.table[4, [1, 4]] = np.log([0.95, 0.05])
    made = loop.Loop(chain, lambda x: x, np.arange(6) > 0, eos_id=1, jit_compile=False)
    prompt, starts = np.int32([[2]]), np.zeros(1, np.int32)
    buffer = np.int32([[2, 0, 0, 0]])
    cache = made.prefill(prompt, starts, 3)
    whole = settings.Settings(num_beams=3, length_penalty=0)
    tokens, logs = made.search(whole, buffer, cache, starts, np.int32(1))
    assert tokens[0, 0].numpy().tolist() == [2, 4, 1, 0]
    assert float(logs[0, 0]) == pytest.approx(np.log(0.4 * 0.95), abs=1e-3)
    _, greedy, *_ = made.advance(
        settings.Settings(temperature=0),
        buffer,
        cache,
        starts,
        np.zeros(1, bool),
        np.zeros((1, 3), np.float32),
        np.int32(1),
        np.int32(4),
    )
    assert greedy[0, 1] == 3


def test_beams_of_a_model_score_no_less_than_greedy(made):
    run, generator = made("decoder")

    def score(tokens):
        ids = _begun(run, "the fox")
        whole = [*ids, *tokens]
        scores = np.where(
            small_runs.allowed(run), small_runs.scores(run, whole), -np.inf
        )
        scores = small_runs.log_softmax(scores)
        places = range(len(ids) - 1, len(whole) - 1)
        return sum(scores[place, whole[place + 1]] for place in places)

    settings = {"max_new_tokens": 5}
    (greedy,) = generator.generate(["the fox"], temperature=0, **settings)
    beams = generator.generate(["the fox"], num_beams=6, num_samples=3, **settings)
    full = [one for one in beams if one.finished == "length"]
    assert len(beams) == 3 and full
    sums = [score(one.tokens) for one in full]
    assert sums == sorted(sums, reverse=True)
    if beams[0].finished == greedy.finished == "length":
        assert sums[0] >= score(greedy.tokens) - 1e-4


@pytest.mark.parametrize("number", [1, 17])
def test_streaming_gives_exactly_the_text(made, number):
    for method in ("byte", "wordpiece"):
        run = small_runs.run("lstm", method=method)
        generator = generation.Generator(run, jit_compile=False)
        pieces = []
        (found,) = generator.generate(
            ["the fox"], on_text=pieces.append, max_new_tokens=number, stop=["zzz"]
        )
        assert "".join(pieces) == found.text
        (whole,) = generator.generate(["the fox"], max_new_tokens=number, stop=["zzz"])
        assert whole == found


def test_a_stop_ends_the_text(made):
    _, generator = made("lstm")
    made_by_seed = (
        generator.generate(["the fox"], max_new_tokens=60, seed=seed)
        for seed in range(50)
    )
    seed, whole = next(
        (seed, one) for seed, (one,) in enumerate(made_by_seed) if len(one.text) > 22
    )
    stop = whole.text[20:23]  # three tokens
    (found,) = generator.generate(
        ["the fox"], max_new_tokens=60, seed=seed, stop=[stop]
    )
    place = whole.text.index(stop)
    assert found.text == whole.text[:place] and found.finished == "stop"
    assert found.tokens == whole.tokens[: place + 3]


@pytest.mark.parametrize("name", ["decoder", "rotary", "lstm"])
def test_an_empty_prompt_begins_as_a_document_of_training(made, name):
    run, generator = made(name)
    (found,) = generator.generate([""], temperature=0, max_new_tokens=5)
    assert found.prompt == ""
    assert list(found.tokens) == _greedy(run, _begun(run, ""), 5)
    # in training, that is what the first token is told from
    objective, tokenizer = run.objective, run.preprocessor.tokenizer
    ids = tokenizer.encode(["fox"])[0]
    end = tokenizer.id_of("[EOS]")
    before = np.int32([end, *ids]), np.int32([1, 2, 2, 2])
    for window in (before, (np.int32([0, *ids]), np.int32([0, 1, 1, 1]))):
        example = objective.example(*window)
        assert example["tokens"][:3].tolist() == [end, *ids[:2]]
        assert example["targets"][0] == ids[0] and example["target_weight"][0] == 1


def test_a_model_whose_scores_are_not_numbers():
    run = small_runs.run("lstm")
    run.model.weights[0].assign(run.model.weights[0] * np.nan)
    with pytest.raises(errors.UserError, match="scores are not numbers"):
        generation.Generator(run, jit_compile=False).generate(["a"])
