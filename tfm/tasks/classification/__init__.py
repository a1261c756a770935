"""Classification objective: head, loss and metrics; see tasks.TextClassification."""
