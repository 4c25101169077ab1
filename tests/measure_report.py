"""How long `assay report drift` takes, and how much memory, over a long history: seeded, exit 1 beyond the limits.

    build/venv/bin/python tests/measure_report.py [--samples 10000000] [--streams 200] [--days 90] [--shards 1 64]

Each stream is a model and a criterion; scores are those of a judge of five steps, spread over all hours and shards,
so that a cell of an hour holds few of them: the hardest case for whoever adds cells up. The last 48 hours are cells of
5 minutes. The store is written as a worker would have left it; a report over full hours must then say of each stream
what plain Python counts."""
import argparse
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOUR, BUCKET, FINE_HOURS = 3_600_000, 300_000, 48
END = int(datetime(2026, 11, 1, tzinfo=timezone.utc).timestamp() * 1000)
STEPS = (0, 250, 500, 750, 1000)
WEIGHTS = (1, 2, 4, 8, 5)
LIMITS = {1: (1.0, 100), 64: (2.0, 100)}  # seconds, megabytes
CHECKED = 5  # streams that are compared with plain Python


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def packed(bins):
    """As a rollup holds a histogram: varints (bin - previous bin, count)."""
    out, previous = b"", 0
    for q in sorted(bins):
        out += varint(q - previous) + varint(bins[q])
        previous = q
    return out


def empty_shards(assay, folder, count):
    """Shards as the program makes them, with a rubric and one model."""
    rubric = {"name": "r", "criteria": [{"name": "yes", "dimension": "accuracy", "evaluator": "reference",
                                         "options": {"metric": "exact"}}]}
    (folder / "rubric.json").write_text(json.dumps(rubric))
    (folder / "one.jsonl").write_text('{"id":"1","response":"yes"}\n')
    store = folder / "made"
    subprocess.run([assay, "eval", "--rubric", folder / "rubric.json", "--store", store, folder / "one.jsonl"],
                   check=True, capture_output=True)
    made = (store / "shard-0001.db").read_bytes()
    target = folder / f"store{count}"
    target.mkdir()
    for number in range(1, count + 1):
        path = target / f"shard-{number:04}.db"
        path.write_bytes(made)
        yield target, path, number


