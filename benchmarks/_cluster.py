"""Cells on a dask cluster: the option ``--cluster`` of the runners.

The workers need this repository, for instance as their working folder or on
``PYTHONPATH``, and the data where ``SKLEARN_HMLC_DATA`` says.
"""

from contextlib import contextmanager

from joblib import parallel_config


def add_cluster(parser):
    """Add the option."""
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="run cells on the dask cluster whose scheduler is there, such as "
        "tcp://10.0.0.1:8786, as many at a time as it has threads",
    )


@contextmanager
def on_cluster(address):
    """Let joblib run on the cluster of this address; None: on this machine."""
    if address is None:
        yield
        return
    from distributed import Client  # from the extra `cluster`

    with Client(address), parallel_config(backend="dask"):
        yield
