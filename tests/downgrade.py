"""downgrade: a shard as an older program would have left it."""
import sqlite3
from contextlib import closing
from pathlib import Path

MIGRATIONS = sorted((Path(__file__).resolve().parents[1] / "schema" / "migrations").glob("*.sql"))


def downgrade(shard, version):
    """Replaces the file: the tables are those of that schema version, with what they can hold of the rows."""
    old = shard.with_suffix(".old")
    with closing(sqlite3.connect(old)) as db:
        for path in MIGRATIONS[:version]:
            db.executescript(path.read_text())
        db.execute("ATTACH ? AS new", (str(shard),))
        tables = [name for name, in db.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
        known = {name for name, in db.execute("SELECT name FROM new.sqlite_schema WHERE type = 'table'")}
        for table in known.intersection(tables):
            columns = ", ".join(f'"{row[1]}"' for row in db.execute(f"PRAGMA main.table_info({table})"))
            db.execute(f"INSERT OR IGNORE INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()
    for path in shard.parent.glob(shard.name + "-*"):
        path.unlink()
    old.replace(shard)
