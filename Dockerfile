# One image for all processes; one process per container: `touchpoint api`, `touchpoint worker`, `touchpoint migrate`
# with DATABASE_URL, or `touchpoint serve` alone with a volume at /data.
#
# Behind a package mirror: docker build --secret id=pip,src=/etc/pip.conf --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt .
FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml uv.lock README.md hatch_build.py alembic.ini ./
ENV UV_PROJECT_ENVIRONMENT=/opt/touchpoint UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -m venv /opt/uv && /opt/uv/bin/pip install --quiet uv \
 && /opt/uv/bin/uv sync --locked --no-default-groups --no-install-project
COPY . .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    /opt/uv/bin/uv sync --locked --no-default-groups --no-editable

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /data touchpoint \
 && install -d -o touchpoint -g touchpoint -m 0700 /data
COPY --from=build /opt/touchpoint /opt/touchpoint
ENV PATH=/opt/touchpoint/bin:$PATH TOUCHPOINT_DATA=/data TOUCHPOINT_HOST=0.0.0.0 TOUCHPOINT_LOG_FORMAT=json
USER touchpoint
VOLUME /data
EXPOSE 8080 2525
# A worker has no port: it ends when it cannot go on, and is started again. Run it with --no-healthcheck.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python3", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "touchpoint"]
CMD ["api"]
