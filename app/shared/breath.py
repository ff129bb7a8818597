"""What Valkey is told after a commit, all of it in one breath: it may be slow to answer.

Bells that ring, so that jobs look; and what changed, so that open pages look again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from app.extensions import valkey
from app.shared import work

# While a job is queued it need not be queued again; a lost one is rung anew after this time.
BELL_SECONDS = 30
# A page that was away longer than this many messages, or this long, looks again anyway.
KEPT, KEPT_SECONDS = 500, 3600
# Returns the places of the bells that did not ring yet. One that would never end is none of ours:
# it must not silence the next.
TOLD = f"""
local rung = {{}}
local bells = tonumber(ARGV[1])
for n = 1, bells do
    if redis.call('SET', KEYS[n], 1, 'NX', 'EX', {BELL_SECONDS}) then
        rung[#rung + 1] = n
    elseif redis.call('TTL', KEYS[n]) == -1 then
        redis.call('DEL', KEYS[n])
    end
end
for n = bells + 1, #KEYS do
    redis.call('XADD', KEYS[n], 'MAXLEN', '~', {KEPT}, '*', 'topic', ARGV[n - bells + 1])
    redis.call('EXPIRE', KEYS[n], {KEPT_SECONDS})
end
return rung
"""


class Breath:
    """What one transaction has to tell: jobs to queue by their bells, and topics by streams."""

    def __init__(self) -> None:
        self.bells: dict[str, Callable[[], None]] = {}
        self.words: set[tuple[str, str]] = set()

    def __call__(self) -> None:
        """Tell it."""
        tell(self.bells, self.words)


def of_transaction() -> Breath:
    """Return what the open transaction tells after its commit, to add to."""
    return work.gathered("breath", Breath)


def tell(
    bells: Mapping[str, Callable[[], None]], words: AbstractSet[tuple[str, str]] = frozenset()
) -> None:
    """Ring bells, queueing the jobs of those that did not ring yet, and say what changed.

    RedisError without Valkey.
    """
    names, said = list(bells), sorted(words)
    keys = [f"bell:{name}" for name in names] + [stream for stream, _ in said]
    topics = [topic for _, topic in said]
    for place in valkey.run(TOLD, keys, [len(names), *topics]):
        bells[names[place - 1]]()
