"""keras_nlp's tokenizers: exact for SentencePiece, and names are text to all."""

import keras_nlp
import pytest
import sentencepiece

from tests.support import hard_texts
from tests.support import published_tokenizers
from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm.inputs.text import backends
from tfm.inputs.text import library_tokenizer
from tfm.inputs.text import pretrained_tokenizer
from tfm.inputs.text import settings

TEXTS = hard_texts.HARD + hard_texts.random_texts()
PIECES = published_tokenizers.sentencepiece_model
T5 = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
ALBERT = {"pad_id": 0, "unk_id": 1, "bos_id": 2, "eos_id": 3}
ALBERT |= {"pad_piece": "<pad>", "bos_piece": "[CLS]", "eos_piece": "[SEP]"}


def _tokenizer(library) -> pretrained_tokenizer.PretrainedTokenizer:
    config = settings.PresetTokenization(preset="-", enclose=False)
    published = library_tokenizer.LibraryTokenizer(library)
    return pretrained_tokenizer.PretrainedTokenizer(config, published)


@pytest.mark.parametrize(
    ("library", "kind", "fields"),
    [
        ("LlamaTokenizer", "bpe", {}),
        ("T5Tokenizer", "unigram", T5),
        ("AlbertTokenizer", "unigram", ALBERT | {"control_symbols": ["[MASK]"]}),
    ],
)
def test_sentencepiece_ids_and_texts(library, kind, fields):
    model = PIECES(kind, **fields)
    ours = _tokenizer(getattr(keras_nlp.models, library)(model))
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
    rows = ours.encode(TEXTS, truncate=False)
    for text, row in zip(TEXTS, rows, strict=True):
        assert ours.ids.theirs[row].tolist() == theirs.encode(text), repr(text)
        assert ours.special_ids.isdisjoint(row.tolist()), repr(text)
    ids = [ours.ids.theirs[row].tolist() for row in rows]
    assert ours.decode(rows) == [theirs.decode(one) for one in ids]


def test_a_special_token_among_a_models_own_symbols_is_text_too(tmp_path):
    model = PIECES("unigram", **ALBERT, user_defined_symbols=["[MASK]", "Musik"])
    theirs = sentencepiece.SentencePieceProcessor(model_proto=model)
    text = "eine [MASK] Musik"
    assert "[MASK]" in theirs.encode(text, out_type=str)
    ours = _tokenizer(keras_nlp.models.AlbertTokenizer(model))
    for tokenizer in (ours, _loaded(ours, tmp_path)):
        (row,) = tokenizer.encode([text])
        shown = tokenizer.tokens(row)
        assert "[MASK]" not in shown and "Musik" in shown
        assert tokenizer.decode([row]) == [text]
        row = tokenizer.encode_prompt(text, gaps=["[MASK]"])
        assert tokenizer.tokens(row).count("[MASK]") == 1


def _loaded(tokenizer, folder):
    tokenizer.save(folder / "saved")
    return backends.load(folder / "saved")


def test_names_are_text_to_kinds_that_only_keras_nlp_knows():
    pieces = sorted({*"<|endoftxsr>", "\u0120"})
    pieces = ["<|endoftext|>", "<|padding|>", *pieces, "ts"]
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    library = keras_nlp.models.GPTNeoXTokenizer(vocabulary, ["t s"])
    assert library_tokenizer.pipeline(library) is None
    ours = _tokenizer(library)
    (row,) = ours.encode(["<|endoftext|>"])
    assert len(row) == 13 and ours.decode([row]) == ["<|endoftext|>"]


def test_a_saved_preset_is_loaded_as_it_was(tmp_path):
    preset = small_preset.llama(tmp_path / "llama")
    ours = inputs.PretrainedText(preset=preset).fit().tokenizer
    loaded = _loaded(ours, tmp_path)
    assert loaded.vocabulary == ours.vocabulary and loaded.config == ours.config
    rows = [[row.tolist() for row in t.encode(TEXTS)] for t in (ours, loaded)]
    assert rows[0] == rows[1]
    shown = ours.tokens(ours.encode(["the man </s>"])[0])
    assert shown[0] == "<s>" and shown[-1] == "</s>" and shown.count("</s>") == 1


def test_a_saved_preset_names_no_class_of_a_stranger(tmp_path):
    preset = small_preset.llama(tmp_path / "llama")
    inputs.PretrainedText(preset=preset).fit().save(tmp_path / "saved")
    path = tmp_path / "saved/tokenizer.json"
    before = path.read_text()
    path.write_text(before.replace("keras_hub.src", "this.src"))
    with pytest.raises(errors.UserError, match="must name classes of keras and keras_"):
        backends.load(tmp_path / "saved")
    path.write_text(before)
    (tmp_path / "saved/assets/tokenizer/vocabulary.spm").write_bytes(b"")
    with pytest.raises(errors.UserError, match="holds no tokenizer that keras_nlp can"):
        backends.load(tmp_path / "saved")


def test_a_run_that_kept_the_librarys_tokenizer_goes_on_with_it(tmp_path):
    """Its weights were trained on those ids."""
    library = keras_nlp.models.BertTokenizer(small_preset.WORDS, lowercase=True)
    ours = _tokenizer(library)
    loaded = _loaded(ours, tmp_path)
    assert isinstance(loaded._published, library_tokenizer.LibraryTokenizer)
    for tokenizer in (ours, loaded):
        (row,) = tokenizer.encode(["a\xa0man is [SEP] eating"])
        shown = " ".join(tokenizer.tokens(row))
        assert shown == "[UNK] is [UNK] [UNK] [UNK] eat ##ing"
