"""The demo: a believable company, played customers and agents, real protocols."""

from app.settings import Settings


async def run(settings: Settings) -> int:
    """`touchpoint demo`: runs until Ctrl-C. The exit code."""
    from demo.run import Demo

    return await Demo(settings).run()
