# The one program of every role. `docker-compose.yml` starts it four times.

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
        gcc git libc6-dev make pkg-config python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
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
# Whoever runs it owns the workspace, and is not known here: see `user` in docker-compose.yml.
RUN mkdir -m 0777 /data
ENV HOME=/data
VOLUME /data
STOPSIGNAL SIGTERM
ENTRYPOINT ["luthier"]
CMD ["up", "--workspace", "/workspace", "--data", "/data"]
