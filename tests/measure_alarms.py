"""How long `assay alarms run` takes, and how much memory, over a long history and then each time; seeded.

    build/venv/bin/python tests/measure_alarms.py [--samples 1000000] [--streams 200] [--days 90]

The store is that of measure_report.py. The first run closes all of it; the next ones start, each anew, and close five
minutes: from the last checkpoint. Exit 1 when such a start takes longer than 1 s or 100 MB."""
import argparse
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import datetime, timezone
from pathlib import Path

from measure_report import END, HOUR, ROOT, START, empty_shards, fill

SECONDS, MEGABYTES = 1, 100


def stamp(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def timed(*words):
    done = subprocess.run([sys.executable, "-I", "-S", "-c", START, *map(str, words)], capture_output=True, text=True,
                          check=True)
    took, _, megabytes, code = map(float, done.stderr.splitlines()[-1].split())
    if code not in (0, 1):
        sys.exit(f"{' '.join(map(str, words))} ended with {code:.0f}: {done.stderr}")
    return took, megabytes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--build", default=ROOT / "build" / "release", type=Path)
    arguments = parser.parse_args()
    assay = arguments.build / "assay"
    with tempfile.TemporaryDirectory() as folder:
        for store, path, number in empty_shards(assay, Path(folder), 1):
            fill(path, number, arguments, 1, defaultdict(Counter))
        state = Path(folder) / "state"
        run = [assay, "alarms", "run", "--store", store, "--state", state, "--once", "--late", "4d", "--from",
               stamp(END - arguments.days * 24 * HOUR), "--silent", "400d", "--at"]
        rows = [(f"all {arguments.days} days, once", *timed(*run, stamp(END + HOUR // 2)))]
        starts = [timed(*run, stamp(END + HOUR // 2 + n * HOUR // 12)) for n in range(1, 4)]
        rows.append(("a start from the checkpoint, five minutes more", min(one[0] for one in starts),
                     max(one[1] for one in starts)))
        rows.append(("assay alarms replay, of all that is kept", *timed(assay, "alarms", "replay", "--state", state)))
        size = (state / "alarms.sqlite").stat().st_size / 1e6
        print(f"{arguments.samples} scores, {arguments.streams} streams, {arguments.days} days; alarms.sqlite {size:.0f} MB")
        for what, took, megabytes in rows:
            print(f"  {what:48} {took:7.2f} s {megabytes:6.0f} MB")
    sys.exit(rows[1][1] > SECONDS or rows[1][2] > MEGABYTES)


if __name__ == "__main__":
    main()
