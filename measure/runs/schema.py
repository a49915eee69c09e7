"""The tables of a store, and the version of its format."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

#: Application id of layerlaw's stores in SQLite's header: "LLAW".
APPLICATION = 0x4C4C4157

#: Version of the tables below. 1: runs, processes, measurements, repeats.
SCHEMA = 1

tables = MetaData()

runs = Table(
    "runs",
    tables,
    Column("id", Integer, primary_key=True),
    Column("settings_hash", String, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("machine_id", String, nullable=False),
    Column("machine", JSON, nullable=False),
    Column("created", DateTime, nullable=False),
    UniqueConstraint("settings_hash", "machine_id"),
)

processes = Table(
    "processes",
    tables,
    Column("run", ForeignKey(runs.c.id), primary_key=True),
    Column("number", Integer, primary_key=True),  # from 0 within the run
    Column("started", DateTime, nullable=False),
    Column("controls", JSON, nullable=False),  # the controls in force, in words
)

measurements = Table(
    "measurements",
    tables,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey(runs.c.id), nullable=False),
    Column("case", String, nullable=False),
    Column("metric", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("process", Integer, nullable=False),
    Column("fields", JSON, nullable=False),  # the case's, by name
    Column("status", String, nullable=False),
    Column("note", String, nullable=False),
    UniqueConstraint("run", "case", "metric", "round"),  # nothing is measured twice
)

repeats = Table(
    "repeats",
    tables,
    Column("measurement", ForeignKey(measurements.c.id), primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("value", Float, nullable=False),
)
