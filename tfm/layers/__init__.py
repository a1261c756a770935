"""Keras 3 layers: embeddings, LSTM, attention, convolutions, Transformer, pooling.

A mask is bool, True = real token, and is always passed explicitly.
"""

from tfm.layers.attention import MultiHeadAttention as MultiHeadAttention
from tfm.layers.attention import attention_weights as attention_weights
from tfm.layers.attention import dot_product_attention as dot_product_attention
from tfm.layers.convolution import Convolution as Convolution
from tfm.layers.convolution import ResidualBlock as ResidualBlock
from tfm.layers.embedding import LearnedPositions as LearnedPositions
from tfm.layers.embedding import SinusoidalPositions as SinusoidalPositions
from tfm.layers.embedding import TokenEmbedding as TokenEmbedding
from tfm.layers.embedding import rotate as rotate
from tfm.layers.embedding import sinusoids as sinusoids
from tfm.layers.feedforward import FeedForward as FeedForward
from tfm.layers.lstm import LSTM as LSTM
from tfm.layers.lstm import reverse_real as reverse_real
from tfm.layers.masking import ZeroPadding as ZeroPadding
from tfm.layers.masking import take_positions as take_positions
from tfm.layers.masking import zero_padding as zero_padding
from tfm.layers.packing import Packing as Packing
from tfm.layers.pooling import AttentionPooling as AttentionPooling
from tfm.layers.pooling import Pooling as Pooling
from tfm.layers.pooling import first_pool as first_pool
from tfm.layers.pooling import last_pool as last_pool
from tfm.layers.pooling import max_pool as max_pool
from tfm.layers.pooling import mean_pool as mean_pool
from tfm.layers.regularization import l1_l2 as l1_l2
from tfm.layers.transformer import TransformerDecoderBlock as TransformerDecoderBlock
from tfm.layers.transformer import TransformerEncoderBlock as TransformerEncoderBlock
from tfm.layers.transformer import normalize as normalize
