"""Each option has its argument in Python, which takes what Python has."""

from __future__ import annotations

import datetime as dt
import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import heyx_bulk as hb
from heyx_bulk.api.call_log_options import CallLogOptions
from heyx_bulk.errors import SettingsError
from heyx_bulk.export.export_options import ExportOptions
from heyx_bulk.library import arguments
from heyx_bulk.library.argument_reader import ArgumentReader
from heyx_bulk.mapping.mapping_options import MappingOptions
from heyx_bulk.mapping.merge_rows import Duplicates
from heyx_bulk.models.option import declared
from heyx_bulk.planning.matching import Matching, Mode
from heyx_bulk.reports.stop_conditions import FailureLimit, StopConditions
from heyx_bulk.settings.connection import ConnectionOptions
from heyx_bulk.settings.rate import Rate
from heyx_bulk.sheets.sheet_options import SheetOptions
from heyx_bulk.upload.options import RunOptions, UploadOptions

CHANNEL = {"token", "url"}


def names(*options: type) -> set[str]:
    return {one.argument for kind in options for one in declared(kind)}


def read(options: type, **given: object) -> Any:
    reader = ArgumentReader(given)
    found: Any = reader.read(options)
    reader.finish()
    return found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (arguments.UploadArguments, names(UploadOptions, RunOptions, ConnectionOptions) | CHANNEL),
        (arguments.InspectArguments, names(SheetOptions, MappingOptions, ConnectionOptions) | CHANNEL),
        (arguments.SessionArguments, names(StopConditions, CallLogOptions, ConnectionOptions) | CHANNEL),
        (
            arguments.TableArguments,
            names(ExportOptions, ConnectionOptions) - {"raw_csv"} | CHANNEL | {"where_in", "ids", "phone_lookup"},
        ),
    ],
)
def test_every_option_is_an_argument(arguments: type, expected: set[str]) -> None:
    assert set(arguments.__annotations__) == expected


def test_no_two_options_of_a_function_have_one_name() -> None:
    found = [one.argument for kind in (UploadOptions, RunOptions, ConnectionOptions) for one in declared(kind)]
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("options", "given", "path", "value"),
    [
        (MappingOptions, {"types": {"Joined": "date"}}, "types", ("Joined=date",)),
        (MappingOptions, {"types": ["Joined=date"]}, "types", ("Joined=date",)),
        (MappingOptions, {"ignore": "Notes"}, "ignore", ("Notes",)),
        (MappingOptions, {"ignore": pd.Series(["Notes", "Other"])}, "ignore", ("Notes", "Other")),
        (MappingOptions, {"constants": {"isLead": True, "score": 3}}, "constants", ("isLead=true", "score=3")),
        (MappingOptions, {"key": ["phone", "email"]}, "key", ("phone", "email")),
        (MappingOptions, {"key": "phone,email"}, "key", ("phone", "email")),
        (MappingOptions, {"ignore": None, "region": None}, "ignore", ()),
        (ExportOptions, {"where": {"isLead": [True, False]}}, "where", ("isLead=true", "isLead=false")),
        (ExportOptions, {"created_after": dt.date(2026, 3, 14)}, "created_after", "2026-03-14"),
        (Matching, {"mode": "create"}, "mode", Mode.CREATE),
        (Matching, {"read_first": False}, "read_first", False),
        (UploadOptions, {"duplicates": Duplicates.LAST}, "duplicates", Duplicates.LAST),
        (StopConditions, {"max_failures": 50}, "max_failures", FailureLimit(number=50)),
        (StopConditions, {"max_failures": "5%"}, "max_failures", FailureLimit(share=0.05)),
        (StopConditions, {"max_duration": "2h"}, "max_seconds", 7200.0),
        (StopConditions, {"max_duration": dt.timedelta(hours=2)}, "max_seconds", 7200.0),
        (StopConditions, {"until": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}, "until", 4102444800.0),
        (StopConditions, {"max_duration": 5400.5}, "max_seconds", 5400.5),
        (StopConditions, {"max_duration": dt.timedelta(days=30, seconds=1)}, "max_seconds", 2592001.0),
        (StopConditions, {"max_calls": np.int64(500)}, "max_calls", 500),
        (StopConditions, {"max_failures": np.int32(50)}, "max_failures", FailureLimit(number=50)),
        (MappingOptions, {"lenient": np.True_}, "lenient", True),
        (ExportOptions, {"columns": ["id", "Street, City"]}, "columns", ("heyx contact id", "Street, City")),
        (ExportOptions, {"columns": "id, City"}, "columns", ("heyx contact id", "City")),
        (ConnectionOptions, {"timeout": np.float32(1.5)}, "timeout", 1.5),
        (ConnectionOptions, {"rate_share": 1 / 3}, "rate_share", 0.333333),
        (ConnectionOptions, {"rate": "100/min"}, "rate", Rate(100)),
        (ConnectionOptions, {"rate": Rate(100)}, "rate", Rate(100)),
        (ConnectionOptions, {"rate_share": "50%"}, "rate_share", 0.5),
        (ConnectionOptions, {"rate_share": 0.5, "timeout": 10}, "timeout", 10),
        (CallLogOptions, {"log": "calls.jsonl"}, "path", Path("calls.jsonl")),
    ],
)
def test_arguments_take_what_python_has(options: type, given: dict[str, object], path: str, value: object) -> None:
    assert getattr(read(options, **given), path) == value


