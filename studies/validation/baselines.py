"""Baselines: other fitters behind one interface, validated with the same synthetic laws.

Each gets the same values of points as our fitter, from `split_series`, and the settings with which
it did best; its class documents them.
"""

from __future__ import annotations

import json
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...analysis import Array, Leading
from ...errors import LayerlawError

_WORKER = Path(__file__).with_name("extrap_worker.py")


class BaselineError(LayerlawError, RuntimeError):
    """A baseline is not installed or fails; the message says what to do."""


class BaselineData(NamedTuple):
    """Points to fit: names of the sizes, sizes (points, axes) and values (points,)."""

    axes: tuple[str, ...]
    sizes: Array
    values: Array


@dataclass(frozen=True)
class BaselineLaw:
    """A law fitted by a baseline.

    Attributes
    ----------
    exponents
        By axis, the slope ∂ log T/∂ log s of the law's highest term along it, at the largest size:
        a power's degree, and 1/ln s for each logarithm. NaN if there is none.
    predict
        From sizes (points, axes) to values (points,); NaN if the baseline cannot predict.
    failure
        Why there is no law, or none for some axes.
    """

    exponents: Array
    predict: Callable[[Array], Array]
    failure: str = ""

    @classmethod
    def missing(cls, axes: int, failure: str) -> BaselineLaw:
        """Make a law of NaN, for a baseline that found none."""
        return cls(np.full(axes, np.nan), _no_prediction, failure)


def _no_prediction(sizes: Array) -> Array:
    return np.full(len(sizes), np.nan)


class Baseline(ABC):
    """A fitter that ours is compared with."""

    name: ClassVar[str]

    @abstractmethod
    def fit(self, points: BaselineData) -> BaselineLaw:
        """Fit a law to points; if there is none, it is NaN with the reason."""

    def fit_all(self, many: Sequence[BaselineData]) -> list[BaselineLaw]:
        """Fit many laws; in one batch if starting the fitter takes time."""
        return [self.fit(points) for points in many]


def comparable_exponents(
    baseline: Baseline,
    cases: Sequence[tuple[BaselineData, Leading]],
    fitted: Sequence[BaselineLaw] | None = None,
) -> list[Array]:
    """Return a baseline's exponents, comparable with theory's degrees; by case, (axes,).

    A leading part that is a sum, or has a logarithm, has no single exponent on a grid. So the
    baseline also fits theory's leading part without noise, and the exponents of that fit count as
    theory's degrees. `fitted` are the baseline's laws of the cases, if they exist already.
    """
    if fitted is None:
        fitted = baseline.fit_all([points for points, _ in cases])
    alone = [p._replace(values=theory.column(p.sizes)) for p, theory in cases]
    return [
        law.exponents - own.exponents + np.array([theory.degree(axis) for axis in points.axes])
        for law, own, (points, theory) in zip(fitted, baseline.fit_all(alone), cases, strict=True)
    ]


class LogLogLine(Baseline):
    """A straight line through the logarithms, by least squares."""

    name = "log-log line"

    def fit(self, points: BaselineData) -> BaselineLaw:
        """Fit log T = log c + Σ exponent · log s."""
        design = np.column_stack([np.ones(len(points.values)), np.log(points.sizes)])
        solution, _, rank, _ = np.linalg.lstsq(design, np.log(points.values), rcond=None)
        if rank < design.shape[1]:
            return BaselineLaw.missing(len(points.axes), "too few points to separate the axes")
        start, slopes = solution[0], solution[1:]
        return BaselineLaw(slopes, lambda sizes: np.asarray(np.exp(start + np.log(sizes) @ slopes)))


class BigO(Baseline):
    """big_O 0.11, which distinguishes eight classes of complexity.

    It fits one size. So each axis is fitted along the line on which the other sizes are largest,
    and with several axes there is no prediction.

    Values are divided by their mean: big_O prefers simpler classes by an absolute 10⁻⁶, so times
    below a millisecond would all be constant.

    Raises
    ------
    BaselineError
        If it is not installed.
    """

    name = "big_O"

    #: Degree of each class, and the power of its logarithm. Polynomial has a fitted exponent;
    #: exponential counts with its slope at the largest size.
    _DEGREES: ClassVar[dict[str, tuple[int, int]]] = {
        "Constant": (0, 0),
        "Logarithmic": (0, 1),
        "Linear": (1, 0),
        "Linearithmic": (1, 1),
        "Quadratic": (2, 0),
        "Cubic": (3, 0),
    }
    _FEWEST = 3  # with two points all residuals are 0, and it fails

    def __init__(self) -> None:
        try:
            from big_o import infer_big_o_class
        except ImportError:
            raise BaselineError(
                "big_O is not installed; get it with: pip install 'layerlaw[baselines]'"
            ) from None
        self._infer = infer_big_o_class

    def fit(self, points: BaselineData) -> BaselineLaw:
        """Find the class of each axis."""
        slopes = np.full(len(points.axes), np.nan)
        failures = []
        predict: Callable[[Array], Array] = _no_prediction
        for at, axis in enumerate(points.axes):
            others = np.delete(points.sizes, at, axis=1)
            along = np.all(others == others.max(axis=0), axis=1)
            if len(np.unique(points.sizes[along, at])) < self._FEWEST:
                failures.append(
                    f"{axis}: fewer than {self._FEWEST} values at the largest other sizes"
                )
                continue
            size, values = points.sizes[along, at], points.values[along]
            unit = values.mean()
            with np.errstate(all="ignore"):  # its exponential class may overflow
                best, _ = self._infer(size, values / unit)
            slopes[at] = self._slope(best, size.max())
            if len(points.axes) == 1:
                predict = _predictor(best, unit)
        return BaselineLaw(slopes, predict, "; ".join(failures))

    def _slope(self, found: Any, largest: float) -> float:
        match type(found).__name__:
            case "Polynomial":
                return float(found.coeff[1])
            case "Exponential":
                return float(found.coeff[1] * largest)
            case name:
                degree, logarithms = self._DEGREES[name]
                return float(degree + logarithms / np.log(largest))


