"""Rows of a dataset of tensorflow_datasets, which is imported only here."""

from collections.abc import Iterator

from tfm import errors
from tfm.data.readers import formats


def read(spec: str, wanted: tuple[str, ...]) -> Iterator[dict[str, object]]:
    """Yields the wanted features of `tfds:NAME[#SPLIT]`, in the dataset's order.

    Text arrives as bytes, so do pictures as they were encoded; numbers as numpy numbers
    and classes as their names.
    The dataset is downloaded and prepared where it is not in TFDS_DATA_DIR yet.
    """
    spec_name, _, split = spec.removeprefix("tfds:").partition("#")
    split = split or "train"
    tfds, builder = _builder(spec, spec_name)
    features = builder.info.features
    formats.need(wanted, list(features), spec)
    if split.partition("[")[0] not in [*builder.info.splits, "all"]:
        raise errors.UserError(
            f"{spec_name} has no split {split!r}. "
            f"It has: {', '.join(sorted(builder.info.splits))}."
        )
    encoded = {
        name: tfds.decode.SkipDecoding()
        for name in wanted
        if isinstance(features[name], tfds.features.Image)
    }
    try:
        dataset = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders=tfds.decode.PartialDecoding(
                dict.fromkeys(wanted, True), decoders=encoded
            ),
            read_config=tfds.ReadConfig(interleave_cycle_length=1),
        )
    except ValueError as error:
        raise errors.UserError(f"{spec}: {_first_line(error)}") from error
    names = {name: _class_names(features[name]) for name in wanted}
    for example in tfds.as_numpy(dataset):
        yield {name: _named(example[name], names[name]) for name in wanted}


def _builder(spec: str, name: str):
    try:
        import tensorflow_datasets as tfds

        builder = tfds.builder(name, try_gcs=False)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise errors.UserError(
            f"{spec} needs the package {package}, which is not installed: "
            f"pip install {package.replace('_', '-')}"
        ) from error
    except Exception as error:
        kind = type(error).__name__
        if kind in ("DatasetNotFoundError", "PackageNotFoundError"):
            raise errors.UserError(
                f"tensorflow_datasets has no dataset {name!r} "
                f"(its own folder is set with TFDS_DATA_DIR)."
            ) from error
        raise errors.UserError(f"{spec}: {kind}: {_first_line(error)}") from error
    try:
        builder.download_and_prepare()
    except Exception as error:
        raise errors.UserError(
            f"{spec} could not be downloaded and prepared in {builder.data_dir}: "
            f"{type(error).__name__}: {_first_line(error)}"
        ) from error
    return tfds, builder


def _class_names(feature) -> list[str] | None:
    """Returns the names of a ClassLabel or of a Sequence of them."""
    feature = getattr(feature, "feature", feature)
    return getattr(feature, "names", None)


def _named(value, names: list[str] | None):
    if getattr(value, "ndim", 0):
        return [_named(item, names) for item in value]
    if names and value >= 0:
        return names[value]
    if names:  # -1: the label is not known, as in some test splits
        return None
    return value if isinstance(value, bytes) else value.item()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
