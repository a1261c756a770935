"""Text generation (inference) by trained language models.

Prompts, sampling, beam search, the compiled decoding loop with a KV cache, stops.
"""

import importlib

from tfm.generation.settings import Settings

__all__ = ["Generated", "Generator", "Settings"]


def __getattr__(name: str):
    if name in __all__:  # imported where they are used: mistakes are to be told at once
        return getattr(importlib.import_module("tfm.generation.generator"), name)
    raise AttributeError(f"module 'tfm.generation' has no attribute {name!r}")
