"""Who gets in at all: what both servers put around their application, in one order, from one set of options."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlsplit

from dashboard.doors.accounts import Accounts
from dashboard.doors.body_limit import Application
from dashboard.doors.forwarded import Forwarded, Network, networks
from dashboard.doors.headers import SecurityHeaders, check_ancestors
from dashboard.doors.hosts import HostCheck, Hosts
from dashboard.doors.login import Login

HOSTS: Final = "FERLENS_ALLOW_HOST"
FRAMES: Final = "FERLENS_ALLOW_FRAME"
PROXIES: Final = "FERLENS_PROXY"


@dataclass(frozen=True)
class Doors:
    """What the options say.

    Attributes:
        hosts: the names that the server answers to; may learn more while it runs.
        accounts: who may come in; everybody where there are none.
        proxies: whose ``X-Forwarded-For`` counts.
        ancestors: origins whose pages may show ours in a frame.
        reached: origins that our pages' scripts may ask, besides ours.
        tunnels: hosts under which a public link brings visitors in, by this machine and from https.
    """

    hosts: Hosts
    accounts: Accounts = field(default_factory=lambda: Accounts({}))
    proxies: tuple[Network, ...] = ()
    ancestors: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    tunnels: set[str] = field(default_factory=set)

    @classmethod
    def read(
        cls, arguments: argparse.Namespace, environment: Mapping[str, str], *, host: str, reached: str = ""
    ) -> Self:
        """Return them from the command line and the environment, which add up.

        Args:
            arguments: with ``auth``, ``allow_host``, ``allow_frame`` and ``proxy``.
            environment: with what FERLENS_AUTH, FERLENS_ALLOW_HOST, FERLENS_ALLOW_FRAME and FERLENS_PROXY hold.
            host: the address that is served at.
            reached: an address that our pages' scripts may ask; none where empty.

        Raises:
            UsageError: one of them makes no sense.
        """
        parts = urlsplit(reached)
        return cls(
            Hosts(host, [*arguments.allow_host, *_listed(environment, HOSTS)]),
            Accounts.read(arguments.auth, environment),
            networks([*arguments.proxy, *_listed(environment, PROXIES)]),
            check_ancestors([*arguments.allow_frame, *_listed(environment, FRAMES)]),
            (f"{parts.scheme}://{parts.netloc}",) if parts.netloc else (),
        )

    def open_tunnel(self, host: str) -> None:
        """Answer to a public link's host from now on."""
        self.hosts.allow(host)
        self.tunnels.add(host)

    def around(self, app: Application, *, port: int) -> Application:
        """Return the application with everything before it: headers, proxies, hosts and origins, the login."""
        if self.accounts:
            app = Login(app, self.accounts, cookie=f"ferlens-{port}", framed=bool(self.ancestors))
        app = Forwarded(HostCheck(app, self.hosts), self.proxies, self.tunnels)
        return SecurityHeaders(app, self.ancestors, self.reached)


def _listed(environment: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in environment.get(name, "").split(",") if part.strip()]
