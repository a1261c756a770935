"""The fields of fine-tuning: their checks."""

import pytest

from tfm import errors
from tfm.adaptation import Adapt


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"unfreeze_every": 0}, "must be at least 1, or none. Got unfreeze_every=0."),
        ({"lora_rank": 0}, "lora_rank must be at least 1, or none. Got lora_rank=0."),
        ({"lora_rank": 4, "lora_targets": ()}, "lora_targets must name a layer. Got n"),
        (
            {"init_from": "runs/a", "word_vectors": "b.txt"},
            "not both. Got init_from='runs/a', word_vectors='b.txt'.",
        ),
        ({"layer_decay": 1.5}, "layer_decay must be above 0 and at most 1. Got layer"),
    ],
)
def test_a_value_out_of_range_is_told(fields, message):
    with pytest.raises(errors.UserError, match=message):
        Adapt(**fields)
