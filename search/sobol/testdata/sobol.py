"""Writes directions.csv and points.csv: Sobol's sequence as scipy has it, unscrambled.

directions.csv has a row a dimension, its 32 direction numbers in hexadecimal; points.csv a row a point, its
number and its coordinates in units of 2^-32, in hexadecimal too.

    pip install scipy && python3 sobol.py
"""
import scipy
from scipy.stats import qmc

DIMENSIONS, BITS = 128, 32
FIRST, FAR = 32, [1000, 65535, 1000003]


def sequence():
    return qmc.Sobol(DIMENSIONS, scramble=False, bits=BITS)


def row(coordinates):
    return ",".join(f"{int(x * 2**BITS):x}" for x in coordinates)


with open("directions.csv", "w") as out:
    out.write(f"# scipy {scipy.__version__}, the direction numbers of stats.qmc.Sobol({DIMENSIONS}, bits={BITS})\n")
    for numbers in sequence()._sv:
        out.write(",".join(f"{int(v):x}" for v in numbers) + "\n")
with open("points.csv", "w") as out:
    out.write(f"# scipy {scipy.__version__}, stats.qmc.Sobol({DIMENSIONS}, scramble=False, bits={BITS})\n")
    for i, point in enumerate(sequence().random(FIRST)):
        out.write(f"{i:x}," + row(point) + "\n")
    for i in FAR:
        out.write(f"{i:x}," + row(sequence().fast_forward(i).random(1)[0]) + "\n")
