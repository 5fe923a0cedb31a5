"""Calls that cost nothing: repeated until they answer, or until patience is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .answers import refusal, words
from .profile import Profile
from .retry import Pacing, backoff, retry_after
from .service_errors import GenvrError, ServiceDown
from .transport import Exchange, NoAnswer, NotSent, Reply, Transport
from .transport_errors import ONLINE

__all__ = ["FREE", "FreeCalls", "asked_wait", "unreachable"]

FREE = "This call is free, and tasks that were paid for are kept."
_LEAST_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class FreeCalls:
    """patience_s: how long a call is repeated. Thread-safe."""

    profile: Profile
    transport: Transport
    pacing: Pacing
    patience_s: float

    def ask(
        self,
        exchange: Exchange,
        should_stop: Callable[[], bool],
        what: str,
        wanted: tuple[int, ...] = (),
    ) -> Reply:
        """Repeat a free call until it answers; codes in `wanted` are answers too."""
        deadline = self.pacing.monotonic() + self.patience_s
        refused_key, attempt = 0, 0
        while True:
            reply = self._attempt(exchange, should_stop)
            if isinstance(reply, Reply):
                if reply.status in wanted or _usable(reply, exchange):
                    return reply
                if _definite(reply):
                    refused_key += reply.status == 401
                    # Good keys are refused once in a while.
                    if reply.status != 401 or refused_key > 1:
                        raise refusal(reply, self.profile.redactor, what, FREE)
            attempt += 1
            left = deadline - self.pacing.monotonic()
            if left <= 0:
                raise self._gave_up(reply, what)
            # A service that asks for more patience than there is gets all of it, and one more try.
            self.pacing.wait(
                min(asked_wait(reply, attempt, self.pacing.clock()), left), should_stop
            )

    def _attempt(
        self, exchange: Exchange, should_stop: Callable[[], bool]
    ) -> Reply | NotSent | NoAnswer:
        try:
            return self.transport.send(exchange, should_stop)
        except (NotSent, NoAnswer) as error:
            return error

    def _gave_up(self, reply: Reply | NotSent | NoAnswer, what: str) -> GenvrError:
        if not isinstance(reply, Reply):
            money = "Asking again costs nothing."
            return ServiceDown(unreachable(self.profile, reply, money))
        if reply.status == 429:
            return refusal(reply, self.profile.redactor, what, FREE)
        said = self.profile.redactor(words(reply), 160)
        return ServiceDown(
            f'GenVR does not work at the moment: {what} was answered with "{said}" (code '
            f"{reply.status}) for {self.patience_s:.0f} s. Try again later; tasks that were "
            "already paid for are kept and picked up for free."
        )


def asked_wait(reply: Reply | NotSent | NoAnswer, attempt: int, now: float) -> float:
    """Seconds to wait before the next try, as long as the service asks for where it does."""
    header = reply.headers.get("retry-after") if isinstance(reply, Reply) else None
    asked = retry_after(header, now)
    # "At once", or a moment that is over on our clock, is no leave to hammer.
    return backoff(attempt) if asked is None else max(asked, _LEAST_WAIT_S, backoff(attempt))


def _usable(reply: Reply, exchange: Exchange) -> bool:
    """A 2xx with a JSON body; a PUT has no body."""
    if not 200 <= reply.status < 300:
        return False
    return exchange.method == "PUT" or isinstance(reply.json(), dict | list)


def _definite(reply: Reply) -> bool:
    return 300 <= reply.status < 500 and reply.status not in (408, 429)


def unreachable(profile: Profile, why: NotSent | NoAnswer, money: str) -> str:
    """The sentence for a service that does not answer; money: what it means for the credits."""
    said = str(why) if isinstance(why, NotSent) else f"no answer comes back ({why}); {ONLINE}"
    return f"GenVR cannot be reached at {profile.base}: {said}, then run again. {money}"
