# One image for every part: door, relay, projector, API. Small, and run by a user without rights.
FROM python:3.11.13-slim-bookworm AS build
COPY requirements.lock pyproject.toml README.md LICENSE /src/
RUN python -m venv /opt/moments \
 && /opt/moments/bin/pip install --no-cache-dir --disable-pip-version-check setuptools --requirement /src/requirements.lock
COPY domain /src/domain
COPY ingest /src/ingest
COPY projections /src/projections
COPY api /src/api
COPY grafana /src/grafana
COPY moments /src/moments
RUN cd /src && /opt/moments/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11.13-slim-bookworm
# psycopg speaks to a log on PostgreSQL through the system's libpq.
RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin moments && install -d -o moments -m 0700 /data
COPY --from=build /opt/moments /opt/moments
USER moments
WORKDIR /data
ENV PATH=/opt/moments/bin:$PATH MOMENTS_DATA=/data PYTHONUNBUFFERED=1
VOLUME /data
ENTRYPOINT ["moments"]
CMD ["--help"]
