"""The settings of credentials and hosts."""

from typing import Annotated, Literal
from urllib.parse import quote_plus, unquote

from msgspec import Meta, field

from tap_cxone.config.definition import SECRET, BaseSettings


class AccessKey(BaseSettings, frozen=True):
    """An access key of a CXone user."""

    key_id: str
    secret: str


class Application(BaseSettings, frozen=True):
    """An application registered with the vendor."""

    client_id: str
    secret: str
    use_basic_auth: bool


class ConnectionSettings(BaseSettings, frozen=True, kw_only=True):
    """The settings of credentials and hosts, which all families share."""

    access_key_id: Annotated[
        str | None,
        Meta(
            title="Access key ID",
            description="Access key ID of a CXone user (My Profile > Access Keys).",
            extra_json_schema=SECRET,
        ),
    ] = None
    access_key_secret: Annotated[
        str | None,
        Meta(
            title="Access key secret",
            description="Secret of the access key. CXone shows it once, when the key is created.",
            extra_json_schema=SECRET,
        ),
    ] = None
    client_id: Annotated[
        str | None,
        Meta(
            title="Client ID",
            description="Client ID of an application registered with NICE. `--test` lists the "
            "families that need it.",
            extra_json_schema=SECRET,
        ),
    ] = None
    client_secret: Annotated[
        str | None,
        Meta(
            title="Client secret",
            description="Secret of the registered application.",
            extra_json_schema=SECRET,
        ),
    ] = None
    client_auth_method: Annotated[
        Literal["client_secret_post", "client_secret_basic"],
        Meta(
            title="Client authentication",
            description="How the application sends its secret, as it was registered: in the form, "
            "or as HTTP Basic.",
        ),
    ] = "client_secret_post"
    region: Annotated[
        str,
        Meta(
            title="Region",
            description="Area of the tenant, such as `na1`, `eu1`, `au1`. It determines the hosts.",
        ),
    ] = "na1"
    tenant: Annotated[
        str | None,
        Meta(
            title="Tenant",
            description="Sub-domain of the tenant, in hosts such as "
            "`https://{tenant}.nicecxone.com`.",
        ),
    ] = None
    base_url: Annotated[
        str | None,
        Meta(
            title="Base URL",
            description="Replaces every host, those of the token endpoints included; for a proxy "
            "or the simulator. It is https, or http to this machine.",
        ),
    ] = None
    allow_insecure: Annotated[
        bool,
        Meta(
            title="Allow http",
            description="Whether `base_url`, `endpoints` and download links may be http to another "
            "machine. Keys, tokens and personal data are then sent unencrypted. For tests in a "
            "closed network only.",
        ),
    ] = False
    endpoints: Annotated[
        dict[str, str],
        Meta(title="Endpoints", description="Replaces single hosts or token URLs."),
    ] = field(default_factory=dict)
    accept_state_of: Annotated[
        tuple[Annotated[str, Meta(pattern="^[0-9a-f]{16}$")], ...],
        Meta(
            title="Accept the state of",
            description="Hashes of former logins or hosts of the tenant, as the refusal of their "
            "state names them. The state of any other tenant or login is refused. With `tenant` "
            "set beforehand, a renewed access key needs no entry.",
        ),
    ] = ()

    @property
    def access_key(self) -> AccessKey | None:
        """Return the access key; None unless both of its halves are set."""
        key_id, secret = _trim(self.access_key_id), _trim(self.access_key_secret)
        if not key_id or not secret:
            return None
        # The vendor's pages show keys URL-encoded (`%3D%3D`); a key itself has no per cent sign.
        return AccessKey(unquote(key_id), unquote(secret))

    @property
    def application(self) -> Application | None:
        """Return the registered application; None unless both of its halves are set."""
        client_id, secret = _trim(self.client_id), _trim(self.client_secret)
        if not client_id or not secret:
            return None
        use_basic_auth = self.client_auth_method == "client_secret_basic"
        return Application(client_id, secret, use_basic_auth)

    @property
    def secrets(self) -> frozenset[str]:
        """Return the credentials, also form-encoded, which no message may contain."""
        key, application = self.access_key, self.application
        values = {key.key_id, key.secret} if key else set()
        values |= {application.client_id, application.secret} if application else set()
        return frozenset(values | set(map(quote_plus, values)))

    def base_url_for(self, family: str, default: str) -> str:
        """Return the host of a family: `endpoints`, else `base_url`, else the vendor's."""
        return (self.endpoints.get(family) or self.base_url or default).rstrip("/")

    def token_url(self, family: str, default: str, path: str) -> str:
        """Return the token URL of a family: `endpoints`, else on `base_url` or the default host."""
        url = self.endpoints.get(f"{family}_token")
        return url or f"{(self.base_url or default).rstrip('/')}{path}"


def _trim(credential: str | None) -> str:
    """Return a credential without white space at its ends, which only copying adds."""
    return (credential or "").strip()
