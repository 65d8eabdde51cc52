"""The gateway: uploads, analyses as durable workflows, fan-out to the services, watching, the public API."""

import services as services  # before anything imports structlog: it sees to it that this is done cheaply
