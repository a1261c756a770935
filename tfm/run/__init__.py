"""Runs: their folder, assembly, training, loading and scoring."""
