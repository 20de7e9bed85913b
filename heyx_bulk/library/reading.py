"""The work of the functions that only read, in the thread that does it."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from heyx_bulk.api.call_log import open_call_log
from heyx_bulk.api.call_log_options import CallLogOptions
from heyx_bulk.errors import SettingsError
from heyx_bulk.export.export_options import ExportOptions
from heyx_bulk.export.exporter import CachedExport, exported_contacts, open_export, read_contacts
from heyx_bulk.export.layout import build_table
from heyx_bulk.export.request import ContactFilter, ExportRequest
from heyx_bulk.export.value_lists import listed_texts
from heyx_bulk.library.argument_reader import ArgumentReader
from heyx_bulk.library.arguments import Place
from heyx_bulk.library.outcomes import RunResult, Verification
from heyx_bulk.library.python_words import in_python
from heyx_bulk.library.uploading import checkpoint_path, settings_of_run
from heyx_bulk.library.watching import ProgressOption, show_progress
from heyx_bulk.library.worker_thread import StopSwitch
from heyx_bulk.mapping.columns import ID_COLUMN, parse_field_name, parse_field_value
from heyx_bulk.models.contacts import Field, Outcome, Status
from heyx_bulk.models.option import option
from heyx_bulk.planning.matching import Matching
from heyx_bulk.reports.audit import CallRecorder
from heyx_bulk.reports.read_back import Comparison, count_comparable, verify_run
from heyx_bulk.reports.run_status import RunStatus, run_status
from heyx_bulk.reports.run_totals import complete_totals
from heyx_bulk.reports.stop_conditions import StopConditions
from heyx_bulk.reports.stop_monitor import StopMonitor
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.environment import Settings
from heyx_bulk.sheets.frames import Frame
from heyx_bulk.sheets.from_frame import FRAME_FORMAT
from heyx_bulk.sheets.writer import to_frame
from heyx_bulk.storage.cache.channel_cache import ChannelCache
from heyx_bulk.storage.checkpoint.checkpoint import Checkpoint
from heyx_bulk.storage.checkpoint.run import Run

SOURCES = 'where={"isLead": True}, where_in={"phone": frame["Mobile"]}, ids=[…] or known=True'
DIFFERENCE_COLUMNS = (ID_COLUMN, "field", "sent", "stored", "message")


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What is compared with HeyX."""

    sample: int | None = option("--sample", metavar="N", least=1, help="Compare N rows, chosen at random.")


def status(_: StopSwitch, run: RunResult | Place) -> RunStatus:
    """How a run stands."""
    with Checkpoint.open(checkpoint_path(run)) as checkpoint:
        found = run_status(Run.from_checkpoint(checkpoint))
    for cause in found.causes:
        cause.message = in_python(cause.message)
    return replace(found, totals=complete_totals(found.totals))


def verify(
    switch: StopSwitch,
    run: RunResult | Place,
    sample: int | None,
    progress: ProgressOption,
    given: Mapping[str, object],
) -> Verification:
    """Read back what a run sent, and compare."""
    reader = ArgumentReader({**given, "sample": sample})
    connection, sample = reader.read(ConnectionOptions), reader.read(VerifyOptions).sample
    reader.finish()
    with Checkpoint.open(checkpoint_path(run)) as opened:
        settings = settings_of_run(reader, connection, opened, run)
        confirmed = count_comparable(opened)
        rows = confirmed if sample is None else min(sample, confirmed)
        with closing(show_progress(progress, switch, rows)) as shown:
            compared = asyncio.run(
                verify_run(
                    Run.from_checkpoint(opened),
                    settings,
                    sample=sample,
                    chance=random.Random(),  # noqa: S311  a sample is no secret
                    started=switch.attach,
                    on_compared=lambda found: shown.report(_outcome(found)),
                )
            )
    lines = [line for found in compared for line in _differences(found)]
    frame = to_frame(DIFFERENCE_COLUMNS, [line for _, line in lines], [number for number, _ in lines])
    return Verification(len(compared), frame)


def _outcome(found: Comparison) -> Outcome:
    return Outcome(found.number, Status.UNCHANGED if found.matches else Status.FAILED, found.contact_id)


