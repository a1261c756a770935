"""Kinds of columns: values such as labels to arrays and back."""

from tfm.data.columns.categories import Categories
from tfm.data.columns.category import Category
from tfm.data.columns.plain_text import PlainText

__all__ = ["Categories", "Category", "PlainText"]
