"""The sizes: the parameters that their docstrings tell."""

import dataclasses
import re

import pytest

from tests.support import specs
from tfm import errors
from tfm import models

# vocabulary, positions and other inputs that the docstrings count with
COUNTED = {
    models.bert: (30522, 512, "types"),
    models.gpt: (50257, 1024),
    models.t5: (32128, 512, "decoder_tokens"),
}


@pytest.mark.parametrize("size", ["tiny", "mini", "small", "base"])
@pytest.mark.parametrize("function", COUNTED, ids=lambda function: function.__name__)
def test_parameters(function, size):
    config = function(size)
    vocab_size, max_length, *others = COUNTED[function]

    # of a small model, as blocks and rows are alike: a base one would take a gigabyte
    small = dataclasses.replace(config, num_layers=1)
    small = small.build(specs.of(1, max_length, *others))
    blocks = [layer for layer in small.layers if layer.name.endswith("block_0")]
    total = small.count_params() + (vocab_size - 1) * config.width
    total += (config.num_layers - 1) * sum(block.count_params() for block in blocks)
    told = re.search(
        rf"\| {size} +\| (\d+) +\| (\d+) +\| (\d+) +\| ([\d,]+)", function.__doc__
    )
    num_layers, width, num_heads, parameters = told.groups()
    assert (num_layers, width, num_heads) == (
        str(config.num_layers),
        str(config.width),
        str(config.num_heads),
    )
    assert f"{total:,}" == parameters


def test_an_unknown_size():
    with pytest.raises(errors.UserError, match="one of tiny, mini, .* Got 'huge'."):
        models.gpt("huge")
