"""The Shared Signals transmitter put together: its topics, its streams, its endpoints.

Owns the order in which the parts begin and end, and what is required before anything begins. Must
never create a topic: whoever sets up a cluster does.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiokafka.errors import KafkaError

from agents.kafka_connection import connected, kafka_options
from agents.lane.kafka.client import KafkaLogs
from agents.lane.log import LogFailure
from agents.lane.port import Partition
from agents.metrics.at_work import AtWork
from agents.settings import Settings
from agents.signals.access_tokens import AccessTokens
from agents.signals.api import Api, Ends, Limits
from agents.signals.callers import Callers
from agents.signals.endpoints import Endpoints
from agents.signals.feed import FeedSource
from agents.signals.poll_stream import PollStreams
from agents.signals.push_stream import Backoff, Pusher
from agents.signals.push_streams import PushStreams
from agents.signals.pushing import push_client
from agents.signals.server import serve
from agents.signals.settings import SharedSignalsSettings
from agents.signals.signing_keys import CurrentSigningKeys
from agents.signals.stream_requests import StreamRules
from agents.signals.stream_store import open_stream_store
from agents.signals.tokens import TokenMaker
from events.errors import Misconfigured, TransientFailure
from schemas.signals import SignalPolicy
from schemas.topics import TopicName, Topology, topology


@dataclass(frozen=True, slots=True, kw_only=True)
class _Required:
    """The settings that have no default, all of them set."""

    issuer: str
    keys_file: Path
    token_issuer: str
    token_keys_file: Path


class Transmitter:
    """One process of the transmitter; start as many as you like."""

    def __init__(self, settings: Settings, at_work: AtWork) -> None:
        """Read every file that is needed; nothing is connected before `run`.

        Args:
            settings: of this process.
            at_work: told while requests are answered and the streams are known.

        Raises:
            Misconfigured: a setting is missing, or a file cannot be used.
        """
        signals = settings.signals
        required = _required(signals)
        self._settings: Final = settings
        self._at_work: Final = at_work
        self._topics: Final[Topology] = topology(settings.application.name)
        self._endpoints: Final = Endpoints(required.issuer)
        self._token_issuer: Final = required.token_issuer
        self._keys: Final = CurrentSigningKeys(required.keys_file)
        self._access: Final = AccessTokens(
            required.token_keys_file,
            issuer=required.token_issuer,
            audience=signals.token_audience or required.issuer,
            lifetime_s_max=signals.token_lifetime_s_max,
        )
        self._maker: Final = TokenMaker(
            issuer=required.issuer,
            subject_issuer=signals.subject_issuer or required.issuer,
            offered=signals.offered,
            policy=SignalPolicy(
                credential_type=signals.credential_type,
                session_revoked_for=frozenset(signals.session_revoked_for),
            ),
        )
        self._kafka: Final = kafka_options(settings, self._topics.devices_changelog.name)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then end in good order.

        Raises:
            TransientFailure: Kafka cannot be reached, or fails us.
            Misconfigured: a topic is missing, or the address is taken.
            InvariantBroken: what is stored cannot be read.
        """
        signals, membership = self._settings.signals, self._settings.membership
        topics = self._topics
        # Verdicts first: a decision behind the ends then has a verdict behind them, too.
        read = (topics.verdicts.name, topics.decisions.name)
        kept = topics.signal_streams.name
        async with connected(self._kafka) as logs:
            partitions = await _partitions(logs, (*read, kept))
            client = self._kafka.client()
            async with (
                open_stream_store(client, kept, partitions) as store,
                push_client(signals.push_timeout_s, signals.push_ca_file) as http,
            ):
                source = FeedSource(
                    client=client,
                    application=self._settings.application.name,
                    membership={
                        "session_timeout_ms": int(membership.session_timeout_s * 1000),
                        "heartbeat_interval_ms": int(membership.heartbeat_interval_s * 1000),
                        "rebalance_timeout_ms": int(membership.rebalance_timeout_s * 1000),
                    },
                    decisions=topics.decisions.name,
                    verdicts=topics.verdicts.name,
                    partitions=partitions,
                    maker=self._maker,
                    store=store,
                )
                backoff = Backoff(
                    s_min=signals.backoff_s_min,
                    s_max=signals.backoff_s_max,
                    jitter=random.Random(),  # noqa: S311 - spreads pauses, protects nothing
                )
                polled = PollStreams(source)
                api = self._api(source, polled, _ends(logs, read, partitions))
                pushed = PushStreams(Pusher(source, http, self._keys, backoff))
                serving = serve(api.app(), signals, self._at_work)
                parts = (store.follow(), polled.run(), pushed.run(), serving)
                await _until(stop, *(asyncio.ensure_future(part) for part in parts))

    def _api(self, source: FeedSource, polled: PollStreams, ends: Ends) -> Api:
        signals = self._settings.signals
        return Api(
            endpoints=self._endpoints,
            token_issuer=self._token_issuer,
            rules=StreamRules(
                issuer=self._endpoints.issuer,
                offered=signals.offered,
                subject_format=signals.subject_format,
                push_origins=signals.push_origins,
                verification_interval_s_min=signals.verification_interval_s_min,
            ),
            limits=Limits(
                streams_per_receiver_max=signals.streams_per_receiver_max,
                poll_events_max=signals.poll_events_max,
                poll_wait_s_max=signals.poll_wait_s_max,
            ),
            callers=Callers(self._access, source.store),
            store=source.store,
            polled=polled,
            keys=self._keys,
            reads_verdicts=self._maker.reads_verdicts,
            ends=ends,
        )


