"""Prints, as JSON, every study that Optuna finds in a journal file: dump.py FILE."""

import json
import math
import sys
from datetime import timezone

import optuna
from optuna.distributions import distribution_to_json
from optuna.storages import JournalStorage

try:
    from optuna.storages.journal import JournalFileBackend
except ImportError:  # before Optuna 4
    from optuna.storages import JournalFileStorage as JournalFileBackend


def when(moment):
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def value_of(choice):
    """Numbers and words are themselves, anything else is its JSON text."""
    if isinstance(choice, (int, float, str)) and not isinstance(choice, bool):
        if isinstance(choice, str) or math.isfinite(choice):
            return choice
    return json.dumps(choice)


def trial(t):
    return {
        "number": t.number,
        "id": t._trial_id,
        "state": t.state.name,
        "values": t.values,
        "params": {k: value_of(v) for k, v in t.params.items()},
        "distributions": {k: distribution_to_json(d) for k, d in t.distributions.items()},
        "reports": {str(k): v for k, v in t.intermediate_values.items()},
        "user_attrs": t.user_attrs,
        "system_attrs": t.system_attrs,
        "start": when(t.datetime_start),
        "complete": when(t.datetime_complete),
    }


def main(path):
    storage = JournalStorage(JournalFileBackend(path))
    studies = [
        {
            "id": s._study_id,
            "name": s.study_name,
            "directions": [int(d) for d in s.directions],
            "user_attrs": s.user_attrs,
            "system_attrs": s.system_attrs,
            "trials": [trial(t) for t in storage.get_all_trials(s._study_id)],
        }
        for s in storage.get_all_studies()
    ]
    json.dump({"optuna": optuna.__version__, "studies": studies}, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    optuna.logging.disable_default_handler()
    main(sys.argv[1])
