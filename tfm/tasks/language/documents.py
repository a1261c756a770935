"""Packing of documents into the windows of a language model."""

import typing

# packed: several documents, which do not see each other; joined: the same as one text;
# separate: a part of one document
Documents = typing.Literal["packed", "joined", "separate"]
