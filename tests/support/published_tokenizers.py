"""Tokenizers as they are published, with small vocabularies: Hugging Face folders."""

import io
import json
import pathlib

import sentencepiece
import tokenizers
from tokenizers import decoders
from tokenizers import models
from tokenizers import normalizers
from tokenizers import pre_tokenizers
from tokenizers import processors
from tokenizers import trainers

from tests.support import hard_texts

BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SHAPES = ["bert", "bert_cased", "gpt2", "smollm2", "llama2", "unigram"]


def texts() -> list[str]:
    """What the vocabularies are learnt from; no name of a special token is there."""
    random = hard_texts.random_texts(400, seed=7)
    named = {text for text in random for name in hard_texts.NAMES if name in text}
    return hard_texts.WORDS * 3 + [text for text in random if text not in named]


def write(shape: str, folder: pathlib.Path) -> tokenizers.Tokenizer:
    """A folder with a tokenizer.json of one of SHAPES; returns its tokenizer.

    Its tokenizer treats names of special tokens as text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made, named, kind = _MAKERS[shape]()
    made.enable_truncation(5)  # as in many published files, and never wanted
    made.enable_padding(length=7)
    made.save(str(folder / "tokenizer.json"))
    write_json(folder / "tokenizer_config.json", named)
    write_json(folder / "config.json", {"model_type": kind})
    made.no_truncation()
    made.no_padding()
    made.encode_special_tokens = True
    return made


def write_json(path: pathlib.Path, body) -> None:
    path.write_text(json.dumps(body), encoding="utf-8")


def bert(lowercase: bool = True):
    made = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    _learn(made, trainers.WordPieceTrainer, 2500, BERT, limit_alphabet=600)
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = {"unk_token": "[UNK]", "sep_token": "[SEP]", "cls_token": "[CLS]"}
    names |= {"pad_token": "[PAD]", "mask_token": "[MASK]"}
    return made, names | {"do_lower_case": lowercase}, "bert"


def gpt2():
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    _learn(made, trainers.BpeTrainer, 1500, ["<|endoftext|>"], initial_alphabet=_BYTES)
    names = dict.fromkeys(("bos_token", "eos_token"), "<|endoftext|>")
    return made, names, "gpt2"


def smollm2():
    """Byte-level BPE, each digit a token; special ids at the beginning."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    _learn(made, trainers.BpeTrainer, 1500, special, initial_alphabet=_BYTES)
    made.add_tokens([tokenizers.AddedToken("snake_case", normalized=False)])
    names = dict.fromkeys(("bos_token", "eos_token"), {"content": "<|endoftext|>"})
    return made, names, "llama"


def llama2():
    """SentencePiece's BPE as a tokenizer.json: what is unknown is spelt by bytes."""
    special = ["<unk>", "<s>", "</s>"]
    spaces = [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    learnt = tokenizers.Tokenizer(models.BPE())
    learnt.normalizer = normalizers.Sequence(spaces)
    learnt.pre_tokenizer = pre_tokenizers.Split("\u2581", "merged_with_next")
    codes = [f"<0x{code:02X}>" for code in range(256)]
    fields = {"limit_alphabet": 100}
    _learn(learnt, trainers.BpeTrainer, 900, special + codes, **fields)
    model = json.loads(learnt.to_str())["model"]
    made = tokenizers.Tokenizer(
        models.BPE(
            model["vocab"],
            [tuple(merge) for merge in model["merges"]],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    made.add_special_tokens(special)
    made.normalizer = learnt.normalizer
    steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    made.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    return made, {"bos_token": "<s>", "eos_token": "</s>"}, "llama"


def unigram():
    """T5's: pieces by their scores, with spaces as "▁"."""
    made = tokenizers.Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(tokenizers.Regex(" {2,}"), " ")]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    _learn(made, trainers.UnigramTrainer, 9000, special, unk_token="<unk>")
    return made, {"eos_token": "</s>", "pad_token": "<pad>"}, "t5"


_BYTES = pre_tokenizers.ByteLevel.alphabet()
_MAKERS = {
    "bert": bert,
    "bert_cased": lambda: bert(lowercase=False),
    "gpt2": gpt2,
    "smollm2": smollm2,
    "llama2": llama2,
    "unigram": unigram,
}


def _learn(made, trainer, size: int, special: list[str], **fields) -> None:
    fields |= {"vocab_size": size, "special_tokens": special, "show_progress": False}
    made.train_from_iterator(texts(), trainer(**fields))


def sentencepiece_model(kind: str, **fields) -> bytes:
    """A SentencePiece .model of kind "bpe" or "unigram", that spells all by bytes."""
    learnt = io.BytesIO()
    lines = (" ".join(text.split()) for text in hard_texts.WORDS * 3)
    fields = {"byte_fallback": True, "hard_vocab_limit": False} | fields
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines,
        model_writer=learnt,
        model_type=kind,
        vocab_size=1000,
        minloglevel=2,
        **fields,
    )
    return learnt.getvalue()
