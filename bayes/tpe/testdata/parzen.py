#!/usr/bin/env python3
"""Writes parzen.json: Optuna's Parzen estimators, their kernels and log densities, in the units of the unit cube.

  pip install optuna && python3 parzen.py > parzen.json
"""
import json
import math

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters

WORDS = ["a", "b", "c"]
# As parameters are written on the command line of this project, and as Optuna has them.
PARAMS = {
    "x=0.0..1.0": FloatDistribution(0, 1),
    "rate=1e-5..1.0:log": FloatDistribution(1e-5, 1, log=True),
    "n=1..8": IntDistribution(1, 8),
    "m=1..1000:log": IntDistribution(1, 1000, log=True),
    "k=0..20:step=5": IntDistribution(0, 20, step=5),
    "w=a,b,c": CategoricalDistribution(WORDS),
}


def ends(d):
    """The ends of a range on its scale, half a step added to either side."""
    half = (getattr(d, "step", None) or 0) / 2
    low, high = d.low - half, d.high + half
    return (math.log(low), math.log(high)) if d.log else (low, high)


def draw(rng, d, n):
    if isinstance(d, CategoricalDistribution):
        return rng.integers(len(d.choices), size=n).astype(float)
    low, high = ends(d)
    x = low + (high - low) * rng.random(n)
    x = np.exp(x) if d.log else x
    return np.clip(d.low + np.round((x - d.low) / d.step) * d.step, d.low, d.high) if d.step else x


def value(d, x):
    return d.choices[int(x)] if isinstance(d, CategoricalDistribution) else int(x) if d.step else float(x)


def case(seed, texts, n, clip=True):
    rng = np.random.default_rng(seed)
    space = {t.partition("=")[0]: PARAMS[t] for t in texts}
    weights = rng.random(n) + 0.1
    observed = {name: draw(rng, d, n) for name, d in space.items()}
    asked = {name: draw(rng, d, 20) for name, d in space.items()}
    e = _ParzenEstimator(observed, space, _ParzenEstimatorParameters(0.5, clip, False, lambda n: weights, True))
    mixture, shift, kernels = e._mixture_distribution, 0.0, []
    for d, k in zip(space.values(), mixture.distributions):
        if isinstance(d, CategoricalDistribution):
            kernels.append({"smooth": 0.5 / (n + 1)})
            continue
        low, high = ends(d)
        if d.step is None:
            shift += math.log(high - low)  # densities are per unit of the scale
        kernels.append({"centre": ((k.mu - low) / (high - low)).tolist(), "width": (k.sigma / (high - low)).tolist()})
    return {
        "space": texts,
        "observed": [{name: value(d, observed[name][i]) for name, d in space.items()} for i in range(n)],
        "clipped": clip,
        "weights": mixture.weights.tolist(),
        "kernels": kernels,
        "asked": [{name: value(d, asked[name][i]) for name, d in space.items()} for i in range(20)],
        "log_density": (e.log_pdf(asked) + shift).tolist(),
    }


if __name__ == "__main__":
    every = list(PARAMS)
    cases = [case(i, [t], 7) for i, t in enumerate(every)] + [case(10, every, n) for n in (1, 2, 12, 40)]
    cases += [case(20 + i, [t], 9, clip=False) for i, t in enumerate(every[:3])]
    print(json.dumps({"program": f"optuna {optuna.__version__}, _ParzenEstimator", "cases": cases}, indent=1))
