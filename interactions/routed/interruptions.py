"""Work that a call interrupts: held while the agent talks and wraps up, it goes on by itself afterwards.

Its rows are another interaction's than the call's, so it follows the call within one round of the sweep; what
is found is judged again under the agent's lock. Units are not freed: the call was offered on top of them."""

from interactions.life.desk import Desk
from interactions.life.work import Work
from models.leg import Leg, LegState


async def settle(desk: Desk, work: Work) -> None:
    """Hold it, or let it go on, by what else its agent has in hand now."""
    leg, channel = work.primary, work.interaction.channel
    if leg is None or channel == "voice":  # a call is held by its agent
        return
    interrupted = await Leg.is_interrupted(desk.session, leg, channel)
    if leg.state == LegState.ACTIVE and interrupted:
        work.hold()
    elif leg.state == LegState.HELD and not interrupted:
        work.resume()
