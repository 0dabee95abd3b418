"""Writes halving.csv: the schedules of scikit-learn's HalvingRandomSearchCV, with the resource a parameter.

A row is: candidates (0: "exhaust"), smallest and largest budget, factor, then "candidates@budget" of each iteration.
None of them is one where scikit-learn's logarithm of an exact power comes out too small and an iteration is lost, as
that of 243 to the base 3 does.

    pip install scikit-learn && python3 halving.py
"""
import numpy as np
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingRandomSearchCV


class Model(ClassifierMixin, BaseEstimator):
    def __init__(self, x=0.0, epochs=1):
        self.x, self.epochs = x, epochs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)

    def score(self, X, y):
        return self.x


X, y = np.zeros((8, 1)), np.arange(8) % 2
with open("halving.csv", "w") as out:
    out.write(f"# scikit-learn {sklearn.__version__}, HalvingRandomSearchCV\n")
    for lo, hi in [(1, 1), (1, 2), (1, 9), (1, 10), (1, 27), (1, 50), (2, 27), (5, 81), (3, 64), (10, 99), (4, 1000)]:
        for factor in [2, 3, 4, 10]:
            for candidates in [0, 1, 2, 3, 5, 8, 9, 10, 27, 28, 64, 100]:
                search = HalvingRandomSearchCV(
                    Model(), {"x": np.linspace(0, 1, 5000)}, n_candidates=candidates or "exhaust", factor=factor, cv=2,
                    resource="epochs", min_resources=lo, max_resources=hi, refit=False, random_state=1,
                )
                search.fit(X, y)
                rungs = [f"{c}@{r}" for c, r in zip(search.n_candidates_, search.n_resources_)]
                out.write(",".join(map(str, [candidates, lo, hi, factor, *rungs])) + "\n")
