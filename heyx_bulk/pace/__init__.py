"""Whose turn it is: HeyX's limit used fully, not broken, and shared.

A call may go when fewer than the limit are in flight or were *answered* within the last window. The rule and
its proof stand in `rule`; a `Budget` keeps the calls it counts: a `Lease` in memory, the machine's in a SQLite
file, a fleet's in Redis. `Pace` is the face: turns for the calls of one process.
"""

from heyx_bulk.pace.learning import Lesson
from heyx_bulk.pace.pace import Pace, lesson_of, open_pace

__all__ = ["Lesson", "Pace", "lesson_of", "open_pace"]
