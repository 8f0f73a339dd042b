"""Jobs: work that is committed together with what needs it, and done soon after by a worker.

They are rows of procrastinate's tables in the same database. Each app declares its own in a module
`tasks`; a job must be safe to run twice. This package knows none of them.
"""
