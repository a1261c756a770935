"""Checkpoints of all state, written in the background, whole or not at all."""
