"""The object cache: content addressed, bounded, and never pulls a file from under a query."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.athena.data.cache import CacheInUseError, ObjectCache
from infra.local.athena.data.storage import S3Object
from infra.local.athena.errors import QueryError


class FakeStore:
    def __init__(self) -> None:
        self.downloads: list[str] = []
        self.failing = False

    def download(self, item: S3Object, path: Path) -> None:
        path.write_bytes(b"x" * item.size)
        if self.failing:
            raise QueryError("HIVE_CANNOT_OPEN_SPLIT: gone")
        self.downloads.append(item.key)


def _object(key: str, size: int = 10, etag: str = "1") -> S3Object:
    return S3Object("bucket", key, etag, size)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def cache(store: FakeStore, tmp_path: Path) -> Iterator[ObjectCache]:
    cache = ObjectCache(store, tmp_path, max_bytes=25)
    yield cache
    cache.close()


def _files(tmp_path: Path) -> int:
    return sum(1 for path in (tmp_path / "objects").iterdir())


def test_an_object_is_downloaded_once_and_a_new_version_again(
    store: FakeStore, cache: ObjectCache
) -> None:
    lease = cache.lease()
    first = lease.fetch(_object("a.json.gz"))
    assert lease.fetch(_object("a.json.gz")) == first
    assert lease.fetch(_object("a.json.gz", etag="2")) != first
    assert store.downloads == ["a.json.gz", "a.json.gz"]
    assert first.name.endswith(".json.gz")


def test_leased_files_stay_even_above_the_limit(cache: ObjectCache, tmp_path: Path) -> None:
    running, other = cache.lease(), cache.lease()
    kept = [running.fetch(_object(f"{n}")) for n in range(4)]
    other.fetch(_object("0"))
    other.release()
    assert all(path.exists() for path in kept)
    running.release()
    assert _files(tmp_path) == 2


def test_the_least_recently_used_go_first(
    store: FakeStore, cache: ObjectCache, tmp_path: Path
) -> None:
    for key in ("a", "b", "a", "c"):
        lease = cache.lease()
        lease.fetch(_object(key))
        lease.release()
    lease = cache.lease()
    lease.fetch(_object("a"))
    assert store.downloads == ["a", "b", "c"]


def test_a_failed_download_leaves_nothing(
    store: FakeStore, cache: ObjectCache, tmp_path: Path
) -> None:
    store.failing = True
    with pytest.raises(QueryError):
        cache.lease().fetch(_object("a"))
    assert _files(tmp_path) == 0


def test_a_restart_keeps_files_and_drops_unfinished_ones(
    store: FakeStore, cache: ObjectCache, tmp_path: Path
) -> None:
    lease = cache.lease()
    lease.fetch(_object("a"))
    lease.release()
    (tmp_path / "objects" / "b.part").write_bytes(b"")
    cache.close()
    again = ObjectCache(store, tmp_path, max_bytes=25)
    again.lease().fetch(_object("a"))
    assert store.downloads == ["a"]
    assert _files(tmp_path) == 1
    again.close()


def test_two_processes_cannot_share_a_directory(
    store: FakeStore, cache: ObjectCache, tmp_path: Path
) -> None:
    with pytest.raises(CacheInUseError):
        ObjectCache(store, tmp_path, max_bytes=25)


def test_threads_fetching_the_same_object_download_it_once(
    store: FakeStore, cache: ObjectCache
) -> None:
    leases = [cache.lease() for _ in range(8)]
    threads = [threading.Thread(target=lease.fetch, args=(_object("a"),)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.downloads == ["a"]
