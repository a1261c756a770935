"""Text to ids and back; vocabularies are learnt from the training split.

tokenizer = tokens.Tokens(method="wordpiece").learn(texts)
rows = tokenizer.encode(["a fine film"])
tokenizer.save("runs/text_cls/tokens")
tokenizer = tokens.load("runs/text_cls/tokens")
"""

from tfm.inputs.text import config
from tfm.inputs.text import pretrained
from tfm.inputs.text import tokenizer

Tokens = config.Tokens
Pretrained = pretrained.Pretrained
Tokenizer = tokenizer.Tokenizer
load = config.load