@pytest.mark.parametrize(
    ("options", "given", "what"),
    [
        (MappingOptions, {"ignore": 3}, "ignore must be a text or several, not 3"),
        (MappingOptions, {"ignore": [3]}, "ignore must be a text, not 3"),
        (MappingOptions, {"custom_fields": "yes"}, "custom_fields must be True or False, not 'yes'"),
        (MappingOptions, {"region": True}, "region must be a text, not True"),
        (MappingOptions, {"constants": {"a": object}}, "constants must be a text, not <class 'object'>"),
        (Matching, {"mode": "delete"}, "mode='delete' is not one of 'upsert', 'create', 'update'"),
        (RunOptions, {"canary": -1}, "canary must be 0 or more, not -1"),
        (RunOptions, {"canary": "x"}, "canary must be a whole number, not 'x'"),
        (RunOptions, {"out": 3}, "out must be a path, not 3"),
        (ConnectionOptions, {"workers": 1.5}, "workers must be a whole number, not 1.5"),
        (ConnectionOptions, {"rate": "fast"}, "fast is not a rate"),
        (ConnectionOptions, {"rate_share": 1.5}, "1.5 is not a share of the rate"),
        (StopConditions, {"max_duration": 0}, "0s is not a duration"),
        (StopConditions, {"max_duration": -1.5}, "-1.5s is not a duration"),
        (StopConditions, {"max_duration": float("nan")}, "nans is not a duration"),
        (StopConditions, {"max_duration": dt.timedelta(0)}, "0s is not a duration"),
        (StopConditions, {"until": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "is in the past"),
        (StopConditions, {"until": 1e30}, "is not a time"),
        (StopConditions, {"max_calls": np.int64(0)}, "max_calls must be 1 or more, not 0"),
        (MappingOptions, {"tag_separator": "ab"}, "--tag-separator: "),
    ],
)
def test_what_an_argument_does_not_take_is_told(options: type, given: dict[str, object], what: str) -> None:
    with pytest.raises(SettingsError, match=what.replace("(", r"\(")):
        read(options, **given)


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(SettingsError) as raised:
        read(UploadOptions, mode="delete", ignore=3, header_row=0)
    assert len(str(raised.value).splitlines()) == 3


def test_an_unknown_argument_is_a_type_error_with_the_closest_name() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'typs'. Did you mean 'types'\?"):
        read(MappingOptions, typs={})


def test_help_lists_every_argument_and_says_what_it_does() -> None:
    signature = inspect.signature(hb.upload)
    assert {"sheet", "checkpoint", "progress", *arguments.UploadArguments.__annotations__} == {
        *signature.parameters
    }
    text = inspect.getdoc(hb.upload) or ""
    assert 'map: Send a column as a field: map={"No": "customerid"}. One or several.' in text
    assert "--" not in text.partition("Options:")[2].replace("`columns SHEET --save FILE`", "")
    assert inspect.signature(hb.aio.upload) == signature
