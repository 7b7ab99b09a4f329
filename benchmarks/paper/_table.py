"""A CSV file that is filled cell by cell, by several processes, and survives a kill."""

import csv
import sys
import time

from joblib import Parallel, delayed


class Table:
    """Lines of a CSV file, one per cell, found again by the values of its keys."""

    def __init__(self, path, keys):
        self.path, self.keys = path, keys

    def rows(self):
        """Whole lines, as dicts of strings."""
        if not self.path.exists():
            return []
        with self.path.open(newline="") as file:
            return list(csv.DictReader(file))

    def done(self):
        """Keys of the cells that are there."""
        return {tuple(row[key] for key in self.keys) for row in self.rows()}

    def append(self, row):
        """Add a line in one write, behind a header if it is the first."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        columns = list(row)
        new = not self.path.exists()
        if not new:
            with self.path.open(newline="") as file:
                columns = next(csv.reader(file))
            if set(columns) != set(row):
                raise ValueError(
                    f"{self.path} has the columns {columns}, but a cell gave "
                    f"{list(row)}; move the file away, and begin anew."
                )
        with self.path.open("a", newline="") as file:
            lines = csv.DictWriter(file, columns, lineterminator="\n")
            if new:
                lines.writeheader()
            lines.writerow(row)

    def drop_torn_line(self):
        """Cut off what a kill has left of a line that was being written."""
        if not self.path.exists():
            return
        text = self.path.read_bytes()
        if not text.endswith(b"\n"):
            self.path.write_bytes(text[: text.rfind(b"\n") + 1])
        if not self.path.stat().st_size:
            self.path.unlink()


def fill(table, cells, work, jobs, more=None):
    """Append ``work(*cell, *more)`` of each cell that is not there, as they end."""
    table.drop_torn_line()
    done = table.done()
    more = [()] * len(cells) if more is None else more
    left = [
        (cell, extra)
        for cell, extra in zip(cells, more, strict=True)
        if tuple(map(str, cell)) not in done
    ]
    name, before = table.path.name, time.monotonic()
    print(f"{name}: {len(cells) - len(left)} of {len(cells)} cells are there")
    tasks = (delayed(_timed)(work, cell, extra) for cell, extra in left)
    results = Parallel(jobs, return_as="generator_unordered", pre_dispatch="n_jobs")(
        tasks
    )
    for number, (cell, values) in enumerate(results, 1):
        table.append(dict(zip(table.keys, cell, strict=True)) | _short(values))
        minutes = (time.monotonic() - before) / 60
        rest = minutes / number * (len(left) - number)
        print(
            f"{name}: {number} of {len(left)} in {minutes:.0f} min, {rest:.0f} min "
            f"left: {', '.join(map(str, cell))}",
            flush=True,
        )
    sys.stdout.flush()


def _timed(work, cell, extra):
    return cell, work(*cell, *extra)


def _short(values):
    """Numbers with as many digits as mean something."""
    return {
        name: f"{value:.6g}" if isinstance(value, float) else value
        for name, value in values.items()
    }
