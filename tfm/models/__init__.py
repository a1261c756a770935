"""Models: frozen configs with build({name: Spec}) -> keras.Model, dict to dict."""

from tfm.models.cnn import CNN as CNN
from tfm.models.convnet import ConvNet as ConvNet
from tfm.models.convnet import ResNet as ResNet
from tfm.models.decoder import Decoder as Decoder
from tfm.models.encoder_decoder import EncoderDecoder as EncoderDecoder
from tfm.models.lstm import LSTM as LSTM
from tfm.models.mlp import MLP as MLP
from tfm.models.ngram_bag import NgramBag as NgramBag
from tfm.models.pretrained import Pretrained as Pretrained
from tfm.models.pretrained_image import PretrainedImage as PretrainedImage
from tfm.models.sizes import bert as bert
from tfm.models.sizes import gpt as gpt
from tfm.models.sizes import t5 as t5
from tfm.models.stacked import Stacked as Stacked
from tfm.models.together import Together as Together
from tfm.models.transformer import Transformer as Transformer
from tfm.models.vit import ViT as ViT
