"""Pictures of clothes in ten classes (Fashion-MNIST) by a Vision Transformer.

    apt-get install dataset-fashion-mnist
    python -m tfm.train --experiment=image_cls_vit

Pictures of your own as in image_cls; --model.patch is to divide --inputs.size. Neither
cost nor score have been measured; image_cls is the one to begin with.
"""

import dataclasses

from tfm import inputs
from tfm import models
from tfm import training
from tfm.experiment import Experiment
from tfm.experiments import image_cls


def experiment() -> Experiment:
    clothes = image_cls.experiment()
    return dataclasses.replace(
        clothes,
        inputs=dataclasses.replace(
            clothes.inputs,
            augment=inputs.ImageAugment(shift=0.08, mixup=0.2, cutmix=1.0),
        ),
        model=models.ViT(
            num_layers=6,
            width=96,
            num_heads=4,
            feedforward_width=192,
            patch=4,
            dropout=0.0,
            embedding_dropout=0.0,
        ),
        optimizer=training.Optimizer(learning_rate=1e-3, weight_decay=0.05),
        train=training.Train(epochs=20, batch_size=64),
    )
