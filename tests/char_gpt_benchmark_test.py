"""The tokens that the PyTorch benchmark reads of a store are those of tfm's windows."""

import importlib
import sys
import types

import numpy as np
import pytest

from tests.data.corpora import prepared
from tfm import data
from tfm import inputs
from tfm import tasks


@pytest.fixture
def benchmark(monkeypatch):
    """The script, with a stand-in for PyTorch, which is not installed here."""
    names = ("torch", "torch.nn", "torch.nn.functional")
    torch, nn, functional = map(types.ModuleType, names)
    for name, module in zip(names, (torch, nn, functional), strict=True):
        monkeypatch.setitem(sys.modules, name, module)
    torch.nn, nn.functional, nn.Module = nn, functional, object
    torch.no_grad = lambda: lambda function: function
    torch.Tensor = object
    monkeypatch.delitem(sys.modules, "benchmarks.char_gpt_pytorch", raising=False)
    return importlib.import_module("benchmarks.char_gpt_pytorch")


def test_it_reads_and_tells_the_tokens_that_tfm_does(benchmark, tmp_path):
    texts = [f"{i} " + "one two three " * (150 + 9 * i) for i in range(9)]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.txt").write_text(text)
    corpus = data.Corpus(
        train=str(tmp_path / "*.txt"),
        document="file",
        cut="tail",
        validation_fraction=0.2,
        shard_characters=3000,
        workers=1,
    )
    task = tasks.CausalLM(documents="joined")
    text = inputs.Text(method="character", vocab_size=60, max_length=64)
    preprocessor = text.fit([{"text": t} for t in texts], task.reserves(text))
    store = prepared.prepare(corpus, preprocessor, tmp_path / "store")
    objective = task.bind({}, preprocessor)
    for name, split in store.splits.items():
        examples = objective.examples(split, "evaluate")
        places = np.arange(len(examples))
        batch = examples.batch(places, np.zeros_like(places), 0)
        real = batch["target_weight"] > 0
        assert real.sum() == split.num_tokens
        before, told = benchmark.read(tmp_path / "store", name)
        assert before.tolist() == batch["tokens"][real].tolist()
        assert told.tolist() == batch["targets"][real].tolist()
        assert np.flatnonzero(before == preprocessor.tokenizer.begin_id).tolist() == [
            0,
            *split.ends[:-1],
        ]
