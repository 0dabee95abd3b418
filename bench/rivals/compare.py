#!/usr/bin/env python3
"""Holds mnist-tune's training speed against other programs, on this machine, and prints Markdown tables.

For every point (number of layers, batch size) and in every round, mnist-tune runs before and after each rival, all of
them pinned to the same cores, and each side counts with its best epoch. Where programs are missing it installs them:
Python packages of fixed versions into virtual environments, Go modules as bench/rivals/go.mod says.

    python3 compare.py --out results.json         # three quarters of an hour; appends to what is in the file
    python3 compare.py --render results.json      # the tables again
"""
import argparse
import datetime
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODULE = HERE.parents[1]
OURS = "mnist-tune"
KERNELS = ["avx512", "avx2", "go"]

PACKAGES = {
    "torch113": ["torch==1.13.1", "numpy==1.26.4"],
    "torch": ["torch==2.15.0", "numpy==2.4.6", "scikit-learn==1.9.1", "threadpoolctl==3.8.0"],
    "jax": ["jax==0.10.2", "jaxlib==0.10.2", "numpy==2.4.6"],
}

# What each rival runs: a virtual environment and options of rivals.py, or none and options of the Go program.
RIVALS = {
    "gorgonia": (None, ["-lib", "gorgonia"]),
    "gomlx": (None, ["-lib", "gomlx", "-rows", "5400"]),
    "gomlx-by-hand": (None, ["-lib", "gomlx-by-hand", "-rows", "27000"]),
    "torch113": ("torch113", ["--lib", "torch"]),
    "torch": ("torch", ["--lib", "torch"]),
    "torch-fused": ("torch", ["--lib", "torch", "--fused"]),
    "torch-compile": ("torch", ["--lib", "torch", "--compile"]),
    "jax": ("jax", ["--lib", "jax"]),
    "sklearn": ("torch", ["--lib", "sklearn"]),
}

TITLES = {
    "avx512": "AVX-512", "avx2": "AVX2", "go": "plain Go", "gorgonia": "Gorgonia", "gomlx": "GoMLX",
    "gomlx-by-hand": "GoMLX, gradients by hand", "torch113": "PyTorch 1.13", "torch": "PyTorch",
    "torch-fused": "PyTorch, fused Adam", "torch-compile": "PyTorch, compiled", "jax": "JAX", "sklearn": "scikit-learn",
}


class Failed(Exception):
    """Says in a line what could not be done."""


def call(command, **options):
    """Runs a command and returns what it prints."""
    line = " ".join(map(str, command))
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    except subprocess.TimeoutExpired as err:
        raise Failed(f"{line}: not done after {err.timeout:g} seconds") from None
    except OSError as err:
        raise Failed(f"{line}: {err.strerror}") from None
    if done.returncode != 0:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise Failed(f"{line}: exit status {done.returncode}: {last}")
    return done.stdout


