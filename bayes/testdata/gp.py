#!/usr/bin/env python3
"""Writes gp.json: what scikit-learn makes of Gaussian processes, and PyTorch of the gradients by the warp.

  pip install numpy scikit-learn torch && python3 gp.py > gp.json
"""
import json
import math

import numpy as np
import sklearn
import torch
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

MARGIN = 1e-7  # columns are drawn in by this much before they are warped


def warp(x, a, b, lib=np):
    x = MARGIN + (1 - 2 * MARGIN) * x
    return 1 - (1 - x**a) ** b


def columns(x, nominal, lengths, a, b):
    """Names as one-hot columns over sqrt 2, so that two of them are at a distance of 1; the length scale of each."""
    out, scales, k = [], [], 0
    for j, name in enumerate(nominal):
        if name:
            for value in (0, 1, 2):
                out.append((x[:, j] == value) / math.sqrt(2))
                scales.append(lengths[j])
            continue
        out.append(warp(x[:, j], a[k], b[k]) if a is not None else x[:, j])
        scales.append(lengths[j])
        k += 1
    return np.stack(out, 1), scales


def warp_gradient(x, y, nominal, lengths, scale, noise, a, b):
    """The log marginal likelihood's derivatives by log a and log b, by automatic differentiation."""
    la = torch.tensor(np.log(a), requires_grad=True)
    lb = torch.tensor(np.log(b), requires_grad=True)
    x, y, r2, k = torch.tensor(x), torch.tensor(y), 0, 0
    for j, name in enumerate(nominal):
        if name:
            r2 = r2 + (x[:, None, j] != x[None, :, j]) / lengths[j] ** 2
            continue
        w = warp(x[:, j], la[k].exp(), lb[k].exp())
        r2 = r2 + (w[:, None] - w[None, :]) ** 2 / lengths[j] ** 2
        k += 1
    t = torch.sqrt(5 * r2 + 1e-300)
    c = scale * (1 + t + t * t / 3) * torch.exp(-t) + torch.diag(torch.tensor(noise))
    l = torch.linalg.cholesky(c)
    z = torch.linalg.solve_triangular(l, y[:, None], upper=False)
    (-(z**2).sum() / 2 - l.diagonal().log().sum()).backward()
    return la.grad.tolist() + lb.grad.tolist()


def case(name, seed, n, nominal, lengths, scale, noise, points, known=None, a=None, b=None):
    rng = np.random.default_rng(seed)
    d = len(nominal)
    draw = lambda m: np.stack([rng.integers(0, 3, m).astype(float) if q else rng.random(m) for q in nominal], 1)
    x, at = draw(n), draw(points)
    y = np.sin(4 * x).sum(1) + 0.1 * rng.standard_normal(n)
    y = (y - y.mean()) / y.std()
    variance = rng.uniform(*known, n) if known else np.zeros(n)
    cols, scales = columns(x, nominal, lengths, a, b)
    kernel = ConstantKernel(scale) * Matern(scales, nu=2.5) + WhiteKernel(noise)
    inverse = np.linalg.inv(kernel(cols) + np.diag(variance))
    mean = (inverse @ y).sum() / (inverse.sum() + 1)  # the mean's prior has the variance 1
    gp = GaussianProcessRegressor(kernel, alpha=variance if known else 1e-300, optimizer=None).fit(cols, y - mean)
    mu, sd = gp.predict(columns(at, nominal, lengths, a, b)[0], return_std=True)
    value, slope = gp.log_marginal_likelihood(gp.kernel_.theta, eval_gradient=True)
    gradient, k = [], 1
    for j in range(d):  # the names' columns have one length scale
        width = 3 if nominal[j] else 1
        gradient.append(slope[k : k + width].sum())
        k += width
    gradient += [slope[0], slope[-1]]
    if a is not None:
        gradient += warp_gradient(x, y - mean, nominal, lengths, scale, noise + variance, a, b)
    out = dict(name=name, x=x.tolist(), y=y.tolist(), nominal=nominal, at=at.tolist(), length_scales=lengths, scale=scale, noise=noise)
    if known:
        out["known"] = variance.tolist()
    if a is not None:
        out.update(warp_a=a, warp_b=b)
    return out | dict(mean=mean, posterior_mean=(mean + mu).tolist(), posterior_variance=(sd**2 - noise).tolist(),
                      log_marginal_likelihood=value, gradient=gradient)


F, T = False, True
print(json.dumps(dict(
    program=f"scikit-learn {sklearn.__version__}, GaussianProcessRegressor; PyTorch {torch.__version__.split('+')[0]}, gradients by the warp",
    cases=[
        case("three real columns", 1, 12, [F, F, F], [0.3, 1.2, 0.8], 1.3, 1e-3, 6),
        case("reals and names", 2, 20, [F, T, F, T], [0.5, 1.5, 0.9, 3.0], 0.7, 0.02, 6),
        case("noise alone", 3, 40, [F, F], [100.0, 50.0], 2.0, 0.5, 4),
        case("known noise", 4, 25, [F, F, T], [0.4, 0.9, 2.0], 1.1, 1e-4, 6, known=(0.001, 0.5)),
        case("warped", 5, 25, [F, T, F], [0.4, 1.3, 0.6], 1.1, 3e-3, 6, a=[0.6, 2.5], b=[1.7, 0.8]),
        case("warped, known noise", 6, 30, [F, F], [0.3, 0.7], 0.9, 1e-3, 6, known=(0.01, 0.2), a=[1.4, 0.5], b=[0.4, 3.0]),
    ]), indent=1))
