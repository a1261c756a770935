"""A plain PyTorch GPT on the tokens of char_gpt, to compare validation losses with.

    python -m tfm.prepare --experiment=char_gpt --store=stores/char_gpt
    python benchmarks/char_gpt_pytorch.py stores/char_gpt --seed=0

With --beginning, first weights and windows are those of a run of tfm: char_gpt.py.

Needs PyTorch and NumPy in an environment of their own, and nothing of tfm. The same
shape, text, split and settings as experiments/char_gpt.py, which are those of nanoGPT
on a CPU (https://github.com/karpathy/nanoGPT, README): 4 layers, 4 heads, 128 wide,
context 64, batch 12, 2,000 steps, no dropout, no biases; windows at random places. The
loss is that of the whole validation split, each token once, in windows of 64; a text's
first token is told from the token that begins texts, as tfm has it.

B batch, T positions, D width, H heads, K head width, V vocabulary.
"""

import argparse
import json
import math
import pathlib
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

LAYERS, HEADS, WIDTH, CONTEXT, BATCH = 4, 4, 128, 64, 12
RATE, LAST_RATE, WARMUP, WEIGHT_DECAY, BETAS = 1e-3, 1e-4, 100, 0.1, (0.9, 0.99)


class Block(nn.Module):
    """Pre-norm attention and feed-forward network, each with a residual."""

    def __init__(self):
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH, bias=False)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.mix = nn.Linear(WIDTH, WIDTH, bias=False)
        self.feedforward_norm = nn.LayerNorm(WIDTH, bias=False)
        self.rise = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.fall = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x_BTD):
        batch, length, _ = x_BTD.shape
        q, k, v = (
            part.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
            for part in self.qkv(self.attention_norm(x_BTD)).split(WIDTH, dim=2)
        )
        mixed_BHTK = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        mixed_BTD = mixed_BHTK.transpose(1, 2).reshape(batch, length, WIDTH)
        x_BTD = x_BTD + self.mix(mixed_BTD)
        hidden = functional.gelu(self.rise(self.feedforward_norm(x_BTD)))
        return x_BTD + self.fall(hidden)


class GPT(nn.Module):
    """tokens_BT -> logits_BTV, by the transposed table of the embeddings."""

    def __init__(self, vocab_size: int):
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, WIDTH)
        self.positions = nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH, bias=False)
        for name, weight in self.named_parameters():
            if weight.dim() == 2:
                residual = name.endswith(("mix.weight", "fall.weight"))
                scale = 0.02 / math.sqrt(2 * LAYERS) if residual else 0.02
                nn.init.normal_(weight, std=scale)

    def forward(self, tokens_BT):
        x_BTD = self.tokens(tokens_BT) + self.positions.weight[: tokens_BT.shape[1]]
        for block in self.blocks:
            x_BTD = block(x_BTD)
        return self.norm(x_BTD) @ self.tokens.weight.T


def read(store: pathlib.Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a split, from the files of a store."""
    manifest = json.loads((store / "manifest.json").read_text())
    inputs, targets = [], []
    shards = [sorted((store / split).glob(n)) for n in ("tokens-*", "documents-*")]
    for path, ends_path in zip(*shards, strict=True):
        tokens = np.fromfile(path, manifest["dtype"]).astype(np.int64)
        ends = np.load(ends_path)
        before = np.roll(tokens, 1)
        before[np.append(0, ends[:-1])] = manifest["begin_id"]
        inputs.append(before)
        targets.append(tokens)
    return np.concatenate(inputs), np.concatenate(targets)


def begin(model: GPT, beginning) -> None:
    """Gives the model the first weights of a run of tfm."""

    def table(name: str) -> torch.Tensor:
        return torch.from_numpy(beginning[f"{name}/lookup/embeddings"])

    def weights(*names: str) -> torch.Tensor:
        return torch.cat([torch.from_numpy(beginning[name]).T for name in names])

    with torch.no_grad():
        model.tokens.weight.copy_(table("embedding"))
        model.positions.weight.copy_(table("positions"))
        for number, block in enumerate(model.blocks):
            attention, feedforward = (
                f"block_{number}/{part}" for part in ("attention", "feedforward")
            )
            qkv = (f"{attention}/{part}/kernel" for part in ("query", "key", "value"))
            block.qkv.weight.copy_(weights(*qkv))
            block.mix.weight.copy_(weights(f"{attention}/output/kernel"))
            block.rise.weight.copy_(weights(f"{feedforward}/hidden/kernel"))
            block.fall.weight.copy_(weights(f"{feedforward}/output/kernel"))


def rate(step: int, steps: int) -> float:
    """Linear warm-up, then a cosine to the last rate."""
    if step < WARMUP:
        return RATE * (step + 1) / WARMUP
    share = (step - WARMUP) / (steps - WARMUP)
    return LAST_RATE + 0.5 * (1 + math.cos(math.pi * share)) * (RATE - LAST_RATE)


@torch.no_grad()
def validation_loss(model: GPT, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Mean nats of all tokens."""
    total = 0.0
    for start in range(0, len(targets), CONTEXT):
        window = slice(start, start + CONTEXT)
        logits = model(torch.from_numpy(inputs[window])[None])
        told = torch.from_numpy(targets[window])
        total += functional.cross_entropy(logits[0], told, reduction="sum").item()
    return total / len(targets)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("store", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--beginning", help=".npz of weights and windows")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file to write")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    train, validation = (read(options.store, s) for s in ("train", "validation"))
    manifest = json.loads((options.store / "manifest.json").read_text())
    model = GPT(manifest["tokenizer"]["vocab_size"])
    windows = None
    if options.beginning:
        beginning = np.load(options.beginning)
        windows = beginning["windows"].astype(np.int64)
        begin(model, beginning)
    matrices = [w for w in model.parameters() if w.dim() == 2]
    vectors = [w for w in model.parameters() if w.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}],
        lr=RATE,
        betas=BETAS,
        weight_decay=WEIGHT_DECAY,
    )
    started, cpu = time.monotonic(), time.process_time()
    for step in range(options.steps):
        if windows is None:
            starts = rng.integers(len(train[0]) - CONTEXT, size=(BATCH, 1))
            places = starts + np.arange(CONTEXT)
            rows = np.stack([part[places] for part in train])
        else:
            rows = windows[step]
        read_BT, told_BT = torch.from_numpy(rows)
        logits = model(read_BT)
        # what fills up a window of tfm is -100, which is not counted
        loss = functional.cross_entropy(logits.flatten(0, 1), told_BT.flatten())
        for group in optimizer.param_groups:
            group["lr"] = rate(step, options.steps)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0:
            print(f"step {step:,}  loss {loss.item():.4f}", flush=True)
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    parameters = sum(w.numel() for w in model.parameters())
    found = validation_loss(model, *validation)
    if options.output:
        options.output.write_text(json.dumps({"validation_loss": found}))
    print(
        f"seed {options.seed}  {parameters:,} parameters  "
        f"validation loss {found:.4f}  {options.steps / seconds:.1f} steps/s  "
        f"{cpu / options.steps * 1e3:.1f} CPU ms a step"
    )


if __name__ == "__main__":
    main()
