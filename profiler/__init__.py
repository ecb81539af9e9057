"""Facts from data: what `POST /recommend` can know of a problem by looking at its file.

In the caller's process, which imports neither polars nor Pillow:

    reader      files -> profiles and tables; the public functions
    child       starts, asks and ends a process that reads files; wire  the frames between both
    arrays      a table as arrays
    merge       declared facts beside those of a profile
    result      what a profile holds; thresholds  every number that a judgement rests on
    limits      every number that bounds the cost; errors  every reason why a file is not read

In the child:

    child_main  answers requests, within limits of memory
    files       bytes -> profile or table, by content; sniff  what the bytes are
    delimited   CSV -> table; preamble, header  what stands around and above the rows
    records     where the records of a CSV begin; shape  their fields, before a cell is built
    parquet, json_lines, compressed  Parquet, JSON Lines -> table; gzip -> bytes
     table  what both give; encode  a table -> frame
    archive     a zip, audited; images  a zip of images -> profile; layout  what its folders mean
    values      the distinct values of a column; number_text  numbers as people write them
    columns     the kind of a column; dates, tokens  what texts look like
    target      the task; classes, multilabel, context  classes or quantities, labels, time
    quality     whether a table is clean; suspects  cells that may not be measurements
    facts       a table -> profile
    translate_errors  the errors of polars, zipfile and Pillow
"""

from profiler.arrays import CategoryColumn, NumberColumn, TableArrays
from profiler.limits import Limits
from profiler.merge import Disagreement, Merged, merge
from profiler.reader import Reader, profile, read_table
from profiler.result import ClassCount, Column, Details, Images, Profile, Undecided

__all__ = [
    "CategoryColumn",
    "ClassCount",
    "Column",
    "Details",
    "Disagreement",
    "Images",
    "Limits",
    "Merged",
    "NumberColumn",
    "Profile",
    "Reader",
    "TableArrays",
    "Undecided",
    "merge",
    "profile",
    "read_table",
]
