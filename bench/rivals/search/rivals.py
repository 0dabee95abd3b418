#!/usr/bin/env python3
"""Searches the problems of bench/problem with other programs. A JSON object a line and search goes to CACHE/TOOL.jsonl: tool,
version, problem, seed, curve (the regret of the best measurement after every trial), solved (the trials to the problem's
target) and ms (processor time a suggestion). What is there already is left out, so a run that was cut off goes on.

    python3 rivals.py --tool optuna-gp --cache results --seeds 20

Every tool has its own defaults; what it cannot express is said in its function.
"""
import argparse
import importlib.metadata
import json
import math
import os
import pathlib
import sys
import time
import warnings

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # before the libraries are imported
warnings.filterwarnings("ignore")

import numpy as np

import problems
from problems import Fails


class Search:
    """Evaluates what a tool suggests, and remembers it."""

    def __init__(self, problem, trials, seed):
        self.problem, self.trials, self.seed = problem, trials, seed
        self.seen, self.seconds = [], 0.0

    def evaluate(self, p):
        """Returns the measurement of a configuration; to be minimised. Raises Fails."""
        begin = time.process_time()
        rng = np.random.default_rng([self.seed, len(self.seen)])
        self.seen.append((p, None))
        try:
            value = self.problem.measure(p, rng)
            self.seen[-1] = p, -value if self.problem.maximize else value
        finally:
            self.seconds += time.process_time() - begin
        return self.seen[-1][1]

    def evaluate_flat(self, values, failed=0.0):
        """The same for tools that know neither conditions nor failures: values holds all parameters, choices by their
        index, and a failure is worth 0, that of the worst configuration which does not fail (of descent, which fails)."""
        p = {}
        for parameter, value in zip(self.problem.space, values, strict=True):
            if self.problem.active(parameter, p):
                p[parameter["name"]] = typed(parameter, value)
        try:
            return self.evaluate(p)
        except Fails:
            return failed

    def curve(self):
        best, regret, out = math.inf, None, []
        for p, value in self.seen:
            if value is not None and value < best:
                best, regret = value, self.problem.regret(p)
            out.append(regret)
        return out


def typed(parameter, value):
    """Returns the value of a parameter; ordered choices go by their index."""
    if parameter["kind"] == "choice":
        return parameter["values"][int(value)]
    if parameter["kind"] == "integer":
        return int(value)
    return float(value) if parameter["kind"] == "real" else str(value)


def optuna(sampler):
    """Optuna has conditions and failures."""
    def run(search):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        problem = search.problem
        make = {
            "tpe": lambda: optuna.samplers.TPESampler(seed=search.seed),
            "gp": lambda: optuna.samplers.GPSampler(seed=search.seed, deterministic_objective=not problem.noisy),
        }[sampler]

        def objective(trial):
            p = {}
            for q in problem.space:
                name = q["name"]
                if not problem.active(q, p):
                    continue
                if q["kind"] == "real":
                    value = trial.suggest_float(name, q["low"], q["high"], log=q.get("log", False))
                elif q["kind"] == "integer":
                    value = trial.suggest_int(name, int(q["low"]), int(q["high"]))
                elif q["kind"] == "choice":
                    value = trial.suggest_int(name, 0, len(q["values"]) - 1)
                else:
                    value = trial.suggest_categorical(name, q["values"])
                p[name] = typed(q, value)
            return search.evaluate(p)

        study = optuna.create_study(sampler=make())
        study.optimize(objective, n_trials=search.trials, catch=(Fails,))
    return run


def scikit_optimize(search):
    """Knows neither conditions nor failures."""
    import skopt
    dimensions = []
    for q in search.problem.space:
        if q["kind"] == "real":
            dimensions.append(skopt.space.Real(q["low"], q["high"], prior="log-uniform" if q.get("log") else "uniform"))
        elif q["kind"] == "integer":
            dimensions.append(skopt.space.Integer(int(q["low"]), int(q["high"])))
        elif q["kind"] == "choice":
            dimensions.append(skopt.space.Integer(0, len(q["values"]) - 1))
        else:
            dimensions.append(skopt.space.Categorical(q["values"]))
    skopt.gp_minimize(search.evaluate_flat, dimensions, n_calls=search.trials, random_state=search.seed)


