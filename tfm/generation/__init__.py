"""Text by a trained language model: prompts, sampling, the compiled loop, stops."""

from tfm.generation.generator import Generated
from tfm.generation.generator import Generator
from tfm.generation.settings import Settings

__all__ = ["Generated", "Generator", "Settings"]
