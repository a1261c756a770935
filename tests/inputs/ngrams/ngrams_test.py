"""N-grams: TF-IDF as scikit-learn has it, kept whole by save and load."""

import dataclasses
import random

import numpy as np
import pytest
from sklearn import pipeline
from sklearn import preprocessing
from sklearn.feature_extraction import text as vectorizers

from tests.support import hard_texts
from tfm import errors
from tfm import inputs

RANDOM = random.Random(0)
WORDS = "the a film was good bad, not! so café über 2012 it's -- 日本"
TEXTS = [
    " ".join(RANDOM.choices(WORDS.split(), k=RANDOM.randint(1, 30))) for _ in range(80)
]


def _rows(texts):
    return [{"text": text} for text in texts]


def _dense(found, size):
    matrix = np.zeros((len(found["ngrams"]), size))
    for row, (ids, weights) in enumerate(
        zip(found["ngrams"], found["weights"], strict=True)
    ):
        matrix[row, ids] = weights
    return matrix


def test_weights_are_scikit_learns():
    union = pipeline.make_union(
        vectorizers.CountVectorizer(
            ngram_range=(1, 2), token_pattern=r"(?u)\w+|[^\w\s]", min_df=2
        ),
        vectorizers.CountVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2),
    )
    counts = union.fit_transform(TEXTS)
    weights = vectorizers.TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    made = inputs.Ngrams(min_count=2).fit(_rows(TEXTS))
    size = made.stored["ngrams"].size
    assert size == counts.shape[1] + 1
    ours = _dense(made.encode(_rows(TEXTS)), size)
    expected = preprocessing.normalize(weights)
    np.testing.assert_allclose(
        ours @ ours.T, (expected @ expected.T).toarray(), atol=1e-5
    )


def test_the_order_of_texts_and_their_division_do_not_matter():
    forth, back = (inputs.Ngrams().fit(_rows(texts)) for texts in (TEXTS, TEXTS[::-1]))
    together = forth.encode(_rows(TEXTS))
    for text, ids, weights in zip(TEXTS, *together.values(), strict=True):
        alone = back.encode(_rows([text]))
        np.testing.assert_array_equal(alone["ngrams"][0], ids)
        np.testing.assert_allclose(alone["weights"][0], weights, rtol=1e-6)


def test_a_saved_one_is_the_same_and_another_is_refused(tmp_path):
    config = inputs.Ngrams(words=(1, 1), max_features=50)
    made = config.fit(_rows(TEXTS))
    assert made.stored["ngrams"].size == 51
    made.save(tmp_path)
    loaded = dataclasses.replace(config, max_ngrams=7).load(tmp_path)
    assert loaded.stored["ngrams"].shape == (7,)
    whole, cut = made.encode(_rows(TEXTS)), loaded.encode(_rows(TEXTS))
    for row, (ids, weights) in enumerate(zip(*whole.values(), strict=True)):
        kept = np.isin(ids, cut["ngrams"][row])
        assert len(cut["ngrams"][row]) == min(7, len(ids))
        if not kept.all():
            assert weights[kept].min() >= weights[~kept].max()
        length = np.linalg.norm(cut["weights"][row])
        assert length == pytest.approx(1 if len(ids) else 0)
    with pytest.raises(
        errors.UserError, match=r"has words=\[1, 1\]; got words=\[1, 2\]"
    ):
        dataclasses.replace(config, words=(1, 2)).load(tmp_path)
    with pytest.raises(errors.UserError, match="holds no n-grams"):
        config.load(tmp_path / "none")


def test_hard_and_unknown_texts_give_rows():
    made = inputs.Ngrams().fit(_rows(TEXTS))
    texts = [*hard_texts.HARD, "", "\u4e00", "zzzz"]
    found = made.encode(_rows(texts))
    assert len(found["ngrams"]) == len(texts)
    assert all(np.isfinite(weights).all() for weights in found["weights"])
    assert not len(found["ngrams"][-3])  # an empty text has none
    alone = inputs.Ngrams(words=(), characters=(1, 4)).fit(
        _rows(["\u65e5\u672c\u8a9e"])
    )
    assert len(alone.encode(_rows(["\u65e5\u672c"]))["ngrams"][0])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"words": (2, 1)}, "words must be the fewest and the most"),
        ({"words": (), "characters": ()}, "must not both be empty"),
        ({"max_ngrams": 0}, "max_ngrams must be at least 1"),
    ],
)
def test_mistakes_in_fields(fields, message):
    with pytest.raises(errors.UserError, match=message):
        inputs.Ngrams(**fields)


def test_nothing_to_learn_from():
    with pytest.raises(errors.UserError, match="found no n-gram"):
        inputs.Ngrams().fit([])
    with pytest.raises(errors.UserError, match="has no special tokens"):
        inputs.Ngrams().fit(_rows(TEXTS), ["[MASK]"])
