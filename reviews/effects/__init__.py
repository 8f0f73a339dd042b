"""Effects: what carries decisions out on forges, once, and on exactly the commit decided on.

`states` says which state may follow which; `carrying_out` is what the job does, with a module for
each kind of effect in `actions`; `records` writes what became of it; `gate` sets the commit status.
"""
