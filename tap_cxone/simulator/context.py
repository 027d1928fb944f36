"""State that all API families of one simulator share."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from tap_cxone.simulator.faults import FaultScript
from tap_cxone.simulator.links import DownloadLinks
from tap_cxone.simulator.request_log import RequestLog
from tap_cxone.simulator.tokens import TokenStore, jwt

if TYPE_CHECKING:
    from tap_cxone.simulator.clock import Clock
    from tap_cxone.simulator.options import CommonOptions


class ServerContext:
    """CommonOptions, clock, faults, request log, tokens and download links of one simulator.

    Attributes:
        options: The options of the simulator.
        clock: The clock of the simulator.
        faults: The script of faults.
        log: The requests received so far.
        tokens: Tokens of access keys and of users.
        client_tokens: Tokens of a registered application.
        regional_tokens: Tokens of a registered application that name a region.
        links: The presigned links issued so far.
    """

    def __init__(self, options: CommonOptions, clock: Clock) -> None:
        """Create the state of a simulator without past requests."""
        self.options = options
        self.clock = clock
        self.faults = FaultScript()
        self.log = RequestLog()
        token_lifetime = timedelta(seconds=options.token_seconds)
        self.tokens = TokenStore(token_lifetime, clock)
        client_token_lifetime = timedelta(seconds=options.client_token_seconds)
        self.client_tokens = TokenStore(client_token_lifetime, clock)
        make_token = partial(jwt, region=options.token_region)
        self.regional_tokens = TokenStore(token_lifetime, clock, make_token)
        self.links = DownloadLinks(
            options.link_life,
            clock,
            exact=options.link_style == "exact",
            redirects=options.link_redirects,
        )

    def revoke_tokens(self) -> None:
        """Revoke every token issued so far."""
        for tokens in (self.tokens, self.client_tokens, self.regional_tokens):
            tokens.revoke()
