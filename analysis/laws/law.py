"""The base class of laws: how a cost grows with the sizes, with predictions and a summary."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

from ..breakpoints import StepTerm
from ..expressions import Array, Leading, Monomial, power_mean
from ..regression import NO_RESIDUALS, ResidualDiagnostics
from . import description
from .estimate import Estimate, Exponent
from .prediction import LARGEST_TERM, largest_within, search_sizes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A leading term below this share of every value does not determine its exponent.
LEAST_LEADING_SHARE = 0.2

_STEP = 1e-4  # step in the logarithm of a size for numerical slopes


@dataclass(frozen=True, kw_only=True, repr=False)
class Law(ABC):
    """T^p = (c·lead)^p + Σ (c_j·m_j)^p: found exactly (`ExactLaw`), or fitted (`FittedLaw`).

    Attributes
    ----------
    leading
        The leading part, given by theory or found by the search.
    coefficient
        Its coefficient, in the metric's unit.
    exponents
        Exponent of each axis, with its interval.
    terms
        Lower-order terms in use, with their coefficients.
    overlap
        p: 1 where the terms add up, larger where they overlap.
    sizes, values
        The fitted points: (points, axes) and (points,).
    diagnostics
        Size of the residuals, and whether they follow the sizes.
    residual_df
        Residual degrees of freedom: points less free parameters.
    """

    leading: Leading
    coefficient: float = 1.0
    exponents: tuple[Exponent, ...]
    terms: tuple[tuple[float, Monomial | StepTerm], ...] = ()
    overlap: float = 1.0
    sizes: Array
    values: Array
    diagnostics: ResidualDiagnostics = NO_RESIDUALS
    residual_df: int

    @property
    def axes(self) -> tuple[str, ...]:
        """The sizes that the law grows in."""
        return self.leading.axes

    @property
    def shift(self) -> Array:
        """Exponents minus the leading part's degrees, (axes,)."""
        return np.array([e.estimate - self.leading.degree(e.axis) for e in self.exponents])

    @property
    def slope_factor(self) -> str:
        """Factor of the leading part beyond a slope break, as SymPy reads it; empty without one."""
        return ""

    def regime_records(self) -> list[dict[str, Any]]:
        """Return the breakpoint between regimes for JSON; empty without one."""
        return []

    @property
    @abstractmethod
    def has_intervals(self) -> bool:
        """Whether the law has intervals."""

    @property
    @abstractmethod
    def regimes(self) -> str:
        """Where the law changes, and how, in words; empty where all points follow one law."""

    @property
    @abstractmethod
    def expression(self) -> str:
        """The law as SymPy reads it, in the size symbols and the metric's unit."""

    @abstractmethod
    def parts(self, sizes: Array) -> Array:
        """Evaluate each term at sizes (points, axes): (points, terms), the leading ones last."""

    @abstractmethod
    def posterior_predictions(self, sizes: Array, *, measured: bool = False) -> Array:
        """Evaluate laws drawn from the posterior at sizes (points, axes): (laws, points).

        If `measured`, the error of a measurement is added to each. An exact law gives one row.

        Raises
        ------
        ValueError
            As `predict` does.
        """

    @abstractmethod
    def conf_int(self, level: float = 0.95) -> pd.DataFrame:
        """Return intervals of the exponents: a row for each axis, columns low and high.

        Raises
        ------
        ValueError
            If there were too few points for intervals.
        """

    @overload
    def predict(self, sizes: Array) -> Array: ...

    @overload
    def predict(self, sizes: Array, interval: float) -> Estimate[Array]: ...

    def predict(self, sizes: Array, interval: float | None = None) -> Array | Estimate[Array]:
        """Predict what a point costs, in the metric's unit.

        The interval covers the uncertainty of exponents, overlap and coefficients, and the error
        of a measurement. It does not cover new regimes, such as a cache that overflows beyond the
        points.

        Parameters
        ----------
        sizes
            (points, axes), or one point.
        interval
            Level of the prediction interval, such as 0.95; without it, only the law is evaluated.

        Returns
        -------
        (points,), or with an interval an estimate with low and high, each (points,).

        Raises
        ------
        ValueError
            If a size is missing or not positive, or there were too few points for intervals.
        """
        sizes = self._as_points(sizes)
        with np.errstate(over="ignore"):  # far beyond the measured sizes
            parts = np.minimum(self.parts(sizes), LARGEST_TERM)
        value = power_mean(parts, self.overlap)
        if interval is None:
            return value
        low, high = np.quantile(
            self.posterior_predictions(sizes, measured=True), quantile_levels(interval), axis=0
        )
        return Estimate(value, low, high)

    @overload
    def elasticity(self, sizes: Array) -> Array: ...

    @overload
    def elasticity(self, sizes: Array, interval: float) -> Estimate[Array]: ...

    def elasticity(self, sizes: Array, interval: float | None = None) -> Array | Estimate[Array]:
        """Compute the local slopes ∂log T/∂log size: the exponents that neighbouring sizes show.

        Parameters
        ----------
        sizes
            (points, axes).
        interval
            Level of an interval, as in `predict`.

        Returns
        -------
        (points, axes), or with an interval an estimate with low and high, each (points, axes).
        """

        def slopes(evaluate: Callable[[Array], Array]) -> Array:  # (..., points, axes)
            moves = np.exp(_STEP * np.eye(sizes.shape[1]))
            with np.errstate(divide="ignore", invalid="ignore"):  # where a draw has no term in use
                ratios = [evaluate(sizes * move) / evaluate(sizes / move) for move in moves]
            return np.asarray(np.log(np.stack(ratios, axis=-1)) / (2 * _STEP))

        value = slopes(self.predict)
        if interval is None:
            return value
        low, high = np.quantile(
            slopes(self.posterior_predictions), quantile_levels(interval), axis=0
        )
        return Estimate(value, np.minimum(low, value), np.maximum(high, value))

    def largest_size(
        self, axis: str, budget: float, at: Mapping[str, float] | None = None, level: float = 0.95
    ) -> Estimate[float]:
        """Find the largest value of a size within a budget.

        Parameters
        ----------
        axis
            The size.
        budget
            In the metric's unit, such as 1.0 for a second.
        at
            The other sizes.
        level
            Level of the interval.

        Returns
        -------
        The size with its interval: 0 where even size 1 exceeds the budget, infinite where no size
        up to `LARGEST_SEARCHED` does.

        Raises
        ------
        ValueError
            If the law does not grow in the size, another size is missing, or there were too few
            points for intervals.
        """
        if axis not in self.axes:
            raise ValueError(f"the law grows in {', '.join(self.axes)}, not in {axis!r}")
        given = {**(at or {}), axis: 1.0}
        if missing := [each for each in self.axes if each not in given]:
            raise ValueError(f"the law grows in {', '.join(missing)} too: give its size in `at`")
        steps = search_sizes()
        sizes = np.column_stack(
            [steps if a == axis else np.full(len(steps), given[a]) for a in self.axes]
        )
        (value,) = largest_within(self.predict(sizes)[None, :], steps, budget)
        found = largest_within(self.posterior_predictions(sizes), steps, budget)
        low, high = np.quantile(found, quantile_levels(level), method="nearest")
        return Estimate(float(value), float(low), float(high))

    def overhead(self, sizes: Array | None = None) -> Array:
        """Return the lower-order terms' share at sizes (points, axes), or at the fitted points.

        Where terms overlap it is their share of T^p, which is also their weight in the local
        slopes.
        """
        parts = self.parts(self.sizes if sizes is None else sizes) ** self.overlap
        leads = [isinstance(term, StepTerm) and term.leads is not None for _, term in self.terms]
        leads += [True] * self.leading.coefficients
        return np.asarray(1 - parts[:, leads].sum(axis=1) / parts.sum(axis=1))

    def summary(self) -> str:
        """Describe the law in a few lines of text."""
        return "\n".join(filter(None, self._summary_lines()))

    def _summary_lines(self) -> list[str]:
        return [*description.summary(self), f"regimes    {self.regimes}" if self.regimes else ""]

    def to_dict(self) -> dict[str, Any]:
        """Return the law for JSON: part of what `layerlaw fit` writes."""
        return description.to_dict(self)

    def plot(self, unit: str = "") -> Figure:
        """Draw the law with its points along each size, as a matplotlib figure for notebooks."""
        from .plotting import plot

        return plot(self, unit)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.summary())}</pre>"

    def __repr__(self) -> str:
        inside = ", ".join(map(str, self.exponents))
        return f"{type(self).__name__}({inside}; {self.expression})"

    def _as_points(self, sizes: Array) -> Array:
        sizes = np.atleast_2d(np.asarray(sizes, dtype=float))
        if sizes.ndim != 2 or sizes.shape[1] != len(self.axes):
            raise ValueError(f"each point needs {len(self.axes)} sizes: {', '.join(self.axes)}")
        if not (np.isfinite(sizes) & (sizes > 0)).all():
            raise ValueError("sizes must be positive, finite numbers")
        return sizes


def quantile_levels(level: float) -> tuple[float, float]:
    """Return the two quantiles that bound an interval of this level."""
    return (1 - level) / 2, (1 + level) / 2
