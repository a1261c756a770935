"""Tokenization in a TensorFlow graph, for exported models: the ids of `encode`."""
