"""The checkpoint of a run: one SQLite file that a run leaves and resumes from.

The durable file is the queue. A row is `ready`, then `creating` (committed before its create leaves), then
`created` (with its id), then `done` (with its outcome); every step is one durable commit. A checkpoint is
filled as a draft beside its place and takes its name when it is whole, so it holds all rows or is not there.
"""
