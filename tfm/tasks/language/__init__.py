"""Language-model objectives over plain text; see tasks.CausalLM and its siblings."""
