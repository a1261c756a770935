"""Train steps: mean loss, contrastive over the batch, SAM, multi-task, mean teacher."""
