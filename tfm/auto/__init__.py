"""Auto: the right experiment for a user's own data, by rules that are written down."""

from tfm.auto.choice import Choice as Choice
from tfm.auto.choice import choose as choose
