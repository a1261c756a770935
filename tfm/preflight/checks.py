"""Independent checks, and what they find: every mistake, not only the first."""

import contextlib
import dataclasses
import io
import itertools
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping

from tfm import errors


@dataclasses.dataclass
class Findings:
    """Facts, mistakes and warnings that the checks have found so far.

    Attributes:
      facts: by name, for later checks and the page.
      mistakes: each of which training would end with; a line each.
      warnings: what training would go on with; a line each.
      skipped: what was not looked at, and why; a line each.
      said: by check, the lines that it printed.
    """

    facts: dict[str, object] = dataclasses.field(default_factory=dict)
    mistakes: list[str] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)
    skipped: list[str] = dataclasses.field(default_factory=list)
    said: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def mistake(self, text: object) -> None:
        """Adds a mistake, once."""
        if str(text) not in self.mistakes:
            self.mistakes.append(str(text))


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that is looked at.

    Attributes:
      name: for a human, as "the data".
      find: findings -> facts to add, by name; a UserError is a mistake, and so is any
        other error, which training would end with too. It may put right what it told,
        in the fact "experiment", so that the checks after it find more.
      needs: facts without which there is nothing to look at.
    """

    name: str
    find: Callable[[Findings], Mapping[str, object] | None]
    needs: tuple[str, ...] = ()


def run(
    checks: Iterable[Check],
    findings: Findings,
    watch: Callable[[str], None] = lambda name: None,
) -> None:
    """Makes the checks in their order; what they find comes to `findings`.

    Args:
      watch: told the name of each check before it is made.
    """
    for check in checks:
        missing = [name for name in check.needs if name not in findings.facts]
        if missing:
            without = " and ".join(name.replace("_", " ") for name in missing)
            findings.skipped.append(f"{check.name}, for want of the {without}")
            continue
        watch(check.name)
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                findings.facts |= check.find(findings) or {}
        except errors.UserError as error:
            findings.mistake(error)
        except Exception as error:  # of a user's own code, or of a library
            findings.mistake(f"{check.name}: {type(error).__name__}: {_first(error)}")
        findings.said[check.name] = printed.getvalue().splitlines()


def _first(error: Exception) -> str:
    """The first line of an error's message; of a Keras layer's what it was, too."""
    plain = re.sub(r"\x1b\[\d*m", "", str(error))
    first, *others = [line for line in plain.splitlines() if line] or ["no message"]
    if not first.startswith("Exception encountered when calling"):
        return first
    is_cause = lambda line: not line.startswith("Arguments received")  # noqa: E731
    return " ".join([first, *list(itertools.takewhile(is_cause, others))[-1:]])
