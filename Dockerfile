# The one program of every role: `luthier up`, or one role a container as in `docker-compose.yml` and
# `deploy/kubernetes/`.

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        gcc git libc6-dev make pkg-config python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# What the program says that it was built from: there is no `.git` here to ask.
ARG LUTHIER_COMMIT=""
ENV LUTHIER_COMMIT=${LUTHIER_COMMIT}
RUN cargo build --release --locked --bin luthier
# The Python that candidates are tried in.
RUN PYO3_PYTHON=/usr/bin/python3 bash -ec '. ci/setup.sh; set_up_sandbox'

FROM debian:bookworm-slim
# Python 3.11: what the program was built against and runs tools with. git is for people's remotes.
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates git libpython3.11 python3 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /source/target/release/luthier /usr/local/bin/luthier
COPY --from=build /source/target/sandbox/component.wasm /usr/local/share/luthier/sandbox.wasm
COPY LICENSE-APACHE LICENSE-MIT /usr/local/share/doc/luthier/
# Whoever runs it owns the workspace, and is not known here: any user may write here.
RUN mkdir -m 0777 /data
ENV HOME=/data
WORKDIR /data
VOLUME /data
USER 1000:1000
EXPOSE 7777
STOPSIGNAL SIGTERM
# Of `luthier up`; a role that listens elsewhere has a check of its own.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7777/readyz')"]
ENTRYPOINT ["luthier"]
CMD ["up", "--workspace", "/workspace", "--data", "/data"]
ARG LUTHIER_COMMIT=""
LABEL org.opencontainers.image.title="luthier" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.revision="${LUTHIER_COMMIT}"
