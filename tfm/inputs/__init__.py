"""Raw columns to arrays: text."""
