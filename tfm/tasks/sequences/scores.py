"""Scores of written texts against one or several references: BLEU, chrF, error rates.

N texts.
"""

from collections.abc import Callable
from collections.abc import Sequence


def of(
    names: Sequence[str], written: Sequence[str], references: Sequence[Sequence[str]]
) -> dict[str, float]:
    """The scores of the names; see Translation.

    Args:
      names: such as bleu.
      written: N texts.
      references: of each, one or more. Space does not count, but between parts.
    """
    written = [_spaced(text) for text in written]
    references = [[_spaced(text) for text in texts] for texts in references]
    return {name: _SCORES[name](written, references) for name in names}


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _bleu(written, references) -> float:
    import sacrebleu

    return sacrebleu.corpus_bleu(written, _streams(references)).score


def _chrf(written, references) -> float:
    import sacrebleu

    return sacrebleu.corpus_chrf(written, _streams(references)).score


def _streams(references) -> list[list[str | None]]:
    """References as sacrebleu takes them: the first of each text, the second, ..."""
    most = max(map(len, references), default=1)
    return [
        [texts[i] if i < len(texts) else None for texts in references]
        for i in range(most)
    ]


def _exact(written, references) -> float:
    right = sum(map(_is_right, written, references))
    return right / len(written)


def _word_error(written, references) -> float:
    return 1 - _exact(written, references)


def _is_right(text: str, references: Sequence[str]) -> bool:
    return text in references


def _phoneme_error(written, references) -> float:
    import jiwer

    def edits(text, reference):
        if not text:  # jiwer takes no empty text
            return len(reference.split())
        found = jiwer.process_words(reference, text)
        return found.substitutions + found.deletions + found.insertions

    return _error_rate(written, references, edits, lambda text: len(text.split()))


def _character_error(written, references) -> float:
    import jiwer

    def edits(text, reference):
        if not text:
            return len(reference)
        found = jiwer.process_characters(reference, text)
        return found.substitutions + found.deletions + found.insertions

    return _error_rate(written, references, edits, len)


def _error_rate(written, references, edits: Callable, length: Callable) -> float:
    """Edits over the length of references; of several the one of the lowest rate."""
    total = count = 0
    for text, texts in zip(written, references, strict=True):
        found = [(edits(text, reference), length(reference)) for reference in texts]
        edited, parts = min(found, key=lambda pair: pair[0] / max(pair[1], 1))
        total, count = total + edited, count + parts
    return total / max(count, 1)


_SCORES = {
    "bleu": _bleu,
    "chrf": _chrf,
    "exact": _exact,
    "word_error": _word_error,
    "phoneme_error": _phoneme_error,
    "character_error": _character_error,
}
