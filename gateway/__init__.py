"""The gateway: uploads, analyses as durable workflows, fan-out to the services, watching, the public API."""