def _differences(found: Comparison) -> Iterator[tuple[int, tuple[str, ...]]]:
    if found.read_error:
        yield found.number, (found.contact_id, "", "", "", in_python(found.read_error))
    for one in found.differences:
        yield found.number, (found.contact_id, one.what, one.sent, one.stored, "")


@dataclass(frozen=True, slots=True)
class Exporting:
    """An export as it is asked for."""

    options: ExportOptions
    settings: Settings
    stops: StopConditions
    log: CallLogOptions
    request: ExportRequest

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Exporting:
        """The export that these arguments ask for; raises `SettingsError`."""
        reader = ArgumentReader(given)
        options = reader.read(ExportOptions, without=("where_in", "ids", "raw_csv"))
        stops = reader.read(StopConditions, without=("max_failures", "max_creates"))
        log, matching = reader.read(CallLogOptions), reader.read(Matching, only=("phone_lookup",))
        where_in, ids = reader.take("where_in"), reader.take("ids")
        settings, matching = reader.settings(), matching.with_settings(reader.resolved())
        with ChannelCache.of(settings) as cache:
            request = ExportRequest(
                where=tuple(map(parse_field_value, options.where)),
                listed=tuple(_listed(where_in)),
                ids=tuple(listed_texts(ids, "ids")),
                known=tuple(cache.contacts.ids()) if options.known else None,
                selection=options.selection(),
                phone_lookup=matching.phones_searched,
                passes=options.passes,
                per_page=options.per_page,
            )
        request.check(SOURCES)
        return cls(options, settings, stops, log, request)

    def read(self, switch: StopSwitch, path: Path, progress: ProgressOption) -> None:
        """Read all contacts into a new checkpoint at `path`; raises the `Stopped` that ended it early."""
        settings, request = self.settings, self.request
        with (
            ChannelCache.of(settings) as cache,
            open_export(path, request, settings.channel) as (checkpoint, _),
            open_call_log(self.log, "export") as log,
            closing(show_progress(progress, switch, 0, unit="call")) as shown,
        ):
            recorder = CallRecorder(StopMonitor(self.stops), log=log, started=switch.attach)
            events = CachedExport(cache)
            asyncio.run(
                read_contacts(checkpoint, request, settings, progress=shown, recorder=recorder, events=events)
            )

    def table(self, path: Path) -> Frame:
        """The contacts of the checkpoint at `path` as a DataFrame, which the cache remembers as an export."""
        settings, layout = self.settings, self.options.layout()
        made = build_table(lambda: exported_contacts(path, self.request.selection), layout)
        if ID_COLUMN in layout.columns or not layout.columns:
            with ChannelCache.of(settings) as cache:
                cache.contacts.record_export(FRAME_FORMAT, exported_contacts(path, self.request.selection))
        return to_frame(made.header, made.rows)


def export(switch: StopSwitch, progress: ProgressOption, given: Mapping[str, object]) -> Frame:
    """The contacts that are asked for, as a DataFrame."""
    exporting = Exporting.of(given)
    with export_folder() as path:
        exporting.read(switch, path, progress)
        return exporting.table(path)


def read_export(
    switch: StopSwitch, path: Path, progress: ProgressOption, given: Mapping[str, object]
) -> ContactFilter:
    """Read an export into a checkpoint at `path`; which of its contacts are wanted."""
    exporting = Exporting.of(given)
    exporting.read(switch, path, progress)
    return exporting.request.selection


@contextmanager
def export_folder() -> Iterator[Path]:
    """The path of an export's checkpoint in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory(prefix="heyx-bulk-") as folder:
        yield Path(folder) / "export"


def _listed(where_in: object) -> Iterator[Field]:
    if not isinstance(where_in, Mapping | None):
        raise SettingsError(
            f"where_in must be a dict of fields and their values, not {where_in!r}.",
            'For example: where_in={"phone": frame["Mobile"]}.',
        )
    for name, values in (where_in or {}).items():
        yield from (Field(parse_field_name(name), text) for text in listed_texts(values, "where_in"))
