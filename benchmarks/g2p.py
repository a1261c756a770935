"""The experiment g2p beside g2p-en's GRU, by word and phoneme error on held-out words.

    python benchmarks/g2p.py [--runs=runs/g2p] [--FIELD=VALUE ...]

Both by the test split of the CMU dictionary, in which any listed pronunciation of a
word is right. The GRU of PyPI's g2p-en 2.1.0 was trained on the whole dictionary, these
words too; it is asked alone, without the package's own look into the dictionary.
"""

import collections
import pathlib
import sys
from unittest import mock

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import package_files
from benchmarks import runs

_NAMES = ("word_error", "phoneme_error")
# what g2p-en imports and the GRU does not need
_UNUSED = ("nltk", "nltk.tokenize", "nltk.corpus", "nltk.tag", "inflect", "distance")


def main() -> None:
    folder, flags = runs.folder_and_flags(__doc__, "runs/g2p")
    runs.train("g2p", folder, *flags)
    compare(folder)


def compare(folder: pathlib.Path) -> None:
    """Prints the errors of a run on its test split, and those of g2p-en's GRU."""
    import tfm
    from tfm.tasks.sequences import scores

    run = tfm.load(folder)
    metrics = run.evaluate("test")
    _print("tfm", metrics)
    split = run.split("test")
    references = collections.defaultdict(list)
    for row in split.rows(np.arange(len(split))):
        references[row["text"]].append(row["target"])
    predict = _gru()
    written = [" ".join(predict(word)) for word in references]
    _print("g2p-en's GRU", scores.of(_NAMES, written, [*references.values()]))


def _print(name: str, found) -> None:
    shown = "  ".join(f"{key} {found[key]:.4f}" for key in _NAMES)
    print(f"{name:14} {shown}", flush=True)


def _gru():
    """A function of a word that gives its phonemes."""
    sys.path.insert(0, str(package_files.wheel("g2p_en==2.1.0")))
    with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in _UNUSED}):
        from g2p_en import g2p

        return g2p.G2p().predict


if __name__ == "__main__":
    main()
