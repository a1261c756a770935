"""Readers of a user's files: which files a source names, and the rows of each format."""
