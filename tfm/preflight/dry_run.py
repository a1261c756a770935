"""A dry run of a training: all checks, the page, and whether it would start."""

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence

from tfm import errors
from tfm import progress
from tfm.preflight import checklist
from tfm.preflight import checks
from tfm.preflight import page
from tfm.preflight import scratch


def run(
    experiment,
    changed: Mapping[str, object],
    mistakes: Sequence[str],
    training: checklist.Training,
) -> int:
    """Makes all checks and prints the page; the exit status: 0, or 2 for a mistake.

    Args:
      experiment: to be trained; None where a mistake hides it.
      changed: its fields that the command line set, by path.
      mistakes: of the command line.
      training: what is asked for besides.
    """
    found = checks.Findings(mistakes=list(mistakes))
    with scratch.state(training.scratch):
        found.facts["training"] = training
        if experiment is not None:
            found.facts |= {"experiment": experiment, "asked": experiment}
        looked_at = [""]
        with progress.phase("Looking at", details=lambda: looked_at[-1]):
            checks.run(checklist.of(), found, looked_at.append)
        if experiment is not None:
            found.facts |= _shown(experiment, found)
        print(*page.lines(found, changed), sep="\n", flush=True)
    return errors.USER_MISTAKE if found.mistakes else 0


def _shown(experiment, found: checks.Findings) -> dict[str, object]:
    """The configuration to show: as given, with what was found in the data."""
    looked = found.facts.get("experiment", experiment)
    if "choice" in found.facts:
        return {"given": looked, "found": ()}
    names = [
        name
        for name in getattr(experiment.data, "found", ())
        if getattr(experiment.data, name) != getattr(looked.data, name)
    ]
    values = {name: getattr(looked.data, name) for name in names}
    data = dataclasses.replace(experiment.data, **values)
    given = dataclasses.replace(experiment, data=data)
    return {"given": given, "found": [f"data.{name}" for name in names]}
