"""When a call may go: HeyX's limit used fully, not broken, and shared.

A call may go when fewer than the limit are in flight or were *answered* within the last window. The rule and
its proof stand in `rule`; a bucket keeps the calls it counts, in memory, in a SQLite file, or in Redis.
"""
