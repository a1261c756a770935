"""Settings that are refused."""

import pytest

from tfm import errors
from tfm import generation


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"top_p": 1.5}, "top_p must be above 0 and at most 1. Got top_p=1.5."),
        ({"top_p": 0.0}, "top_p must be above 0"),
        ({"top_k": 0}, "top_k must be at least 1, or none. Got top_k=0."),
        ({"temperature": -1.0}, "temperature must be at least 0"),
        ({"temperature": float("nan")}, "temperature must be at least 0"),
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"repetition_penalty": 0.0}, "repetition_penalty must be above 0"),
        ({"stop": [""]}, "stop must be a list of texts"),
        ({"stop": "end"}, "stop must be a list of texts"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"num_beams": 3, "top_k": 5}, "num_beams searches .* Got top_k=5."),
        ({"num_beams": 3, "temperature": 0.5}, "Got temperature=0.5."),
        ({"num_samples": 2, "temperature": 0.0}, "num_samples texts need"),
        ({"num_samples": 4, "num_beams": 3}, "num_beams of as many"),
    ],
)
def test_mistakes(fields, message):
    with pytest.raises(errors.UserError, match=message):
        generation.Settings(**fields)
