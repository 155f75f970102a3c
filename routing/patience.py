"""How long customers are willing to wait, from what a record shows of it: some left, the others were answered
before they would have left."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Patience:
    """The Kaplan–Meier estimate (Kaplan and Meier 1958) over waits in microseconds, each with whether the
    customer left then (else something else ended the wait, and they would have stayed longer)."""

    def __init__(self, waits: Iterable[tuple[int, bool]]) -> None:
        steps = list(_steps(sorted(waits)))
        self._times = [at for at, _ in steps]
        self._staying = [share for _, share in steps]

    def beyond(self, waited_us: int, luck: float) -> int | None:
        """The wait at which somebody leaves who has waited `waited_us`. `luck` in [0, 1) is their quantile
        among those who did; None: they stay longer than anybody was seen to wait."""
        index = bisect_right(self._times, waited_us)
        still = self._staying[index - 1] if index else 1.0
        wanted = still * (1 - luck)
        later = zip(self._times[index:], self._staying[index:], strict=True)
        return next((at for at, staying in later if staying <= wanted), None)


def _steps(waits: list[tuple[int, bool]]) -> Iterator[tuple[int, float]]:
    """(wait, share that stays longer) for each wait after which somebody left."""
    staying = 1.0
    for index, (at, left) in enumerate(waits):
        if left:
            staying *= 1 - 1 / (len(waits) - index)
            yield at, staying
