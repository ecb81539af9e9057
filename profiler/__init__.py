"""Facts from data: what `POST /recommend` can know of a problem by looking at its file.

    reader      bytes -> profile, by what the bytes are
    sniff       what the bytes are
    records     where the records of a CSV begin; delimited  CSV -> table
    thrift      a cursor over headers; parquet_headers  what they say; parquet  Parquet -> table
    archive     a zip, audited; image_headers  what images say; images  a zip of them -> profile
    columns     the kind of a column; target, quality  what follows from it
    facts       a table -> profile
    merge       declared facts and profiled ones
    thresholds  every number a judgement rests on; limits  every number that bounds the cost
    foreign     the errors of polars and zipfile, translated

polars is imported when the first file needs it, and nowhere else.
"""

from profiler.limits import Limits
from profiler.merge import Disagreement, Merged, merge
from profiler.reader import profile
from profiler.result import ClassCount, Column, Details, Images, Profile

__all__ = [
    "ClassCount",
    "Column",
    "Details",
    "Disagreement",
    "Images",
    "Limits",
    "Merged",
    "Profile",
    "merge",
    "profile",
]
