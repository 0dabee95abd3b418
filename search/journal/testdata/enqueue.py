"""Enqueues or evaluates trials: enqueue.py FILE STUDY enqueue PARAMS..., enqueue.py FILE STUDY take COUNT.

PARAMS are JSON objects; take prints the number and the parameters of each trial as JSON.
"""

import json
import sys

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

optuna.logging.disable_default_handler()
storage = JournalStorage(JournalFileBackend(sys.argv[1]))
study = optuna.load_study(study_name=sys.argv[2], storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))
if sys.argv[3] == "enqueue":
    for text in sys.argv[4:]:
        study.enqueue_trial(json.loads(text), user_attrs={"from": "optuna"})
    sys.exit()
print("ready", flush=True)
for _ in range(int(sys.argv[4])):
    trial = study.ask()
    value = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
    trial.suggest_categorical("batch", [32, 64, 128])
    trial.suggest_int("layers", 1, 3)
    trial.suggest_categorical("rule", ["sgd", "adam"])
    trial.set_user_attr("by", "optuna")
    study.tell(trial, value)
    print(json.dumps([trial.number, trial.params]), flush=True)
