"""Sentence vectors (sentence embeddings) of a published model as inputs."""

from tfm.inputs.sentence_vectors.config import SentenceVectors as SentenceVectors
