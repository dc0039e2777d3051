"""What the dead held is given back."""

from __future__ import annotations

from musterq.models import Rescued
from musterq.storage.sqlite import rescuing
from musterq.storage.sqlite.reentry import verb
from musterq.storage.sqlite.times import Moment
from musterq.storage.sqlite.verbs.frame import Frame


class RescueVerbs(Frame):
    """The verbs of rescue."""

    @verb
    def rescue_expired(self) -> Rescued:
        now = Moment(self.clock)
        if not self._read(lambda connection: rescuing.has_something_to_rescue(connection, self._is_dead, now)):
            return Rescued()
        return self._write(
            lambda connection: rescuing.rescue_all(connection, self._is_dead, self._liveness.begun, Moment(self.clock))
        )
