# The container image: both programs, the libraries they need, and nothing else. docs/image.md explains it.
#
# Everything is compiled on the machine's own architecture, also for another one; nothing is emulated.
# Where packages come from is the base's apt configuration; no host is named here.
ARG BASE=debian:trixie-slim
FROM --platform=$BUILDPLATFORM ${BASE} AS build
ARG TARGETARCH
WORKDIR /src
COPY deploy/image/target.sh deploy/image/packages.sh deploy/image/
RUN deploy/image/packages.sh

# Four libraries come from their Debian sources, with only the features used: Debian's libmicrohttpd brings GnuTLS,
# libsystemd brings libcap and compression, libcurl brings thirty libraries; that would be most of the idle memory and
# of the image. They are static, and so are the programs: unused sections go, and what is left is one file.
COPY deploy/image/library.sh deploy/image/
RUN deploy/image/library.sh libcjson
RUN deploy/image/library.sh libmicrohttpd
RUN deploy/image/library.sh libsystemd
RUN deploy/image/library.sh libcurl

COPY Makefile CHANGELOG.md LICENSE ./
COPY agent agent/
COPY docs/rules.md docs/
COPY deploy/image/programs.sh deploy/image/rootfs.py deploy/image/
ARG REVISION
ARG SOURCE_DATE_EPOCH
RUN deploy/image/programs.sh

# For `make test-arm64` only; a time, so that the tests run each time.
COPY . .
ARG TESTS_AT
RUN [ -z "$TESTS_AT" ] || deploy/image/unit-tests.sh

FROM scratch
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="seccompd" \
      org.opencontainers.image.description="Keeps a node's Localhost seccomp profiles equal to what a ConfigMap says, checked and canonical" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0 AND LGPL-2.1-or-later AND LGPL-2.1-only AND MIT AND BSD-3-Clause AND BSD-2-Clause AND ISC AND curl"
COPY --from=build /image/ /
# glibc keeps what was freed last in lists that malloc_trim(3) does not empty: 0.3 MiB after a thousand profiles.
ENV GLIBC_TUNABLES=glibc.malloc.tcache_count=0
# Root without any capability: the kubelet's directories belong to root and are often 0700, so any other user gets
# EACCES, while root needs no capability to create, chmod, rename and fsync in a directory of its own.
USER 0:0
ENTRYPOINT ["/usr/bin/seccompd"]
