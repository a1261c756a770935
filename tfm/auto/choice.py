"""Choice of inputs, model and training by the facts of the data.

The rules were measured by benchmarks/own_data.py, on sets of 200 to 20,000 texts:

| data | choice | why |
|---|---|---|
| up to 60 MB of text | Stacked | level with a linear SVM or ahead; seconds |
| English, a sentence encoder installed | its vectors in the stack | further ahead |
| more | NgramBag | reads the texts as a stream; few passes are enough |
| scripts without spaces | n-grams of characters alone | there are no words to count |
| HTML tags in 1 % of the texts | tags are taken out | they say nothing |
| unbalanced classes | f1_macro picks NgramBag's checkpoint | accuracy hides rare ones |

Class weights by frequency raised macro F1 of the stack by 0 to 8 points on four sets,
and lowered its accuracy by 1 to 10: a choice that is the user's.
"""

import dataclasses
from collections.abc import Mapping

from tfm import errors
from tfm import experiment as experiments
from tfm import inputs
from tfm import models
from tfm import tasks
from tfm import training
from tfm.auto import encoders
from tfm.auto import facts as facts_module
from tfm.inputs.ngrams import scripts

_STACKED_BYTES = 60_000_000  # of text, above which n-grams are learnt as a stream
_SHOWN = 5
_CHOSEN = ("data.", "train.")  # beginnings of fields that a user may set beside it


@dataclasses.dataclass(frozen=True)
class Choice:
    """An experiment, and lines for a human: what was chosen, why, and what else."""

    experiment: experiments.Experiment
    lines: list[str]


def choose(experiment, changed: Mapping[str, object]) -> Choice:
    """The experiment for this data.

    Args:
      experiment: with the data, whose columns are named, and what the user set.
      changed: fields that the user set, by path: of data and train alone.

    Raises:
      UserError: another field is set; or a mistake in the data.
    """
    for path in changed:
        if not path.startswith(_CHOSEN):
            raise errors.UserError(
                f"auto chooses the {path.partition('.')[0]} by the data. Set --{path} "
                "with --experiment=RUN_DIR/experiment.py, the file that it writes."
            )
    facts = facts_module.of(experiment.data)
    if facts.bytes <= _STACKED_BYTES:
        name, why, parts = _stacked(facts)
    else:
        name, why, parts = _ngram_bag(facts)
    wanted = {p.removeprefix("train.") for p in changed if p.startswith("train.")}
    kept = {field: getattr(experiment.train, field) for field in wanted}
    if wanted & {"epochs", "min_steps"} and "steps" not in wanted:
        kept["steps"] = None  # which would decide
    parts["train"] = dataclasses.replace(parts["train"], **kept)
    data = experiment.data
    if "data.validation_fraction" not in changed:
        data = dataclasses.replace(data, validation_fraction=_held_out(facts))
    chosen = dataclasses.replace(experiment, data=data, **parts)
    return Choice(
        chosen, [*_described(facts), f"Chosen      {name}: {why}", *_others(facts)]
    )


def _stacked(facts: facts_module.Facts):
    sizes = scripts.sizes(facts.unspaced)
    parts = ("ngrams", "words", "characters") if sizes["words"] else ("characters",)
    over, preset = f"n-grams of {_grams(sizes)}", ""
    if encoders.is_installed() and encoders.fits(facts):
        parts, preset = (*parts, "vectors"), encoders.PRESET
        minutes = encoders.seconds(facts) / 60
        over += f" and sentence vectors of {encoders.NAME} (about {minutes:.1f} min)"
    made = inputs.Stacked(
        parts=parts,
        strip_html=facts.tags > 0.01,
        preset=preset,
        **sizes,
    )
    why = f"linear classifiers over {over}, weighed out of fold"
    return (
        "models.Stacked",
        why,
        {
            "inputs": made,
            "model": models.Stacked(),
            "task": tasks.TextClassification(),
            "optimizer": training.Optimizer(name="adam", learning_rate=0.03),
            # a handful of weights: the loss is steadier than any score
            "train": training.Train(
                steps=300, batch_size=128, eval_every=50, best_metric="loss"
            ),
        },
    )


def _ngram_bag(facts: facts_module.Facts):
    sizes = scripts.sizes(facts.unspaced)
    made = inputs.Ngrams(strip_html=facts.tags > 0.01, **sizes)
    width = max(16, min(96, 2 * len(facts.classes)))
    why = f"a vector for each n-gram of {_grams(sizes)}, as the texts are many"
    return (
        "models.NgramBag",
        why,
        {
            "inputs": made,
            "model": models.NgramBag(width=width),
            "task": tasks.TextClassification(),
            "optimizer": training.Optimizer(name="adam", learning_rate=3e-3),
            "train": training.Train(
                epochs=2,
                batch_size=64,
                best_metric="f1_macro" if facts.unbalanced else "accuracy",
            ),
        },
    )


def _grams(sizes: Mapping[str, tuple[int, ...]]) -> str:
    return "words and characters" if sizes["words"] else "characters"


def _held_out(facts: facts_module.Facts) -> float:
    """The share that picks the checkpoint: few weights need few texts."""
    return 0.1 if facts.texts < 1000 else 0.05


def _described(facts: facts_module.Facts) -> list[str]:
    counts = list(facts.classes.items())
    shown = ", ".join(f"{name} {count:,}" for name, count in counts[:_SHOWN])
    more = f", and {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else ""
    lines = [
        f"Data        {facts.texts:,} texts, {len(counts)} classes ({shown}{more}); "
        f"{facts.median_words} words in the middle, {facts.long_words} in long ones"
    ]
    if facts.unbalanced:
        lines.append(
            "            unbalanced classes: f1_macro tells more than accuracy; "
            "--task.balance_classes=true, of the file that it writes, favours rare ones"
        )
    return lines


def _others(facts: facts_module.Facts) -> list[str]:
    theirs = "with --data.where= --data.rename=, which are of its own data"
    lines = [
        f"text_cls_ngrams, a bag of n-grams: seconds ({theirs})",
        "text_cls, an LSTM; text_cls_transformer: minutes (likewise)",
        "finetune, a published model: minutes to an hour",
    ]
    if not encoders.is_installed() and encoders.fits(facts):
        lines.append(f"with {encoders.NAME} this one is better: {encoders.INSTALL}")
    return [
        f"{'' if number else 'Other ways':12}{line}"
        for number, line in enumerate(lines)
    ]
