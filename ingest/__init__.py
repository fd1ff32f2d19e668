"""The way in: door, vault, log and dead letters.

`door` judges events, `vault` takes persons out of them, `log` makes them durable once, `dead_letters` keeps
what was refused. Nothing here knows projections or the API.
"""
