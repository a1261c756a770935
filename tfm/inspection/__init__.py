"""Inspection of examples: what becomes of rows on their way to a model."""
