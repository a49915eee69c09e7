"""Counts of one metric of a layer at chosen sizes, each taken once, within a limit of seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import log
from time import monotonic, process_time

from sympy import Expr

from ..layers import Layer

Sizes = Mapping[str, int]

#: What is added to the degree of the time of a count in the length, which short counts give badly.
_DEGREE_ERROR = 0.5

#: Seconds of processor time that one count of a great length may take.
_QUICK = 2.0


class NotExact(ValueError):
    """No formula gives the counts exactly; the message says which counts, and where."""


class Counts:
    """The counts of one metric of a layer.

    Parameters
    ----------
    layer
        The layer.
    metric
        Name of the metric.
    count
        Takes one count.
    seconds
        Most seconds that all counts may take together.

    Attributes
    ----------
    refused
        Sizes at which the layer raised, with what it raised.
    """

    def __init__(
        self,
        layer: Layer,
        metric: str,
        count: Callable[[Layer, Sizes], Expr | int],
        seconds: float,
    ) -> None:
        self.layer, self.metric = layer, metric
        self.what = f"the {metric} of layer {layer.name!r}"
        self.refused: list[tuple[Sizes, Exception]] = []
        self._count, self._seconds, self._began = count, seconds, monotonic()
        self._known: dict[tuple[tuple[str, int], ...], Expr | int | None] = {}
        self._took: list[tuple[int, float]] = []

    def at(self, sizes: Sizes) -> Expr | int | None:
        """Count at sizes; None where the layer does not take them.

        Raises
        ------
        NotExact
            If the seconds are over.
        NotImplementedError
            If the layer uses an operation whose counts are not known.
        """
        key = tuple(sorted(sizes.items()))
        if key not in self._known:
            if self.spent() >= 1:
                raise NotExact(
                    f"{self.what}: no formula was found within {self._seconds:.0f} s; "
                    f"the next count was that at {dict(sizes)}"
                )
            began = process_time()
            try:
                self._known[key] = self._count(self.layer, sizes)
                self._took.append((sizes.get("n", 1), process_time() - began))
            except NotImplementedError:
                raise
            except Exception as error:  # a layer may raise anything at sizes that it cannot take
                self.refused.append((sizes, error))
                self._known[key] = None
        return self._known[key]

    def spent(self) -> float:
        """Return the share of the seconds that is over."""
        return (monotonic() - self._began) / max(self._seconds, 1e-9)

    def first_refusal(self, share: float) -> Exception:
        """Return why there are no counts: the layer raised, or the share was too short."""
        if self.refused:
            return self.refused[0][1]
        return NotExact(
            f"{self.what}: the first count takes more than {share * self._seconds:.0f} s"
        )

    def unverified(self) -> Exception:
        """Return why a formula can be verified at no size: the layer raised, or the time is over.

        Of what the layer raised, the last: it takes the sizes that the formula was solved from.
        """
        if self.refused:
            return self.refused[-1][1]
        return NotExact(
            f"{self.what}: {self._seconds:.0f} s are over before a formula is verified at any size"
        )

    def is_quick(self, sizes: Sizes) -> bool:
        """Whether a count at these sizes is expected to take few seconds.

        The times of the counts so far are continued as a power of the length, since a layer may
        loop in Python over its positions without running a single operation of torch.
        """
        long, after = max(self._took)
        shorter = [pair for pair in self._took if pair[0] <= long / 8]
        short, before = max(shorter or [min(self._took)])
        degree = _DEGREE_ERROR
        if long > short and after > before > 0:
            degree += log(after / before) / log(long / short)
        predicted = after * (sizes.get("n", 1) / long) ** degree
        return bool(predicted < _QUICK)

    def accepted(self, points: Iterable[Sizes], *, share: float = 1.0) -> list[Sizes]:
        """Count at points, until a share of the seconds is over; return those that it takes."""
        taken: list[Sizes] = []
        for sizes in points:
            if self.spent() >= share:
                break
            if self.at(sizes) is not None:
                taken.append(sizes)
        return taken
