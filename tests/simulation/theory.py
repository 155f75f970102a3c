"""Closed forms of queueing theory: what a simulated center must come to. Rates and times are per second.

`servers` agents, each busy for `handle_seconds` on average; `load` is offered work per agent, in Erlang.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp


def erlang_b(servers: int, erlangs: float) -> float:
    """The share lost where nobody waits, whatever the distribution of handling times. [Erlang 1917;
    recursion of Jagerman, Bell System Technical Journal 53, 1974.]"""
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = erlangs * blocked / (number + erlangs * blocked)
    return blocked


@dataclass(frozen=True)
class ErlangC:
    """M/M/c: everybody waits until served. [Kleinrock, Queueing Systems I, 1975, §3.5.]"""

    servers: int
    load: float
    handle_seconds: float

    @property
    def arrivals_per_second(self) -> float:
        return self.servers * self.load / self.handle_seconds

    @property
    def wait_probability(self) -> float:
        blocked = erlang_b(self.servers, self.servers * self.load)
        return blocked / (1 - self.load * (1 - blocked))

    @property
    def spare(self) -> float:
        """By how much completions could outpace arrivals."""
        return self.servers * (1 - self.load) / self.handle_seconds

    @property
    def mean_wait(self) -> float:
        return self.wait_probability / self.spare

    def within(self, seconds: float) -> float:
        """The share that waits no longer."""
        return 1 - self.wait_probability * exp(-self.spare * seconds)

    @property
    def relaxation_seconds(self) -> float:
        """How long it takes to forget how it began. [Morse, Queues, Inventories and Maintenance, 1958.]"""
        return self.handle_seconds / self.servers / (1 - self.load**0.5) ** 2


@dataclass(frozen=True)
class ErlangA:
    """M/M/c+M: customers leave after an exponential time. [Palm 1957; Garnett, Mandelbaum, Reiman,
    Manufacturing & Service Operations Management 4, 2002.] `levels` is where the sums are cut."""

    servers: int
    load: float
    handle_seconds: float
    patience_seconds: float
    levels: int = 2000

    @property
    def arrivals_per_second(self) -> float:
        return self.servers * self.load / self.handle_seconds

    def _drain(self, waiting: int) -> float:
        return self.servers / self.handle_seconds + waiting / self.patience_seconds

    def _states(self) -> list[float]:
        """The probability of each number of customers present."""
        weights = [1.0]
        for present in range(1, self.servers + self.levels):
            busy = min(present, self.servers) / self.handle_seconds
            leaving = max(present - self.servers, 0) / self.patience_seconds
            weights.append(weights[-1] * self.arrivals_per_second / (busy + leaving))
        total = sum(weights)
        return [weight / total for weight in weights]

    @property
    def wait_probability(self) -> float:
        return sum(self._states()[self.servers :])

    @property
    def abandoned(self) -> float:
        """The share that leaves: the rate at which those who wait leave, by that at which all come."""
        waiting = sum(n * p for n, p in enumerate(self._states()[self.servers :]))
        return waiting / self.patience_seconds / self.arrivals_per_second

    @property
    def mean_wait_of_served(self) -> float:
        """Who finds k waiting is reached after k + 1 exponential times, the j-th with rate cμ + jθ; by then
        they are still there with probability E[exp(-θV)], of which this is the weighted mean."""
        leave = 1 / self.patience_seconds
        states = self._states()
        served, waited = sum(states[: self.servers]), 0.0
        stays, mean = 1.0, 0.0
        for waiting, probability in enumerate(states[self.servers :]):
            rate = self._drain(waiting)
            stays *= rate / (rate + leave)
            mean += 1 / (rate + leave)
            served += probability * stays
            waited += probability * stays * mean
        return waited / served


def priority_waits(erlang_c: ErlangC, shares: Sequence[float]) -> list[float]:
    """Mean waits of classes served strictly in order, none interrupted, M/M/c with one mean handling time;
    `shares` of the load, the first class first. [Cobham, Operations Research 2, 1954; Kella and Yechiali,
    Operations Research 33, 1985.]"""
    served = erlang_c.wait_probability * erlang_c.handle_seconds / erlang_c.servers
    waits, above = [], 0.0
    for share in shares:
        upto = above + share * erlang_c.load
        waits.append(served / (1 - above) / (1 - upto))
        above = upto
    return waits


def pollaczek_khinchine(load: float, mean_seconds: float, sd_seconds: float) -> float:
    """Mean wait for one agent, M/G/1, any distribution of handling times. [Kleinrock I, §5.7.]"""
    return load * mean_seconds * (1 + (sd_seconds / mean_seconds) ** 2) / (2 * (1 - load))
