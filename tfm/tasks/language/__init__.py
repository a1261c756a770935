"""The objectives over plain text, bound to a tokenizer; see tasks.CausalLM."""
