#!/usr/bin/env bash
# Starts one image as the cluster would (read-only, without rights or network) and waits until it is healthy.
# Usage: deploy/images/smoke.sh SERVICE IMAGE
set -euo pipefail
service=$1 image=$2
case $service in
  gateway) port=50051 ;; face) port=50052 ;; audio) port=50053 ;; metadata) port=50054 ;; classifier) port=50055 ;; edge) port=52513 ;;
  *) echo "There is no service '$service'." >&2; exit 2 ;;
esac
container=$(docker run --detach --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --network none \
  --env NOTREALLY_MEDIA_URL=file:///tmp/media --env NOTREALLY_DB_PATH=/tmp/notreally.db "$image")
trap 'docker logs "$container"; docker rm --force "$container" > /dev/null' EXIT
for _ in $(seq 90); do
  [ "$(docker inspect --format '{{.State.Running}}' "$container")" = true ] || { echo "$service ended." >&2; exit 1; }
  if [ "$service" = edge ]; then
    docker exec "$container" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port && printf 'GET / HTTP/1.1\r\nHost: edge\r\nAccept: text/html\r\nConnection: close\r\n\r\n' >&3 && grep -q '200 OK' <&3" 2> /dev/null && healthy=yes
  else
    docker exec "$container" python -P -m services.kit.probe "127.0.0.1:$port" && healthy=yes
  fi
  [ -n "${healthy:-}" ] && { echo "$service is healthy."; exit 0; }
  sleep 1
done
echo "$service did not become healthy." >&2
exit 1
