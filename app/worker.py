"""The worker process: intake, routing with its timers, the sender, and what keeps the tables small. N of
them share the partitions; each is fenced by its epoch."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from app.bus.consumer import ConsumerRunner
from app.bus.kafka_log import KafkaLog
from app.bus.log import PostgresLog
from app.bus.port import Consumer
from app.bus.relay import Relay
from app.child import keep_what_is_loaded
from app.container import Container, open_container
from app.database import WORKER_ROLE
from app.housekeeping import keep_house
from app.listeners import Listeners, Parts
from app.reconciling import keep_reconciling
from app.settings import Settings
from channels.attempt import Attempts
from channels.email.parser import MailParser
from channels.sender import Sender
from channels.transport import NetworkTransport
from insights.watch import Watch
from interactions.agents.messages import tell, warn_of_silence
from interactions.intake.intake import Intake
from interactions.intake.mail_reader import MailReader
from interactions.routed.dispatch import InteractionDispatch
from interactions.routed.timers import Timers
from models.access import RefreshSession
from models.audit import IdempotentAnswer
from models.base import PRUNED_AT_ONCE
from models.delivery import Delivery, DeliveryKey
from models.due import Limits
from models.exchange import Exchange
from models.receipt import Receipt
from models.refusal import Refusal
from routing.worker import RoutingWorker

log = structlog.get_logger()

TIDY_SECONDS: Final = 3600.0
ENDED_SESSIONS_KEPT: Final = timedelta(days=7)
REFUSALS_KEPT: Final = timedelta(days=7)
DELIVERIES_KEPT: Final = timedelta(days=7)
DELIVERY_KEYS_KEPT: Final = timedelta(days=30)
EXCHANGES_KEPT: Final = timedelta(days=14)


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; the batches in hand are finished."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_container(settings, WORKER_ROLE) as container, AsyncExitStack() as stack:
        parser = await stack.enter_async_context(MailParser())
        verifier = await stack.enter_async_context(MailParser(processes=4))
        running = consumers(container, parser, verifier)
        for consumer in running:
            runner = ConsumerRunner(
                container.database, container.bus, consumer, container.cipher, clock=container.clock
            )
            await runner.start()
            stack.push_async_callback(runner.stop)
        if isinstance(container.bus, KafkaLog):
            relay = Relay(container.database, container.bus)
            await relay.start()
            stack.push_async_callback(relay.stop)
        container.keep_running(sender(container).run(), "sender")
        container.keep_running(listeners(container).run(), "listeners")
        reconciling = keep_reconciling(
            container.database, container.endpoints, container.clock, settings.live_calls_seconds
        )
        container.keep_running(reconciling, "reconciling")
        container.keep_running(keep_tidy(container), "tidy")
        readers = {consumer.name: consumer.stream for consumer in running}
        container.keep_running(keep_house(container, readers), "house")
        keep_what_is_loaded()
        log.info("worker runs")
        await stop.wait()


def consumers(
    container: Container, parser: MailParser, verifier: MailParser | None = None
) -> Sequence[Consumer]:
    """What this process reads, each by a runner of its own."""
    servers = dns_servers(container.settings.dns_servers)
    mail_reader = MailReader(container.blobs, parser, container.cipher, verifier, servers)
    limits = Limits(live_calls_seconds=container.settings.live_calls_seconds)
    timers = Timers(
        container.policies, container.paces, warn_of_silence, partial(tell, container.endpoints), limits
    )
    watch = Watch(container.policies, container.paces, container.clock)
    return (
        Intake(container.policies, container.paces, container.endpoints, mail_reader),
        RoutingWorker(container.policies, timers, watch, container.clock),
    )


def dns_servers(texts: Sequence[str]) -> list[tuple[str, int]]:
    """(address, port) of each: `address` or `address:port`."""
    pairs = [text.rpartition(":") if text.count(":") == 1 else (text, "", "53") for text in texts]
    return [(address, int(port)) for address, _, port in pairs]


def sender(container: Container) -> Sender:
    """Looks as soon as a delivery was committed anywhere."""
    database, cipher, clock = container.database, container.cipher, container.clock
    dispatch = InteractionDispatch(database, container.blobs, container.file_links)
    transport = NetworkTransport(container.http)
    attempts = Attempts(database, cipher, container.endpoints, transport, dispatch, clock)
    made = Sender(database, cipher, attempts, dispatch, clock)
    if isinstance(container.bus, PostgresLog | KafkaLog):
        container.bus.signals.listen(lambda slots: made.wake(dict(slots)))
    return made


def listeners(container: Container) -> Listeners:
    """For the channels that do not call us."""
    return Listeners(
        Parts(
            container.database,
            container.bus,
            container.blobs,
            container.cipher,
            container.endpoints,
            container.clock,
        )
    )


async def keep_tidy(container: Container) -> None:
    """Delete what has served its time, once an hour; several workers may do it at once."""
    while True:
        await _tidy_deliveries(container)
        for tenant in list(container.endpoints.tenants()):
            try:
                async with container.database.transaction(tenant.id) as session:
                    await IdempotentAnswer.forget_old(session)
                    await RefreshSession.forget_old(session, ENDED_SESSIONS_KEPT)
                    await DeliveryKey.prune(session, DELIVERY_KEYS_KEPT)
                    await Receipt.prune(session, DELIVERY_KEYS_KEPT)
                    await Refusal.prune(session, REFUSALS_KEPT)
                await _tidy_exchanges(container, tenant.id)
            except Exception as error:  # the outer shell: the next hour is another chance
                log.warning("not tidied", tenant=tenant.key, error=repr(error)[:200])
        await container.clock.sleep(TIDY_SECONDS)


async def _tidy_deliveries(container: Container) -> None:
    deleted = PRUNED_AT_ONCE
    try:
        while deleted == PRUNED_AT_ONCE:
            async with container.database.transaction() as session:
                deleted = await Delivery.prune(session, container.clock.now(), DELIVERIES_KEPT)
    except Exception as error:  # the outer shell: the next hour is another chance
        log.warning("old deliveries not tidied", error=repr(error)[:200])


async def _tidy_exchanges(container: Container, tenant_id: UUID) -> None:
    deleted = PRUNED_AT_ONCE
    while deleted == PRUNED_AT_ONCE:
        async with container.database.transaction(tenant_id) as session:
            deleted = await Exchange.prune(session, container.clock.now(), EXCHANGES_KEPT)
