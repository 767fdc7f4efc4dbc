"""A queue in which every visitor has a turn: who sends five requests does not delay another's first one."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Round robin over the visitors, first come, first served within one visitor's items.

    An item may stand in the lines of several visitors; it leaves all of them with its first turn.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, list[T]] = OrderedDict()  # by visitor; whose turn is next is first

    def add(self, visitor: str, item: T) -> None:
        """Put an item at the end of a visitor's line, unless it stands there already."""
        line = self._lines.setdefault(visitor, [])
        if item not in line:
            line.append(item)

    def remove(self, item: T, visitor: str | None = None) -> None:
        """Take an item out of one visitor's line, or out of all lines; an item that is not there is no error."""
        for name in list(self._lines) if visitor is None else [visitor]:
            line = self._lines.get(name, [])
            if item in line:
                line.remove(item)
            if not line:
                self._lines.pop(name, None)

    def pop(self) -> T | None:
        """Take out the item whose turn it is; None where nobody waits."""
        if not self._lines:
            return None
        visitor, line = next(iter(self._lines.items()))
        item = line[0]
        self._lines.move_to_end(visitor)
        self.remove(item)
        return item

    def __iter__(self) -> Iterator[T]:
        """The items in the order in which they will have their turn."""
        rest = FairQueue[T]()
        rest._lines = OrderedDict((visitor, list(line)) for visitor, line in self._lines.items())
        while (item := rest.pop()) is not None:
            yield item

    def __len__(self) -> int:
        """The number of different items."""
        return sum(1 for _ in self)

    def n_of(self, visitor: str) -> int:
        """The number of items in a visitor's line."""
        return len(self._lines.get(visitor, []))
