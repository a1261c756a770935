"""Fine-tuning: LoRA, freezing, layer-wise rates, weights from elsewhere."""

from tfm.adaptation.settings import Adapt

__all__ = ["Adapt"]
