"""Explains what happened to one message on its way to one user.

    log -> membership -> blocks -> pending effects -> every instance: bus, room, send queues, resumptions

Reads the stores and asks all instances. The content of messages is not shown.
"""

import asyncio
from collections.abc import Sequence

from actors.conversations.peer_checker import BlockChecker
from actors.diagnostics.explanation import SUMMARIES, Explanation, Step, Verdict
from actors.diagnostics.operator_channel import Answers, OperatorChannel
from actors.diagnostics.queries import DeliveryQuery, InstanceDelivery, SessionDelivery
from actors.diagnostics.session_outcome import Outcome, SessionOutcome, decide, find_delivery
from actors.protocol.errors import ApiError
from actors.protocol.objects import ConversationType
from actors.protocol.timestamps import now_ms, rfc3339_from_ms
from storage.contracts.message_log import Entry, MessageEntry
from storage.contracts.messaging import ConversationRecord, MessagingStore

LATER_ENTRIES_READ = 500
"""Entries after the message that are read for later changes of the membership."""

EFFECTS_READ = 1000

VERDICTS = (
    (Outcome.WRITTEN, Verdict.DELIVERED),
    (Outcome.RESUMED, Verdict.RESUMED),
    (Outcome.SHED, Verdict.SHED),
    (Outcome.QUEUED, Verdict.QUEUED),
    (Outcome.LAGGED, Verdict.LAGGED),
    (Outcome.FILTERED, Verdict.FILTERED),
    (Outcome.PENDING, Verdict.PENDING),
    (Outcome.NOT_IN_ROOM, Verdict.PENDING),
    (Outcome.UNSENT, Verdict.UNSENT),
)
"""Outcomes of sessions, the one that decides first."""

OUTCOME_TEXTS = {
    Outcome.WRITTEN: "written to the connection",
    Outcome.RESUMED: "replayed when the client resumed, with the entries {first} to {last}",
    Outcome.QUEUED: "the client reads slowly; {queued} bytes wait in its send queue, perhaps this entry too",
    Outcome.SHED: "skipped, because the send queue was over its limit: entries {first} to {last}",
    Outcome.LAGGED: "not replayed; the client got `lagged` for the entries {first} to {last}",
    Outcome.FILTERED: "not sent: the client's `intents` exclude messages",
    Outcome.PENDING: "not delivered here yet",
    Outcome.NOT_IN_ROOM: "connected, but not subscribed to this conversation",
    Outcome.LATER: "connected after the entry was delivered here; without a resume it is read over HTTP",
    Outcome.EARLIER: "had ended before the entry was delivered",
    Outcome.UNSENT: "the connection was lost with unsent bytes",
}


