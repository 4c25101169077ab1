"""stores: reads a store's shards through their documented views, as any user of SQLite may."""

import json
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Terminal:
    shard: str
    partition: int
    offset: int
    sample: str
    state: str
    reason: str
    tenure: str  # "shard:number" that recorded it


@dataclass(frozen=True)
class Tenure:
    shard: str
    partition: int
    number: int
    start: int
    low_water: int
    acked_to: int
    predecessor: str

    @property
    def name(self) -> str:
        return f"{self.shard}:{self.number}"


@dataclass(frozen=True)
class Score:
    shard: str
    partition: int
    offset: int
    sample: str
    model: str
    rubric_hash: str
    criterion: str
    status: str
    value: float
    reason: str
    dimension: str
    weight: float
    passed: int
    observed_at_ms: int
    place: int  # of its rubric, among those that apply


@dataclass(frozen=True)
class Outgoing:
    shard: str
    id: int
    state: str
    minute_ms: int
    model: str
    endpoint: str
    name: str
    kind: str
    histogram: tuple  # ((value, count), ...)

    @property
    def count(self) -> int:
        return sum(n for _, n in self.histogram)

    @property
    def sum(self) -> float:
        return sum(value * n for value, n in self.histogram)


@dataclass
class Store:
    terminals: list = field(default_factory=list)
    tenures: list = field(default_factory=list)
    scores: list = field(default_factory=list)
    outbox: list = field(default_factory=list)
    damage: list = field(default_factory=list)  # what integrity_check said, per shard


def read_store(folder: Path, topic: str) -> Store:
    """Every shard of the store. Nobody may be writing it."""
    store = Store()
    for path in sorted(Path(folder).glob("*.db")):
        with sqlite3.connect(path) as shard:
            read_shard(store, path.name, shard, topic)
    return store


def read_shard(store: Store, name: str, shard: sqlite3.Connection, topic: str) -> None:
    said = shard.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        store.damage.append(f"{name}: {said}")
    uuid = uuid_of(shard, name)
    for row in shard.execute('SELECT partition, "offset", sample, state, reason, tenure FROM terminal '
                             "WHERE run = 'live' AND topic = ?", (topic,)):
        store.terminals.append(Terminal(uuid, *row))
    for row in shard.execute("SELECT partition, number, start, low_water, acked_to, predecessor "
                             "FROM tenures WHERE topic = ? ORDER BY partition, number", (topic,)):
        store.tenures.append(Tenure(uuid, *row))
    for row in shard.execute('SELECT partition, "offset", sample, model, rubric_hash, criterion, status,'
                             "value, reason, dimension, weight, passed, observed_at_ms, place FROM scores "
                             "WHERE run = 'live' AND topic = ?", (topic,)):
        store.scores.append(Score(uuid, *row))
    for *row, histogram in shard.execute("SELECT id, state, minute_ms, model, endpoint, name, kind, "
                                         "histogram FROM outbox"):
        pairs = tuple((value, count) for value, count in json.loads(histogram))
        store.outbox.append(Outgoing(uuid, *row, pairs))


def uuid_of(shard: sqlite3.Connection, name: str) -> str:
    """The shard as offset metadata spells it."""
    row = shard.execute("SELECT tenure FROM terminal LIMIT 1").fetchone()
    if row:
        return row[0].rsplit(":", 1)[0]
    row = shard.execute("SELECT shard FROM tenures LIMIT 1").fetchone()
    return row[0] if row else name