def environment(folder, name):
    """Returns the Python of a virtual environment, which is made where it is missing."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        print(f"installing {', '.join(PACKAGES[name])} into {folder / name}", file=sys.stderr)
        try:
            call([sys.executable, "-m", "venv", folder / name])
            call([python, "-m", "pip", "install", "--quiet", *PACKAGES[name]])
        except Failed:
            shutil.rmtree(folder / name, ignore_errors=True)
            raise
    return python


class Programs:
    """The programs, built and installed, and how a point is measured with each of them."""

    def __init__(self, o, build):
        self.o = o
        self.pin = ["taskset", "-c", o.cores] if o.cores else []
        self.ours, self.go_rivals = build / OURS, build / "rivals"
        call(["go", "build", "-o", self.ours, "./cmd/mnist-tune"], cwd=MODULE)
        if any(RIVALS[lib][0] is None for lib in o.libs):
            call(["go", "build", "-o", self.go_rivals, "."], cwd=HERE)
        names = {RIVALS[lib][0] for lib in o.libs} - {None}
        self.pythons = {name: environment(o.venvs, name) for name in sorted(names)}
        self.version = call(["git", "describe", "--always", "--dirty"], cwd=MODULE).strip()
        self.cpu = self.run([self.ours, "bench", "--json", "--seconds", 0, "--batch-size", 512])["cpu"]

    def run(self, command, **env):
        output = call([*self.pin, *map(str, command)], env={**os.environ, **env}, timeout=self.o.timeout)
        try:
            return json.loads(output)
        except ValueError:
            raise Failed(f"{command[0]}: this is not a JSON object: {output[:80]!r}") from None

    def bench(self, kernels, layers, batch):
        """Returns a result of mnist-tune."""
        o = self.o
        command = [self.ours, "bench", "--json", "--num-layers", layers, "--batch-size", batch, "--width", o.width,
                   "--input", o.input, "--seconds", o.seconds]
        if o.threads > 1:
            command += ["--threads", o.threads]
        speed = self.run(command, MNIST_TUNE_KERNELS=kernels)["results"][0]["samples_per_second"]
        return {"version": self.version, "samples_per_second": speed}

    def rival(self, lib, layers, batch):
        """Returns a result of another program."""
        o, (name, options) = self.o, RIVALS[lib]
        program, dash = ([self.go_rivals], "-") if name is None else ([self.pythons[name], HERE / "rivals.py"], "--")
        values = {"layers": layers, "batch": batch, "width": o.width, "threads": o.threads, "input": o.input,
                  "epochs": o.epochs, "seconds": o.seconds}
        flags = [text for flag, value in values.items() for text in (dash + flag, value)]
        return self.run([*program, *options, *flags], GOMAXPROCS=str(o.threads))

    def record(self, name, layers, batch):
        """Runs a program and returns its result or why there is none."""
        o, measure = self.o, self.rival if name in RIVALS else self.bench
        run = {"name": name, "layers": layers, "batch": batch, "width": o.width, "threads": o.threads,
               "input": o.input, "cpu": self.cpu, "time": datetime.datetime.now().isoformat(timespec="seconds")}
        try:
            return {**measure(name, layers, batch), **run}
        except Failed as err:
            print(f"compare.py: {err}", file=sys.stderr)
            return {**run, "error": str(err)}


def compare(o):
    """Measures all points and yields the results so far after each."""
    order = list(o.kernels)
    for lib in o.libs:
        order += [lib, *o.kernels]
    runs = load(o.out)["runs"] if o.out and o.out.exists() else []
    with tempfile.TemporaryDirectory() as build:
        programs = Programs(o, pathlib.Path(build))
        for layers, batch in itertools.product(o.layers, o.batch):
            for number in range(o.rounds):
                for name in order:
                    print(f"layers {layers}, batch {batch}, round {number + 1}: {title(name)}", file=sys.stderr)
                    runs.append(programs.record(name, layers, batch))
            yield runs


def load(path):
    """Reads what save wrote."""
    try:
        results = json.loads(path.read_text())
        results["runs"][0]["name"]
    except OSError as err:
        raise Failed(f"{path}: {err.strerror}") from None
    except (ValueError, LookupError, TypeError):
        raise Failed(f"{path}: this is not what --out writes") from None
    return results


def save(path, runs):
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"runs": runs}, indent=1) + "\n")
    part.replace(path)


def title(name):
    """Names a program, of which a kernel's name makes mnist-tune."""
    return f"{OURS} ({TITLES[name]})" if name in KERNELS else TITLES[name]


def speed(samples):
    return f"{samples / 1000:.{0 if samples >= 1e4 else 1}f}k"


def ratio(x):
    return f"{x:.{0 if x >= 100 else 1}f}"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def render(runs):
    """Returns the tables: one set for every processor, width, number of threads and input."""
    settings = {}
    for run in runs:
        settings.setdefault((run["cpu"], run["width"], run["threads"], run["input"]), []).append(run)
    return "\n\n".join(render_setting(*setting, group) for setting, group in settings.items())


