"""Base layer: masks are arguments, sublayers need no get_config."""

import keras


class Layer(keras.layers.Layer):
    """A Keras layer of sublayers, whose masks are arguments and go no further.

    Args are plain scalars and sublayers are made in __init__, so that Keras needs
    neither get_config nor build.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, previous_mask):
        """None: Keras would attach `mask` to the output and hand it on unseen."""
        return

    def get_build_config(self):
        """None: a loaded layer's sublayers are built by its first call."""
        return
