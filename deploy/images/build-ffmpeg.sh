#!/bin/sh
# Builds ffmpeg and ffprobe from an unpacked source tree, with what NotReally runs and nothing else, into a folder.
# Usage: build-ffmpeg.sh SOURCE TARGET
#
# The distribution's package brings 500 MB of libraries for encoders, screens, cameras and networks. This has every decoder,
# demuxer and parser of FFmpeg itself, so that it reads, names and refuses the same files; of everything that writes,
# filters or fetches it has only what services/audio and services/metadata use.
set -eu
source=$1 target=$2
cd "$source"
./configure \
  --prefix=/usr \
  --disable-autodetect --enable-zlib --enable-bzlib \
  --disable-debug --disable-doc --disable-ffplay \
  --disable-avdevice --disable-postproc --disable-network --disable-hwaccels --disable-iconv \
  --disable-encoders --enable-encoder=pcm_f32le \
  --disable-muxers --enable-muxer=pcm_f32le \
  --disable-filters --enable-filter=aresample,aeval,atrim,aformat,anull,apad,asetpts,concat \
  --disable-protocols --enable-protocol=file,pipe
make --jobs="$(nproc)" ffmpeg ffprobe
mkdir -p "$target"
strip --strip-all -o "$target/ffmpeg" ffmpeg
strip --strip-all -o "$target/ffprobe" ffprobe
