"""Text generation (inference) by trained language models.

Prompts, sampling, beam search, the compiled decoding loop with a KV cache, stops.
"""

from tfm.generation.generator import Generated
from tfm.generation.generator import Generator
from tfm.generation.settings import Settings

__all__ = ["Generated", "Generator", "Settings"]
