#!/usr/bin/env python3
"""Trains networks on MNIST with PyTorch, JAX or scikit-learn and prints how fast.

The workload is that of mnist-tune bench: 784 -> layers x (width, ReLU) -> 10, softmax cross-entropy, Adam, shuffled
mini-batches of the first 54,000 training rows in float32, the short last batch included. A JSON object a line: lib,
version, layers, batch, width, threads, input, rows, epochs, samples_per_second (of the best epoch), accuracy (on the
test images after training; null for random input), blas.

    python3 rivals.py --lib torch --layers 1 2 3 --batch 32 128 512

Hold programs against each other on one machine, in the same minutes, with the same number of threads: compare.py does.
"""
import argparse
import gzip
import json
import os
import pathlib
import sys
import time

DATA = pathlib.Path(__file__).resolve().parents[2] / "mnist" / "data"
ROWS, FEATURES, CLASSES = 54_000, 784, 10
RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-7
DECAY = {"adam": 0.0, "adamw": 0.004}


def use_threads(n):
    """Tells the numerical libraries how many threads to use. They read it when they are first imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"):  # the last is XLA's
        os.environ[name] = str(n)
    if n == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"


def load(folder, kind):
    """Returns training pixels and labels and test pixels and labels, the latter None for random pixels."""
    import numpy as np

    def read(name, offset):
        with gzip.open(os.path.join(folder, name)) as f:
            return np.frombuffer(f.read(), np.uint8, offset=offset)

    pixels = read("train-images-idx3-ubyte.gz", 16).reshape(-1, FEATURES)[:ROWS]
    labels = read("train-labels-idx1-ubyte.gz", 8)[:ROWS].astype(np.int32)
    if kind == "uniform":
        return np.random.default_rng(1).integers(0, 256, pixels.shape, np.uint8), labels, None, None
    return (pixels, labels, read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, FEATURES),
            read("t10k-labels-idx1-ubyte.gz", 8))


def scaled(pixels):
    """Returns pixels as float32 in [0, 1]."""
    import numpy as np
    return pixels.astype(np.float32) / 255


class Torch:
    """A rival has a version and what computes its matrix products, trains for an epoch, and predicts classes."""
    warm_up = False  # whether the first epoch also compiles

    def __init__(self, o, layers, batch, pixels, labels):
        import torch
        if (o.fused or o.compile) and not hasattr(torch, "compile"):
            sys.exit(f"rivals.py: --fused and --compile need PyTorch 2 (this is {torch.__version__})")
        self.torch, self.batch = torch, batch
        torch.set_num_threads(o.threads)
        torch.manual_seed(1)
        self.version = torch.__version__.split("+")[0]
        self.blas = self.describe()
        self.x, self.y = torch.from_numpy(scaled(pixels)), torch.from_numpy(labels).long()
        self.model = self.network(o, layers)
        self.take_step = self.stepper(o)

    def describe(self):
        config = self.torch.__config__.show().splitlines()
        return "; ".join(line.strip(" -").split(" Product")[0].split("-Product")[0].split(" (Git")[0]
                         for line in config if "Kernel Library" in line or "MKL-DNN" in line or "CPU cap" in line)

    def network(self, o, layers):
        nn = self.torch.nn
        activation = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}[o.activation]
        modules, width = [], FEATURES
        for _ in range(layers):
            modules += [nn.Linear(width, o.width), activation()]
            if o.dropout:
                modules.append(nn.Dropout(o.dropout))
            width = o.width
        return nn.Sequential(*modules, nn.Linear(width, CLASSES))

    def stepper(self, o):
        """Returns the function that takes a step on rows."""
        make = {"adam": self.torch.optim.Adam, "adamw": self.torch.optim.AdamW}[o.optimizer]
        fused = {"fused": True} if o.fused else {}
        optimizer = make(self.model.parameters(), RATE, weight_decay=DECAY[o.optimizer], **fused)
        loss = self.torch.nn.CrossEntropyLoss()

        def step(rows):
            optimizer.zero_grad()
            x, y = self.gather(rows)
            loss(self.model(x), y).backward()
            optimizer.step()
        return step

    def gather(self, rows):
        return self.x.index_select(0, rows), self.y.index_select(0, rows)

    def epoch(self):
        for rows in self.torch.randperm(len(self.x)).split(self.batch):
            self.take_step(rows)

    def predict(self, pixels):
        self.model.eval()
        with self.torch.no_grad():
            return self.model(self.torch.from_numpy(scaled(pixels))).argmax(1).numpy()


class TorchCompile(Torch):
    """The whole step is one compiled graph: gather, gradients and update. Faster than the compiled model alone."""
    warm_up = True

    def stepper(self, o):
        torch = self.torch
        params = {name: p.detach() for name, p in self.model.named_parameters()}  # they share the model's memory
        means = {name: torch.zeros_like(p) for name, p in params.items()}
        squares = {name: torch.zeros_like(p) for name, p in params.items()}
        steps = torch.zeros(())

        def loss(params, x, y):
            return torch.nn.functional.cross_entropy(torch.func.functional_call(self.model, params, (x,)), y)

        def step(rows):
            gradients = torch.func.grad(loss)(params, *self.gather(rows))
            steps.add_(1)
            rate = RATE * torch.sqrt(1 - BETA2 ** steps) / (1 - BETA1 ** steps)
            for name, p in params.items():
                g, mean, square = gradients[name], means[name], squares[name]
                mean.lerp_(g, 1 - BETA1)
                square.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
                if DECAY[o.optimizer]:
                    p.mul_(1 - RATE * DECAY[o.optimizer])
                p.sub_(rate * mean / (square.sqrt() + EPSILON))

        # Only full batches run compiled, so nothing that the compiler took for given changes: no checks of it.
        compiled = torch.compile(step, fullgraph=True, dynamic=False,
                                 options={"guard_filter_fn": torch.compiler.skip_all_guards_unsafe})
        return lambda rows: compiled(rows) if len(rows) == self.batch else step(rows)


class Jax:
    """An epoch is one compiled program: a scan over the batches, no Python between steps."""
    warm_up = True

    def __init__(self, o, layers, batch, pixels, labels):
        import jax
        import jax.numpy as jnp
        self.jax, self.jnp, self.batch, self.o = jax, jnp, batch, o
        self.version, self.blas = jax.__version__, "XLA's own"
        self.x, self.y = jnp.asarray(pixels), jnp.asarray(labels)  # bytes: there is less of them to gather
        self.key = jax.random.PRNGKey(1)
        widths = [FEATURES] + [o.width] * layers + [CLASSES]
        params = []
        for fan_in, fan_out in zip(widths, widths[1:]):
            limit = (6 / (fan_in + fan_out)) ** 0.5
            weight = jax.random.uniform(self.split(), (fan_in, fan_out), minval=-limit, maxval=limit)
            params.append((weight, jnp.zeros(fan_out)))
        zeros = [jax.tree_util.tree_map(jnp.zeros_like, params) for _ in range(2)]
        self.state = (params, *zeros, jnp.zeros(()))
        self.run = jax.jit(self.program, donate_argnums=0)

    def split(self):
        self.key, key = self.jax.random.split(self.key)
        return key

    def logits(self, params, pixels, key=None):
        """Drops units where there is a key to draw from."""
        jax, o = self.jax, self.o
        h = pixels.astype(self.jnp.float32) / 255
        for weight, bias in params[:-1]:
            h = getattr(jax.nn, o.activation)(h @ weight + bias)
            if o.dropout and key is not None:
                key, draw = jax.random.split(key)
                h = h * jax.random.bernoulli(draw, 1 - o.dropout, h.shape) / (1 - o.dropout)
        weight, bias = params[-1]
        return h @ weight + bias

    def program(self, state, key, x, y):
        """Returns the state after an epoch."""
        jax, jnp, tree_map = self.jax, self.jnp, self.jax.tree_util.tree_map

        def loss(params, rows, key):
            log_probs = jax.nn.log_softmax(self.logits(params, x[rows], key))
            return -jnp.take_along_axis(log_probs, y[rows][:, None], 1).mean()

        def step(state, rows):
            params, mean, square, steps = state
            draw = jax.random.fold_in(key, steps.astype(int)) if self.o.dropout else None
            g = jax.grad(loss)(params, rows, draw)
            steps = steps + 1
            mean = tree_map(lambda m, g: BETA1 * m + (1 - BETA1) * g, mean, g)
            square = tree_map(lambda s, g: BETA2 * s + (1 - BETA2) * g * g, square, g)
            rate = RATE * jnp.sqrt(1 - BETA2 ** steps) / (1 - BETA1 ** steps)
            keep = 1 - RATE * DECAY[self.o.optimizer]
            params = tree_map(lambda p, m, s: keep * p - rate * m / (jnp.sqrt(s) + EPSILON), params, mean, square)
            return (params, mean, square, steps), None

        order = jax.random.permutation(key, len(x))
        full = len(x) // self.batch * self.batch
        state, _ = jax.lax.scan(step, state, order[:full].reshape(-1, self.batch))
        return state if full == len(x) else step(state, order[full:])[0]

    def epoch(self):
        self.state = self.jax.block_until_ready(self.run(self.state, self.split(), self.x, self.y))

    def predict(self, pixels):
        return self.logits(self.state[0], self.jnp.asarray(pixels)).argmax(1)


class Sklearn:
    """MLPClassifier, an epoch at a time."""
    warm_up = False

    def __init__(self, o, layers, batch, pixels, labels):
        import sklearn
        import threadpoolctl
        from sklearn.neural_network import MLPClassifier
        self.version = sklearn.__version__
        self.blas = "; ".join(sorted(f"{lib['internal_api']} {lib['version']} {lib['architecture']}"
                                     for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"))
        activation = {"sigmoid": "logistic"}.get(o.activation, o.activation)
        self.x, self.y = scaled(pixels), labels
        self.model = MLPClassifier((o.width,) * layers, activation=activation, batch_size=batch, alpha=0,
                                   learning_rate_init=RATE, random_state=1)

    def epoch(self):
        self.model.partial_fit(self.x, self.y, classes=range(CLASSES))

    def predict(self, pixels):
        return self.model.predict(scaled(pixels))


def measure(rival, epochs, seconds):
    """Trains for epochs and seconds at least. Returns the number of epochs and the samples a second of the best one."""
    if rival.warm_up:
        rival.epoch()
    times = []
    while len(times) < epochs or sum(times) < seconds:
        began = time.perf_counter()
        rival.epoch()
        times.append(time.perf_counter() - began)
    return len(times), ROWS / min(times)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--lib", choices=["torch", "jax", "sklearn"], default="torch")
    add("--fused", action="store_true", help="torch 2.3 or newer: the fused Adam")
    add("--compile", action="store_true", help="torch 2 or newer: compile the whole step")
    add("--layers", type=int, nargs="+", default=[2])
    add("--batch", type=int, nargs="+", default=[32, 128, 512])
    add("--width", type=int, default=64)
    add("--epochs", type=int, default=2, help="train for this many epochs at least (default 2)")
    add("--seconds", type=float, default=0, help="train for this many seconds at least")
    add("--threads", type=int, default=1)
    add("--data", metavar="DIR", default=DATA, help="the four MNIST .gz files (default: those that mnist-tune embeds)")
    add("--input", choices=["mnist", "uniform"], default="mnist", help="uniform: random pixels without zeros")
    add("--activation", choices=["relu", "tanh", "sigmoid", "gelu"], default="relu")
    add("--optimizer", choices=list(DECAY), default="adam")
    add("--dropout", type=float, default=0)
    o = parser.parse_args()
    if min(o.layers + o.batch + [o.width, o.epochs, o.threads]) < 1:
        parser.error("--layers, --batch, --width, --epochs and --threads must be 1 or more")
    if not 0 <= o.dropout < 1:
        parser.error(f"--dropout must be 0 or more and less than 1 (got {o.dropout})")
    if (o.fused or o.compile) and (o.lib != "torch" or o.fused == o.compile):
        parser.error("--fused and --compile go with --lib torch, one at a time")
    if o.lib == "sklearn" and (o.activation == "gelu" or o.optimizer != "adam" or o.dropout):
        parser.error("scikit-learn has no gelu, no adamw and no dropout")
    return o


def run(o):
    try:
        pixels, labels, test_pixels, test_labels = load(o.data, o.input)
    except (OSError, EOFError) as err:
        sys.exit(f"rivals.py: {err}: --data must name the folder of the four MNIST .gz files")
    lib = o.lib + ("-fused" if o.fused else "-compile" if o.compile else "")
    make = {"torch": TorchCompile if o.compile else Torch, "jax": Jax, "sklearn": Sklearn}[o.lib]
    for layers in o.layers:
        for batch in o.batch:
            rival = make(o, layers, batch, pixels, labels)
            epochs, speed = measure(rival, o.epochs, o.seconds)
            right = None if test_labels is None else (rival.predict(test_pixels) == test_labels).mean()
            print(json.dumps({
                "lib": lib, "version": rival.version, "layers": layers, "batch": batch, "width": o.width,
                "threads": o.threads, "input": o.input, "rows": ROWS, "epochs": epochs, "samples_per_second": speed,
                "accuracy": None if right is None else round(float(right), 4), "blas": rival.blas,
            }), flush=True)


def main():
    o = arguments()
    use_threads(o.threads)
    try:
        run(o)
    except ImportError as err:
        sys.exit(f"rivals.py: {err}: use a Python that has numpy and the library of --lib")


if __name__ == "__main__":
    main()