def fill(path, number, arguments, shards, counts):
    """Writes the cells of one shard; adds scores to `counts` of the streams that are checked."""
    chance = random.Random(f"{shards} {number}")
    here = arguments.samples // shards
    hours = arguments.days * 24
    start = END - hours * HOUR
    fine = END - FINE_HOURS * HOUR
    cells = {}
    for step in chance.choices(STEPS, WEIGHTS, k=here):
        stream, at = int(chance.random() * arguments.streams), start + int(chance.random() * hours * HOUR)
        grain = BUCKET if at >= fine else HOUR
        key = (at // grain * grain, stream)
        cell = cells.get(key)
        if cell is None:
            cells[key] = cell = {}
        cell[step] = cell.get(step, 0) + 1
    with sqlite3.connect(path) as shard:
        shard.execute("PRAGMA synchronous = OFF")
        for table in ("rollup", "measure", "category", "score", "delivery", "tenure", "criterion", "word"):
            shard.execute(f"DELETE FROM {table}")
        shard.execute("UPDATE meta SET value = ? WHERE name = 'shard'", (f"{number:032x}",))
        shard.execute("INSERT OR REPLACE INTO meta VALUES('hours_to_ms', ?)", (fine,))
        models = max(1, arguments.streams // 10)
        shard.executemany("INSERT INTO word VALUES(?, ?)", [(m + 1, f"model-{m:03}") for m in range(models)])
        shard.executemany("INSERT INTO criterion VALUES(?, 1, ?, ?, 'accuracy', 1, 0.5, 1)",
                          [(c + 1, f"{c:064x}", f"criterion-{c}") for c in range(10)])
        rows = []
        for (at, stream), bins in sorted(cells.items()):
            if stream < CHECKED:
                counts[stream, at >= END - 24 * HOUR].update(bins)
            n = sum(bins.values())
            passed = sum(count for q, count in bins.items() if q >= 500)
            rows.append((1, at, stream // 10 + 1, stream % 10 + 1, n, passed, packed(bins), at >= fine))
        for table, is_fine, columns in (("rollup_hour", 0, "?1, ?2, ?3, ?4, 0, 0"),
                                        ("rollup", 1, "?1, ?3, ?4, 0, 0, ?2")):
            shard.executemany(f"INSERT INTO {table} VALUES({columns}, ?5, 0, 0, 0, ?6, ?7)",
                              [row[:7] for row in rows if row[7] == is_fine])
    with sqlite3.connect(path) as shard:
        shard.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return len(cells)


# A program's peak memory is never told as less than that of whoever started it: so a small one does.
START = """
import os, sys, time
begin = time.monotonic()
child = os.spawnv(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024,
      os.waitstatus_to_exitcode(status), file=sys.stderr)
"""


def ask(assay, store, days):
    """The best of five: seconds of the wall clock and of the CPU, peak memory in megabytes, the page."""
    best = None
    for _ in range(5):
        done = subprocess.run([sys.executable, "-I", "-S", "-c", START, assay, "report", "drift", "--store", store,
                               "--baseline", f"{days - 1}d", "--window", "24h", "--at", "2026-11-01T00:00:00Z",
                               "--format", "json"], capture_output=True, text=True, check=True)
        took, cpu, megabytes, code = map(float, done.stderr.split())
        if code not in (0, 1):
            sys.exit(f"the report ended with {code:.0f}: {done.stdout[:500]}")
        if best is None or took < best[0]:
            best = took, cpu, megabytes, json.loads(done.stdout)
    return best


def check(page, counts):
    """Does the report say of some streams what plain Python counted?"""
    rows = {(row["model"], row["metric"]): row for row in page["rows"]}
    for stream in range(CHECKED):
        row = rows[f"model-{stream // 10:03}", f"criterion-{stream % 10}"]
        for side, current in (("base", False), ("cur", True)):
            bins = counts[stream, current]
            n = sum(bins.values())
            mean = sum(q * count for q, count in bins.items()) / 1000 / n if n else None
            if row[side]["n"] != n or (n and abs(row[side]["mean"] - mean) > 1e-12):
                sys.exit(f"stream {stream}, {side}: {row[side]['n']} scores of mean {row[side]['mean']}, "
                         f"Python counts {n} of {mean}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000_000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--keep", type=Path, help="where the stores are made, and stay; default a temporary folder")
    arguments = parser.parse_args()
    assay = Path(os.environ.get("ASSAY_BUILD", ROOT / "build" / "release")).resolve() / "assay"
    failed = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        for shards in arguments.shards:
            counts = {(stream, current): Counter() for stream in range(CHECKED) for current in (False, True)}
            cells = 0
            for store, path, number in empty_shards(assay, folder, shards):
                cells += fill(path, number, arguments, shards, counts)
                if sys.stderr.isatty():
                    print(f"{number} of {shards} shards made", end="\r", file=sys.stderr, flush=True)
            seconds, cpu, megabytes, page = ask(assay, store, arguments.days)
            check(page, counts)
            limit = LIMITS.get(shards, LIMITS[64])
            good = seconds < limit[0] and megabytes < limit[1]
            failed |= not good
            size = sum(file.stat().st_size for file in store.iterdir()) / 2**20
            print(f"{shards} shards, {arguments.samples} scores, {arguments.streams} streams, {arguments.days} days, "
                  f"{cells} cells in {size:.0f} MB: {seconds:.2f} s ({cpu:.2f} s of CPU), {megabytes:.0f} MB; "
                  f"limits {limit[0]} s, {limit[1]} MB: {'as wanted' if good else 'SHORT'}")
    sys.exit(failed)


if __name__ == "__main__":
    main()
