"""The position-wise feed-forward network. B batch, T positions, D width, F hidden."""

import keras

from tfm.layers import base
from tfm.layers import regularization

ACTIVATIONS = ("relu", "gelu", "swiglu")


@keras.saving.register_keras_serializable(package="tfm")
class FeedForward(base.Layer):
    """Feed-forward network: two dense layers, alike at each position.

    relu: Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762), section 3.3;
    gelu: Hendrycks & Gimpel 2016 (https://arxiv.org/abs/1606.08415), exact;
    swiglu: (silu(x W) * x V) W2 without biases, Shazeer 2020
    (https://arxiv.org/abs/2002.05202); it has three kernels, not two.

    Args:
      width: D.
      hidden_width: F.
      activation: one of relu, gelu, swiglu.
      dropout: share of the hidden values dropped.
      l1: penalty on |weight| of the kernels.
      l2: penalty on weight^2 of the kernels.
      bias: whether relu and gelu have biases.

    Call arguments:
      x_BTD.

    Returns:
      x_BTD.
    """

    def __init__(
        self,
        width,
        hidden_width,
        activation="gelu",
        dropout=0.0,
        l1=0.0,
        l2=0.0,
        bias=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"activation must be one of {', '.join(ACTIVATIONS)}. "
                f"Got {activation!r}."
            )
        gated = activation == "swiglu"

        def dense(units, name, activation=None):
            return keras.layers.Dense(
                units,
                activation=activation,
                use_bias=bias and not gated,
                kernel_regularizer=regularization.l1_l2(l1, l2),
                name=name,
            )

        self.hidden = dense(hidden_width, "hidden", "silu" if gated else activation)
        self.gate = dense(hidden_width, "gate") if gated else None
        self.output_dense = dense(width, "output")
        self.dropout = keras.layers.Dropout(dropout)

    def call(self, x_BTD):
        hidden_BTF = self.hidden(x_BTD)
        if self.gate is not None:
            hidden_BTF = hidden_BTF * self.gate(x_BTD)
        return self.output_dense(self.dropout(hidden_BTF))
