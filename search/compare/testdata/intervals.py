# Writes intervals.json: what stats.go must give, computed by SciPy and NumPy.
import json

import numpy as np
import scipy
from scipy import stats

random = np.random.default_rng(1)
cases = []
for n in (2, 3, 4, 5, 10, 11, 30, 101):
    a, b = random.normal(0.97, 0.003, n), random.normal(0.971, 0.002, n)
    difference = stats.ttest_rel(a, b)
    interval = difference.confidence_interval(0.95)
    cases.append({
        "a": a.tolist(), "b": b.tolist(), "t": stats.t.ppf(0.975, n - 1),
        "mean": (a - b).mean(), "low": interval.low, "high": interval.high,
        "sd": a.std(ddof=1), "se": stats.sem(a), "quartiles": np.quantile(a, [0.25, 0.5, 0.75]).tolist(),
    })
with open("intervals.json", "w") as f:
    json.dump({"scipy": scipy.__version__, "numpy": np.__version__, "cases": cases}, f, indent=1)
    f.write("\n")
