"""What earlier builds of the marts have left behind.

Belongs here: the marts in the catalog, the folders below `marts/` that none of them is read from,
and the versions of their tables that lie there. Building them anew belongs in `rebuilding`.

Every build writes folders of its own and leaves the old ones to retention, and a build that died
leaves some as well. Only folders that hold the person are deleted: they are from before the person
was erased, so nobody is writing them. Others may belong to a build that is under way.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from clickstream_platform.core import erasure_sql
from clickstream_platform.core.erasure import Person
from clickstream_platform.core.mart_builds import folder_of
from clickstream_platform.core.stored_object import StoredObject
from clickstream_platform.resources.athena import AthenaResource
from clickstream_platform.resources.lake import LakeResource, folder_at
from clickstream_platform.resources.published import (
    PublishedTable,
    location_of,
    published_tables,
    read_locations,
    versions_of,
)
from infra.erasure.workbench import Workbench
from lambdas.shared.lake import MARTS_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient


class Marts:
    """The marts of one lake.

    Args:
        lake: The lake.
        athena: The work group and the database.
        glue: The catalog, for tables as a whole.
        workbench: What knows the person.
    """

    def __init__(
        self,
        lake: LakeResource,
        athena: AthenaResource,
        glue: "GlueClient",
        workbench: Workbench,
    ) -> None:
        self._lake = lake
        self._athena = athena
        self._glue = glue
        self._workbench = workbench
        self._clean: set[StoredObject] = set()

    def all(self) -> list[PublishedTable]:
        """The tables whose files lie below `marts/`."""
        return marts_of(self._lake, self._glue, self._athena.database)

    def rows(self, person: Person) -> int:
        """Rows about the person in the marts that are read."""
        total = 0
        for mart in self.all():
            for part in person.portions():
                sql = erasure_sql.mart_rows_sql(part, mart.name, mart.columns)
                if sql is not None:
                    [row] = self._athena.query(sql)
                    total += int(row["row_count"] or 0)
        return total

    def old_builds(self) -> dict[str, list[str]]:
        """The folders that no mart is read from and that hold the person, with their keys.

        Raises:
            duckdb.Error: If a file there is no Parquet file.
        """
        live = {
            folder_at(self._lake, location)
            for mart in self.all()
            for location in read_locations(self._glue, self._athena.database, mart)
        }
        folders: dict[str, list[StoredObject]] = {}
        for one in self._lake.list_objects(f"{MARTS_PREFIX}/"):
            folder = folder_of(one.key)
            if one.size_bytes and folder not in live:
                folders.setdefault(folder, []).append(one)
        return {
            folder: [one.key for one in objects]
            for folder, objects in folders.items()
            if any(map(self._is_about_person, objects))
        }

    def drop(self, builds: Mapping[str, list[str]]) -> None:
        """Deletes builds, and the versions of tables that point at them."""
        self._lake.delete(key for keys in builds.values() for key in keys)
        places = {self._lake.uri(folder).rstrip("/") for folder in builds}
        for mart in self.all():
            self._drop_versions(mart.name, places)

    def _is_about_person(self, one: StoredObject) -> bool:
        if one in self._clean:
            return False
        with self._workbench.room() as room:
            [file] = self._lake.download([one.key], room)
            is_about = self._workbench.is_about_person(file)
        if not is_about:
            self._clean.add(one)
        return is_about

    def _drop_versions(self, table: str, places: set[str]) -> None:
        database = self._athena.database
        for version in versions_of(self._glue, database, table):
            if location_of(version).rstrip("/") in places:
                self._glue.delete_table_version(
                    DatabaseName=database, TableName=table, VersionId=version["VersionId"]
                )


def marts_of(lake: LakeResource, glue: "GlueClient", database: str) -> list[PublishedTable]:
    """The tables of a database whose files lie below `marts/` in a lake."""
    return published_tables(glue, database, lake.uri(f"{MARTS_PREFIX}/"))


def other_tables(
    lake: LakeResource, glue: "GlueClient", database: str, known: Collection[str]
) -> list[str]:
    """Tables with files that are neither marts nor known: somebody's own."""
    ours = {mart.name for mart in marts_of(lake, glue, database)}.union(known)
    return sorted(one.name for one in published_tables(glue, database, "") if one.name not in ours)
