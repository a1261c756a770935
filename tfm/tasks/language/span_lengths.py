"""Span lengths of span corruption: tokens cut out, and the sizes of an example."""

from tfm import errors


class SpanLengths:
    """The sizes of an example.

    Both the encoder's input and the targets end with [EOS]. A window is the longest
    text whose rest, with a sentinel in the place of each span, goes into the encoder;
    it is longer than the encoder's input.

    Args:
      encoder_length: S.
      density: share of the tokens that is cut out.
      mean_span: tokens of a span, on average.

    Attributes:
      window: tokens of the corpus that an example takes.
      decoder_length: T, of the targets.
      num_spans: cut out of a whole window, the most there are.

    Raises:
      UserError: S is too small, or T above S.
    """

    def __init__(self, encoder_length: int, density: float, mean_span: float):
        self.encoder_length = encoder_length
        self._density, self._mean_span = density, mean_span
        window = 1
        # no length falls as the window grows, so the first that is too long ends it
        while self._encoder(window + 1) <= encoder_length:
            window += 1
        self.window = window
        num_noise, self.num_spans = self.noise(window)
        self.decoder_length = num_noise + self.num_spans + 1
        if not self.num_spans or self.decoder_length > encoder_length:
            raise errors.UserError(
                f"max_length={encoder_length} is too small for "
                f"noise_density={density}, mean_span={mean_span}: "
                f"the targets would take {max(self.decoder_length, 3)} tokens."
            )

    def noise(self, length: int) -> tuple[int, int]:
        """The number of a text's tokens that are cut out, and of their spans."""
        if length < 2:
            return 0, 0
        num_noise = min(max(round(length * self._density), 1), length - 1)
        num_spans = max(round(num_noise / self._mean_span), 1)
        return num_noise, min(num_spans, length - num_noise)

    def _encoder(self, length: int) -> int:
        num_noise, num_spans = self.noise(length)
        return length - num_noise + num_spans + 1
