"""Who may come in: users with passwords, from a file or the environment; and how wrong tries slow down."""

from __future__ import annotations

import hmac
import os
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final, Self

from engine.errors import UsageError

VARIABLE: Final = "FERLENS_AUTH"
"""Holds USER:PASSWORD."""
LARGEST_BYTES: Final = 64 * 1024
"""Of a file of users."""

FREE_TRIES: Final = 3
"""Wrong ones of an address that cost no wait."""
LONGEST_WAIT: Final = 300.0
"""Seconds after a wrong try; the wait doubles from one second on."""
FORGOTTEN_SECONDS: Final = 3_600.0
"""After so long without a wrong try an address begins anew."""
ADDRESSES: Final = 10_000
"""Remembered; beyond that the one that was quiet longest is forgotten."""
_IPV6_NETWORK_BITS: Final = 64  # one visitor's router hands out as many addresses as it likes


@dataclass(frozen=True)
class Accounts:
    """Users and their passwords; nobody where there are none, and then there is no login at all.

    Attributes:
        passwords: by user.
    """

    passwords: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.passwords)

    @classmethod
    def read(cls, file: str | None, environment: Mapping[str, str]) -> Self:
        """Return those of ``--auth FILE`` (a line ``USER:PASSWORD`` each) or of the variable FERLENS_AUTH.

        Raises:
            UsageError: there are none in what is named, or a line is none.
        """
        if file is not None:
            lines = [line for line in _text_of(file).splitlines() if line.strip()]
            where = "the file of --auth"
        elif VARIABLE in environment:
            lines, where = [environment[VARIABLE]], VARIABLE
        else:
            return cls({})
        passwords: dict[str, str] = {}
        for line in lines:
            user, colon, password = line.partition(":")
            if not (user.strip() and colon and password):
                raise UsageError(f"Expected USER:PASSWORD in {where}, got a line without one of the two; write both.")
            passwords[user.strip()] = password
        if not passwords:
            raise UsageError(f"Expected a line USER:PASSWORD in {where}, but it is empty; write one.")
        return cls(passwords)

    def lets_in(self, user: str, password: str) -> bool:
        """Return whether they fit; a user who is not known takes as long as one who is."""
        known = self.passwords.get(user, "")
        fits = hmac.compare_digest(password.encode("utf-8", "replace"), known.encode("utf-8", "replace"))
        return fits and user in self.passwords


def _text_of(file: str) -> str:
    path = Path(file).expanduser()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError("Expected --auth as a regular file, but it is none; name a file with USER:PASSWORD.")
            return opened.read(LARGEST_BYTES).decode("utf-8")
    except (OSError, ValueError) as error:
        if ":" in file:
            raise UsageError(
                "Expected --auth as the name of a file that holds USER:PASSWORD, got what looks like a password; "
                f"anybody on this machine can read a command line, so write it to a file, or to {VARIABLE}."
            ) from error
        raise UsageError(
            f"Expected --auth as a text file that holds USER:PASSWORD, but '{path.name[:80]}' cannot be read as one; "
            "check its name and its rights."
        ) from error


class WrongTries:
    """Wrong logins by address, and how long each must wait before its next try; safe to share between threads.

    Args:
        clock: seconds that never run backwards.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_seconds(self, address: str) -> float:
        """Return 0 where the address may try now, else after how many seconds."""
        with self._lock:
            count, last = self._tries.get(_network(address), (0, 0.0))
            if count <= FREE_TRIES:
                return 0.0
            wait = min(LONGEST_WAIT, 2.0 ** (count - FREE_TRIES - 1))
            return max(0.0, last + wait - self._clock())

    def note(self, address: str) -> None:
        """Count a wrong try."""
        with self._lock:
            now = self._clock()
            count, last = self._tries.pop(_network(address), (0, now))
            self._tries[_network(address)] = (1 if now - last > FORGOTTEN_SECONDS else count + 1, now)
            while len(self._tries) > ADDRESSES:
                self._tries.popitem(last=False)

    def forget(self, address: str) -> None:
        """Begin anew: it came in."""
        with self._lock:
            self._tries.pop(_network(address), None)


def _network(address: str) -> str:
    """Return the address, of version 6 its network alone."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Address(int(parsed) >> _IPV6_NETWORK_BITS << _IPV6_NETWORK_BITS))
    return address
