"""Writes what scikit-learn makes of fixed scores: cv_results.py > cv_results.json.

GridSearchCV runs on an estimator whose score for a candidate and a split is looked up in a
list, so that its cv_results_ depend on that list alone. Times are measured and differ from
run to run: their columns are held against NumPy on fixed lists, with the two lines of
scikit-learn's _format_results that make them.
"""

import json
import math
import warnings

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, ParameterGrid, PredefinedSplit

CANDIDATES = {}  # the params of a candidate as JSON -> its scores, one a split
ROWS = 3  # of a split


class Lookup(BaseEstimator):
    def __init__(self, kernel="rbf", C=1.0, gamma=None, degree=None, rule=None):
        self.kernel, self.C, self.gamma, self.degree, self.rule = kernel, C, gamma, degree, rule

    def key(self):
        return json.dumps({k: v for k, v in self.get_params().items() if v is not None}, sort_keys=True)

    def fit(self, X, y=None):
        return self

    def score(self, X, y=None):
        value = CANDIDATES[self.key()][int(X[0, 0])]
        if value is None:  # becomes error_score
            raise ValueError("no score")
        return value


def run(name, direction, grid, scores):
    """Searches a grid; scores[i] has the scores of candidate i."""
    params = list(ParameterGrid(grid))
    CANDIDATES.clear()
    for p, s in zip(params, scores, strict=True):
        CANDIDATES[Lookup(**p).key()] = s
    splits = len(scores[0])
    X = np.repeat(np.arange(splits, dtype=float), ROWS)[:, None]
    search = GridSearchCV(Lookup(), grid, cv=PredefinedSplit(X[:, 0].astype(int)), refit=False, error_score=np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X)
    r = search.cv_results_
    columns = {}
    for key in r:
        if key.startswith("split") or key in ("mean_test_score", "std_test_score", "rank_test_score"):
            columns[key] = numbers(r[key])
        elif key.startswith("param_"):
            columns[key] = [None if m else v for v, m in zip(r[key].data.tolist(), np.ma.getmaskarray(r[key]))]
    assert r["params"] == params
    return {"name": name, "direction": direction, "params": params, "scores": scores, "columns": columns}


def numbers(values):
    """NaN is None."""
    return [None if isinstance(v, float) and math.isnan(v) else v for v in np.asarray(values).tolist()]


def times(rng):
    """Mean and deviation of lists of all lengths."""
    out = []
    for n in [*range(1, 20), 33, 127, 128, 129, 300]:
        values = rng.lognormal(size=n).round(4)
        array = np.array([values], dtype=np.float64).reshape(1, n)
        means = np.average(array, axis=1)
        stds = np.sqrt(np.average((array - means[:, np.newaxis]) ** 2, axis=1))
        out.append({"values": values.tolist(), "mean": means[0].item(), "std": stds[0].item()})
    return out


def main():
    rng = np.random.default_rng(20)
    conditional = [
        {"kernel": ["rbf"], "C": [0.1, 1.0, 10.0], "gamma": [0.01, 0.5]},
        {"kernel": ["poly"], "C": [0.1, 10.0], "degree": [2, 3]},
        {"kernel": ["linear"]},
    ]
    three = rng.uniform(0.5, 1, size=(11, 3)).round(4).tolist()
    three[2] = three[0]  # a tie
    three[9] = three[0][::-1]  # the same scores in another order
    three[4][1] = None  # one split fails
    three[7] = [None, None, None]
    three[10] = [0.1, 0.1, 0.1]  # whose mean is not 0.1
    plain = {"C": [0.5, 1.0, 2.0, 4.0], "rule": ["sgd", "adam", "nan", "a|b"]}
    ten = rng.normal(size=(16, 10)).round(3).tolist()
    for i in range(3, 16, 4):
        ten[i] = ten[3]
    ten[5][9] = None
    losses = (-rng.exponential(size=(8, 5))).round(2).tolist()  # what scikit-learn calls neg_log_loss
    losses[6] = losses[1]
    losses[0][0] = None
    cases = [
        run("conditional", "maximize", conditional, three),
        run("ten folds", "maximize", plain, ten),
        run("losses", "minimize", {"C": [1.0, 2.0], "degree": [1, 2, 3, 4]}, losses),
        run("one split", "maximize", {"C": [1.0, 2.0, 3.0]}, [[0.7], [0.9], [0.9]]),
        run("all failed", "maximize", {"C": [1.0, 2.0]}, [[None, 1.0], [0.5, None]]),
    ]
    versions = f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}"
    text = json.dumps({"program": versions, "cases": cases, "times": times(rng)}, allow_nan=False)
    print(text.replace('{"name"', '\n{"name"').replace('{"values"', '\n{"values"'))


main()
