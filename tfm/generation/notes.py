"""Notes to the user: what of a prompt is not read, settings that change nothing."""

import typing
from collections.abc import Sequence

Kind = typing.Literal["unknown", "cut", "space", "positions"]
# of many prompts: `12 of 300 prompts ...`
MANY: dict[Kind, str] = {
    "unknown": "hold characters that the vocabulary does not know",
    "cut": "are longer than the model reads, which is their last part",
    "space": "end in white space",
    "positions": "have texts that end where the model reads no more",
}
_SPACES = {" ": "a space", "\n": "a line feed", "\t": "a tab"}
# a word's token holds the space before it
_JOINED = ("bpe", "unigram", "pretrained")


class Note(typing.NamedTuple):
    """A fact that the user should know of a prompt and its text."""

    kind: Kind
    text: str


def of_prompt(tokenizer, text: str, gaps: Sequence[str] = ()) -> list[Note]:
    """Notes on what the tokenizer does not read as it was meant.

    Args:
      tokenizer: the tfm.inputs.text Tokenizer.
      text: the prompt.
      gaps: names in it that are special tokens.
    """
    found = []
    if words := unknown_words(tokenizer, text, gaps):
        shown = ", ".join(map(repr, words))
        share = 100 * _lost_share(tokenizer, text, gaps)
        told = (
            f"Not in the vocabulary, so read as unknown: {shown} ({share:.0f} % of the "
            "prompt's characters)."
        )
        found.append(Note("unknown", told))
    if text[-1:].isspace() and text.strip() and tokenizer.config.method in _JOINED:
        name = _SPACES.get(text[-1], "white space")
        told = (
            "the tokens of words begin with the space before them, so the text may go "
            "on badly. Leave it out."
        )
        if text[-1] == "\n":
            told = (
                "unless lines of the training texts end so, the text may go on badly. "
                "Leave it out then."
            )
        found.append(Note("space", f"The prompt ends in {name}: {told}"))
    return found


def unknown_words(
    tokenizer, text: str, gaps: Sequence[str] = (), most: int = 5
) -> list[str]:
    """The first words of a prompt that the vocabulary cannot spell."""
    if _knows(tokenizer, text, gaps):
        return []
    found = []
    for word in dict.fromkeys(text.split()):
        if not _knows(tokenizer, word, gaps):
            found.append(word)
        if len(found) == most:
            break
    return found or ["white space"]


def of_settings(
    settings, tokenizer, allowed: int, gaps: Sequence[str] = ()
) -> list[str]:
    """Settings that change nothing, and stop texts that never come.

    Args:
      settings: settings.Settings.
      tokenizer: the tfm.inputs.text Tokenizer.
      allowed: the number of tokens that may be made.
      gaps: names of special tokens that the text shows.
    """
    found = [note for s in settings.stop for note in _of_stop(s, tokenizer, gaps)]
    greedy = settings.temperature == 0 or settings.top_k == 1
    if greedy and settings.num_beams == 1:
        why = "temperature=0" if settings.temperature == 0 else "top_k=1"
        idle = {
            "top_k": settings.top_k not in (None, 1),
            "top_p": settings.top_p < 1,
            "seed": settings.seed != 0,
            "temperature": settings.temperature not in (0, 1),
        }
        names = [name for name, given in idle.items() if given]
        if names:
            have = "has" if len(names) == 1 else "have"
            found.append(
                f"{', '.join(names)} {have} no effect: with {why} it is always the "
                "likeliest token."
            )
        if settings.num_samples > 1:
            found.append(f"All num_samples are alike: {why} draws nothing.")
    elif settings.num_beams > 1 and settings.seed != 0:
        found.append("seed has no effect: num_beams searches and draws nothing.")
    if settings.num_beams == 1 and settings.length_penalty != 1:
        found.append("length_penalty has no effect: it is of num_beams above 1.")
    if settings.top_k is not None and settings.top_k >= allowed and not greedy:
        found.append(
            f"top_k={settings.top_k} has no effect: {allowed:,} tokens can be made."
        )
    texts = most_texts(settings, allowed, tokenizer.eos_id is not None)
    if settings.num_beams > texts:
        found.append(
            f"num_beams={settings.num_beams} is more than the {texts:,} texts that "
            f"max_new_tokens={settings.max_new_tokens} can make."
        )
    return found


def most_texts(settings, allowed: int, ends: bool) -> int:
    """The number of texts that can be made, counted up to num_beams + 1.

    Args:
      settings: settings.Settings.
      allowed: the number of tokens that may be made.
      ends: whether one of them ends a text.
    """
    going_on = 1  # texts of some tokens that have not ended
    ended = 0
    for _ in range(settings.max_new_tokens):
        ended += going_on if ends else 0
        going_on *= allowed - ends
        if not 0 < going_on + ended <= settings.num_beams:
            break
    return going_on + ended


def _of_stop(stop: str, tokenizer, gaps: Sequence[str]) -> list[str]:
    """Why a stop text never comes, if so."""
    if stop in gaps:
        return []
    if stop in tokenizer.special_names():
        return [f"stop={stop!r} is a token, which no text shows."]
    if not _knows(tokenizer, stop, gaps):
        return [f"stop={stop!r} never comes: the vocabulary cannot spell it."]
    spelt = tokenizer.decode([tokenizer.encode_prompt(stop, gaps=gaps)])[0]
    if stop in f" {spelt} ":  # between words
        return []
    instead = f", but as {spelt!r}" if spelt.strip() else ""
    return [f"stop={stop!r} never comes: the run does not write it so{instead}."]


def _knows(tokenizer, text: str, gaps: Sequence[str]) -> bool:
    unknown = tokenizer.unknown_id
    return unknown is None or unknown not in tokenizer.encode_prompt(text, gaps=gaps)


def _lost_share(tokenizer, text: str, gaps: Sequence[str]) -> float:
    """The share of the visible characters that the known tokens do not spell."""
    ids = tokenizer.encode_prompt(text, gaps=gaps)
    for name in gaps:
        text = text.replace(name, "")
    visible = len("".join(text.split()))
    lost = tokenizer.lost([text], [ids])[0]
    return min(max(lost, 0) / max(visible, 1), 1.0)
