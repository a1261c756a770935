"""Slices: groups of values, gaps that are there, and none where there is no gap."""

import numpy as np
import pytest

from tfm.reporting import slices

RNG = np.random.default_rng(0)
ONES = np.ones(1000)


def _by_value(columns, right, weights=ONES):
    found = slices.of(columns, right * weights, weights, 300)
    return {(one.column, one.value): one for one in found}


def test_a_group_that_is_worse_is_apart_and_like_ones_are_not():
    source = np.repeat(["web", "mail", "form"], [600, 300, 100])
    right = (RNG.random(1000) < np.where(source == "form", 0.4, 0.9)).astype(float)
    coin = RNG.integers(0, 2, 1000)
    found = _by_value({"source": source.tolist(), "coin": coin.tolist()}, right)
    form = found["source", "form"]
    assert form.is_apart and form.gap < -0.3 and form.examples == 100
    assert form.score == pytest.approx(right[source == "form"].mean())
    others = right[source != "form"].mean()
    assert form.gap == pytest.approx(form.score - others)
    assert form.gap_interval[0] < form.gap < form.gap_interval[1] < 0
    assert form.interval[0] < form.score < form.interval[1]
    assert not found["coin", "0"].is_apart
    assert found["coin", "0"].gap == pytest.approx(-found["coin", "1"].gap)


def test_of_groups_without_a_difference_few_are_apart():
    columns = {f"c{i}": RNG.integers(0, 3, 1000).tolist() for i in range(40)}
    found = _by_value(columns, (RNG.random(1000) < 0.7).astype(float))
    apart = np.mean([one.is_apart for one in found.values()])
    assert len(found) == 120 and apart < 0.12


def test_numbers_of_many_values_are_cut_into_quarters():
    lengths = RNG.permutation(1000)
    right = (lengths < 250).astype(float)
    found = _by_value({"words": lengths.tolist()}, right)
    assert [one.examples for one in found.values()] == [250] * 4
    first = found["words", "0 to 249.75"]
    assert first.score == 1.0 and first.is_apart


def test_texts_and_single_values_are_no_slices_and_none_is_one():
    few = ["a"] * 500 + [None] * 496 + ["b"] * 4
    columns = {"text": [f"text {i}" for i in range(1000)], "same": ["x"] * 1000}
    found = _by_value(columns | {"few": few}, ONES)
    assert set(found) == {("few", "a"), ("few", "(none)")}  # b has four examples


def test_the_most_frequent_values_are_taken():
    values = np.repeat([f"v{i:02}" for i in range(20)], np.arange(5, 25) * 2)[:580]
    ones = np.ones(len(values))
    found = slices.of({"c": values.tolist()}, ones, ones, 10)
    assert {one.value for one in found} == {f"v{i:02}" for i in range(8, 20)}


def test_scores_are_weighted():
    weights = np.where(np.arange(1000) % 2, 3.0, 1.0)
    loss = np.where(np.arange(1000) % 2, 2.0, 4.0)
    group = ["a" if i % 4 < 2 else "b" for i in range(1000)]
    found = _by_value({"g": group}, loss, weights)
    assert found["g", "a"].score == pytest.approx((2 * 3 + 4) / 4)
