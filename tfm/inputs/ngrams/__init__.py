"""N-grams of words and characters, weighted by TF-IDF."""
