"""Kinds of columns: values such as labels to arrays and back."""
