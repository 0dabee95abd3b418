"""Writes studies with everything that a journal can hold: write.py FILE."""

import sys
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import JournalStorage
from optuna.trial import TrialState, create_trial

try:
    from optuna.storages.journal import JournalFileBackend
except ImportError:  # before Optuna 4
    from optuna.storages import JournalFileStorage as JournalFileBackend


def refused(kind, call, *args, **kwargs):
    """Calls what Optuna writes to the log before it finds that it is refused."""
    try:
        call(*args, **kwargs)
    except kind:
        return
    raise AssertionError(f"{call} was not refused")


def single(storage):
    study = optuna.create_study(study_name='one "\u00e9\U0001f600"', storage=storage, direction="maximize")
    study.set_metric_names(["accuracy"])
    study.set_user_attr("space", {"a": [1, 2.5, None, True, float("nan")], "b": "line\nfeed"})
    study.enqueue_trial({"rate": 0.01, "layers": 2}, user_attrs={"from": "me"})
    study.enqueue_trial({"rate": 0.02})
    t = study.ask()  # the first enqueued one
    t.suggest_float("rate", 1e-5, 1e-1, log=True)
    t.suggest_int("layers", 1, 3)
    t.suggest_float("dropout", 0.0, 0.5, step=0.1)
    t.suggest_int("width", 8, 64, step=8)
    t.suggest_categorical("batch", [32, 64, 128])
    t.suggest_categorical("rule", ["sgd", "adam"])
    for step, value in enumerate([0.5, float("nan"), float("inf"), -float("inf"), 1e-300]):
        t.report(value, step)
    t.report(0.7, 100)
    t.report(0.6, 50)
    t.set_user_attr("note", {"deep": [[]]})
    t.set_user_attr("note", "changed")
    study.tell(t, 0.75)
    storage_id = t._trial_id
    refused(RuntimeError, storage.set_trial_user_attr, storage_id, "late", 1)
    refused(RuntimeError, storage.set_trial_state_values, storage_id, TrialState.FAIL)

    t = study._storage.create_new_trial(study._study_id)
    t = optuna.Trial(study, t)
    t.suggest_categorical("any", [None, True, 1.5, "x", float("nan")])
    t.report(0.25, 0)
    study.tell(t, state=TrialState.PRUNED)
    t = study._storage.create_new_trial(study._study_id)
    refused(ValueError, storage.set_trial_param, t, "rate", 1.0, FloatDistribution(0.0, 2.0))
    storage.set_trial_state_values(t, TrialState.RUNNING)  # it is running
    study.tell(optuna.Trial(study, t), state=TrialState.FAIL)
    t = optuna.Trial(study, study._storage.create_new_trial(study._study_id))
    study.tell(t, float("inf"))
    t = study._storage.create_new_trial(study._study_id)  # stays running
    storage.set_trial_param(t, "rate", 0.001, FloatDistribution(1e-6, 1.0, log=True))
    study.add_trial(
        create_trial(
            value=0.5,
            params={"rate": 0.5, "layers": 7, "any": None},
            distributions={
                "rate": FloatDistribution(0.1, 1.0),
                "layers": IntDistribution(1, 8, log=True),
                "any": CategoricalDistribution([None, "x"]),
            },
            intermediate_values={3: 0.5, 1: 0.25},
            user_attrs={"u": 1},
            system_attrs={"s": [1]},
        )
    )
    study.add_trial(create_trial(state=TrialState.PRUNED))


def several(storage):
    study = optuna.create_study(study_name="many", storage=storage, directions=["minimize", "maximize"])
    t = study.ask({"x": FloatDistribution(-1.0, 1.0), "b": CategoricalDistribution([True, False])})
    study.tell(t, [1.0, -float("inf")])
    study.add_trial(create_trial(values=[1, 2], params={"x": 0.5}, distributions={"x": FloatDistribution(-1, 1)}))
    study.ask()


def deleted(storage):
    study = optuna.create_study(study_name="gone", storage=storage)
    t = study.ask()
    optuna.delete_study(study_name="gone", storage=storage)
    storage.set_trial_user_attr(t._trial_id, "after", 1)
    refused(KeyError, storage.set_study_user_attr, study._study_id, "after", 1)
    refused(KeyError, storage.create_new_trial, study._study_id)
    refused(optuna.exceptions.DuplicatedStudyError, storage.create_new_study, [optuna.study.StudyDirection.MINIMIZE], "many")
    again = optuna.create_study(study_name="gone", storage=storage)
    again.tell(again.ask(), 1.0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    optuna.logging.disable_default_handler()
    journal = JournalStorage(JournalFileBackend(sys.argv[1]))
    single(journal)
    several(journal)
    deleted(journal)
