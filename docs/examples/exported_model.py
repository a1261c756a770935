"""Predicts by TensorFlow alone: python exported_model.py exported/reviews."""

import json
import pathlib
import sys

import tensorflow as tf

folder = pathlib.Path(sys.argv[1])
for name in json.loads((folder / "export.json").read_text())["needs"]["import_first"]:
    __import__(name)  # its operations, where the model has any of them

model = tf.saved_model.load(str(folder))
predict = model.signatures["serving_default"]
answer = predict(text=tf.constant(["A moving film.", "A dull one."]))
for label, shares in zip(
    answer["label"].numpy(), answer["probabilities"].numpy(), strict=True
):
    print(label.decode(), shares.max())
