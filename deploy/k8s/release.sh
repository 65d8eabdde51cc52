#!/usr/bin/env bash
# Brings one release into the cluster that kubectl points at: the servers one replica after another, new gateways once the tables are ready.
# Usage: deploy/k8s/release.sh IMAGES VERSION [OVERLAY]     such as: release.sh registry.example/notreally 1.2.3
set -euo pipefail
images=${1:?where the images are} version=${2:?which version} overlay=${3:-production}
if [[ $images =~ [[:upper:]] ]]; then
  echo "Names of images have no capitals: write $(tr '[:upper:]' '[:lower:]' <<< "$images") for $images." >&2
  exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)

# In a copy, so that the working tree stays as it is.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -R "$here/." "$copy"
cd "$copy"
mkdir release
{
  printf 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [../overlays/%s]\nimages:\n' "$overlay"
  for service in face audio metadata classifier gateway edge; do
    name=$(sed -n "s|^- { name: notreally/$service, newName: \([^,]*\),.*|\1|p" "overlays/$overlay/kustomization.yaml")
    printf -- '- { name: %s, newName: %s, newTag: "%s" }\n' "${name:-notreally/$service}" "$images/$service" "$version"
  done
} > release/kustomization.yaml
kubectl kustomize release > release.yaml
[ "${DRY_RUN:-}" = 1 ] && { cat release.yaml; exit 0; }

namespace=(--namespace notreally)
# A job cannot be changed, only made anew.
kubectl delete job migrate "${namespace[@]}" --ignore-not-found
kubectl apply --filename release.yaml
kubectl wait job/migrate "${namespace[@]}" --for=condition=complete --timeout=15m
for server in deployment/{face,audio,metadata,classifier,edge} statefulset/gateway; do
  kubectl rollout status "$server" "${namespace[@]}" --timeout=15m
done
