#!/bin/sh
# Starts Envoy with what only the place it runs in knows.
#   NOTREALLY_GATEWAY_TARGET     host:port of the gateway; a name stands for all its addresses (default gateway:50051)
#   NOTREALLY_TRUSTED_PROXIES    proxies in front of it that add the address they see to x-forwarded-for (default 0)
#   NOTREALLY_EDGE_TLS           1: TLS with the certificate in /tls (tls.crt, tls.key), read anew when it changes
#   NOTREALLY_TLS_DIR            folder with tls.crt, tls.key and ca.crt for mutual TLS with the gateway, whose certificate has
#                                the name in NOTREALLY_GATEWAY_TARGET; read anew when they change
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

# The root file system is read-only; /tmp is not.
scratch=${TMPDIR:-/tmp}

# As Secrets of their own, so that they are read anew when the folder changes.
to_gateway="{ name: envoy.transport_sockets.raw_buffer, typed_config: { \"@type\": $types.raw_buffer.v3.RawBuffer } }"
if [ -n "${NOTREALLY_TLS_DIR:-}" ]; then
  case $NOTREALLY_TLS_DIR in
    *[!A-Za-z0-9./_-]*)
      echo "NOTREALLY_TLS_DIR must be a plain path, not '$NOTREALLY_TLS_DIR'." >&2
      exit 2 ;;
  esac
  # One to a file: Envoy takes no more.
  secret() {
    cat > "$scratch/gateway-$1.yaml" <<EOF
resources:
- "@type": $types.tls.v3.Secret
  name: $1
  $2
EOF
    echo "{ name: $1, sds_config: { path_config_source: { path: $scratch/gateway-$1.yaml } } }"
  }
  folder=$NOTREALLY_TLS_DIR
  watched="watched_directory: { path: $folder }"
  own=$(secret own "tls_certificate: { certificate_chain: { filename: $folder/tls.crt }, \
    private_key: { filename: $folder/tls.key }, $watched }")
  authority=$(secret authority "validation_context: { trusted_ca: { filename: $folder/ca.crt }, $watched }")
  to_gateway="{ name: envoy.transport_sockets.tls, typed_config: { \"@type\": $types.tls.v3.UpstreamTlsContext, \
sni: ${gateway%:*}, common_tls_context: { alpn_protocols: [h2], tls_params: { tls_minimum_protocol_version: TLSv1_2 }, \
tls_certificate_sds_secret_configs: [ $own ], combined_validation_context: { \
validation_context_sds_secret_config: $authority, default_validation_context: { \
match_typed_subject_alt_names: [ { san_type: DNS, matcher: { exact: ${gateway%:*} } } ] } } } } }"
fi

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

config=$scratch/envoy.yaml
sed -e "s|@gateway_host@|${gateway%:*}|" -e "s|@gateway_port@|${gateway##*:}|" -e "s|@transport_socket@|$socket|" \
  -e "s|@gateway_transport@|$to_gateway|" -e "s|@trusted_proxies@|$proxies|" \
  -e "s|@collector_host@|${collector%:*}|" -e "s|@collector_port@|${collector##*:}|" -e "s|@traced_percent@|$percent|" \
  "$here/$source" > "$config"
exec envoy --config-path "$config" --concurrency "${NOTREALLY_EDGE_THREADS:-2}" --disable-hot-restart \
  --service-cluster notreally-edge --service-node "$(hostname)" --log-level warning --component-log-level misc:error \
  --log-format '{"timestamp":"%Y-%m-%dT%T.%fZ","level":"%l","event":"%j"}' "$@"
