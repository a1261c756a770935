"""Model sizes of the literature, for BERT, GPT and T5: tiny, mini, small and base.

Widths and layers are those of the small BERTs (Turc et al. 2019, arXiv:1908.08962).
"""

from typing import Literal

from tfm import errors
from tfm.models import decoder
from tfm.models import encoder_decoder
from tfm.models import transformer

Size = Literal["tiny", "mini", "small", "base"]

_SHAPES = {  # layers, width, heads
    "tiny": (2, 128, 2),
    "mini": (4, 256, 4),
    "small": (4, 512, 8),
    "base": (12, 768, 12),
}


def bert(size: Size = "base") -> transformer.Transformer:
    """BERT's encoder (Devlin et al. 2018, arXiv:1810.04805), without its pooler.

    Parameters with BERT's 30,522 tokens, 512 positions and 2 types; [CLS] is pooled.

    | size  | layers | width | heads | parameters  |
    |-------|--------|-------|-------|-------------|
    | tiny  | 2      | 128   | 2     | 4,369,408   |
    | mini  | 4      | 256   | 4     | 11,104,768  |
    | small | 4      | 512   | 8     | 28,500,992  |
    | base  | 12     | 768   | 12    | 108,891,648 |
    """
    return transformer.Transformer(
        **_shape(size),
        norm="post",
        embedding_norm=True,
        pooling="first",
        attention_dropout=0.1,
        initial_stddev=0.02,
    )


def gpt(size: Size = "base") -> decoder.Decoder:
    """GPT-2's decoder (Radford et al. 2019); "base" is what they call 124M.

    Parameters with GPT-2's 50,257 tokens and 1,024 positions; the output is tied to the
    table of tokens and adds none.

    | size  | layers | width | heads | parameters  |
    |-------|--------|-------|-------|-------------|
    | tiny  | 2      | 128   | 2     | 6,960,768   |
    | mini  | 4      | 256   | 4     | 16,287,488  |
    | small | 4      | 512   | 8     | 38,866,432  |
    | base  | 12     | 768   | 12    | 124,439,808 |
    """
    return decoder.Decoder(**_shape(size))


def t5(size: Size = "base") -> encoder_decoder.EncoderDecoder:
    """T5's encoder and decoder (Raffel et al. 2020, arXiv:1910.10683).

    RMS norms, no biases, and rotary positions in place of T5's. Parameters with T5's
    32,128 tokens, the output tied to their table. Layers are those of each side.

    | size  | layers | width | heads | parameters  |
    |-------|--------|-------|-------|-------------|
    | tiny  | 2      | 128   | 2     | 5,031,424   |
    | mini  | 4      | 256   | 4     | 15,570,432  |
    | small | 4      | 512   | 8     | 45,820,928  |
    | base  | 12     | 768   | 12    | 222,902,784 |
    """
    return encoder_decoder.EncoderDecoder(**_shape(size), activation="relu")


def _shape(size: str) -> dict:
    if size not in _SHAPES:
        raise errors.UserError(f"A size is one of {', '.join(_SHAPES)}. Got {size!r}.")
    num_layers, width, num_heads = _SHAPES[size]
    return {
        "num_layers": num_layers,
        "width": width,
        "num_heads": num_heads,
        "feedforward_width": 4 * width,
    }
