"""Tags of scalars: a few groups, the same for training, validation and test."""

from tfm import figures

# TensorBoard sorts the groups by name
LOSS, METRICS, BY_CLASS = "loss", "metrics", "metrics_by_class"
OPTIMIZATION, BY_LAYER = "optimization", "optimization_by_layer"
SPEED, SYSTEM = "speed", "system"

_GROUPS = {
    "gradient_norm": OPTIMIZATION,
    "learning_rate": OPTIMIZATION,
    "skipped_updates": OPTIMIZATION,
    "tokens_per_second": SPEED,
    "steps_per_second": SPEED,
    "examples_per_second": SPEED,
    "input_wait": SPEED,
    "padding_share": SPEED,
    "memory_gb": SYSTEM,
    "gpu_memory_gb": SYSTEM,
}


def of(name: str) -> str:
    """GROUP/NAME of a metric or of what is logged, as metrics_by_class/f1/good."""
    kind, _, part = name.partition("/")
    if name in _GROUPS:
        return f"{_GROUPS[name]}/{name}"
    if part and (kind.endswith("_norm") or kind == "update_ratio"):
        return f"{BY_LAYER}/{name}"
    if kind == "loss":
        return f"{LOSS}/{part or kind}"
    if name.endswith("_loss"):
        return f"{LOSS}/{name}"
    return f"{BY_CLASS if part else METRICS}/{name}"


def shown(metrics) -> dict[str, float]:
    """{tag: value}; of many classes only the first ones."""
    found = {}
    classes: dict[str, int] = {}
    for name, value in metrics.items():
        tag = of(name)
        if tag.startswith(f"{BY_CLASS}/"):
            kind = name.partition("/")[0]
            classes[kind] = classes.get(kind, 0) + 1
            if classes[kind] > figures.MOST_DRAWN:
                continue
        found[tag] = value
    return found
