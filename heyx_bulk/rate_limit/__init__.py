"""When a call may go: HeyX's limit is used fully, never exceeded, and shared.

The rule and its proof are in `rule`, what answers teach is in `learned_limit`. A bucket keeps the calls that
count, in memory, in a SQLite file, or in Redis.
"""
