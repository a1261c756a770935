"""From plain text to a store of tokens, and windows of it; see data.Corpus."""
