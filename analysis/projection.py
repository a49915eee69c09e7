"""Variable projection: for given exponents, the best non-negative coefficients of a law.

A law is T^p = (c₀·lead(n, d, k)·n^α·d^β·k^γ)^p + Σ (c_j·m_j(n, d, k))^p, all c ≥ 0: with p = 1
costs follow one another and add up, with larger p they overlap and the largest decides. Divided by
the measured T^p, for relative errors, the c^p are a small non-negative least-squares problem for
each p and (α, β, γ), so only these are searched (Golub & Pereyra 1973). Non-negativity chooses the
terms: most coefficients come out as zero.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from .arrays import Array
from .shared import Whitening, independent

#: A coefficient below this share of the fit is not in use.
IN_USE = 1e-9

#: The relative error below which no law and no timer is believed: it keeps exact data finite.
FLOOR = 1e-3


@dataclass(frozen=True)
class Solution:
    """The best coefficients at one value of the exponents.

    Attributes
    ----------
    exponents
        What multiplies the leading part, by axis; zero where the leading part is exact.
    leading
        Coefficient of the leading part.
    lower
        Coefficients of the lower-order terms, then that of the leading part's step if it has one.
    sse
        Weighted sum of squared relative residuals.
    """

    exponents: Array
    leading: float
    lower: Array
    sse: float

    @property
    def active(self) -> int:
        """Number of terms in use, the leading one counted."""
        return int(np.count_nonzero(self.lower) + (self.leading > 0))


class Projection:
    """The profile of a law's squared error over its exponents.

    Parameters
    ----------
    sizes
        (points, axes), positive.
    values
        (points,), positive: what was measured.
    leading
        (points,): the leading part at those sizes; or (points, 2) where it steps: the second
        column is the leading part as far as one regime holds, zero outside it.
    lower
        (points, terms): the lower-order terms at those sizes.
    overlap
        The exponent p.
    """

    def __init__(
        self, sizes: Array, values: Array, leading: Array, lower: Array, overlap: float = 1.0
    ) -> None:
        self.logs = np.log(sizes)
        self.centre = self.logs.mean(axis=0)
        self.centred = self.logs - self.centre  # so that the coefficient hardly moves with α
        self.points, self.axes = sizes.shape
        self.overlap = overlap
        self._values = values
        self._leading = (leading.reshape(len(values), -1) / values[:, None]) ** overlap
        self._lower = (lower / values[:, None]) ** overlap
        self._whiten(independent(np.ones(self.points)))

    def whitened(self, whitening: Whitening) -> Projection:
        """Give the same problem with other weights, or errors that points share otherwise."""
        other = copy(self)
        other._whiten(whitening)
        return other

    def _whiten(self, whitening: Whitening) -> None:
        """Reduce the problem to its few columns."""
        self.whitening = whitening
        # (1 − f^p)/p is the relative error 1 − f to first order, whatever p.
        self._target = whitening(np.full(self.points, 1 / self.overlap))
        lower = whitening(self._lower)
        self._norms = np.linalg.norm(lower, axis=0)
        self._unit = lower / self._norms
        # Rows are reduced once by QR: what remains for each (α, β, γ) has a row per column.
        self._q, self._r = np.linalg.qr(self._unit)
        self._projected = self._q.T @ self._target
        self._total = float(self._target @ self._target)

    def _lead(self, exponents: Array) -> Array:
        """Leading columns at these exponents, centred, before whitening: the step first."""
        growth = np.exp(self.overlap * (self.centred @ exponents))
        return np.asarray(self._leading[:, ::-1] * growth[:, None])

    def _columns(self, exponents: Array) -> tuple[Array, Array]:
        """Leading columns of unit length at these exponents, and their lengths."""
        columns = self.whitening(self._lead(exponents))
        lengths = np.linalg.norm(columns, axis=0)
        return columns / lengths, lengths

    def _solve(self, columns: Array) -> tuple[Array, float]:
        """Coefficients (lower…, step, leading) of the unit columns, and the squared error."""
        along = self._q.T @ columns
        beyond, heights = np.linalg.qr(columns - self._q @ along)
        matrix = np.block([[self._r, along], [np.zeros((len(heights), self._r.shape[1])), heights]])
        target = np.append(self._projected, beyond.T @ self._target)
        coefficients, error = nnls(matrix, target)
        coefficients[coefficients < IN_USE * coefficients.sum()] = 0.0
        outside = max(self._total - float(target @ target), 0.0)
        return coefficients, float(error) ** 2 + outside

    def _uncentred(self, powers: Array, exponents: Array) -> tuple[float, Array]:
        """Turn coefficients^p into those of the terms: the leading one, and the others.

        The centring is undone: a coefficient belongs to lead·n^α·d^β·k^γ itself.
        """
        found = powers ** (1 / self.overlap)
        found[self._unit.shape[1] :] *= np.exp(-self.centre @ exponents)
        return float(found[-1]), found[:-1]

    def _powers(self, coefficients: Array, lengths: Array) -> Array:
        """Turn coefficients of the unit columns into those of the terms^p, in their order."""
        return np.asarray(coefficients * self.overlap / np.append(self._norms, lengths))

    def solve(self, exponents: Array) -> Solution:
        """Find the best coefficients at these exponents, (axes,)."""
        columns, lengths = self._columns(exponents)
        coefficients, sse = self._solve(columns)
        leading, lower = self._uncentred(self._powers(coefficients, lengths), exponents)
        return Solution(exponents, leading, lower, sse)

    def log_likelihood(self, sse: Array, active: NDArray[np.int_]) -> Array:
        """Logarithm of the profile likelihood for these squared errors and terms in use."""
        freedom = np.maximum(self.points - active, 1)
        error = np.log(sse + self.points * FLOOR**2)
        return np.asarray(-freedom / 2 * error - self.whitening.log_determinant / 2)

    def draw(self, exponents: Array, rng: np.random.Generator) -> tuple[float, Array, float]:
        """Draw coefficients at these exponents, and the size of the errors, from what is likely.

        With flat priors σ² is SSE/χ² and the coefficients in use are normal around the best;
        those below zero are set to it.

        Returns
        -------
        The leading coefficient, the lower ones, and the standard deviation of the relative error
        of a point at new sizes.
        """
        leads, lengths = self._columns(exponents)
        coefficients, sse = self._solve(leads)
        used = coefficients > 0
        freedom = max(self.points - int(np.count_nonzero(used)), 1)
        sigma = float(np.sqrt((sse + self.points * FLOOR**2) / rng.chisquare(freedom)))
        columns = np.column_stack([self._unit, leads])[:, used]
        # columns = QR: the covariance is σ² (RᵀR)⁻¹
        noise = np.linalg.lstsq(
            np.linalg.qr(columns, mode="r"), rng.standard_normal(columns.shape[1]), rcond=None
        )[0]
        coefficients[used] = np.maximum(coefficients[used] + sigma * noise, 0)
        error = sigma * float(np.sqrt(self.whitening.variance))
        return *self._uncentred(self._powers(coefficients, lengths), exponents), error

    def profile(self, exponents: Array) -> tuple[Array, NDArray[np.int_]]:
        """Squared relative error and number of terms in use at many exponents, (draws, axes)."""
        sse = np.empty(len(exponents))
        active = np.empty(len(exponents), dtype=int)
        for i, theta in enumerate(exponents):
            columns, lengths = self._columns(theta)
            coefficients, sse[i] = self._solve(columns)
            active[i] = np.count_nonzero(coefficients)
            if self.overlap != 1:
                # Of T, as for every other p: errors of T^p weigh a law that is too high more.
                powers = self._powers(coefficients, lengths)
                fitted = np.hstack([self._lower, self._lead(theta)]) @ powers
                residuals = self.whitening(1 - fitted ** (1 / self.overlap))
                sse[i] = residuals @ residuals
        return sse, active

    def _objective(self, exponents: Array) -> tuple[float, Array]:
        """Logarithm of the squared error and its gradient.

        By the envelope theorem the coefficients' own change drops out: at their optimum the
        error does not move with those that are free, and the others stay at zero.
        """
        columns, lengths = self._columns(exponents)
        coefficients, sse = self._solve(columns)
        terms = self._unit.shape[1]
        residual = self._target - self._unit @ coefficients[:terms] - columns @ coefficients[terms:]
        part = self._lead(exponents) @ (coefficients[terms:] / lengths)
        moved = self.whitening(self.overlap * part[:, None] * self.centred)
        sse += self.points * FLOOR**2
        return float(np.log(sse)), -2 * residual @ moved / sse

    def search(self, bound: float, starts: Array) -> Solution:
        """Find the exponents of least error within ±bound, from each start, (starts, axes)."""
        runs = [
            minimize(
                self._objective,
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=[(-bound, bound)] * self.axes,
                options={"maxiter": 80},
            )
            for start in starts
        ]
        best = self.solve(min(runs, key=lambda run: float(run.fun)).x)
        # Where the leading part is not in use nothing depends on the exponents.
        return best if best.leading > 0 else self.solve(np.zeros(self.axes))

    def fitted(self, solution: Solution) -> Array:
        """Give each term's part of the measured values^p, (points, terms); leading last."""
        terms = self._lower.shape[1]
        growth = np.exp(self.logs @ solution.exponents)
        leading = np.append(solution.lower[terms:], solution.leading)
        leads = self._leading[:, ::-1] * np.outer(growth, leading) ** self.overlap
        return np.column_stack([self._lower * solution.lower[:terms] ** self.overlap, leads])

    def _growing(self, fitted: Array) -> Array:
        """Add up those parts that the exponents move, (points, 1)."""
        return np.asarray(fitted[:, self._lower.shape[1] :].sum(axis=1, keepdims=True))

    def residuals(self, solution: Solution) -> Array:
        """Relative residuals, (points,): (measured − law) / measured."""
        return np.asarray(1 - self.fitted(solution).sum(axis=1) ** (1 / self.overlap))

    def gains(self, solution: Solution, terms: Array, sides: Array) -> Array:
        """Squared error that one more column would take away, to first order.

        A score test: the residuals' part along the column, once all that the law could make of
        it with its coefficients in use and its exponents is taken off.

        Parameters
        ----------
        solution
            The law.
        terms
            (points, terms), in the metric's unit.
        sides
            (sides, points): how far a column holds, from 0 to 1.

        Returns
        -------
        (sides, terms); 0 where the coefficient would be negative.
        """
        residuals = self.whitening(self.residuals(solution))
        fitted = self.fitted(solution)
        used = self.whitening(fitted[:, fitted.any(axis=0)])
        moved = self.whitening(self._growing(fitted) * self.centred)
        known, _ = np.linalg.qr(np.hstack([used, moved]))
        relative = (terms / self._values[:, None]) ** self.overlap
        found = []
        for side in sides**self.overlap:
            columns = self.whitening(relative * side[:, None])
            lengths = np.linalg.norm(columns, axis=0)
            columns = columns - known @ (known.T @ columns)
            rest = np.linalg.norm(columns, axis=0)
            along = np.maximum(columns.T @ residuals, 0)
            # A column that the law holds already leaves rounding errors alone.
            found.append(np.where(rest > 1e-6 * lengths, along / np.maximum(rest, 1e-300), 0) ** 2)
        return np.array(found)

    def curvature(self, solution: Solution) -> Array:
        """Gauss–Newton curvature of half the squared error in the exponents, (axes, axes)."""
        fitted = self.fitted(solution)
        parts = self.whitening(fitted)
        moved = self.whitening(self._growing(fitted) * self.centred)
        used = parts[:, parts.any(axis=0)]
        moved = moved - used @ np.linalg.lstsq(used, moved, rcond=None)[0]
        return np.asarray(moved.T @ moved)
