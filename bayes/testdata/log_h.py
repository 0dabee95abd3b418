#!/usr/bin/env python3
"""Writes log_h.csv: logarithms of the expected and of the probable improvement to 25 digits.

  pip install mpmath && python3 log_h.py > log_h.csv
"""
import mpmath
from mpmath import mp, mpf, exp, log, sqrt, pi, erfc, nstr


def phi(u):
    return exp(-u * u / 2) / sqrt(2 * pi)


def cdf(u):
    return erfc(-u / sqrt(2)) / 2


print(f"# log h(u), d log h/du, log Phi(u) and d log Phi/du to 25 digits, computed with mpmath {mpmath.__version__} at 120 digits from")
print("# h(u) = exp(-u^2/2)/sqrt(2 pi) + u Phi(u), Phi(u) = erfc(-u/sqrt 2)/2; u is given to 17 digits.")
print("u,log_h,d_log_h,log_cdf,d_log_cdf")
mp.dps = 120
points = [-1e8, -1e7, -1000001, -999999, -1e5, -1e4, -1000.5, -999.5, -300, -201, -199]
points += [-100 + 2.5 * k for k in range(45)]
points += [-38.3, -14.2, -14.1, -1 - 2**-10, -1 + 2**-10, -0.75, -0.25, 0.25, 0.75, 1, 2, 3, 5, 8, 10]
for u in sorted(set(points)):
    x = mpf(u)
    h = phi(x) + x * cdf(x)
    print(",".join([repr(float(u))] + [nstr(v, 25) for v in (log(h), cdf(x) / h, log(cdf(x)), phi(x) / cdf(x))]))
