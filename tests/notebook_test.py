"""Training in a notebook: a real Jupyter kernel, where tfm was installed as a wheel."""

import re

import pytest

from tests.support import kernels

CELLS = [
    """
import dataclasses, threading
import pandas
import tfm
from tfm import data, inputs, models, tasks, training
from tfm.experiment import Experiment
words = {"good": ["lovely", "superb"], "bad": ["dull", "awful"]}
frame = pandas.DataFrame([
    {"text": f"a {word} film of the year {year}", "label": label}
    for year in range(1950, 1990) for label in words for word in words[label]
])
""",
    """
@dataclasses.dataclass(frozen=True)
class Narrow(models.CNN):
    kernel_widths: tuple[int, ...] = (2,)

experiment = Experiment(
    data=data.LabeledText(train=data.Rows(frame)),
    inputs=inputs.Text(vocab_size=100, max_length=10),
    model=Narrow(8, 8),
    task=tasks.TextClassification(),
    optimizer=training.Optimizer(learning_rate=0.03),
    train=training.Train(steps=40, batch_size=16, eval_every=20),
)
run = tfm.fit(experiment, "run")
""",
    "run.predict('a superb film')[0]['label'], run.scores['test']['accuracy'] > 0.9",
    "tfm.fit(experiment, 'run').step == run.step",
    """
longer = dataclasses.replace(experiment, train=training.Train(
    steps=60, batch_size=16, eval_every=20))
found = []
thread = threading.Thread(target=lambda: found.append(tfm.fit(longer, "run")))
thread.start(); thread.join()
pandas.DataFrame(found[0].history).step.max()
""",
    "run.model.summary()",
    "import sys; tfm.__file__.startswith(sys.prefix)",
    "tfm.load('nowhere')",
]


@pytest.mark.slow  # needs .ci/requirements.txt
def test_a_notebook_fits_shows_predicts_and_goes_on(installed, tmp_path, monkeypatch):
    import nbformat

    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    kernels.execute(notebook, installed, tmp_path, monkeypatch, allow_errors=True)
    cells = [cell.outputs for cell in notebook.cells]
    for number, outputs in enumerate(cells[:-1]):
        wrong = [o for o in outputs if o.output_type == "error"]
        assert not wrong, (number, wrong)
    shown = _text(cells[1])
    assert "step 20  validation  loss" in shown and "Finished at step 40" in shown
    assert "Narrow: defined in a notebook or script" in shown
    assert "\x1b" not in shown and "\r" not in shown
    (progress,) = [o for o in cells[1] if o.output_type == "display_data"]
    assert re.fullmatch(r"Done in \d+:\d\d", progress.data["text/plain"])
    assert _text(cells[2]) == "('good', True)"
    assert "finished" in _text(cells[3]).lower() and _text(cells[3]).endswith("True")
    assert _text(cells[4]).endswith("60)")  # np.int64(60)
    assert _text(cells[6]) == "True"  # not the clone's
    (error,) = [o for o in cells[-1] if o.output_type == "error"]
    assert (error.ename, error.evalue) == (
        "UserError",
        "There is no run folder nowhere.",
    )
    assert (tmp_path / "run/metrics.json").is_file()


def _text(outputs) -> str:
    """What a cell printed and gave."""
    found = ""
    for output in outputs:
        if output.output_type == "stream" and output.name == "stdout":
            found += output.text
        elif output.output_type == "execute_result":
            found += output.data["text/plain"]
    return found