def hyperopt(search):
    """Has conditions, as nested choices, and failures."""
    from hyperopt import STATUS_FAIL, STATUS_OK, fmin, hp, tpe
    space = search.problem.space

    def expression(q):
        name = q["name"]
        if q["kind"] == "real" and q.get("log"):
            return hp.loguniform(name, math.log(q["low"]), math.log(q["high"]))
        if q["kind"] == "real":
            return hp.uniform(name, q["low"], q["high"])
        if q["kind"] == "integer":
            return hp.uniformint(name, int(q["low"]), int(q["high"]))
        if q["kind"] == "choice":
            return hp.uniformint(name, 0, len(q["values"]) - 1)
        children = lambda word: [c for c in space if c.get("when") and (c["when"]["param"], c["when"]["value"]) == (name, word)]
        return hp.choice(name, [{name: word, **{c["name"]: expression(c) for c in children(word)}} for word in q["values"]])

    def objective(suggested):
        flat = {}
        def flatten(values):
            for name, value in values.items():
                flatten(value) if isinstance(value, dict) else flat.update({name: value})
        flatten(suggested)
        p = {q["name"]: typed(q, min(max(flat[q["name"]], q["low"]), q["high"]) if q["kind"] == "real" else flat[q["name"]])
             for q in space if q["name"] in flat}
        try:
            return {"status": STATUS_OK, "loss": search.evaluate(p)}
        except Fails:
            return {"status": STATUS_FAIL}

    fmin(objective, {q["name"]: expression(q) for q in space if not q.get("when")}, algo=tpe.suggest,
         max_evals=search.trials, rstate=np.random.default_rng(search.seed), show_progressbar=False, verbose=False)


def hebo(search):
    """Knows neither conditions nor failures."""
    import torch
    from hebo.design_space.design_space import DesignSpace
    from hebo.optimizers.hebo import HEBO
    torch.set_num_threads(1)
    np.random.seed(search.seed)
    torch.manual_seed(search.seed)

    def dimension(q):
        if q["kind"] == "real":
            return {"name": q["name"], "type": "pow" if q.get("log") else "num", "lb": q["low"], "ub": q["high"]}
        if q["kind"] == "category":
            return {"name": q["name"], "type": "cat", "categories": q["values"]}
        low, high = (q["low"], q["high"]) if q["kind"] == "integer" else (0, len(q["values"]) - 1)
        return {"name": q["name"], "type": "int", "lb": int(low), "ub": int(high)}

    space = search.problem.space
    optimizer = HEBO(DesignSpace().parse([dimension(q) for q in space]), scramble_seed=search.seed)
    for _ in range(search.trials):
        suggested = optimizer.suggest(n_suggestions=1)
        value = search.evaluate_flat([suggested[q["name"]].iloc[0] for q in space])
        optimizer.observe(suggested, np.array([[value]]))


TOOLS = {
    "optuna-tpe": ("optuna", optuna("tpe")),
    "optuna-gp": ("optuna", optuna("gp")),
    "scikit-optimize": ("scikit-optimize", scikit_optimize),
    "hyperopt": ("hyperopt", hyperopt),
    "hebo": ("HEBO", hebo),
}


def measure(tool, problem, trials, seed):
    """Returns the line of a search."""
    package, run = TOOLS[tool]
    search = Search(problem, trials, seed)
    begin = time.process_time()
    run(search)
    seconds = time.process_time() - begin - search.seconds
    curve = search.curve()
    if len(curve) != trials:
        raise RuntimeError(f"{tool} evaluated {len(curve)} configurations of {problem.name}, not {trials}")
    solved = next((i + 1 for i, r in enumerate(curve) if r is not None and r <= problem.target), None) if problem.target else None
    return {"tool": tool, "version": f"{package} {importlib.metadata.version(package)}", "problem": problem.name, "seed": seed,
            "curve": curve, "solved": solved, "ms": 1e3 * seconds / trials}


def done(path):
    """Returns the lengths of the searches that are in a file."""
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return {(line["problem"], line["seed"]): len(line["curve"]) for line in lines}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--tool", required=True, choices=list(TOOLS))
    add("--problems", nargs="+", metavar="NAME", help="default: all")
    add("--seeds", type=int, default=20)
    add("--trials", type=int, default=50)
    add("--cache", type=pathlib.Path, required=True, metavar="DIR")
    o = parser.parse_args()
    o.cache.mkdir(parents=True, exist_ok=True)
    path = o.cache / f"{o.tool}.jsonl"
    there, every = done(path), problems.load(o.cache / "problems.json", o.problems)
    for seed in range(o.seeds):  # a run that is cut off has some seeds of every problem
        for problem in every.values():
            if there.get((problem.name, seed), 0) >= o.trials:
                continue
            line = measure(o.tool, problem, o.trials, seed)
            with open(path, "a") as f:
                f.write(json.dumps(line) + "\n")
        print(f"{o.tool}: seed {seed} done", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
