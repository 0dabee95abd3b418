#!/usr/bin/env python3
"""Writes ped_anova.json: studies and the importances of Optuna's PedAnovaImportanceEvaluator.

  pip install optuna==5.0.0 && python3 ped_anova.py > ped_anova.json
"""
import json, math, random, sys
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial):
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    x = trial.suggest_float("x", -3, 5)
    layers = trial.suggest_int("layers", 1, 9)
    units = trial.suggest_int("units", 4, 512, log=True)
    wide = trial.suggest_int("wide", 0, 900)
    rule = trial.suggest_categorical("rule", ["sgd", "adam", "rms"])
    v = -abs(math.log10(lr) + 3) - 0.1 * (x - 1) ** 2 + 0.02 * layers + 0.05 * math.log(units) + wide * 1e-4
    if rule == "sgd":
        v += trial.suggest_float("momentum", 0.0, 0.99) - 0.6
    return v + (0.4 if rule == "adam" else 0)


out = {"optuna": optuna.__version__, "studies": []}
for n, seed in ((12, 1), (40, 2), (150, 3)):
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=seed))
    study.optimize(objective, n_trials=n)
    case = {"trials": [{"params": t.params, "value": t.value} for t in study.trials], "importances": []}
    for target, region in ((0.1, 1.0), (0.25, 1.0), (0.2, 0.5)):
        e = PedAnovaImportanceEvaluator(target_quantile=target, region_quantile=region)
        case["importances"].append({"target": target, "region": region, "shares": get_param_importances(study, evaluator=e)})
    out["studies"].append(case)
json.dump(out, sys.stdout, indent=1)
