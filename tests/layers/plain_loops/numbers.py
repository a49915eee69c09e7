"""Numbers that count the operations made with them, and vectors of them as plain lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import chain
from typing import ClassVar


class Number:
    """A float that counts the operations it takes part in."""

    operations: ClassVar[int] = 0

    def __init__(self, value: float) -> None:
        self.value = value

    @classmethod
    def of(cls, value: float) -> Number:
        """Return the result of one operation."""
        cls.operations += 1
        return cls(value)

    def __add__(self, other: Number) -> Number:
        return self.of(self.value + other.value)

    def __sub__(self, other: Number) -> Number:
        return self.of(self.value - other.value)

    def __mul__(self, other: Number) -> Number:
        return self.of(self.value * other.value)

    def __truediv__(self, other: Number) -> Number:
        return self.of(self.value / other.value)


Vector = list[Number]
Matrix = list[Vector]
ZERO = Number(0.0)
ONE = Number(1.0)


def exp(x: Number) -> Number:
    return Number.of(math.exp(x.value))


def tanh(x: Number) -> Number:
    return Number.of(math.tanh(x.value))


def sigmoid(x: Number) -> Number:
    return Number.of(1 / (1 + math.exp(-x.value)))


def maximum(x: Number, y: Number) -> Number:
    return Number.of(max(x.value, y.value))


def each(function: Callable[..., Number], *vectors: Vector) -> Vector:
    return [function(*numbers) for numbers in zip(*vectors, strict=True)]


def plus(*vectors: Vector) -> Vector:
    first, *others = vectors
    for other in others:
        first = each(Number.__add__, first, other)
    return first


def times(u: Vector, v: Vector) -> Vector:
    return each(Number.__mul__, u, v)


def dot(u: Vector, v: Vector) -> Number:
    total = ZERO
    for a, b in zip(u, v, strict=True):
        total = total + a * b  # one multiply-add: 2 FLOPs
    return total


def apply(W: Matrix, x: Vector) -> Vector:
    return [dot(row, x) for row in W]


def transposed(X: Matrix) -> Matrix:
    return [list(column) for column in zip(*X, strict=True)]


def joined(vectors: Iterable[Vector]) -> Vector:
    return list(chain.from_iterable(vectors))


def split(rows: list, parts: int) -> list[list]:
    size = len(rows) // parts
    return [rows[i * size : (i + 1) * size] for i in range(parts)]


def softmax_row(row: Vector) -> Vector:
    largest = Number(-math.inf)
    for x in row:
        largest = maximum(largest, x)
    raised = [exp(x - largest) for x in row]
    total = ZERO
    for x in raised:
        total = total + x
    return [x / total for x in raised]


def summed(vectors: Matrix) -> Vector:
    """A sum of n numbers counts as n."""
    total = [ZERO] * len(vectors[0])
    for vector in vectors:
        total = plus(total, vector)
    return total


def softplus(x: Number) -> Number:
    return Number.of(math.log((exp(x) + ONE).value))


def erf(x: Number) -> Number:
    return Number.of(math.erf(x.value))


def gelu(x: Number) -> Number:
    return Number(0.5) * x * (erf(x / Number(math.sqrt(2))) + ONE)


def outer(k: Vector, v: Vector) -> Matrix:
    return [[a * b for b in v] for a in k]


def mean(x: Vector) -> Number:
    total = ZERO
    for number in x:
        total = total + number
    return total / Number(len(x))


def over_root(x: Vector) -> Vector:
    """x / √(mean(x²) + ε), with one operation for the root and its reciprocal."""
    spread = mean(times(x, x)) + Number(1e-5)
    scale = Number.of(spread.value**-0.5)
    return [number * scale for number in x]
