"""Writes torch_steps.json: losses of the first steps of small trainings, by PyTorch in float64.

Weights and data come from a formula that the Go test computes too, so the file holds only losses.
PyTorch's Adam adds eps to the corrected root; with eps / sqrt(1 - beta2^t) at step t it is the form with eps
beside the uncorrected root (Keras's), which is what the trainer has.

    pip install torch numpy && python3 torch_steps.py
"""
import json
import numpy as np
import torch
import torch.nn.functional as F

BATCH, FEATURES, CLASSES, STEPS = 32, 784, 10, 5


def unit(n, salt):
    """n numbers in [-1, 1): multiples of 2^-23, exact in float32."""
    i = np.arange(n, dtype=np.uint32)
    h = (i + np.uint32(salt)) * np.uint32(2654435761)
    h ^= h >> np.uint32(15)
    h *= np.uint32(2246822519)
    h ^= h >> np.uint32(13)
    return (h >> np.uint32(8)).astype(np.float64) / 2**23 - 1


def tensors(widths):
    out, fan_in = [], FEATURES
    for layer, width in enumerate(widths + [CLASSES]):
        scale = 2.0 ** -4
        out.append(torch.tensor(unit(fan_in * width, 1000 * layer).reshape(fan_in, width) * scale, requires_grad=True))
        out.append(torch.tensor(unit(width, 1000 * layer + 500) * scale, requires_grad=True))
        fan_in = width
    return out


def data():
    u = unit(BATCH * FEATURES, 77).reshape(BATCH, FEATURES)
    x = np.where(u > 0.6, np.floor(256 * (u + 1) / 2), 0).astype(np.uint8)  # a fifth of the pixels is lit
    y = np.arange(BATCH) * 7 % CLASSES
    return torch.tensor(x.astype(np.float32) * np.float32(1 / 255)).double(), torch.tensor(y)


def losses(widths, activation, optimizer, lr, decay, smoothing, clip):
    params, (x, y) = tensors(widths), data()
    act = {"relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu}[activation]
    make = {
        "sgd": lambda: torch.optim.SGD(params, lr),
        "momentum": lambda: torch.optim.SGD(params, lr, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(params, lr, momentum=0.9, nesterov=True),
        "adam": lambda: torch.optim.Adam(params, lr),
        "adamw": lambda: torch.optim.AdamW(params, lr, weight_decay=decay),
    }
    opt, out = make[optimizer](), []
    for t in range(1, STEPS + 1):
        h = x
        for i in range(0, len(params), 2):
            h = h @ params[i] + params[i + 1]
            h = act(h) if i + 2 < len(params) else h
        loss = F.cross_entropy(h, y, label_smoothing=smoothing)
        out.append(loss.item())
        opt.zero_grad()
        loss.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(params, clip)
        if optimizer.startswith("adam"):
            opt.param_groups[0]["eps"] = 1e-7 / (1 - 0.999 ** t) ** 0.5
        opt.step()
    return out


cases = [
    ([64, 64], "relu", "adam", 0.001, 0, 0, 0),
    ([64], "relu", "adam", 0.001, 0, 0, 0),
    ([100, 64, 40], "tanh", "adamw", 0.002, 0.1, 0.1, 0),
    ([64, 64], "gelu", "adam", 0.001, 0, 0.2, 0.5),
    ([70], "sigmoid", "sgd", 0.1, 0, 0, 0),
    ([64, 64], "relu", "momentum", 0.02, 0, 0, 0.05),
    ([64, 64], "relu", "nesterov", 0.02, 0, 0, 0),
]
names = ["width", "activation", "optimizer", "learning_rate", "weight_decay", "label_smoothing", "clip_norm"]
rows = [{"config": {**dict(zip(names, c)), "num_layers": len(c[0])}, "losses": losses(*c)} for c in cases]
with open("torch_steps.json", "w") as f:
    json.dump({"program": "PyTorch " + torch.__version__, "dtype": "float64", "cases": rows}, f, indent=1)
