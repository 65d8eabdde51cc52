#!/bin/sh
# Starts the gateway, or what its image is asked for, under a name of this instance alone. On Render every instance has one,
# and no setting can be made of it there; during a deploy the old instance and the new one run side by side.
set -eu
export NOTREALLY_EXECUTOR_ID="${NOTREALLY_EXECUTOR_ID:-${RENDER_INSTANCE_ID:-local}}"
exec python -P -m "$@"
