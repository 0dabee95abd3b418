#!/usr/bin/env python3
"""Writes fanova.json: studies and the importances of Optuna's FanovaImportanceEvaluator, the mean over ten forests.

  pip install optuna==5.0.0 scikit-learn==1.9.1 && python3 fanova.py > fanova.json
"""
import json, statistics, sys
import optuna, sklearn
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial):
    a, b, c = (trial.suggest_float(n, 0, 1) for n in "abc")
    rule = trial.suggest_categorical("rule", ["x", "y", "z"])
    return 3 * a + (b - 0.3) ** 2 * 4 + 0.2 * c + {"x": 0, "y": 0.5, "z": 0.6}[rule] + a * c


out = {"optuna": optuna.__version__, "scikit-learn": sklearn.__version__, "studies": []}
for n, seed in ((30, 1), (120, 2)):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    study.optimize(objective, n_trials=n)
    runs = [get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=s)) for s in range(10)]
    shares = {k: statistics.mean(r[k] for r in runs) for k in runs[0]}
    out["studies"].append({"trials": [{"params": t.params, "value": t.value} for t in study.trials], "shares": shares})
json.dump(out, sys.stdout, indent=1)
