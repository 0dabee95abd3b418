"""The problems of bench/problem in Python. Their spaces, optima and noise come from the Go program (-describe); the values
are computed here, and compared with the Go program's at the points that it gives.
"""
import csv
import functools
import gzip
import json
import math
import pathlib
import subprocess

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
TABLES = HERE.parents[1] / "problem" / "tables"
NOISE = {"branin-noisy": 1.0, "hartmann6-noisy": 0.2}  # standard deviations


class Fails(Exception):
    """The evaluation of a configuration fails."""


def numbers(f):
    """Makes a function of a configuration of a function of the vector of its numbers x1, x2, ..."""
    return lambda p: f(np.array([p[f"x{i + 1}"] for i in range(len(p))], dtype=float))


def branin(x):
    t = x[1] - 5.1 / (4 * np.pi**2) * x[0] ** 2 + 5 / np.pi * x[0] - 6
    return t**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x[0]) + 10


def sixhump(x):
    return (4 - 2.1 * x[0] ** 2 + x[0] ** 4 / 3) * x[0] ** 2 + x[0] * x[1] + (-4 + 4 * x[1] ** 2) * x[1] ** 2


def hartmann(a, p):
    a, p, weights = np.array(a), 1e-4 * np.array(p), np.array([1, 1.2, 3, 3.2])
    return lambda x: -weights @ np.exp(-(a * (x - p) ** 2).sum(1))


hartmann3 = hartmann([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]],
                     [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])
hartmann6 = hartmann([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]],
                     [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                      [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def ackley(x):
    return -20 * np.exp(-0.2 * np.sqrt((x**2).mean())) - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + np.e


def levy(x):
    w = 1 + (x - 1) / 4
    middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2)).sum()
    return np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)


def michalewicz(x):
    return -(np.sin(x) * np.sin(np.arange(1, len(x) + 1) * x**2 / np.pi) ** 20).sum()


def styblinski(x):
    return ((x**4 - 16 * x**2 + 5 * x) / 2).sum()


def func2c(p):
    x = 2 * np.array([p["x1"], p["x2"]])
    a, b = x
    beale = ((1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2) / 50
    terms = {"rosenbrock": rosenbrock(x) / 300, "camel": sixhump(x) / 10, "beale": beale, "beale2": beale, "beale3": beale}
    return terms[p["h1"]] + terms[p["h2"]]


def conditional(p):
    goal, penalty = {"adam": (-3, 0.3), "rmsprop": (-3, 0.5), "sgd": (-1, 0)}[p["optimizer"]]
    if p["optimizer"] == "sgd":
        penalty = abs(p["momentum"] - 0.9) + 0.1 * (p["nesterov"] == "no")
    rate, batch, layers = math.log10(p["learning_rate"]) - goal, math.log2(p["batch_size"]) - 5, p["num_layers"] - 3
    return 1 - penalty - 0.2 * rate**2 - 0.03 * batch**2 - 0.05 * layers**2


def descent(p):
    c, mean = np.array([1.0, 4, 16, 64]), 0.0
    w, v = np.ones(4), np.zeros(4)
    for _ in range(30):
        v = p["momentum"] * v - p["learning_rate"] * c * w
        w = w + v
        mean += (c * w**2).sum() / 30
    if not mean < c.sum():
        raise Fails
    return math.log10(mean / c.sum())


FORMULAS = {
    "branin": numbers(branin), "sixhump": numbers(sixhump), "hartmann3": numbers(hartmann3),
    "hartmann6": numbers(hartmann6), "rosenbrock4": numbers(rosenbrock), "rosenbrock4int": numbers(rosenbrock),
    "ackley5": numbers(ackley), "levy5": numbers(levy), "michalewicz5": numbers(michalewicz),
    "styblinski5": numbers(styblinski), "func2c": func2c, "conditional": conditional, "descent": descent,
}


@functools.cache
def table(name):
    """Returns the accuracies by seed of the cells of a table."""
    with gzip.open(TABLES / f"{name}.csv.gz", "rt") as f:
        return {cell(row): [float(row[f"acc_seed{i}"]) for i in range(5)] for row in csv.DictReader(f)}


def cell(p):
    return int(p["batch_size"]), int(p["num_layers"]), float(p["learning_rate"]), int(p.get("width", 64))


class Problem:
    """A problem as the Go program describes it. A parameter is a dict: name, kind (real, integer, choice or category), low,
    high and log, or values, and when it is conditional."""

    def __init__(self, description):
        self.__dict__.update(description)
        self.maximize = self.direction == "maximize"
        plain = self.name.removesuffix("-noisy")
        self.formula, self.table = FORMULAS.get(plain), plain.removesuffix("4")

    def value(self, p):
        """Returns the value without noise, or raises Fails."""
        if self.formula:
            return float(self.formula(p))
        accuracies = table(self.table)[cell(p)]
        return sum(accuracies) / len(accuracies)

    def measure(self, p, rng):
        if not self.noisy:
            return self.value(p)
        if self.formula:
            return self.value(p) + NOISE[self.name] * rng.standard_normal()
        return table(self.table)[cell(p)][rng.integers(5)]

    def regret(self, p):
        return abs(self.value(p) - self.best) / self.scale

    def active(self, parameter, p):
        """Whether a parameter takes part in a configuration: all conditions here are equalities."""
        when = parameter.get("when")
        return when is None or p.get(when["param"]) == when["value"]

    def check(self):
        """Raises an error unless the values are the Go program's."""
        for point in self.points:
            try:
                value = self.value(point["params"])
            except Fails:
                value = None
            want = point["value"]
            if (value is None) != (want is None) or want is not None and abs(value - want) > 1e-9 * max(1, abs(want)):
                raise ValueError(f"{self.name} at {point['params']}: {value}, the Go program says {want}")


def load(described, names=None):
    """Returns the problems by name, after a check of their values. The file holds what the Go program says of them; it is
    made where it is missing."""
    if not described.exists():
        text = subprocess.run(["go", "run", ".", "-describe"], cwd=HERE, check=True, stdout=subprocess.PIPE, text=True).stdout
        described.write_text(text)
    every = {d["name"]: Problem(d) for d in json.loads(described.read_text())["problems"]}
    chosen = {name: every[name] for name in names or every}
    for problem in chosen.values():
        problem.check()
    return chosen
