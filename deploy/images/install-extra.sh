#!/bin/sh
# Installs the packages of one extra of pyproject.toml into /opt/venv, at the versions and hashes of requirements.lock.
# Usage: install-extra.sh EXTRA
set -eu
uv venv --quiet --python /usr/local/bin/python /opt/venv
uv pip install --quiet --python /opt/venv/bin/python -r pyproject.toml --extra "$1" --constraint requirements.lock
# Tests and sources that packages carry along; nothing imports them.
find /opt/venv -depth -type d \( -name tests -o -name test \) -exec rm -rf {} +
find /opt/venv -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.hpp' \) -delete
# Models of mediapipe for hands and bodies.
find /opt/venv -path '*/mediapipe/modules/*' \( -path '*/hand_*' -o -path '*/palm_*' -o -path '*/pose_*' \) -name '*.tflite' -delete
