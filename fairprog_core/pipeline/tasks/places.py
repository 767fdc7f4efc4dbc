"""`StudyPlaces`: what the leader of one of several studies knows of the machine's places, one for each helper."""

from multiprocessing.connection import Connection

WANTED = "wanted"  # what is sent to ask for a place; to give one back, its number is sent


class StudyPlaces:
    """The places of one study. More are asked for, and given back, over a line; see `series.pool`.

    Args:
        line: to the process that gives places away.
        first: the place that the leading process has filled itself, and leaves to a helper.
    """

    def __init__(self, line: Connection, first: int) -> None:
        self.line = line
        self._at_hand = [first]
        self._n_filled = 0
        self._is_asked = False

    def take(self) -> int | None:
        """A free place; None: there is none, and the line can be read as soon as one is given."""
        self._read()
        if self._at_hand:
            self._n_filled += 1
            return self._at_hand.pop()
        if not self._is_asked:
            self._is_asked = True
            self.line.send(WANTED)
        return None

    def give_back(self, place: int) -> None:
        """Leave a place to others."""
        self._n_filled -= 1
        self.line.send(place)

    def lose(self, place: int) -> None:
        """Note that the helper in a place was killed: the place stays empty, as memory may be short.

        The study's only one is filled again.
        """
        self._n_filled -= 1
        if self._n_filled == 0:
            self._at_hand.append(place)

    def give_back_unused(self) -> None:
        """Leave to others what was asked for and is not needed any more."""
        self._read()
        while self._at_hand:
            self.line.send(self._at_hand.pop())

    def _read(self) -> None:
        while self.line.poll():
            self._at_hand.append(self.line.recv())
            self._is_asked = False
