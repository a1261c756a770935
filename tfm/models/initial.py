"""Weight initialization: normal, as of BERT and GPT-2."""

import keras


def normal(model, stddev: float, *, residual: float | None = None, cut_off=False):
    """Normal initialization: every kernel and table of `model` is drawn anew.

    Args:
      model: a keras.Model.
      stddev: of the values.
      residual: of the kernels whose products are added to a residual, which are those
        of the layers named "output"; `stddev` if None.
      cut_off: draw values beyond twice the deviation again, as BERT does
        (https://arxiv.org/abs/1810.04805).
    """
    draw = keras.initializers.RandomNormal
    if cut_off:
        draw = keras.initializers.TruncatedNormal
    for weight in model.trainable_weights:
        *_, layer, name = weight.path.split("/")
        if name in ("kernel", "embeddings"):
            into_residual = residual and layer == "output"
            initializer = draw(stddev=residual if into_residual else stddev)
            weight.assign(initializer(weight.shape, weight.dtype))


def gpt2(model, num_layers: int):
    """Initialization of GPT-2 (Radford et al. 2019, section 2.3).

    The sum of the residuals keeps its size.

    Args:
      model: a keras.Model.
      num_layers: its blocks of two residuals each.
    """
    normal(model, 0.02, residual=0.02 * (2 * num_layers) ** -0.5)
