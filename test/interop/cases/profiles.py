"""Server configurations. One pair of servers is started for each profile that a chosen case names."""

from scenario import SUPER_DIGEST

SUPER = {"DigestAuthenticationProvider.superDigest": SUPER_DIGEST}

PROFILES = {
    # Almost all cases. The scan for containers is far away, so that nothing happens on its own.
    "main": dict(SUPER, **{"znode.container.checkIntervalMs": 3600000}),
    # Short ticks for what time brings: expiry, and reaping of containers and TTL nodes.
    "fast": dict(SUPER, tickTime=200, extendedTypesEnabled="true", **{"znode.container.checkIntervalMs": 200}),
    # TTL nodes that nobody reaps.
    "ttl": dict(SUPER, extendedTypesEnabled="true", **{"znode.container.checkIntervalMs": 3600000}),
    "quota": dict(SUPER, enforceQuota="true"),
    # Limits that a test can reach, and the default whitelist.
    "limits": dict(
        SUPER,
        maxClientCnxns=4,
        minSessionTimeout=3000,
        maxSessionTimeout=7000,
        globalOutstandingLimit=5,
        reconfigEnabled="true",
        **{"4lw.commands.whitelist": "ruok, srvr", "jute.maxbuffer": 4096},
    ),
    "enforced-auth": dict(SUPER, **{"enforce.auth.enabled": "true", "enforce.auth.schemes": "digest"}),
    "no-acl": dict(SUPER, skipACL="yes", **{"4lw.commands.whitelist": "srvr"}),
}
