"""What the cells say: a table of means, and recipes judged against one of them."""

import statistics
from collections.abc import Sequence

from benchmarks import cells as cells_module
from benchmarks import data_sets
from benchmarks import paired

METRICS = ("accuracy", "macro_f1")
_SHOWN = ("train_rows", "test_rows", "classes", "largest_class", "median_length")


def means(
    cells: cells_module.Cells, recipes: Sequence[str], value: str, digits: int
) -> str:
    """Each set's facts and the recipes' means over the seeds there are."""
    table = [["set", *_SHOWN, *recipes]]
    for name in _names(cells):
        line = [name, *(str(cells.sets[name][fact]) for fact in _SHOWN)]
        for recipe in recipes:
            found = [cell[value] for cell in _of(cells, name, recipe).values()]
            mean = f"{statistics.mean(found):.{digits}f}" if found else "-"
            few = f" ({len(found)})" if found else ""
            line.append(mean + few)
        table.append(line)
    return _aligned(table)


def judgment(cells: cells_module.Cells, recipe: str, against: str, metric: str) -> str:
    """The paired difference of two recipes on each set, and over sets."""
    differences, table = {}, [["set", f"{recipe} - {against}", "seeds"]]
    for name in _names(cells):
        ours, theirs = _of(cells, name, recipe), _of(cells, name, against)
        seeds = sorted(ours.keys() & theirs.keys())
        if not seeds:
            continue
        found = [ours[seed][metric] - theirs[seed][metric] for seed in seeds]
        interval = paired.over_seeds(found)
        differences[name] = interval.mean
        table.append([name, str(interval), str(len(seeds))])
    title = f"{metric}, {recipe} against {against}"
    if not differences:
        return f"{title}: no cells of one set and seed."
    sources = {name: data_sets.SETS[name].source for name in differences}
    better = sum(difference > 0 for difference in differences.values())
    return (
        f"{title}: {paired.over_sets(differences, sources)} over {len(differences)} "
        f"sets of {len(set(sources.values()))} sources, better on {better}\n"
        f"{_aligned(table)}"
    )


def _names(cells: cells_module.Cells) -> list[str]:
    return [name for name in data_sets.SETS if name in cells.sets]


def _of(cells: cells_module.Cells, name: str, recipe: str) -> dict[int, dict]:
    """The cells of a set and a recipe by seed."""
    return {
        cell["seed"]: cell
        for cell in cells
        if (cell["set"], cell["recipe"]) == (name, recipe)
    }


def _aligned(table: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for name, *others in table:
        pairs = zip(others, widths[1:], strict=True)
        line = "  ".join(text.rjust(width) for text, width in pairs)
        lines.append(f"{name.ljust(widths[0])}  {line}")
    return "\n".join(lines)
