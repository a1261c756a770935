"""Sequence to sequence: a text that is written from another."""
