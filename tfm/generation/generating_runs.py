"""Runs that can generate: by their task, their model and their inputs."""

from tfm import errors
from tfm import interfaces


def decoding(run):
    """The incremental decoding of a run's model; UserError where there is none."""
    task, config = run.experiment.task, run.experiment.model
    if not isinstance(run.objective, interfaces.Writes):
        raise errors.UserError(
            f"A model trained by {type(task).__name__} cannot generate. "
            "Use python -m tfm.predict, or a run of CausalLM or SpanCorruption."
        )
    if not isinstance(config, interfaces.Decodes):
        raise errors.UserError(
            f"A models.{type(config).__name__} reads a text all at once, so it cannot "
            "generate. Train a models.Decoder, EncoderDecoder, LSTM or Pretrained."
        )
    if not hasattr(run.preprocessor, "tokenizer"):
        raise errors.UserError(
            "Generation needs inputs with a tokenizer, as inputs.Text has. "
            f"Got {type(run.experiment.inputs).__name__}."
        )
    return config.decoding(run.model)
