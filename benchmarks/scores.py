"""The table of scores in the README: each experiment trained with several seeds.

    python benchmarks/scores.py [--experiments=text_cls,tweets] [--seeds=3]

Runs lie in --runs (runs/scores); one that is finished there is not trained again.
Printed are each experiment's test score (accuracy, macro F1 for tweets) as a mean
and by seed, and the median minutes from the vocabulary to the last checkpoint.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
METRICS = {"tweets": "f1_macro"}  # accuracy elsewhere


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))
    parser.add_argument("--experiments", default=",".join(names))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--runs", type=pathlib.Path, default=pathlib.Path("runs/scores")
    )
    given = parser.parse_args()
    for name in given.experiments.split(","):
        metric = METRICS.get(name, "accuracy")
        scores, minutes = [], []
        for seed in range(given.seeds):
            run = given.runs.resolve() / f"{name}-{seed}"
            command = [
                "--experiment=" + name,
                f"--run_dir={run}",
                f"--train.seed={seed}",
            ]
            subprocess.run(
                [sys.executable, "-m", "tfm.train", *command],
                cwd=ROOT,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            scores.append(
                json.loads((run / "metrics.json").read_text())["test"][metric]
            )
            minutes.append(_minutes(run))
        each = ", ".join(f"{score:.4f}" for score in scores)
        print(
            f"{name}: {metric} {statistics.mean(scores):.4f} ({each}), "
            f"{statistics.median(minutes):.1f} min",
            flush=True,
        )


def _minutes(run: pathlib.Path) -> float:
    """From the learnt vocabulary to the last checkpoint."""
    begun = (run / "tokenizer" / "tokens.json").stat().st_mtime
    ended = max(path.stat().st_mtime for path in (run / "checkpoints").rglob("*"))
    return (ended - begun) / 60


if __name__ == "__main__":
    main()
