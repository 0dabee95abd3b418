#!/usr/bin/env python3
"""Writes bench/SEARCH.md from results.csv, after taking over what is in a folder of searches.

    go run . > CACHE/ours.jsonl; python3 page.py --cache CACHE     # new figures of mnist-tune
    python3 rivals.py --tool hebo --cache CACHE; python3 page.py --cache CACHE     # of a rival
    python3 page.py                                                # the page again

A row of results.csv is the mean of a tool's searches of a problem: what is in the folder replaces the row. Columns:
tool, version, problem, seeds (how many), and by number of trials regret and error (its standard error; empty: not measured),
solved (median number of trials to the target) and share (of the searches that got there), ms (processor time a suggestion).
"""
import argparse
import collections
import csv
import json
import math
import pathlib
import statistics

HERE = pathlib.Path(__file__).resolve().parent
RESULTS, PAGE = HERE / "results.csv", HERE.parents[1] / "SEARCH.md"
BUDGETS = [15, 30, 50]
FIELDS = ["tool", "version", "problem", "seeds"] + [f"{x}{n}" for n in BUDGETS for x in ("regret", "error")] + ["solved", "share", "ms"]
TITLES = {
    "exact": "random, exact", "random": "random", "sobol": "Sobol", "grid": "grid", "tpe": "TPE", "bayes": "bayes",
    "optuna-tpe": "Optuna TPE", "optuna-gp": "Optuna GP", "scikit-optimize": "scikit-optimize", "hyperopt": "Hyperopt",
    "hebo": "HEBO",
}
OURS = ["random", "sobol", "grid", "tpe", "bayes"]
TABLES = ["australian", "car", "phoneme", "vehicle"]
GROUPS = {
    "Trained networks, 300 configurations": TABLES,
    "Trained networks, 3,000 configurations": [name + "4" for name in TABLES],
    "Trained networks, one seed drawn for every measurement": [name + s for s in ("-noisy", "4-noisy") for name in TABLES],
    "Functions of reals": ["branin", "sixhump", "hartmann3", "hartmann6", "rosenbrock4", "ackley5", "levy5", "michalewicz5",
                           "styblinski5"],
    "Integers, words, conditions, failures": ["rosenbrock4int", "func2c", "conditional", "descent"],
    "Functions with noise": ["branin-noisy", "hartmann6-noisy"],
}


def load_results():
    if not RESULTS.exists():
        return {}
    with open(RESULTS, newline="") as f:
        return {(row["tool"], row["problem"]): row for row in csv.DictReader(f)}


def save_results(rows):
    order = [name for names in GROUPS.values() for name in names]
    with open(RESULTS, "w", newline="") as f:
        writer = csv.DictWriter(f, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in sorted(rows, key=lambda key: (list(TITLES).index(key[0]), order.index(key[1]))))


def take_over(cache, rows):
    """Replaces rows by the means of the searches in a folder."""
    searches = collections.defaultdict(dict)
    for path in sorted(cache.glob("*.jsonl")):
        for text in path.read_text().splitlines():
            line = json.loads(text)
            searches[line["tool"], line["problem"]][line["seed"]] = line
    for key, lines in searches.items():
        rows[key] = summary(list(lines.values()))
    described = cache / "problems.json"
    for problem in json.loads(described.read_text())["problems"] if described.exists() else []:
        if random := problem.get("random"):
            exact = dict.fromkeys(FIELDS, "") | {"tool": "exact", "problem": problem["name"]}
            rows["exact", problem["name"]] = exact | {f"regret{n}": digits(x) for n, x in random.items()}


def digits(x):
    return f"{x:.5g}"


def summary(lines):
    """Returns the row of several searches of one problem with one tool."""
    row = {"tool": lines[0]["tool"], "version": lines[0].get("version", ""), "problem": lines[0]["problem"], "seeds": len(lines)}
    for n in BUDGETS:
        regrets = [line["curve"][n - 1] for line in lines if len(line["curve"]) >= n]
        row[f"regret{n}"] = row[f"error{n}"] = ""
        if len(regrets) == len(lines) and None not in regrets:
            row[f"regret{n}"] = digits(statistics.fmean(regrets))
            row[f"error{n}"] = digits(statistics.stdev(regrets) / math.sqrt(len(regrets))) if len(regrets) > 1 else ""
    solved = [line["solved"] or math.inf for line in lines]
    row["share"], row["solved"] = "", ""
    if any(n < math.inf for n in solved):
        row["share"] = digits(sum(n < math.inf for n in solved) / len(solved))
        middle = statistics.median(solved)
        row["solved"] = digits(middle) if middle < math.inf else ""
    row["ms"] = digits(statistics.fmean(line["ms"] for line in lines))
    return row


def shown(x, digits=3):
    """A number with so many digits that count, not too long."""
    x = float(f"{x:.{digits}g}")
    if x == 0 or 0.001 <= abs(x) < 1000:
        return f"{x:g}"
    if abs(x) >= 1000:
        return f"{x:.0f}"
    return f"{x:.{min(digits, 2) - 1}e}".replace("e-0", "e-")


def table(head, lines):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def value(rows, tool, problem, column):
    text = rows.get((tool, problem), {}).get(column, "")
    return float(text) if text else None


