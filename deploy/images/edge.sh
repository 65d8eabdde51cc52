#!/bin/sh
# Starts Envoy with what only the place it runs in knows: where the gateway is, and whether to speak TLS.
#   NOTREALLY_GATEWAY_TARGET  host:port of the gateway; a name stands for all its addresses (default gateway:50051)
#   NOTREALLY_EDGE_TLS        1: TLS with the certificate in /tls (tls.crt, tls.key), read anew when it changes
set -eu
gateway=${NOTREALLY_GATEWAY_TARGET:-gateway:50051}
case $gateway in
  *[!A-Za-z0-9.:_-]* | *:*:* | :* | *:) valid= ;;
  *:*[!0-9]*) valid= ;;
  *:*) valid=yes ;;
  *) valid= ;;
esac
if [ -z "$valid" ]; then
  echo "NOTREALLY_GATEWAY_TARGET must be host:port, not '$gateway'." >&2
  exit 2
fi
types=type.googleapis.com/envoy.extensions.transport_sockets
case ${NOTREALLY_EDGE_TLS:-0} in
  1) socket="{ name: envoy.transport_sockets.tls, typed_config: { \"@type\": $types.tls.v3.DownstreamTlsContext, \
common_tls_context: { alpn_protocols: [h2, http/1.1], tls_params: { tls_minimum_protocol_version: TLSv1_2 }, \
tls_certificate_sds_secret_configs: [ { name: edge, sds_config: { path_config_source: { path: ${0%/*}/tls.yaml } } } ] } } }" ;;
  *) socket="{ name: envoy.transport_sockets.raw_buffer, typed_config: { \"@type\": $types.raw_buffer.v3.RawBuffer } }" ;;
esac
# The root file system is read-only; /tmp is not.
config=${TMPDIR:-/tmp}/envoy.yaml
sed -e "s|@gateway_host@|${gateway%:*}|" -e "s|@gateway_port@|${gateway##*:}|" -e "s|@transport_socket@|$socket|" \
  "${0%/*}/envoy.yaml" > "$config"
exec envoy --config-path "$config" --concurrency "${NOTREALLY_EDGE_THREADS:-2}" --disable-hot-restart \
  --log-level warning --component-log-level misc:error \
  --log-format '{"timestamp":"%Y-%m-%dT%T.%fZ","level":"%l","event":"%j"}' "$@"