def _predictor(found: Any, unit: float) -> Callable[[Array], Array]:
    return lambda sizes: np.asarray(unit * found.compute(sizes[:, 0]))


class ExtraP(Baseline):
    """Extra-P 4.2.5 with its default search, for one size or several.

    Its law is a constant and a sum of products of s^a · log2(s)^b, with one pair a, b for each
    size, from a fixed list. It needs NumPy 1, so it runs in an interpreter of its own, which is
    started once for many laws.

    It gets the values of points instead of their repeats. On synthetic laws its own mean of the
    repeats, the default, has larger errors because of outliers; its median and minimum have errors
    no smaller. Its refining search is better on some kinds of laws and worse on others.

    It first models the lines of a grid along each size, for which it recommends five sizes. It
    accepts fewer sizes and incomplete grids without a warning: its law may then be far off, and is
    constant if no line remains.

    Parameters
    ----------
    python
        A Python interpreter with Extra-P: a path, or a name in PATH.
    """

    name = "Extra-P"

    def __init__(self, python: str) -> None:
        self._python = python

    def fit(self, points: BaselineData) -> BaselineLaw:
        """Fit one law; most of the time is the start of the interpreter."""
        return self.fit_all([points])[0]

    def fit_all(self, many: Sequence[BaselineData]) -> list[BaselineLaw]:
        """Fit many laws, at about 50 ms each.

        Raises
        ------
        BaselineError
            If the interpreter cannot be started, fails, or does not answer with a line per case.
        """
        answers = self._ask([json.dumps([p.sizes.tolist(), p.values.tolist()]) for p in many])
        return [
            self._law(points, line, number)
            for number, (points, line) in enumerate(zip(many, answers, strict=True), 1)
        ]

    def _ask(self, lines: list[str]) -> list[str]:
        try:
            # Isolated (-I): modules of this folder must not shadow those of Python.
            done = subprocess.run(
                [self._python, "-I", str(_WORKER)],
                input="".join(f"{line}\n" for line in lines),
                capture_output=True,
                encoding="utf-8",
            )
        except OSError as error:
            raise BaselineError(f"{self._python}: cannot be started: {error.strerror}") from None
        if done.returncode:
            message = (done.stderr.strip().splitlines() or ["no message"])[-1]
            install = f"{self._python} -m pip install extrap==4.2.5"
            missing = f"; get it with: {install}" if "No module named 'extrap" in message else ""
            raise BaselineError(
                f"{self._python}: Extra-P ended with exit status {done.returncode}: "
                f"{message}{missing}"
            )
        answers = done.stdout.splitlines()
        if len(answers) != len(lines):
            raise BaselineError(
                f"{self._python}: Extra-P gave {len(answers)} answers to {len(lines)} cases"
            )
        return answers

    def _law(self, points: BaselineData, line: str, number: int) -> BaselineLaw:
        axes = len(points.axes)
        try:
            answer = json.loads(line)
            if "failure" in answer:
                return BaselineLaw.missing(axes, str(answer["failure"]))
            constant = float(answer["constant"])
            coefficients = np.array(answer["coefficients"], dtype=float)
            powers = np.array(answer["powers"], dtype=float).reshape(len(coefficients), axes)
            logarithms = np.array(answer["logarithms"], dtype=float).reshape(powers.shape)
        except (ValueError, TypeError, KeyError):
            raise BaselineError(
                f"{self._python}: Extra-P's answer {number} is not a law: {line[:80]!r}"
            ) from None

        def predict(sizes: Array) -> Array:
            factors = sizes[:, None, :] ** powers * np.log2(sizes)[:, None, :] ** logarithms
            return np.asarray(constant + np.prod(factors, axis=2) @ coefficients)

        largest = points.sizes.max(axis=0)
        slopes = powers + logarithms / np.log(largest)
        return BaselineLaw(np.max(slopes, axis=0, initial=0.0), predict)
