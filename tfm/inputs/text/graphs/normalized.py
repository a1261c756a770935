"""Normalization of texts in a graph: what normalization.normalize does, exactly.

B texts.
"""

import tensorflow as tf

from tfm.inputs.text import normalization
from tfm.inputs.text.graphs import code_points
from tfm.inputs.text.graphs import composition
from tfm.inputs.text.graphs import lowercase

_SPACE = f"[{code_points.SPACE}]"


def normalize(texts_B, config):
    """The texts as the methods see them.

    Args:
      texts_B: string [B], UTF-8.
      config: a settings.Tokenization or PresetTokenization.
    """
    if config.strip_html:
        tag = normalization.tag(_SPACE)
        texts_B = tf.strings.regex_replace(texts_B, tag, " ")
    if config.method == "pretrained":
        return texts_B
    rows = code_points.decoded(texts_B)
    if config.lowercase:
        rows = lowercase.lower(rows)
    if config.method in ("word", "wordpiece"):
        before, after = map(ord, normalization.APOSTROPHES)
        codes_N = rows.flat_values
        rows = rows.with_flat_values(tf.where(codes_N == before, after, codes_N))
    return code_points.encoded(composition.nfc(rows))
