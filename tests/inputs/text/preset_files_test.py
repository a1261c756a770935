"""Files of published tokenizers: which are read, and the special ids that they name."""

import json

import pytest

from tests.support import published_tokenizers
from tests.support import small_preset
from tfm import errors
from tfm import inputs
from tfm.inputs.text import preset_files
from tfm.inputs.text import published_ids

BODY = {
    "model": {"type": "BPE", "vocab": {"a": 0, "<s>": 1, "</s>": 2, "<pad>": 3}},
    "added_tokens": [],
}


def _special(folder, body=BODY, **files) -> published_ids.SpecialIds:
    for name, fields in files.items():
        published_tokenizers.write_json(folder / f"{name}.json", fields)
    return preset_files.special_ids(str(folder), body, folder / "tokenizer.json")


def test_a_folder_of_tokenizer_and_config_alone_is_enough(tmp_path):
    published_tokenizers.write("smollm2", tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    config = {"model_type": "llama", "bos_token_id": 1, "eos_token_id": [2, 0]}
    published_tokenizers.write_json(tmp_path / "config.json", config)
    tokenizer = inputs.PretrainedText(preset=str(tmp_path)).fit().tokenizer
    (row,) = tokenizer.encode(["naïve 12"])
    shown = tokenizer.tokens(row)
    assert (shown[0], shown[-1]) == ("<|im_start|>", "<|im_end|>")
    assert tokenizer.decode([row]) == ["naïve 12"]
    assert tokenizer.special_ids >= {0, 1, 2} and tokenizer.ids.shared


def test_special_ids_by_name_then_by_number_then_by_usage(tmp_path):
    assert _special(tmp_path) == published_ids.SpecialIds(1, 2, None, 3)
    found = _special(tmp_path, config={"bos_token_id": 0, "pad_token_id": 2})
    assert found == published_ids.SpecialIds(0, 2, None, None)  # padded by its end
    names = {"bos_token": {"content": "</s>"}, "mask_token": "a"}
    found = _special(tmp_path, tokenizer_config=names, special_tokens_map={})
    assert found == published_ids.SpecialIds(2, 2, 0, None)
    end = {"model": {"vocab": {"<|endoftext|>": 7, "a": 0}}}
    (tmp_path / "empty").mkdir()
    found = _special(tmp_path / "empty", end)
    assert found == published_ids.SpecialIds(7, 7, None, None)


def test_a_token_that_is_not_there_is_told(tmp_path):
    with pytest.raises(errors.UserError) as error:
        _special(tmp_path, tokenizer_config={"cls_token": "[CLS]"})
    path = tmp_path / "tokenizer.json"
    assert str(error.value) == f"{path} must hold the start token '[CLS]'."


def test_two_files_of_one_name_are_told_apart_by_what_they_hold(tmp_path):
    assert preset_files.find(small_preset.gpt2(tmp_path / "kerashub")) is None
    assert preset_files.find(small_preset.llama(tmp_path / "llama")) is None
    published_tokenizers.write("gpt2", tmp_path / "hugging_face")
    body, path = preset_files.find(str(tmp_path / "hugging_face"))
    assert path.name == "tokenizer.json" and body["model"]["type"] == "BPE"
    assert preset_files.find("bert_tiny_en_uncased") is None  # a name, not a folder


def test_vocabularies_that_do_not_fit_are_told(tmp_path):
    published_tokenizers.write_json(tmp_path / "config.json", {"model_type": "gpt2"})
    published_tokenizers.write_json(tmp_path / "vocab.json", {"a": 0, "b": 1})
    merges = tmp_path / "merges.txt"
    for text in ("#version: 0.2\na b c\n", "#version: 0.2\na b\n"):
        merges.write_text(text)
        with pytest.raises(errors.UserError, match="holds no (voc|tok)") as error:
            inputs.PretrainedText(preset=str(tmp_path)).fit()
        assert str(error.value).startswith(str(merges))
        assert "\n" not in str(error.value)
    bert = tmp_path / "bert"
    bert.mkdir()
    published_tokenizers.write_json(bert / "config.json", {"model_type": "bert"})
    (bert / "vocab.txt").write_text("a\nb\n")
    with pytest.raises(errors.UserError) as error:
        inputs.PretrainedText(preset=str(bert)).fit()
    assert str(error.value) == (
        f"{bert / 'vocab.txt'} holds no vocabulary: ValueError: the vocabulary must "
        "hold [UNK]"
    )


def test_a_definition_of_another_model_is_told(tmp_path):
    """The model's own vocabulary decides on its special ids."""
    published_tokenizers.write("bert", tmp_path)
    names = ["[PAD]", "[UNK]", "[MASK]", "[CLS]", "[SEP]", "a"]
    (tmp_path / "vocab.txt").write_text("\n".join(names) + "\n")
    with pytest.raises(errors.UserError) as error:
        inputs.PretrainedText(preset=str(tmp_path)).fit()
    assert str(error.value) == (
        f"{tmp_path / 'tokenizer.json'} does not fit the model: its token 3 is "
        "'[SEP]', the model's '[CLS]'."
    )


def test_tokens_beside_the_vocabulary(tmp_path):
    model = {"a": 0, "b": 1, "<|endoftext|>": 2}
    published_tokenizers.write_json(tmp_path / "vocab.json", model)
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    published_tokenizers.write_json(tmp_path / "config.json", {"model_type": "gpt2"})
    added = {"content": "ab", "special": False, "lstrip": False, "rstrip": False}
    added |= {"normalized": False, "single_word": False}
    listed = {"4": added | {"content": "<x>", "special": True}, "3": added}
    config = {"added_tokens_decoder": listed, "eos_token": "<|endoftext|>"}
    published_tokenizers.write_json(tmp_path / "tokenizer_config.json", config)
    tokenizer = inputs.PretrainedText(preset=str(tmp_path)).fit().tokenizer
    shown = tokenizer.tokens(tokenizer.encode(["abba"])[0])
    assert shown == ["<|endoftext|>", "ab", "b", "a", "<|endoftext|>"]
    assert tokenizer.special_ids == {0, 2, 4}
    body, _ = preset_files.find(str(tmp_path))
    assert json.loads(json.dumps(body)) == body
