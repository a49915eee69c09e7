"""Monomials in the sizes, and leading parts made of them: the columns of a fit."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .arrays import Array


@dataclass(frozen=True)
class Monomial:
    """A product n^a · d^b · … · log(n)^q · … over the axes.

    Attributes
    ----------
    powers
        Degree in each axis.
    logs
        Power of the logarithm of each axis.
    """

    powers: tuple[float, ...]
    logs: tuple[int, ...]

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        column: Array = np.prod(sizes ** np.array(self.powers), axis=1)
        for axis, q in enumerate(self.logs):
            if q:
                column = column * np.log(sizes[:, axis]) ** q
        return column

    def shifted(self, shift: Array) -> Monomial:
        """Return the monomial with its degrees moved by a shift, (axes,)."""
        return replace(self, powers=tuple(np.add(self.powers, shift).tolist()))

    def divides(self, other: Monomial) -> bool:
        """Whether its order is lower or equal in every axis."""
        pairs = zip(
            zip(self.powers, self.logs, strict=True),
            zip(other.powers, other.logs, strict=True),
            strict=True,
        )
        return all(a <= b for a, b in pairs)

    def text(self, axes: Sequence[str], shift: Array | None = None) -> str:
        """Write the monomial as SymPy reads it, with shifted degrees; empty for the constant."""
        factors = []
        moved = self.powers if shift is None else np.add(self.powers, shift)
        for axis, degree, q in zip(axes, moved, self.logs, strict=True):
            if (written := f"{degree:.10g}") != "0":
                factors.append(axis if written == "1" else f"{axis}**{written}")
            if q:
                factors.append(f"log({axis})" if q == 1 else f"log({axis})**{q}")
        return "*".join(factors)


class Evaluated(Protocol):
    """A term that can be evaluated at sizes: a monomial, a leading part or a step term."""

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""


def product(coefficient: float, text: str, unit: str = "1*") -> str:
    """Write a product as SymPy reads it; `unit` stands for a coefficient of 1."""
    if not text:
        return f"{coefficient:.12g}"
    return f"{unit if coefficient == 1 else f'{coefficient:.12g}*'}{text}"


def monomials(axes: int, highest: int) -> list[Monomial]:
    """List the monomials of whole degrees up to `highest` in each axis, the constant first."""
    return monomials_of([range(highest + 1)] * axes)


def monomials_of(degrees: Sequence[range]) -> list[Monomial]:
    """List the monomials with every combination of the degrees given for each axis."""
    return [
        Monomial(tuple(map(float, powers)), (0,) * len(powers))
        for powers in itertools.product(*degrees)
    ]


def columns(terms: Sequence[Evaluated], sizes: Array) -> Array:
    """Evaluate terms, possibly none, at sizes (points, axes): (points, terms)."""
    return np.array([term.column(sizes) for term in terms]).reshape(len(terms), len(sizes)).T


@dataclass(frozen=True)
class Leading:
    """The leading part of a law: Σ weight · monomial, where no monomial divides another.

    Attributes
    ----------
    axes
        The sizes that vary.
    terms
        The weight of each monomial.
    separate
        Whether each term has a coefficient of its own to be fitted: theory states no ratio.
    """

    axes: tuple[str, ...]
    terms: tuple[tuple[float, Monomial], ...]
    separate: bool = False

    @classmethod
    def of(cls, axes: Sequence[str], terms: Mapping[Monomial, float]) -> Leading:
        """Select the terms of a sum, with their coefficients, that divide no other term."""
        top = [
            (weight, term)
            for term, weight in terms.items()
            if not any(term != other and term.divides(other) for other in terms)
        ]
        return cls(tuple(axes), tuple(sorted(top, key=lambda pair: pair[1].powers, reverse=True)))

    def column(self, sizes: Array) -> Array:
        """Evaluate at sizes of shape (points, axes); gives (points,)."""
        columns = [weight * term.column(sizes) for weight, term in self.terms]
        return np.asarray(np.sum(columns, axis=0))

    def columns(self, sizes: Array) -> Array:
        """Evaluate what has a coefficient: (points, 1), or each monomial, (points, terms)."""
        if not self.separate:
            return self.column(sizes)[:, None]
        return columns([term for _, term in self.terms], sizes)

    def weighted(self, weights: Array) -> Leading:
        """Return it with these weights if its terms are separate, else as it is."""
        if not self.separate:
            return self
        pairs = zip(weights.tolist(), self.terms, strict=True)
        return replace(self, terms=tuple((weight, term) for weight, (_, term) in pairs))

    @property
    def coefficients(self) -> int:
        """Number of coefficients to be fitted."""
        return len(self.terms) if self.separate else 1

    def shifted(self, shift: Array) -> Leading:
        """Return the leading part with all degrees moved by a shift, (axes,)."""
        return replace(self, terms=tuple((w, term.shifted(shift)) for w, term in self.terms))

    def degree(self, axis: str) -> float:
        """Return the highest degree in an axis."""
        at = self.axes.index(axis)
        return max(term.powers[at] for _, term in self.terms)

    def divisors(self) -> tuple[Monomial, ...]:
        """List the monomials of whole degrees that properly divide a term, the constant first.

        They are the candidates for lower-order terms: a rate that saturates, overhead per step or
        per row, and memory traffic have this form.
        """
        found: set[Monomial] = set()
        for _, term in self.terms:
            degrees = [[*range(math.ceil(p)), p] if p > 0 else [min(p, 0.0)] for p in term.powers]
            logs = [range(q + 1) for q in term.logs]
            for powers in itertools.product(*degrees):
                for q in itertools.product(*logs):
                    found.add(Monomial(tuple(float(p) for p in powers), tuple(q)))
        found -= {term for _, term in self.terms}
        return tuple(sorted(found, key=lambda m: (sum(m.powers), m.powers, m.logs)))

    @property
    def formula(self) -> str:
        """The leading part as a factor that SymPy reads: ``(4*n**2*d + 8*n*d**2)``, ``n**2*d``."""
        texts = [product(w, term.text(self.axes), unit="") for w, term in self.terms if w]
        return f"({' + '.join(texts)})" if len(texts) > 1 else "".join(texts)

    def text(self) -> str:
        """Write the leading part for a reader: ``4·n²·d + 8·n·d²``."""
        stated = [(1.0 if self.separate else weight, term) for weight, term in self.terms]
        return " + ".join(
            "·".join(filter(None, [f"{weight:g}" if weight != 1 else "", _pretty(self.axes, term)]))
            for weight, term in stated
        )


def _pretty(axes: Sequence[str], term: Monomial) -> str:
    superscripts = str.maketrans("0123456789.-", "⁰¹²³⁴⁵⁶⁷⁸⁹·⁻")
    factors = []
    for axis, power, q in zip(axes, term.powers, term.logs, strict=True):
        if power:
            factors.append(axis if power == 1 else axis + f"{power:g}".translate(superscripts))
        if q:
            factors.append(
                f"log {axis}" if q == 1 else f"(log {axis})" + f"{q}".translate(superscripts)
            )
    return "·".join(factors) or "1"
