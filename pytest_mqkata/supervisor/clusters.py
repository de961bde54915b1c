"""Who has which cluster: one run at a time, healed in between, within a budget of memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_mqkata.errors import EnvironmentProblem
from pytest_mqkata.provision import Installation
from pytest_mqkata.recipes.clusters import ClusterRecipe, cluster_recipe
from pytest_mqkata.supervisor.cluster import Cluster
from pytest_mqkata.supervisor.fleet import act
from pytest_mqkata.supervisor.wire import ClusterRecord, ServerRecord
from pytest_mqkata.supervisor.workshop import Workshop


@dataclass(frozen=True)
class Wish:
    """Which cluster a run wants.

    Attributes:
        broker: "rabbitmq", "kafka", "nats", "redis".
        kind: as the broker's cluster recipes name them.
        key: which installation.
        options: as the kind's recipe defines them.
        idle: seconds to stay up after its last use.
        budget: megabytes that all clusters together may take.
        owner: who asks, for those who must wait for it.
    """

    broker: str
    kind: str
    key: str
    options: Mapping[str, Any]
    idle: float
    budget: int
    owner: str

    @property
    def place(self) -> tuple[str, str, str, str]:
        return self.broker, self.kind, self.key, json.dumps(self.options, sort_keys=True)

    @property
    def recipe(self) -> ClusterRecipe:
        return cluster_recipe(self.broker, self.kind)


@dataclass(frozen=True)
class Busy:
    """The cluster cannot be had now; ask again soon."""

    reason: str


@dataclass
class Stock:
    """The clusters of one kind, installation and options.

    Attributes:
        wish: as last asked for.
        ready: healthy, clean clusters that nobody holds; more than one only for a moment.
        used: those that runs hold, with who.
        pending: how many are being started.
        mending: a held one was given back and is being healed.
        holds: how many runs will want one again.
        idle: seconds to stay up without a run that wants one.
        touched: when that began.
        news: sentences for whoever takes the next one.
    """

    wish: Wish
    installation: Installation
    ready: list[Cluster] = field(default_factory=list)
    used: dict[str, tuple[Cluster, str]] = field(default_factory=dict)
    pending: int = 0
    mending: int = 0
    holds: int = 0
    idle: float = 0.0
    touched: float = field(default_factory=time.monotonic)
    news: list[str] = field(default_factory=list)

    @property
    def memory(self) -> int:
        """Megabytes, of those that are being started too."""
        return (len(self.ready) + len(self.used) + self.pending + self.mending) * self.wish.recipe.memory

    @property
    def at_rest(self) -> bool:
        return not (self.used or self.pending or self.mending)


@dataclass
class ClusterHolding:
    """A cluster in one run's hands."""

    cluster: Cluster
    stock: Stock


