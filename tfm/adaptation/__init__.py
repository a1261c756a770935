"""Fine-tuning: LoRA, freezing, layer-wise rates, weights from elsewhere."""
