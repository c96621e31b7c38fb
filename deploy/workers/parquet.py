"""The process that keeps the security feed as Parquet files by day."""

import asyncio

from agents.agent_process import run_single
from agents.log_output import write_log
from agents.metrics.at_work import AtWork
from agents.settings import load_settings
from deploy.analytics.sink import Sink
from deploy.analytics.store import opened
from deploy.records.connection import connection_to
from events.errors import Misconfigured


def work(*, compiled: bool) -> int:
    """Serve until told to stop; returns the exit code.

    Args:
        compiled: of no concern here; nothing of it is compiled.

    Raises:
        Misconfigured: a setting is wrong, pyarrow is missing, another process has the folder, or
            metrics cannot be shown where a setting says.
    """
    del compiled
    settings = load_settings()
    folder = settings.analytics.parquet_folder
    if folder is None:
        raise Misconfigured(
            "analytics.no-folder",
            "set BIOLATCH_ANALYTICS__PARQUET_FOLDER to the folder that the files belong in",
        )
    try:
        from deploy.analytics.parquet_file import write_rows  # noqa: PLC0415 (it may be missing)
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "analytics.no-library",
            f'{error.name} is not installed: `pip install "biolatch[analytics]"` mends it',
        ) from error
    connection = connection_to(settings.kafka)
    at_work = AtWork("it does not read the feed yet")

    async def keep(stop: asyncio.Event) -> None:
        # Opened anew for each try, so that it goes on from what stands in files.
        with opened(folder, write_rows) as store:
            await Sink(connection, store, settings.analytics, at_work).run(stop)

    write_log(settings.log)
    return run_single(settings.metrics, "parquet", keep, at_work)
