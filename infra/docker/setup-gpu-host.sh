#!/usr/bin/env bash
# Let containers use the GPU of a machine of one's own: NVIDIA's Container Toolkit for Docker, and CDI for others.
#
#   setup-gpu-host.sh [--dry-run] [KEY_URL LIST_URL]
#
# The addresses of the package repository's key and source list are in NVIDIA's installation guide of the toolkit; they
# are needed only where apt does not know the package yet. Debian and Ubuntu; safe to repeat; needs root.
set -euo pipefail

dry_run=false
if [[ ${1:-} == --dry-run ]]; then
    dry_run=true
    shift
fi
keyring=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg
list=/etc/apt/sources.list.d/nvidia-container-toolkit.list

do_it() {
    printf '+ %s\n' "$*"
    $dry_run || "$@"
}

fail() {
    printf 'setup-gpu-host: %s\n' "$1" >&2
    exit 1
}

require_driver() {
    command -v nvidia-smi >/dev/null || fail "there is no NVIDIA driver; install it first, 550 or newer for CUDA 12.6"
    nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader \
        || fail "the driver does not answer; restart the machine, or install the driver again"
}

add_repository() {
    apt-cache show nvidia-container-toolkit >/dev/null 2>&1 && return
    [[ $# -eq 2 ]] || fail "apt does not know nvidia-container-toolkit; give KEY_URL and LIST_URL of its repository"
    local folder
    folder=$(mktemp -d)
    do_it curl --fail --silent --show-error --location "$1" --output "$folder/key"
    do_it gpg --dearmor --yes --output "$keyring" "$folder/key"
    do_it curl --fail --silent --show-error --location "$2" --output "$folder/list"
    do_it sed "s#deb https://#deb [signed-by=$keyring] https://#w $list" "$folder/list"
    rm -rf "$folder"
    do_it apt-get update
}

require_driver
if ! command -v nvidia-ctk >/dev/null; then
    add_repository "$@"
    do_it apt-get install --yes --no-install-recommends nvidia-container-toolkit
fi
if command -v docker >/dev/null; then
    do_it nvidia-ctk runtime configure --runtime=docker
    do_it systemctl restart docker
fi
do_it nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml
echo "now: docker run --rm --gpus all --shm-size 40g IMAGE python -m infra.preflight"