def render_setting(cpu, width, threads, kind, runs):
    best = {}
    for run in runs:
        key = run["batch"], run["layers"], run["name"]
        best[key] = max(best.get(key, 0), run.get("samples_per_second", 0))
    names = [name for name in TITLES if any(run["name"] == name for run in runs)]
    kernels, rivals = [n for n in names if n in KERNELS], [n for n in names if n in RIVALS]
    points = sorted({key[:2] for key in best})

    def rows(columns, cell):
        return [[f"{layers}, {batch}", *(cell(batch, layers, c) for c in columns)] for batch, layers in points]

    def samples(batch, layers, name):
        found = best.get((batch, layers, name))
        return speed(found) if found else "-"

    parts = [f"{cpu}, {threads} thread{'s' * (threads > 1)}, 784 - layers x {width} - 10, input {kind}: samples a "
             "second, best epoch.",
             table(["layers, batch", *(TITLES[n] for n in kernels + rivals)], rows(kernels + rivals, samples))]
    for ours in kernels if rivals else []:
        def times(batch, layers, rival, ours=ours):
            a, b = best.get((batch, layers, ours)), best.get((batch, layers, rival))
            return ratio(a / b) if a and b else "-"
        parts += [f"{title(ours)} : rival.",
                  table(["layers, batch", *(TITLES[n] for n in rivals)], rows(rivals, times))]
    parts.append("\n".join(describe(n, [r for r in runs if r["name"] == n]) for n in names))
    return "\n\n".join(parts)


def describe(name, runs):
    """Returns a line on the program behind a column: versions, what makes the sums comparable, what failed."""
    done = [run for run in runs if "error" not in run]
    facts = sorted({run["version"] for run in done}) + sorted({run["blas"] for run in done if "blas" in run})
    facts += sorted({f"epochs of {run['rows']} rows" for run in done if run.get("rows", 54000) != 54000})
    right = [run["accuracy"] for run in done if run.get("accuracy") is not None]
    if right:
        facts.append(f"test accuracy {min(right):.3f} to {max(right):.3f}")
    facts += sorted({f"failed: {run['error']}" for run in runs if "error" in run})
    return f"- {title(name)}: {'; '.join(facts)}"


def pinned(threads):
    """Returns the cores to run on in the form of taskset, none where there is no taskset."""
    if not (shutil.which("taskset") and hasattr(os, "sched_getaffinity")):
        return None
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < threads:
        raise Failed(f"--threads {threads}: there are {len(cores)} cores to run on")
    return ",".join(map(str, cores[-threads:]))


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--layers", type=int, nargs="+", default=[1, 2, 3])
    add("--batch", type=int, nargs="+", default=[32, 128, 512])
    add("--width", type=int, default=64)
    add("--threads", type=int, default=1)
    add("--input", choices=["mnist", "uniform"], default="mnist", help="uniform: random pixels without zeros")
    add("--libs", nargs="+", choices=list(RIVALS), default=list(RIVALS), metavar="LIB", help=", ".join(RIVALS))
    add("--kernels", nargs="+", choices=KERNELS, default=KERNELS, help="of mnist-tune (default: all)")
    add("--rounds", type=int, default=2)
    add("--epochs", type=int, default=2, help="that a rival trains for at least (default 2)")
    add("--seconds", type=float, default=1, help="that every program trains for at least (default 1)")
    add("--cores", metavar="LIST", help="run on these, as taskset -c (default: the last ones, as many as threads)")
    add("--venvs", type=pathlib.Path, metavar="DIR", default=pathlib.Path(".rivals"),
        help="where the virtual environments are, or will be (default .rivals)")
    add("--timeout", type=float, default=1800, help="seconds after which a program has failed (default 1800)")
    add("--out", type=pathlib.Path, metavar="FILE", help="append the results to this file, after every point")
    add("--render", type=pathlib.Path, metavar="FILE", help="only print the tables of the results in this file")
    o = parser.parse_args()
    if min([*o.layers, *o.batch, o.width, o.threads, o.rounds, o.epochs]) < 1 or o.seconds < 0:
        parser.error("numbers must be 1 or more, --seconds 0 or more")
    return o


def main():
    o = arguments()
    try:
        if o.render:
            runs = load(o.render)["runs"]
        else:
            o.cores = o.cores or pinned(o.threads)
            for runs in compare(o):
                if o.out:
                    save(o.out, runs)
        print(render(runs))
    except Failed as err:
        sys.exit(f"compare.py: {err}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
