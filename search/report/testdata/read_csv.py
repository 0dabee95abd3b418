"""Checks that pandas reads the same from a table as CSV and as JSON: read_csv.py [CSV JSON].

Without arguments it reads the golden files beside it. Written for pandas 3.1.
"""

import json
import math
import pathlib
import sys

import pandas as pd


def absent(cell):
    """Infinities are null in JSON."""
    return cell is None or isinstance(cell, float) and not math.isfinite(cell)


def main():
    here = pathlib.Path(__file__).parent
    csv_file, json_file = sys.argv[1:] or (here / "study.csv", here / "study.json")
    table = json.loads(pathlib.Path(json_file).read_text())
    # keep_default_na=False: a parameter's word "null" stays a word.
    frame = pd.read_csv(csv_file, keep_default_na=False, na_values=[""])
    assert list(frame.columns) == table["columns"], frame.columns
    assert len(frame) == len(table["trials"])
    for name in frame.columns:
        for cell, trial in zip(frame[name], table["trials"], strict=True):
            want = trial[name]
            if isinstance(cell, str) and not isinstance(want, str):
                cell = json.loads(cell)  # params, and numbers in a column with words
            if isinstance(want, str) and not isinstance(cell, str):
                want = json.loads(want)  # a column of the words true and false
            assert absent(cell) and absent(want) or cell == want, (name, cell, want)
    order = frame["mean_test_score"] * (-1 if table["direction"] == "maximize" else 1)
    ranks = order.rank(method="min").fillna(order.notna().sum() + 1)
    finished = frame["state"].isin(["complete", "pruned", "failed"])
    assert (ranks[finished] == frame["rank_test_score"][finished]).all()
    assert frame["rank_test_score"][~finished].isna().all()
    for name in ("trial", "epochs", "best_epoch", "rank_test_score", "attempt"):
        frame[name].astype("Int64")  # refuses fractions
    print(f"pandas {pd.__version__}: {len(frame)} rows, {len(frame.columns)} columns agree")


main()
