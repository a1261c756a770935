"""Text to token ids and back; vocabularies are learnt from the training split."""
