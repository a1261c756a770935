"""Readers of a user's files: those that a source names, and the rows of each."""