class Clusters:
    """All clusters of one supervisor. Thread-safe."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._lock = threading.RLock()
        self._stocks: dict[tuple[str, str, str, str], Stock] = {}
        self._background = ThreadPoolExecutor(max_workers=4, thread_name_prefix="clusters")
        self._closed = False

    # what clients ask for

    def take(self, wish: Wish, installation: Installation | None) -> tuple[ClusterHolding, ClusterRecord] | Busy | None:
        """A healthy, clean cluster for one run alone. None: one must be started, and no installation is given.

        Raises:
            EnvironmentProblem: it cannot be started.
        """
        cluster = self._from_stock(wish)
        if isinstance(cluster, Busy):
            return cluster
        warm = cluster is not None
        notes: list[str] = []
        if cluster is None:
            if installation is None:
                return None
            room = self._reserve(wish, installation)
            if isinstance(room, Busy):
                return room
            reserved, notes = room
            cluster = self._started(reserved)
        with self._lock:
            # `down` may have forgotten it meanwhile
            stock = self._stocks.setdefault(wish.place, reserved) if not warm else self._stocks[wish.place]
            stock.used[cluster.id] = (cluster, wish.owner)
            stock.idle = max(stock.idle, wish.idle)
            if not warm:
                stock.pending -= 1
            notes += stock.news
            stock.news = []
            if stock.wish.recipe.fresh and stock.holds:
                self._prepare(stock)
        record = replace(cluster.record(), warm=warm, notes=tuple(notes))
        return ClusterHolding(cluster, stock), record

    def hold(self, place: tuple[str, str, str, str]) -> Stock | None:
        """Keep the clusters of a stock, also between two tests, until `let_go`; None if there are none."""
        with self._lock:
            stock = self._stocks.get(place)
            if stock is not None:
                stock.holds += 1
            if stock is not None and stock.wish.recipe.fresh:
                self._prepare(stock)
            return stock

    def let_go(self, stock: Stock) -> None:
        """The end of a `hold`."""
        with self._lock:
            stock.holds -= 1
            stock.touched = time.monotonic()

    def give_back(self, holding: ClusterHolding, *, untouched: bool = False) -> None:
        """A run lets go of a cluster, in whatever state: in the background it is healed and cleaned, or replaced.

        Args:
            untouched: nothing was done with it, so it is ready for the next one.
        """
        stock = holding.stock
        with self._lock:
            stock.used.pop(holding.cluster.id, None)
            stock.touched = time.monotonic()
            if self._closed:
                return
            if untouched:
                stock.ready.append(holding.cluster)
                return
            stock.mending += 1
        self._background.submit(self._mend, stock, holding.cluster)

    def control(self, holding: ClusterHolding, action: str, node: int, options: Mapping[str, Any]) -> ServerRecord:
        """Do something to one node of a held cluster, see `Fleet.control`."""
        cluster = holding.cluster
        act(cluster.servers[node], action, options)
        return cluster.record().nodes[node]

    def heal(self, holding: ClusterHolding) -> ClusterRecord:
        """See `Cluster.heal`."""
        holding.cluster.heal()
        return holding.cluster.record()

    def health(self, holding: ClusterHolding) -> str | None:
        """See `Cluster.probe`."""
        return holding.cluster.probe()

    def fault(self, node: str, action: str) -> ServerRecord | Busy | None:
        """Do something to a node of a cluster that no run holds, for a demonstration by hand.

        Args:
            node: its name or its id.
            action: "kill", "stop", "pause", "resume" or "start".

        Returns:
            The node; Busy if a run holds it; None if there is none of that name.
        """
        with self._lock:
            for stock in self._stocks.values():
                for cluster, owner in stock.used.values():
                    if _index(cluster, node) is not None:
                        return Busy(f"{node} belongs to a cluster that {owner} uses")
            found = [
                (stock, cluster, index)
                for stock in self._stocks.values()
                for cluster in stock.ready
                if (index := _index(cluster, node)) is not None
            ]
        if not found:
            return None
        stock, cluster, index = found[0]
        act(cluster.servers[index], action, {})
        stock.touched = time.monotonic()
        return cluster.record().nodes[index]

    def records(self) -> list[ServerRecord]:
        """Every node of every cluster."""
        now = time.monotonic()
        found = []
        with self._lock:
            for stock in self._stocks.values():
                unused = 0.0 if stock.holds or not stock.at_rest else now - stock.touched
                for cluster in stock.ready:
                    nodes = cluster.record().nodes
                    found += [replace(node, warm=True, idle=stock.idle, idle_since=unused) for node in nodes]
                for cluster, _ in stock.used.values():
                    found += [replace(node, leases=1) for node in cluster.record().nodes]
        return found

    def down(self, broker: str | None, *, force: bool) -> list[ServerRecord]:
        """End the clusters of `broker` (None: of all) that no run holds, with `force` also the held ones."""
        ended: list[Cluster] = []
        with self._lock:
            for place, stock in list(self._stocks.items()):
                if broker not in (None, stock.wish.broker):
                    continue
                ended += stock.ready
                stock.ready = []
                if force:
                    ended += [cluster for cluster, _ in stock.used.values()]
                    stock.used.clear()
                if not stock.used:
                    del self._stocks[place]  # what is just being made ready finds that out, and ends
        records = [node for cluster in ended for node in cluster.record().nodes]
        for cluster in ended:
            cluster.remove()
        return records

    # what happens by itself

    def tend(self) -> None:
        """End what nobody has wanted for too long."""
        now = time.monotonic()
        expired: list[Cluster] = []
        with self._lock:
            for place, stock in list(self._stocks.items()):
                if stock.at_rest and not stock.holds and now - stock.touched >= stock.idle:
                    del self._stocks[place]
                    expired += stock.ready
        for cluster in expired:
            cluster.remove()

    @property
    def empty(self) -> bool:
        with self._lock:
            return not self._stocks

    def close(self) -> None:
        """End every cluster; returns when all are gone."""
        with self._lock:
            self._closed = True
            stocks = list(self._stocks.values())
            left = [*(one for stock in stocks for one in stock.ready)]
            left += [cluster for stock in stocks for cluster, _ in stock.used.values()]
            self._stocks.clear()
        for cluster in left:
            cluster.remove()
        self._background.shutdown(wait=True, cancel_futures=True)

    # details

    def _from_stock(self, wish: Wish) -> Cluster | Busy | None:
        """A ready cluster that is healthy; None if one must be started."""
        while True:
            with self._lock:
                stock = self._stocks.get(wish.place)
                if stock is None:
                    return None
                stock.idle = max(stock.idle, wish.idle)
                if not stock.ready:
                    return self._why_wait(stock)
                cluster = stock.ready.pop()
                stock.used[cluster.id] = (cluster, wish.owner)
            if self._usable(cluster):
                return cluster
            with self._lock:
                stock.used.pop(cluster.id, None)
            cluster.remove()

    def _why_wait(self, stock: Stock) -> Busy | None:
        """Why a run must wait although no cluster is ready; None if it may have one started."""
        title = stock.wish.recipe.title
        if stock.wish.recipe.fresh:
            return Busy(f"a new {title} is being started") if stock.pending else None
        if stock.used:
            (_, owner), *_ = stock.used.values()
            return Busy(f"the {title} is in use by {owner}")
        if stock.mending:
            return Busy(f"the {title} is being healed after its last test")
        return Busy(f"the {title} is being started") if stock.pending else None

    def _usable(self, cluster: Cluster) -> bool:
        """Whether a cluster that waited is healthy; somebody may have played with it (`mqkata fault`)."""
        try:
            if cluster.probe() is None:
                return True
            if cluster.recipe.fresh:
                return False
            cluster.heal()
        except (EnvironmentProblem, OSError):
            return False
        return True

    def _reserve(self, wish: Wish, installation: Installation) -> tuple[Stock, list[str]] | Busy:
        """Make room for a cluster that is to be started; with sentences about what had to go for it."""
        notes: list[str] = []
        ended: list[Cluster] = []
        recipe = wish.recipe
        with self._lock:
            stock = self._stocks.get(wish.place)
            if stock is not None and (reason := self._why_wait(stock)):
                return reason  # another run was quicker
            others = sorted(self._stocks.values(), key=lambda one: one.touched)
            for other in others:
                while other.ready and self._memory() + recipe.memory > wish.budget:
                    cluster = other.ready.pop()
                    ended.append(cluster)
                    notes.append(
                        f"the idle {cluster.recipe.title} was ended: all clusters together may take {wish.budget} MB"
                    )
            taken = self._memory()
            owners = {owner for one in others for _, owner in one.used.values()} - {wish.owner}
            busy = owners or any(one.pending or one.mending for one in others)
            if taken + recipe.memory > wish.budget and busy:
                for cluster in ended:
                    self._background.submit(cluster.remove)
                who = f" ({', '.join(sorted(owners))})" if owners else ""
                return Busy(
                    f"the clusters of other runs{who} take {taken} MB, a {recipe.title} {recipe.memory} MB more, "
                    f"and all together may take {wish.budget} MB"
                )
            stock = self._stocks.setdefault(wish.place, Stock(wish, installation))
            stock.pending += 1
        for cluster in ended:
            cluster.remove()
        return stock, notes

    def _memory(self) -> int:
        return sum(stock.memory for stock in self._stocks.values())

    def _started(self, stock: Stock) -> Cluster:
        """A new cluster, for which room was reserved: on an error the reservation ends."""
        wish = stock.wish
        cluster = None
        try:
            cluster = self._workshop.cluster(wish.broker, wish.kind, stock.installation, wish.options)
            cluster.start()
        except BaseException:
            if cluster is not None:
                cluster.remove()
            with self._lock:
                stock.pending -= 1
                stock.touched = time.monotonic()
            raise
        return cluster

    def _prepare(self, stock: Stock) -> None:
        """Have a fresh cluster ready for the next test, if there is room for it. The lock is held."""
        memory = stock.wish.recipe.memory
        if self._closed or stock.ready or stock.pending or self._memory() + memory > stock.wish.budget:
            return
        stock.pending += 1
        self._background.submit(self._start_ready, stock)

    def _start_ready(self, stock: Stock) -> None:
        try:
            cluster = self._started(stock)
        except EnvironmentProblem:
            return  # the next test starts its own, and reports why it can't
        with self._lock:
            stock.pending -= 1
            kept = self._lay_ready(stock, cluster)
        if not kept:
            cluster.remove()

    def _mend(self, stock: Stock, cluster: Cluster) -> None:
        """Make a cluster that a run gave back ready for the next one, or have another one made in its place."""
        mended = not stock.wish.recipe.fresh
        news = []
        try:
            if mended:
                cluster.heal()
                cluster.clean()
        except Exception as error:
            mended = False
            news.append(f"the {cluster.recipe.title} could not be healed and was replaced ({_in_short(error)})")
        if not mended:
            cluster.remove()
        with self._lock:
            stock.mending -= 1
            stock.news += news
            kept = mended and self._lay_ready(stock, cluster)
            if not mended and stock.holds:
                self._prepare(stock)
        if mended and not kept:
            cluster.remove()

    def _lay_ready(self, stock: Stock, cluster: Cluster) -> bool:
        """Put a cluster by for the next run; False if nobody wants it any more. The lock is held."""
        stock.touched = time.monotonic()
        kept = not self._closed and self._stocks.get(stock.wish.place) is stock
        if kept:
            stock.ready.append(cluster)
        return kept


def _in_short(error: Exception) -> str:
    return error.what if isinstance(error, EnvironmentProblem) else repr(error)


def _index(cluster: Cluster, node: str) -> int | None:
    for index, server in enumerate(cluster.servers):
        if node in (server.id, server.order.name):
            return index
    return None
