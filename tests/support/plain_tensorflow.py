"""Runs an exported model where tfm cannot be imported: DIR, SIGNATURE; JSON in, out.

Standard input is a list of batches, {column: values} each, where bytes are {"base64":
text}, as TensorFlow Serving takes them; what comes out is written as {output: values}
each, and the seconds of the processor.
"""

import base64
import json
import pathlib
import resource
import sys

sys.modules["tfm"] = None  # its import fails, wherever it is installed

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

description = json.loads(pathlib.Path(sys.argv[1], "export.json").read_text())
for name in description["needs"]["import_first"]:
    __import__(name)
model = tf.saved_model.load(sys.argv[1])
answer = model.signatures[sys.argv[2]]


def of_json(value):
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


found = []
for batch in json.load(sys.stdin):
    columns = {n: tf.constant([*map(of_json, v)]) for n, v in batch.items()}
    outputs = {name: value.numpy() for name, value in answer(**columns).items()}
    found.append(
        {
            name: np.char.decode(value.astype(bytes), "utf-8").tolist()
            if value.dtype == object
            else value.tolist()
            for name, value in outputs.items()
        }
    )
used = resource.getrusage(resource.RUSAGE_SELF)
loaded = sorted({name.partition(".")[0] for name in sys.modules} & {"tfm", "keras"})
assert sys.modules["tfm"] is None
json.dump({"answers": found, "loaded": loaded, "seconds": used.ru_utime}, sys.stdout)
