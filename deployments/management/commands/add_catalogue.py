"""`manage.py add_catalogue DUMP.json`: the flags of one more engine version."""

import json
import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments.engines.catalogue import CatalogueError, file_name, read_catalogue
from deployments.services.preflight import added_catalogues


class Command(BaseCommand):
    """Checks a dump and keeps it in the data folder, beside the catalogues that come with the panel."""

    help = (
        "Add the flags of an engine version. Make the dump where that version is installed: "
        "python deployments/engines/dump_flags.py vllm-0.34.0.json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file."""
        parser.add_argument("dump", type=Path, help="the file that dump_flags.py wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say the version and the number of its flags. A version that is there already is replaced."""
        dump: Path = options["dump"]
        try:
            data = json.loads(dump.read_text())
            catalogue = read_catalogue(data)
        except OSError as error:
            raise CommandError(f"{dump} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            words = str(error) if isinstance(error, CatalogueError) else f"This is no JSON: {error}."
            raise CommandError(f"{dump}: {words}") from error
        _keep(data, added_catalogues() / file_name(catalogue.version))
        self.stdout.write(f"vLLM {catalogue.version}: {len(catalogue.flags)} flags are known now.")


def _keep(data: Any, path: Path) -> None:
    """Whole or not at all: the panel may read it in the same instant."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "w") as file:
        json.dump(data, file)
    Path(draft).replace(path)
