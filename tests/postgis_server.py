"""A throw-away PostgreSQL with PostGIS: one cluster a session, a fresh database a test.

The cluster lies in a temporary folder, listens on a free port of 127.0.0.1 and on a socket in
that folder, never syncs (unless made ``durable``), and ends with the process that started it,
however that ends. The product connects as an ordinary role with a password, as it would anywhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from tests.serving import free_port

ROLE, PASSWORD = "yiping", "s3cret"
TEMPLATE = "template_postgis"
PLAIN = "template0"
"""A template without the extension."""
_SETTINGS = {
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "120",
    "shared_buffers": "64MB",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "listen_addresses": "127.0.0.1",
}
_HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def programs() -> Path | None:
    """Folder of the newest server's programs; ``None`` without a server."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda path: int(path.parts[-3])).parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def has_postgis() -> bool:
    """Whether a server with PostGIS is installed."""
    control = Path("/usr/share/postgresql").glob("*/extension/postgis.control")
    return programs() is not None and any(control)


class PostgisServer:
    """A running cluster; made by :meth:`start`, ended by :meth:`stop`.

    Parameters
    ----------
    durable : bool
        On a disk and syncing, as a city's own server is.
    """

    def __init__(self, durable: bool = False) -> None:
        # Short, because the path of a socket may have a hundred characters, and outside of
        # pytest's folders, which the server's own user may not enter.
        memory = Path("/dev/shm")
        folder = memory if os.access(memory, os.W_OK) and not durable else None
        self._settings = _SETTINGS if durable else _SETTINGS | _HASTY
        self.folder = Path(tempfile.mkdtemp(prefix="yiping-pg-", dir=folder))
        self.port = free_port()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> PostgisServer:
        """Make the cluster, start it, and make the template with PostGIS."""
        bin_folder = programs()
        assert bin_folder is not None
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        given = "--auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8"
        initdb = [str(bin_folder / "initdb"), "-N", "-D", str(self._data), *given.split()]
        subprocess.run(_as_server(initdb), check=True, capture_output=True)
        self.resume()
        with self.admin("postgres") as connection:
            role = sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}")
            connection.execute(role.format(sql.Identifier(ROLE), sql.Literal(PASSWORD)))
        self.make(TEMPLATE, PLAIN)
        with self.admin(TEMPLATE) as connection:
            connection.execute("CREATE EXTENSION postgis")
        return self

    def resume(self) -> None:
        """Start the cluster again, on the same port."""
        bin_folder = programs()
        given = {**self._settings, "port": self.port, "unix_socket_directories": self.folder}
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        command = [str(bin_folder and bin_folder / "postgres"), "-D", str(self._data), *options]
        with (self.folder / "log").open("ab") as log:
            # INT is "fast": sessions are cut. The kernel sends it when the tests are killed.
            self._process = subprocess.Popen(
                _as_server(command, "--pdeathsig", "INT"), stdout=log, stderr=log
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text("utf-8", "replace"))
            time.sleep(0.05)

    def pause(self) -> None:
        """Stop the cluster, keeping what it holds."""
        if self._process is not None:
            self._process.send_signal(2)
            self._process.wait(30)
            self._process = None

    def stop(self) -> None:
        """Stop the cluster and remove it."""
        self.pause()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, password: str = PASSWORD) -> str:
        """Address of a database, as ``YIPING_DATABASE_URL`` takes it."""
        return f"postgresql+psycopg://{ROLE}:{password}@127.0.0.1:{self.port}/{database}"

    def admin(self, database: str) -> psycopg.Connection:
        """A connection of the superuser's, each statement for itself."""
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user="postgres",
            dbname=database,
            autocommit=True,
        )

    def fresh(self, template: str = TEMPLATE) -> str:
        """Make a database after a template and return its name."""
        name = f"city_{next(self._numbers)}"
        self.make(name, template)
        return name

    def make(self, name: str, template: str) -> None:
        """Make a database; nobody may be connected to the template."""
        made = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY")
        names = map(sql.Identifier, (name, template, ROLE))
        with self.admin("postgres") as connection:
            connection.execute(made.format(*names))

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected."""
        with self.admin("postgres") as connection:
            dropped = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(dropped.format(sql.Identifier(name)))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _answers(self) -> bool:
        try:
            self.admin("postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def _as_server(command: list[str], *options: str) -> list[str]:
    """The command as the server's user: PostgreSQL refuses to run as root."""
    user = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    return ["setpriv", *user, *options, *command] if user or options else command
