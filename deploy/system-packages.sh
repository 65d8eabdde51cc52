#!/usr/bin/env bash
# Installs the programs that are not Python packages, or says exactly what to install.
# Usage: deploy/system-packages.sh PROGRAM…   (ffmpeg, chromium, npm, postgres, python3-venv, strace)
set -euo pipefail

missing=()
for program in "$@"; do
  case $program in
    # Debian keeps the server's programs out of PATH, and its package is named otherwise.
    postgres) compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || missing+=(postgresql) ;;
    # A part of Python, and no program.
    python3-venv) python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv) ;;
    *) command -v "$program" >/dev/null || missing+=("$program") ;;
  esac
done
[ ${#missing[@]} -eq 0 ] && exit 0

# Debian and Ubuntu name the packages after the programs.
if command -v apt-get >/dev/null; then
  # `env` where nothing is needed to become root: an empty array is, to bash, not set.
  if [ "$(id -u)" -eq 0 ]; then
    as_root=env
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as_root=sudo
  fi
  if [ -n "${as_root:-}" ]; then
    echo "Installing ${missing[*]} …"
    "$as_root" apt-get update --quiet=2
    "$as_root" DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends \
      "${missing[@]}" >/dev/null
    exit 0
  fi
  echo "Please install what is missing, then run this again:" >&2
  echo "    sudo apt-get install ${missing[*]}" >&2
  exit 1
fi
echo "Please install these programs with your system's package manager, then run this again: ${missing[*]}" >&2
exit 1
