"""Why a request could not be sent, in words that the user can act on.

Each text is the cause and, behind a semicolon, the remedy; it ends without a full stop.

Words only: whether it was sent is known by the transport. The libraries' own texts are never shown,
they hold addresses, passwords of proxies and personal paths.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..connections import PrivateAddressError, fault_kinds

__all__ = ["ONLINE", "reason"]

ONLINE = "check the internet connection and the address of the profile"


def reason(error: BaseException) -> str:
    """The first row of the table that fits any of the causes, else the fault's own name."""
    causes = list(_causes(error))
    for kind, mark, words in _fault_table():
        if any(isinstance(cause, kind) and mark in str(cause) for cause in causes):
            return words
    return f"no connection came about ({type(error).__name__}); {ONLINE}"


def _fault_table() -> tuple[tuple[type[BaseException], str, str], ...]:
    """Kind of fault, what its text must hold, what to tell. The more particular stand first."""
    kinds = fault_kinds()
    asked, below = kinds.asked, kinds.below
    return (
        (PrivateAddressError, "", "its name leads into a private network"),
        (
            asked.InvalidSchema,
            "SOCKS",
            "a SOCKS proxy is set (HTTPS_PROXY or ALL_PROXY), and the Python package for it is "
            "missing; run `pip install pysocks` with ComfyUI's Python, or set an http:// proxy",
        ),
        (
            asked.InvalidProxyURL,
            "",
            "the proxy that is set (HTTPS_PROXY or ALL_PROXY) is no address; write it as "
            "http://host:port",
        ),
        (
            below.ProxySchemeUnknown,
            "",
            "the proxy that is set (HTTPS_PROXY or ALL_PROXY) is of an unknown kind; write it as "
            "http://host:port",
        ),
        (below.LocationValueError, "", "the address cannot be used; check the profile's address"),
        (asked.InvalidURL, "", "the address cannot be used; check the profile's address"),
        (
            OSError,
            "TLS CA certificate bundle",
            "the certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names are not there; "
            "correct that variable or remove it",
        ),
        (
            kinds.tls.SSLCertVerificationError,
            "",
            "its certificate is not trusted here; check this computer's clock, and where a "
            "company's proxy or a virus scanner reads along, let REQUESTS_CA_BUNDLE name its "
            "certificate",
        ),
        (
            below.ProxyError,
            "",
            "the proxy that is set (HTTPS_PROXY or ALL_PROXY) did not open the connection; check "
            "its address, and its user name and password if it needs them",
        ),
        (kinds.tls.SSLError, "", f"no encrypted connection came about; {ONLINE}"),
        (kinds.sockets.gaierror, "", f"its name was not found; {ONLINE}"),
        (ConnectionRefusedError, "", f"the connection was refused; {ONLINE}"),
        (below.NewConnectionError, "", f"no connection came about; {ONLINE}"),
        (
            TimeoutError,
            "",
            "no answer came in time; check the internet connection, and whether a firewall or a "
            "proxy stands in between",
        ),
        (
            ConnectionError,
            "",
            "the connection was cut; check the internet connection, and whether a firewall or a "
            "proxy stands in between",
        ),
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was made from, in any of the ways that libraries keep it."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    yield from seen
