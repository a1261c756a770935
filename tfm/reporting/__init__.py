"""The report of a run: scores with intervals, slices, figures, an HTML page."""