def _required(signals: SharedSignalsSettings) -> _Required:
    needed = ("issuer", "keys_file", "token_issuer", "token_keys_file")
    missing = [name for name in needed if getattr(signals, name) is None]
    if missing:
        variables = ", ".join(f"BIOLATCH_SIGNALS__{name.upper()}" for name in missing)
        raise Misconfigured("signals.settings-missing", f"the transmitter needs {variables}")
    return _Required(**{name: getattr(signals, name) for name in needed})


async def _partitions(logs: KafkaLogs, topics: Sequence[TopicName]) -> int:
    """How many partitions the topics have, all of which must be there."""
    try:
        counts = await logs.partition_counts(topics)
    except LogFailure as failure:
        raise TransientFailure("kafka.not-now", str(failure)) from failure
    missing = [topic for topic in topics if topic not in counts]
    if missing:
        raise Misconfigured(
            "topics.missing",
            f"these topics do not exist, or this user may not see them: {', '.join(missing)}. "
            "Run `biolatch topics apply`, on a cluster with ACLs with `--acls`.",
        )
    if len(set(counts.values())) > 1:
        raise Misconfigured(
            "topics.unequal-partitions",
            f"{', '.join(topics)} have different numbers of partitions; run `biolatch topics "
            "repartition`.",
        )
    return counts[topics[0]]


def _ends(logs: KafkaLogs, topics: Sequence[TopicName], partitions: int) -> Ends:
    async def ends() -> dict[str, list[int]]:
        try:
            return {
                topic: [
                    (await logs.offsets(Partition(topic, number)))[1]
                    for number in range(partitions)
                ]
                for topic in topics
            }
        except LogFailure as error:
            raise TransientFailure("signals.ends-unknown", str(error)) from error

    return ends


async def _until(stop: asyncio.Event, *parts: "asyncio.Future[None]") -> None:
    """Run the parts until `stop` is set or one of them ends, which it does with an error only."""
    stopping = asyncio.ensure_future(stop.wait())
    everything: set[asyncio.Future[Any]] = {stopping, *parts}
    try:
        done, _ = await asyncio.wait(everything, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    except KafkaError as error:
        raise TransientFailure("signals.kafka-failed", type(error).__name__) from error
    finally:
        for each in everything:
            each.cancel()
        await asyncio.gather(*everything, return_exceptions=True)