def regret_table(rows, names, n, tools):
    """The table of a group of problems after n trials; the best mean of a line is bold."""
    cells = {name: {t: (value(rows, t, name, f"regret{n}"), value(rows, t, name, f"error{n}")) for t in tools} for name in names}
    if all(name.startswith(tuple(TABLES)) for name in names):  # their regrets have one scale
        cells["mean"] = {t: mean_of([line[t] for line in cells.values()]) for t in tools}
    lines = []
    for name, line in cells.items():
        best = min((x for t, (x, _) in line.items() if x is not None and t != "exact"), default=None)
        lines.append([name, *(figure(x, error, x == best and t != "exact") for t, (x, error) in line.items())])
    return table(["", *(TITLES[t] for t in tools)], lines)


def mean_of(figures):
    """Returns the mean of means with their errors, and its error."""
    if any(x is None for x, _ in figures):
        return None, None
    return statistics.fmean(x for x, _ in figures), math.hypot(*(error or 0 for _, error in figures)) / len(figures)


def figure(x, error, bold):
    if x is None:
        return ""
    return (f"**{shown(x)}**" if bold else shown(x)) + (f" ± {shown(error, 1)}" if error else "")


def ranks(rows, names, n, tools):
    """Returns the mean rank of every tool among those that searched all these problems."""
    full = [t for t in tools if t != "exact" and all(value(rows, t, name, f"regret{n}") is not None for name in names)]
    total = dict.fromkeys(full, 0.0)
    for name in names:
        regrets = {t: value(rows, t, name, f"regret{n}") for t in full}
        for t in full:
            below, equal = sum(x < regrets[t] for x in regrets.values()), sum(x == regrets[t] for x in regrets.values())
            total[t] += below + (equal + 1) / 2
    return {t: x / len(names) for t, x in total.items()}


def rank_table(rows, tools):
    lines, tools = [], [t for t in tools if t not in ("exact", "grid")]
    groups = {"all": [name for names in GROUPS.values() for name in names], **GROUPS}
    for group, names in groups.items():
        for n in BUDGETS:
            mean = ranks(rows, names, n, tools)
            best = min(mean.values(), default=None)
            lines.append([f"{group}, {n}"] + [f"**{mean[t]:.1f}**" if mean.get(t) == best and t in mean else f"{mean[t]:.1f}" if t in mean else ""
                                              for t in tools])
    return table(["problems, trials", *(TITLES[t] for t in tools)], lines)


def solved_table(rows, tools):
    """Median number of trials to the target, and how many searches got there."""
    lines, tools = [], [t for t in tools if t != "exact"]
    for name in ["branin", "hartmann6", *TABLES, *(name + "4" for name in TABLES)]:
        cells = []
        for t in tools:
            share, middle = value(rows, t, name, "share"), value(rows, t, name, "solved")
            there = (t, name) in rows
            cells.append("" if not there else f"{middle:.3g} ({100 * share:.0f} %)" if middle else f"({100 * (share or 0):.0f} %)")
        lines.append([name, *cells])
    return table(["", *(TITLES[t] for t in tools)], lines)


def time_table(rows, tools):
    lines, tools = [], [t for t in tools if t != "exact"]
    for name in ("branin", "hartmann6", "conditional", "car"):
        times = [value(rows, t, name, "ms") for t in tools]
        lines.append([name, *("" if x is None else shown(x) for x in times)])
    return table(["", *(TITLES[t] for t in tools)], lines)


def render(rows, times):
    tools = [t for t in TITLES if any(key[0] == t for key in rows)]
    text = (HERE / "page.md").read_text()
    versions = sorted({row["version"] for row in rows.values() if row["version"]})
    seeds = collections.defaultdict(set)
    for (tool, _), row in rows.items():
        if row["seeds"]:
            seeds[tool].add(int(row["seeds"]))
    most = max(max(n) for n in seeds.values())
    fewer = [f"{TITLES[tool]} {' or '.join(map(str, sorted(n)))}" for tool, n in seeds.items() if min(n) < most]
    parts = {
        "versions": ", ".join(versions), "seeds": str(most),
        "fewer": "" if not fewer else f" Seeds of {', '.join(fewer)}.",
        "ranks": rank_table(rows, tools), "solved": solved_table(rows, tools),
        "times": "" if not times else "## Time\n\nMilliseconds of processor time for a suggestion, mean over 50 trials:\n\n" + time_table(rows, tools) + "\n",
        "regrets": "\n\n".join(f"### {group}\n\n" + "\n\n".join(
            f"After {n} trials:\n\n" + regret_table(rows, names, n, columns(rows, names, tools)) for n in BUDGETS)
            for group, names in GROUPS.items()),
    }
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    PAGE.write_text(text.rstrip() + "\n")


def columns(rows, names, tools):
    """The tools that have searched one of these problems."""
    return [t for t in tools if any((t, name) in rows for name in names)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=pathlib.Path, metavar="DIR", help="take over the searches in this folder")
    parser.add_argument("--times", action="store_true", help="show the times, which are worth it only from a quiet machine")
    o = parser.parse_args()
    rows = load_results()
    if o.cache:
        take_over(o.cache, rows)
        save_results(rows)
    render(rows, o.times)


if __name__ == "__main__":
    main()
