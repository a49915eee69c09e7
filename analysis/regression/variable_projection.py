"""Variable projection: solve for the best non-negative coefficients of a law at given exponents.

A law is T^p = (c₀·lead(n, d, k)·n^α·d^β·k^γ)^p + Σ (c_j·m_j(n, d, k))^p, all c ≥ 0: with p = 1
costs follow one another and add up; the larger p, the more they overlap and the largest decides.
After division by the measured T^p, for relative errors, the c^p solve a small non-negative
least-squares problem at each p and (α, β, γ), so only these are searched (Golub & Pereyra 1973).
Non-negativity selects the terms: most coefficients come out as zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from ..expressions import FLOOR, Array
from .error_covariance import Whitening, independent_errors
from .relative_columns import relative_columns

#: A coefficient below this share of all counts as zero.
IN_USE = 1e-9


@dataclass(frozen=True)
class Solution:
    """The best coefficients at one value of the exponents.

    Attributes
    ----------
    exponents
        Exponents by which the leading part's degrees are shifted, by axis.
    leading
        Coefficient of the leading part: the largest one if each of its terms has its own.
    weights
        Coefficients of its terms, divided by the largest: 1 where it has one for all.
    lower
        Coefficients of the lower-order terms, then of the leading part's step if there is one.
    sse
        Weighted sum of squared relative residuals.
    """

    exponents: Array
    leading: float
    weights: Array
    lower: Array
    sse: float

    @property
    def terms_in_use(self) -> int:
        """Number of terms in use, including the leading one."""
        leads = np.count_nonzero(self.weights) if self.leading > 0 else 0
        return int(np.count_nonzero(self.lower) + leads)


class VariableProjection:
    """The least-squares problem of a law, reduced to its exponents.

    Parameters
    ----------
    sizes
        (points, axes), positive.
    values
        (points,), positive: the measured values.
    leading
        (points, coefficients): the leading part at those sizes, or its terms if each has a
        coefficient; one more column where it has a step: the leading part times the share in which
        the step's regime holds.
    lower
        (points, terms): the lower-order terms at those sizes.
    overlap
        The exponent p.
    coefficients
        Number of coefficients of the leading part, without a step's.
    """

    def __init__(
        self,
        sizes: Array,
        values: Array,
        leading: Array,
        lower: Array,
        overlap: float = 1.0,
        coefficients: int = 1,
    ) -> None:
        self.logs = np.log(sizes)
        self.centre = self.logs.mean(axis=0)
        self.centred = self.logs - self.centre  # so that the coefficient hardly moves with α
        self.points, self.axes = sizes.shape
        self.overlap = overlap
        self.coefficients = coefficients
        self._values = values
        leads = leading.reshape(len(values), -1)
        self._leading, self._leading_scales = relative_columns(leads, values, overlap)
        self._lower, self._lower_scales = relative_columns(lower, values, overlap)
        self._whiten(independent_errors(np.ones(self.points)))

    def with_whitening(self, whitening: Whitening) -> VariableProjection:
        """Return the same problem with another whitening."""
        other = copy(self)
        other._whiten(whitening)
        return other

    def with_terms(self, columns: Sequence[int]) -> VariableProjection:
        """Return the same problem with only these columns of its lower-order terms."""
        other = copy(self)
        other._lower = self._lower[:, list(columns)]
        other._lower_scales = self._lower_scales[list(columns)]
        other._whiten(self.whitening)
        return other

    def criterion(self, solution: Solution) -> float:
        """Compute the Bayesian information criterion, counting all lower-order terms."""
        error = np.log(
            solution.sse + self.points * FLOOR**4
        )  # so small a floor that exact data distinguish terms
        return float(self.points * error + self.terms * np.log(self.points))

    @property
    def terms(self) -> int:
        """Number of lower-order terms, including a step of one of them."""
        return int(self._lower.shape[1])

    def _whiten(self, whitening: Whitening) -> None:
        """Whiten the problem, and reduce its rows to a triangle."""
        self.whitening = whitening
        self._weighted = (self._lower.T * whitening.roots).T
        # (1 − f^p)/p is the relative error 1 − f to first order, whatever p.
        self._target = whitening(np.full(self.points, 1 / self.overlap))
        lower = whitening(self._lower)
        self._norms = np.linalg.norm(lower, axis=0)
        self._unit = lower / self._norms
        # QR reduces the rows once, so that each (α, β, γ) has a problem with a row per column.
        self._q, self._r = np.linalg.qr(self._unit)
        self._projected = self._q.T @ self._target
        self._total = float(self._target @ self._target)

    def _lead(self, exponents: Array) -> Array:
        """Evaluate the leading columns at many exponents (draws, axes), centred, not whitened.

        Returns (points, draws, columns), the step first.
        """
        growth = np.exp(self.overlap * (self.centred @ exponents.T))
        return np.asarray(growth[:, :, None] * self._leading[:, None, ::-1])

    def _columns(self, lead: Array) -> tuple[Array, Array]:
        """Whiten leading columns and scale them to unit length; return them and their lengths."""
        columns = self.whitening(lead.reshape(self.points, -1)).reshape(lead.shape)
        lengths = np.linalg.norm(columns, axis=0)
        return columns / lengths, lengths

    def _solve(self, columns: Array) -> tuple[Array, Array, Array]:
        """Solve the problem for leading columns of unit length, (points, draws, columns).

        Returns
        -------
        Coefficients of the unit columns (lower…, step, leading), (draws, terms); squared errors,
        (draws,); and the triangles R of all columns, (draws, rows, terms).
        """
        draws, leads = columns.shape[1:]
        rows, terms = self._r.shape
        flat = columns.reshape(self.points, -1)
        along = self._q.T @ flat
        beyond = (flat - self._q @ along).reshape(columns.shape)
        frames, heights = np.linalg.qr(beyond.transpose(1, 0, 2))
        triangles = np.zeros((draws, rows + leads, terms + leads))
        triangles[:, :rows, :terms] = self._r
        triangles[:, :rows, terms:] = along.reshape(rows, draws, leads).transpose(1, 0, 2)
        triangles[:, rows:, terms:] = heights
        targets = np.empty((draws, rows + leads))
        targets[:, :rows] = self._projected
        targets[:, rows:] = self._target @ frames
        coefficients, errors = np.empty((draws, terms + leads)), np.empty(draws)
        for at, (triangle, target) in enumerate(zip(triangles, targets, strict=True)):
            coefficients[at], errors[at] = nnls(triangle, target)
        coefficients[coefficients < IN_USE * coefficients.sum(axis=1, keepdims=True)] = 0.0
        outside = np.maximum(self._total - np.sum(targets**2, axis=1), 0.0)
        return coefficients, errors**2 + outside, triangles

    def _term_coefficients(self, powers: Array, exponents: Array) -> tuple[Array, Array]:
        """Convert coefficients^p to coefficients of the terms: the leading ones, and the others.

        The centring is undone: the leading coefficient multiplies lead·n^α·d^β·k^γ itself.
        """
        scales = np.append(self._lower_scales, self._leading_scales[::-1])
        coefficients = powers ** (1 / self.overlap) / scales
        coefficients[self._unit.shape[1] :] *= np.exp(-self.centre @ exponents)
        others = len(coefficients) - self.coefficients
        return coefficients[others:][::-1], coefficients[:others]

    def _powers(self, coefficients: Array, lengths: Array) -> Array:
        """Convert coefficients of the unit columns (draws, terms) to those of the terms^p."""
        norms = np.column_stack([np.tile(self._norms, (len(lengths), 1)), lengths])
        return np.asarray(coefficients * self.overlap / norms)

    def solve(self, exponents: Array) -> Solution:
        """Find the best coefficients at these exponents, (axes,)."""
        columns, lengths = self._columns(self._lead(exponents[None, :]))
        coefficients, sse, _ = self._solve(columns)
        powers = self._powers(coefficients, lengths)
        tops, lower = self._term_coefficients(powers[0], exponents)
        leading = float(tops.max())
        weights = tops / leading if leading else np.ones(len(tops))
        return Solution(exponents, leading, weights, lower, float(sse[0]))

    def draw(self, exponents: Array, rng: np.random.Generator) -> tuple[Array, Array, float]:
        """Draw coefficients and the error's size from their posterior at these exponents.

        With flat priors σ² is SSE/χ² and the coefficients in use are normal around the best;
        negative ones are set to zero.

        Returns
        -------
        The leading coefficients, the lower ones, and the standard deviation of the relative error
        of a point at new sizes.
        """
        leads, lengths = self._columns(self._lead(exponents[None, :]))
        (coefficients,), (sse,), (triangle,) = self._solve(leads)
        used = coefficients > 0
        freedom = max(self.points - int(np.count_nonzero(used)), 1)
        sigma = float(np.sqrt((sse + self.points * FLOOR**2) / rng.chisquare(freedom)))
        # columns = QR: the covariance is σ² (RᵀR)⁻¹
        noise = np.linalg.lstsq(
            np.linalg.qr(triangle[:, used], mode="r"),
            rng.standard_normal(np.count_nonzero(used)),
            rcond=None,
        )[0]
        coefficients[used] = np.maximum(coefficients[used] + sigma * noise, 0)
        error = sigma * float(np.sqrt(self.whitening.variance))
        powers = self._powers(coefficients[None, :], lengths)
        return *self._term_coefficients(powers[0], exponents), error

    def log_likelihood(self, exponents: Array) -> Array:
        """Compute the log profile likelihood at many exponents, (draws, axes): (draws,).

        The errors' size is integrated out; the coefficients are at their best.
        """
        lead = self._lead(exponents)
        columns, lengths = self._columns(lead)
        coefficients, sse, triangles = self._solve(columns)
        if self.overlap != 1:
            # Residuals of T, to be comparable over p: those of T^p weigh too high a law more.
            powers = self._powers(coefficients, lengths)
            terms = self._lower.shape[1]
            fitted = self._lower @ powers[:, :terms].T + np.sum(lead * powers[:, terms:], axis=2)
            residuals = self.whitening(1 - fitted ** (1 / self.overlap))
            sse = np.sum(residuals**2, axis=0)
        used = coefficients > 0
        freedom = np.maximum(self.points - np.count_nonzero(used, axis=1), 1)
        error = np.log(sse + self.points * FLOOR**2)
        penalty = self.whitening.log_determinant + self._restriction(lead, lengths, triangles, used)
        return np.asarray(-freedom / 2 * error - penalty / 2)

    def _restriction(
        self, lead: Array, lengths: Array, triangles: Array, used: NDArray[np.bool_]
    ) -> Array:
        """Compute the restricted likelihood's correction, log|XᵀV⁻¹X| − log|XᵀX|: (draws,).

        X are the terms in use. Without it a law with nearly as many terms as there are sizes would
        fit the errors that sizes share (Patterson & Thompson 1971).
        """
        if not self.whitening.rank:
            return np.zeros(len(used))
        draws, terms = used.shape
        lower = terms - lead.shape[2]
        scale = np.column_stack([np.tile(self._norms, (draws, 1)), lengths])
        leads = (lead.transpose(1, 0, 2) * self.whitening.roots[:, None]).astype(float)
        plain = np.empty((draws, terms, terms))
        plain[:, :lower, :lower] = self._weighted.T @ self._weighted
        plain[:, :lower, lower:] = self._weighted.T @ leads
        plain[:, lower:, :lower] = plain[:, :lower, lower:].transpose(0, 2, 1)
        plain[:, lower:, lower:] = leads.transpose(0, 2, 1) @ leads
        plain /= scale[:, :, None] * scale[:, None, :]
        both = used[:, :, None] & used[:, None, :]
        unused = np.eye(terms) * ~used[:, :, None]
        whitened = triangles.transpose(0, 2, 1) @ triangles
        signs = [np.linalg.slogdet(np.where(both, gram, unused)) for gram in (whitened, plain)]
        return np.asarray(signs[0].logabsdet - signs[1].logabsdet)

    def _objective(self, exponents: Array) -> tuple[float, Array]:
        """Compute the logarithm of the squared error, and its gradient.

        By the envelope theorem the coefficients' change drops out: at their optimum the error is
        stationary in those in use, and the others stay at zero.
        """
        lead = self._lead(exponents[None, :])
        columns, lengths = self._columns(lead)
        (coefficients,), (sse,), _ = self._solve(columns)
        terms = self._unit.shape[1]
        lower, leading = coefficients[:terms], coefficients[terms:]
        residual = self._target - self._unit @ lower - columns[:, 0] @ leading
        part = lead[:, 0] @ (leading / lengths[0])
        moved = self.whitening(self.overlap * part[:, None] * self.centred)
        error = float(sse) + self.points * FLOOR**2
        return float(np.log(error)), -2 * residual @ moved / error

    def search(self, bound: float, starts: Array) -> Solution:
        """Minimise the error over exponents within ±bound, from each start, (starts, axes)."""
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
        # Where the leading part is not in use, nothing depends on the exponents.
        return best if best.leading > 0 else self.solve(np.zeros(self.axes))

    def term_parts(self, solution: Solution) -> Array:
        """Return each term's part of the measured values^p, (points, terms); leading last."""
        terms = self._lower.shape[1]
        growth = np.exp(self.logs @ solution.exponents)
        tops = solution.leading * solution.weights
        leading = np.append(solution.lower[terms:], tops[::-1])
        growing = np.outer(growth, leading * self._leading_scales[::-1])
        lower = solution.lower[:terms] * self._lower_scales
        leads = self._leading[:, ::-1] * growing**self.overlap
        return np.column_stack([self._lower * lower**self.overlap, leads])

    def leading_sum(self, fitted: Array) -> Array:
        """Sum the leading parts, which depend on the exponents: (points, 1)."""
        return np.asarray(fitted[:, self._lower.shape[1] :].sum(axis=1, keepdims=True))

    def residuals(self, solution: Solution) -> Array:
        """Compute the relative residuals, (points,): (measured − law) / measured."""
        return np.asarray(1 - self.term_parts(solution).sum(axis=1) ** (1 / self.overlap))

    def relative_columns(self, terms: Array) -> Array:
        """Divide terms, (points, terms), by the measurements, to the power p, up to scales."""
        return relative_columns(terms, self._values, self.overlap)[0]

    def curvature(self, solution: Solution) -> Array:
        """Compute the Gauss–Newton curvature of half the squared error, (axes, axes)."""
        fitted = self.term_parts(solution)
        parts = self.whitening(fitted)
        moved = self.whitening(self.leading_sum(fitted) * self.centred)
        used = parts[:, parts.any(axis=0)]
        moved = moved - used @ np.linalg.lstsq(used, moved, rcond=None)[0]
        return np.asarray(moved.T @ moved)
