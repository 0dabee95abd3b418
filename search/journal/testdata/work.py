"""Adds finished trials to a study: work.py FILE STUDY COUNT."""

import sys

import optuna
from optuna.storages import JournalStorage

try:
    from optuna.storages.journal import JournalFileBackend
except ImportError:  # before Optuna 4
    from optuna.storages import JournalFileStorage as JournalFileBackend

optuna.logging.disable_default_handler()
storage = JournalStorage(JournalFileBackend(sys.argv[1]))
study = optuna.load_study(study_name=sys.argv[2], storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))
print("ready", flush=True)
for i in range(int(sys.argv[3])):
    t = study.ask()
    x = t.suggest_float("rate", 1e-5, 1e-1, log=True)
    t.suggest_categorical("batch", [32, 64, 128])
    t.report(x, 1)
    t.set_user_attr("by", "optuna")
    study.tell(t, x)