class _Findings:
    """The steps found so far."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def add(self, source: str, text: str, instance: str | None = None, at_s: float = 0.0) -> None:
        at = rfc3339_from_ms(round(at_s * 1000)) if at_s else None
        self.steps.append(Step(source, text, instance, at))


class DeliveryExplainer:
    def __init__(self, store: MessagingStore, block_checker: BlockChecker, channel: OperatorChannel) -> None:
        self._store = store
        self._block_checker = block_checker
        self._channel = channel

    async def explain(self, user_id: str, conversation_id: str, seq: int) -> Explanation:
        """Return why the user did or did not get the entry.

        Raises:
            ApiError: conversation.not_found, or server.overloaded.
            Unavailable: a store does not answer.
        """
        record = await self._store.get(conversation_id)
        if record is None:
            raise ApiError("conversation.not_found", "There is no such conversation.")
        entries, answers = await asyncio.gather(
            self._store.read(conversation_id, seq - 1, seq + LATER_ENTRIES_READ),
            self._channel.ask(DeliveryQuery(user_id, conversation_id, seq)),
        )
        instances = [answer for answer in answers.answers if isinstance(answer, InstanceDelivery)]
        entry = entries[0] if entries and entries[0].seq == seq else None
        findings = _Findings()
        _describe_entry(findings, entry, seq, instances, record)
        is_blocked = await self._describe_block(findings, record, user_id)
        if entry is None:
            verdict = _verdict_without_entry(findings, instances, is_blocked=is_blocked)
        else:
            was_member = _describe_membership(findings, record, user_id, entries)
            await self._describe_effects(findings, conversation_id, user_id, entry)
            outcomes = _describe_instances(findings, instances, entry)
            started_later = _describe_later_starts(findings, instances, entry)
            verdict = _verdict(outcomes) if was_member else Verdict.NOT_A_MEMBER
            if verdict is Verdict.OFFLINE and (answers.unanswered or started_later):
                verdict = Verdict.UNKNOWN
        return _explanation(DeliveryQuery(user_id, conversation_id, seq), verdict, answers, findings)

    async def _describe_block(self, findings: _Findings, record: ConversationRecord, user_id: str) -> bool:
        """Report a block in a direct conversation. Groups do not depend on blocks."""
        if record.type != ConversationType.DIRECT or user_id not in record.participants:
            findings.add("blocks", "not a direct conversation of this user; blocks hold no message back")
            return False
        peer = next((member for member in record.participants if member != user_id), None)
        is_blocked = peer is not None and await self._block_checker.load_is_blocked(user_id, peer)
        text = "one of the two users blocked the other: new messages are refused" if is_blocked else "none"
        findings.add("blocks", text)
        return is_blocked

    async def _describe_effects(
        self, findings: _Findings, conversation_id: str, user_id: str, entry: Entry
    ) -> None:
        """Report notifications of mentions and memberships that are not complete."""
        effects = await self._store.list_pending_effects("", EFFECTS_READ)
        pending = [
            effect
            for effect in effects
            if effect.conversation_id == conversation_id and effect.since_seq < entry.seq
        ]
        is_mentioned = isinstance(entry, MessageEntry) and user_id in entry.mentions
        if pending:
            oldest_s = (now_ms() - min(effect.created_at_ms for effect in pending)) / 1000
            text = f"{len(pending)} records are not complete, the oldest for {oldest_s:.0f} s"
        else:
            text = "none: notifications of mentions and memberships are complete"
        findings.add("pending effects", text + ("; the user is mentioned" if is_mentioned else ""))


def _describe_entry(
    findings: _Findings,
    entry: Entry | None,
    seq: int,
    instances: Sequence[InstanceDelivery],
    record: ConversationRecord,
) -> None:
    if entry is None:
        head = max([record.last_seq, *(instance.actor_head for instance in instances)])
        findings.add("log", f"no entry has seq {seq}; the last one known has {head}")
        return
    kind = entry.message_type if isinstance(entry, MessageEntry) else "change of a message"
    deleted = isinstance(entry, MessageEntry) and entry.deleted_at_ms is not None
    text = f"{kind} of {entry.sender_id}" + (", deleted later" if deleted else "")
    findings.add("log", text, at_s=entry.created_at_ms / 1000)


def _describe_membership(
    findings: _Findings, record: ConversationRecord, user_id: str, entries: Sequence[Entry]
) -> bool:
    """Report whether the user was a member at the first of `entries`, from the later changes."""
    is_member = user_id in record.participants
    was_member = is_member
    for entry in entries[1:]:
        membership = entry.membership if isinstance(entry, MessageEntry) else None
        if membership is not None and user_id in (*membership.joined, *membership.left):
            was_member = user_id in membership.left
            change = "left" if was_member else "joined"
            findings.add("membership", f"{change} with entry {entry.seq}", at_s=entry.created_at_ms / 1000)
            return was_member
    text = "a member" if is_member else "not a member"
    if len(entries) > LATER_ENTRIES_READ:
        text += f" now; entries more than {LATER_ENTRIES_READ} after the message were not read"
    findings.add("membership", text)
    return was_member


def _verdict_without_entry(
    findings: _Findings, instances: Sequence[InstanceDelivery], *, is_blocked: bool
) -> Verdict:
    codes = set()
    for instance in instances:
        for event in instance.events:
            if event.kind == "refused":
                codes.add(event.detail)
                text = f"a command of {event.subject} was refused with `{event.detail}`"
                findings.add("conversation", text, instance.instance, event.at_s)
    if "user.blocked" in codes or (is_blocked and not codes):
        return Verdict.BLOCKED
    return Verdict.REFUSED if codes else Verdict.NOT_STORED


def _describe_instances(
    findings: _Findings, instances: Sequence[InstanceDelivery], entry: Entry
) -> list[SessionOutcome]:
    outcomes = []
    for instance in instances:
        _describe_bus(findings, instance, entry)
        for session in instance.sessions:
            outcome = decide(session, instance, entry.seq, entry.created_at_ms / 1000)
            outcomes.append(outcome)
            _describe_session(findings, instance, session, outcome)
    return outcomes


def _describe_later_starts(findings: _Findings, instances: Sequence[InstanceDelivery], entry: Entry) -> bool:
    """Report instances that started after the entry was stored, and return whether there are any."""
    later = [one for one in instances if one.started_at_s > entry.created_at_ms / 1000]
    for one in later:
        text = "started after the entry was stored; the records of an instance that it replaced are gone"
        findings.add("instance", text, one.instance, one.started_at_s)
    return bool(later)


def _describe_bus(findings: _Findings, instance: InstanceDelivery, entry: Entry) -> None:
    name, seq = instance.instance, entry.seq
    for event in instance.events:
        match event.kind:
            case "stored" | "duplicate" if event.number_1 == seq:
                findings.add("log", f"stored here after {event.number_2} ms", name, event.at_s)
            case "received":
                findings.add("bus", f"received from {event.subject}", name, event.at_s)
            case "repaired" if event.number_1 <= seq <= event.number_2:
                findings.add("bus", "missed on the bus and read from the log", name, event.at_s)
    if not instance.bus_is_connected:
        findings.add("bus", "not connected", name)
    if instance.delivered_seq < 0:
        findings.add("room", "no member of the conversation is connected here", name)
        return
    delivered_at_s = find_delivery(instance, seq)
    text = f"delivered up to {instance.delivered_seq}, to {instance.room_sessions} sessions"
    if not delivered_at_s:
        is_recorded = entry.created_at_ms / 1000 > instance.recorded_since_s
        text += (
            "; this entry not from here" if is_recorded else "; this entry's time is not recorded any more"
        )
    findings.add("room", text, name, delivered_at_s)


def _describe_session(
    findings: _Findings, instance: InstanceDelivery, session: SessionDelivery, outcome: SessionOutcome
) -> None:
    text = OUTCOME_TEXTS[outcome.outcome].format(
        first=outcome.first, last=outcome.last, queued=session.queued_bytes
    )
    if outcome.by_time:
        text += " (by the times of connection and entry)"
    state = "ended" if session.closed_at_s else "live"
    findings.add(f"session {session.number}, {state}", text, instance.instance, outcome.at_s)
    for event in session.events:
        if event.kind in {"resumed", "resync", "closed", "closed_by_client"}:
            reason = f" {event.detail}" if event.detail else ""
            code = f" ({event.number_1})" if event.kind == "closed" else ""
            text = f"{event.kind}{reason}{code}"
            findings.add(f"session {session.number}", text, instance.instance, event.at_s)


def _verdict(outcomes: Sequence[SessionOutcome]) -> Verdict:
    found = {outcome.outcome for outcome in outcomes}
    return next((verdict for outcome, verdict in VERDICTS if outcome in found), Verdict.OFFLINE)


def _explanation(
    query: DeliveryQuery, verdict: Verdict, answers: Answers, findings: _Findings
) -> Explanation:
    return Explanation(
        query.user_id,
        query.conversation_id,
        query.seq,
        verdict,
        SUMMARIES[verdict],
        complete=answers.instances_known and not answers.unanswered,
        instances_answered=[answer.instance for answer in answers.answers],
        instances_unanswered=answers.unanswered,
        steps=findings.steps,
    )
