"""How long an ensemble acknowledges nothing when its leader is killed: paced writers that move to another server when
theirs is lost, as any client would."""

import asyncio
import time

WRITER_COUNT = 9
PACE_S = 0.005  # between an acknowledgement and the next write of the same writer
LEAD_TIME_S = 2.0  # of undisturbed load
WATCH_S = 12.0  # after the kill
CALL_PATIENCE_S = 10.0
OPEN_PATIENCE_S = 1.0
RETRY_S = 0.005


class Record:
    """What the writers saw."""

    def __init__(self):
        self.acknowledged_at = []
        self.losses = []  # (when, member) of connections that ended
        self.is_over = False  # asked besides the cancellation, which wait_for may swallow

    def longest_gap_s(self, since):
        times = sorted(self.acknowledged_at)
        gaps = [(late - early, early) for early, late in zip(times, times[1:]) if late >= since]
        return max(gaps)[0] if gaps else None


async def write_for_ever(ensemble, number, record):
    """Starts at one member; moves on to the next when the connection is lost or nothing comes."""
    key = f"/failover{number}"
    at = number
    while not record.is_over:
        member = ensemble.members[at % len(ensemble.members)]
        client = None
        try:
            client = await asyncio.wait_for(ensemble.client.open(member.client_port), OPEN_PATIENCE_S)
            while not record.is_over:
                await asyncio.wait_for(client.write(key, b"x" * 100), CALL_PATIENCE_S)
                record.acknowledged_at.append(time.monotonic())
                await asyncio.sleep(PACE_S)
        except (OSError, asyncio.TimeoutError):
            if client is not None:
                record.losses.append((time.monotonic(), member))
            at += 1
            await asyncio.sleep(RETRY_S)
        finally:
            if client is not None:
                client.close()


async def kill_under_load(ensemble, leader):
    record = Record()
    for number in range(WRITER_COUNT):
        await ensemble.first_answer(ensemble.members[0], lambda client, n=number: client.create(f"/failover{n}"))
    writers = [asyncio.create_task(write_for_ever(ensemble, number, record)) for number in range(WRITER_COUNT)]
    await asyncio.sleep(LEAD_TIME_S)
    killed_at = time.monotonic()
    leader.process.kill()
    await asyncio.sleep(WATCH_S)
    record.is_over = True
    for writer in writers:
        writer.cancel()
    await asyncio.gather(*writers, return_exceptions=True)
    return record, killed_at


def measure(ensemble):
    """Figures of one fail-over; the ensemble must be complete."""
    leader = ensemble.leader()
    record, killed_at = asyncio.run(kill_under_load(ensemble, leader))
    leader.process.wait()
    gap_s = record.longest_gap_s(killed_at)
    if gap_s is None:
        raise SystemExit(f"{ensemble.name}: no write was acknowledged any more after the leader was killed")
    survivors_lost = sum(1 for when, member in record.losses if when >= killed_at and member is not leader)
    return {"failover_gap_ms": gap_s * 1000, "failover_connections_lost": survivors_lost}
