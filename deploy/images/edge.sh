#!/bin/sh
# Starts Envoy with what only the place it runs in knows.
#   NOTREALLY_GATEWAY_TARGET     host:port of the gateway; a name stands for all its addresses (default gateway:50051)
#   NOTREALLY_TRUSTED_PROXIES    proxies in front of it that add the address they see to x-forwarded-for (default 0)
#   NOTREALLY_EDGE_TLS           1: TLS with the certificate in /tls (tls.crt, tls.key), read anew when it changes
#   OTEL_EXPORTER_OTLP_ENDPOINT  http://host:port of a collector of traces; none without it
#   OTEL_TRACES_SAMPLER_ARG      the share of calls to trace, where OTEL_TRACES_SAMPLER is one of a ratio
set -eu
here=$(dirname "$0")

# host:port, and nothing that means something to sed or YAML.
check() {
  case $2 in
    *[!A-Za-z0-9.:_-]* | *:*:* | :* | *: | *:*[!0-9]*) ;;
    *:*) return ;;
  esac
  echo "$1 must be host:port, not '$2'." >&2
  exit 2
}

gateway=${NOTREALLY_GATEWAY_TARGET:-gateway:50051}
check NOTREALLY_GATEWAY_TARGET "$gateway"

proxies=${NOTREALLY_TRUSTED_PROXIES:-0}
case $proxies in
  *[!0-9]* | ???*)
    echo "NOTREALLY_TRUSTED_PROXIES must be a number below 100, not '$proxies'." >&2
    exit 2 ;;
esac

types=type.googleapis.com/envoy.extensions.transport_sockets
case ${NOTREALLY_EDGE_TLS:-0} in
  1) socket="{ name: envoy.transport_sockets.tls, typed_config: { \"@type\": $types.tls.v3.DownstreamTlsContext, \
common_tls_context: { alpn_protocols: [h2, http/1.1], tls_params: { tls_minimum_protocol_version: TLSv1_2 }, \
tls_certificate_sds_secret_configs: [ { name: edge, sds_config: { path_config_source: { path: $here/tls.yaml } } } ] } } }" ;;
  *) socket="{ name: envoy.transport_sockets.raw_buffer, typed_config: { \"@type\": $types.raw_buffer.v3.RawBuffer } }" ;;
esac

source=envoy.yaml collector=none:0 percent=100
if [ -n "${OTEL_EXPORTER_OTLP_ENDPOINT:-}" ]; then
  source=envoy.traced.yaml
  collector=${OTEL_EXPORTER_OTLP_ENDPOINT#http://}
  check OTEL_EXPORTER_OTLP_ENDPOINT "${collector%/}"
  collector=${collector%/}
  case ${OTEL_TRACES_SAMPLER:-} in
    *traceidratio) percent=$(awk -v share="${OTEL_TRACES_SAMPLER_ARG:-1}" 'BEGIN { printf "%g", 100 * share }') ;;
  esac
fi

# The root file system is read-only; /tmp is not.
config=${TMPDIR:-/tmp}/envoy.yaml
sed -e "s|@gateway_host@|${gateway%:*}|" -e "s|@gateway_port@|${gateway##*:}|" -e "s|@transport_socket@|$socket|" \
  -e "s|@trusted_proxies@|$proxies|" \
  -e "s|@collector_host@|${collector%:*}|" -e "s|@collector_port@|${collector##*:}|" -e "s|@traced_percent@|$percent|" \
  "$here/$source" > "$config"
exec envoy --config-path "$config" --concurrency "${NOTREALLY_EDGE_THREADS:-2}" --disable-hot-restart \
  --service-cluster notreally-edge --service-node "$(hostname)" --log-level warning --component-log-level misc:error \
  --log-format '{"timestamp":"%Y-%m-%dT%T.%fZ","level":"%l","event":"%j"}' "$@"
