"""The page of a preflight: what was found, in the order in which data flows."""

from collections.abc import Iterator

from tfm import console_text
from tfm.preflight import checks

_LAYERS = 60  # that are listed


def lines(found: checks.Findings, changed) -> Iterator[str]:
    """Yields the page.

    Args:
      found: what the checks found, with the facts that checklist.of tells of.
      changed: paths of the fields that the command line set.
    """
    facts = found.facts
    sections = {
        "Choice": facts.get("choice", ()),
        "Configuration": _configuration(facts, changed),
        "Data": _data(facts),
        "Model": _model(found),
        "Memory": _memory(facts),
        "Time": _time(facts),
        "Not looked at": found.skipped,
        "Warnings": found.warnings,
        "Mistakes": found.mistakes,
    }
    for title, body in sections.items():
        body = [console_text.one_line(line) for line in body]
        if body:
            yield from ("", title, *(f"  {line}" for line in _wrapped(body)))
    yield ""
    count = len(found.mistakes)
    if not count:
        yield "Training would start."
    else:
        yield f"Training would not start: {count} mistake{'s' * (count > 1)}."
