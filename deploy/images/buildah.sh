#!/usr/bin/env bash
# Builds images with buildah, without a container engine, and starts each until it is healthy.
# Usage: [TAG=dev] deploy/images/buildah.sh [SERVICE…] [-- BUILDAH_OPTION…]   (default: all six; needs root, buildah and runc)
#
# Where no registry of images is reached: deploy/images/stand-ins.sh, and after the `--`
#   --pull-never --build-arg PYTHON_IMAGE=localhost/stand-in/python:3.11 --build-arg ENVOY_IMAGE=localhost/stand-in/envoy:1.40
set -euo pipefail
cd "$(dirname "$0")/../.."
tag=${TAG:-dev} services=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do services+=("$1"); shift; done
[ $# -eq 0 ] || shift
[ ${#services[@]} -gt 0 ] || services=(classifier gateway metadata audio face edge)

# Layers are kept, so that what the images share is made once.
export BUILDAH_LAYERS=${BUILDAH_LAYERS:-true}
for service in "${services[@]}"; do
  buildah build --isolation chroot --network host --file deploy/images/Dockerfile --target "$service" \
    --tag "notreally/$service:$tag" --build-arg VERSION="$tag" "$@" .
  python3 deploy/images/started.py --tag "$tag" "$service"
done
buildah images --filter "reference=localhost/notreally/*:$tag"
