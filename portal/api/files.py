"""Files that anybody may read: the pool's pages and the current open data, by ranges too.

Here: two folders and nothing else of the home. Not here: results of tries, which have keys (`tries`).
"""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path

from starlette.staticfiles import StaticFiles

TYPES = {
    ".ttl": "text/turtle",
    ".jsonld": "application/ld+json",
    ".parquet": "application/vnd.apache.parquet",
    ".geojson": "application/geo+json",
}
for _ending, _type in TYPES.items():
    mimetypes.add_type(_type, _ending)


class PublicFolder(StaticFiles):
    """A folder's files, without its hidden ones, its list, or what a link leads to outside.

    The folder may be a link that is switched while the server runs, or not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the folder; nothing is looked at yet."""
        super().__init__(directory=folder, check_dir=False)

    async def check_config(self) -> None:
        """Let a folder that is not there yet be an empty one."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return a file's full path and state, nothing for hidden files and for what is not a name."""
        if any(part.startswith(".") for part in path.split("/")) or "\0" in path:
            return "", None
        return super().lookup_path(path)
