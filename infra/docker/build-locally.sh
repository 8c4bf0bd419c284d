#!/usr/bin/env bash
# Build an image from a Debian base made here, where no registry of images can be reached, and see that it starts.
#
#   infra/docker/build-locally.sh cpu            needs root, mmdebstrap and buildah (apt), 6 GB of disk
#   TORCH_INDEX=… infra/docker/build-locally.sh gpu
#
# BUILD_ARGUMENTS: more arguments for `buildah bud`, such as `--volume /etc/pip.conf:/etc/pip.conf:ro`.
# What a Debian base cannot show: CUDA's libraries, and Ubuntu's own Python 3.12.
set -euo pipefail

target=${1:-cpu}
base=localhost/hladvarp-base:bookworm
image=localhost/hladvarp-${target}:local
read -r -a more <<<"${BUILD_ARGUMENTS:-}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

if ! buildah inspect --type image "$base" >/dev/null 2>&1; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    mmdebstrap --variant=minbase --include=ca-certificates bookworm "$folder/rootfs.tar"
    printf 'FROM scratch\nADD rootfs.tar /\n' >"$folder/Dockerfile"
    buildah bud --isolation chroot --tag "$base" "$folder"
fi

buildah bud --layers --format docker --isolation chroot --network host --file infra/docker/Dockerfile --target "$target" \
    --build-arg BASE_IMAGE="$base" --build-arg PYTHON=python3.11 --build-arg TORCH_INDEX="${TORCH_INDEX:-}" \
    ${more[@]+"${more[@]}"} --tag "$image" .

container=$(buildah from "$image")
trap 'buildah rm "$container" >/dev/null' EXIT
inside() { buildah run --isolation chroot --network host "$container" -- "$@"; }

inside id
inside python -m infra.health
inside python -c "import infra.runpod.launcher, flows.episode, faster_whisper; print('imports')"
inside prefect version
inside python -m infra.preflight || echo "the preflight says no: there is no GPU here, or no server"
echo "built $image"
