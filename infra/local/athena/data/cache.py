"""A bounded, content-addressed local copy of the S3 objects queries read.

Belongs here: which file on disk holds which object version, and when it may be deleted. Does not
belong here: S3 itself (see `storage`) and reading the files (DuckDB does).

A file's name is a digest of bucket, key and ETag, so a file never changes: a new version of an
object is a new file. Files are deleted least recently used first, and never while a lease (one per
running query) holds them; while leased files alone exceed the limit, the limit is exceeded.
"""

import fcntl
import hashlib
import logging
import shutil
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from infra.local.athena.data.storage import ObjectStore, S3Object

LOG = logging.getLogger(__name__)
_LOCK_STRIPES = 64


class CacheInUseError(RuntimeError):
    """Another process owns the cache directory."""


class ObjectCache:
    """The cache directory, owned by exactly one process.

    Args:
        store: Where missing objects come from.
        directory: Created if needed; survives restarts.
        max_bytes: Soft limit on the total size of the cached files.

    Raises:
        CacheInUseError: Another process uses the directory (its evictions could pull files from
            under our queries).
    """

    def __init__(self, store: ObjectStore, directory: Path, max_bytes: int) -> None:
        self._store = store
        self._objects = directory / "objects"
        self._objects.mkdir(parents=True, exist_ok=True)
        self._max_bytes = max_bytes
        self._owner = (directory / "owner.lock").open("w")
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._owner.close()
            raise CacheInUseError(f"{directory} is in use by another process") from error
        self._lock = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(_LOCK_STRIPES)]
        self._sizes: OrderedDict[Path, int] = OrderedDict()
        self._pins: dict[Path, int] = {}
        self._total = 0
        self._adopt_existing()

    def _adopt_existing(self) -> None:
        """Register the files of an earlier run, oldest first, and drop unfinished downloads."""
        files = [path for path in self._objects.iterdir() if path.is_file()]
        for path in sorted(files, key=lambda item: item.stat().st_mtime):
            if path.name.endswith(".part"):
                path.unlink()
            else:
                self._sizes[path] = path.stat().st_size
        self._total = sum(self._sizes.values())

    def lease(self) -> "Lease":
        """Return a lease: files fetched through it stay until it is released."""
        return Lease(self)

    def path_of(self, item: S3Object) -> Path:
        """Return where an object version is, or would be, kept.

        The key's suffixes are kept because DuckDB infers compression from them.
        """
        digest = hashlib.sha256(f"{item.bucket}/{item.key}/{item.etag}".encode()).hexdigest()[:40]
        suffixes = "".join(PurePosixPath(item.key).suffixes[-2:])
        suffix = suffixes if suffixes.replace(".", "").isalnum() else ""
        return self._objects / (digest + suffix)

    def acquire(self, item: S3Object) -> Path:
        """Pin and return an object's file, downloading it if it is missing.

        Raises:
            QueryError: The listed version no longer exists in S3.
        """
        path = self.path_of(item)
        self._pin(path)
        try:
            with self._stripes[hash(path) % _LOCK_STRIPES]:
                if path not in self._sizes:
                    self._download(item, path)
        except BaseException:
            self.release([path])
            raise
        return path

    def _pin(self, path: Path) -> None:
        with self._lock:
            self._pins[path] = self._pins.get(path, 0) + 1
            if path in self._sizes:
                self._sizes.move_to_end(path)

    def _download(self, item: S3Object, path: Path) -> None:
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
        try:
            self._store.download(item, partial)
            size = partial.stat().st_size
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        with self._lock:
            self._sizes[path] = size
            self._total += size

    def release(self, paths: Iterable[Path]) -> None:
        """Unpin files, then evict until the cache is within its limit."""
        with self._lock:
            for path in paths:
                self._pins[path] -= 1
                if not self._pins[path]:
                    del self._pins[path]
            self._evict()

    def _evict(self) -> None:
        if self._total <= self._max_bytes:
            return
        for path in [path for path in self._sizes if path not in self._pins]:
            if self._total <= self._max_bytes:
                return
            self._total -= self._sizes.pop(path)
            path.unlink(missing_ok=True)
        LOG.debug("cache holds %d bytes, limit %d", self._total, self._max_bytes)

    def close(self) -> None:
        """Give up the directory so that another process may own it."""
        self._owner.close()


class Lease:
    """The cached files one running query depends on."""

    def __init__(self, cache: ObjectCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._paths: list[Path] = []

    def fetch(self, item: S3Object) -> Path:
        """Return the local file of an object; it stays until `release`."""
        path = self._cache.acquire(item)
        with self._lock:
            self._paths.append(path)
        return path

    def release(self) -> None:
        """Let go of every file; safe to call twice."""
        with self._lock:
            paths, self._paths = self._paths, []
        self._cache.release(paths)


def fresh_directory(path: Path) -> Path:
    """Return an empty directory, deleting what an earlier run left in it."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path
