"""The opponents: linear classifiers over TF-IDF, by scikit-learn."""

import re
import typing
from collections.abc import Sequence

from sklearn import feature_extraction
from sklearn import linear_model
from sklearn import metrics
from sklearn import pipeline
from sklearn import svm

_UNSPACED = re.compile(  # letters of scripts that put no space between words
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao; Burmese; Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"  # Kana; Han
)


class Classifier(typing.Protocol):
    def predict(self, texts: Sequence[str]) -> Sequence[str]: ...


def reference(texts: Sequence[str], labels: Sequence[str], seed: int) -> Classifier:
    """A linear support vector machine over words and characters.

    Words alone and in pairs, and characters within words, 2 to 5 in a row; where most
    letters are of a script without spaces, characters alone, 1 to 4 in a row. Each is
    TF-IDF with sublinear counts, of what is in two texts at least.
    """
    # Chosen by 3-fold cross-validation within the training rows (seed 0, at most
    # 3,000) of 10 of own_data.py's sets, by the mean accuracy / macro F1 over them:
    #   C=1, balanced        0.823 / 0.747; C=0.3 0.820 / 0.744; C=3 0.822 / 0.743
    #   C=1, not balanced    0.822 / 0.730; words alone 0.791 / 0.683; characters
    #   alone 0.810 / 0.708; also what is in one text only 0.814 / 0.703
    # Choosing C on each set could gain 0.002 at most, for nine times the work.
    classifier = svm.LinearSVC(C=1.0, class_weight="balanced", random_state=seed)
    return pipeline.make_pipeline(_features(texts), classifier).fit(texts, labels)


def logistic(texts: Sequence[str], labels: Sequence[str], seed: int) -> Classifier:
    """Logistic regression at its defaults, over the words of the reference."""
    words = _characters() if not is_spaced(texts) else _words()
    classifier = linear_model.LogisticRegression(max_iter=1_000, random_state=seed)
    return pipeline.make_pipeline(words, classifier).fit(texts, labels)


def scores(
    labels: Sequence[str], predicted: Sequence[str], classes: set[str]
) -> tuple[float, float]:
    """Accuracy, and F1 as the mean of all classes, 0 for one that is never met."""
    macro_f1 = metrics.f1_score(
        labels, predicted, labels=sorted(classes), average="macro", zero_division=0
    )
    return float(metrics.accuracy_score(labels, predicted)), float(macro_f1)


def is_spaced(texts: Sequence[str]) -> bool:
    """Whether most letters are of scripts that put spaces between words."""
    texts = texts[:1_000]
    letters = sum(sum(map(str.isalpha, text)) for text in texts)
    return 2 * sum(len(_UNSPACED.findall(text)) for text in texts) <= letters


def _features(texts: Sequence[str]):
    if not is_spaced(texts):
        return _characters()
    within_words = _tfidf(analyzer="char_wb", ngram_range=(2, 5))
    return pipeline.make_union(_words(), within_words)


def _words():
    return _tfidf(ngram_range=(1, 2))


def _characters():
    return _tfidf(analyzer="char", ngram_range=(1, 4))


def _tfidf(**settings):
    return feature_extraction.text.TfidfVectorizer(
        sublinear_tf=True, min_df=2, **settings
    )
