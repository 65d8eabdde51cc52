#!/bin/sh
# The contract's Python code, Envoy's descriptor and the description of REST, into gen/: what `make proto` makes for
# development, without the types.
# Usage: generate.sh VENV
set -eu
tools=$1
site=$("$tools/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
mkdir -p gen/python/notreally/v1 gen/third_party/google/api gen/third_party/google/rpc
for name in annotations http httpbody field_behavior; do cp "$site/google/api/$name.proto" gen/third_party/google/api/; done
for name in status error_details; do cp "$site/google/rpc/$name.proto" gen/third_party/google/rpc/; done
"$tools/bin/python" -m grpc_tools.protoc -Iprotos -Igen/third_party \
  --python_out=gen/python --grpc_python_out=gen/python protos/notreally/v1/*.proto
PATH="$tools/bin:$PATH" buf build --output gen/descriptor.pb
"$tools/bin/python" "$(dirname "$0")/openapi.py" gen/descriptor.pb gen/python/notreally/openapi.json
touch gen/python/notreally/__init__.py gen/python/notreally/v1/__init__.py
