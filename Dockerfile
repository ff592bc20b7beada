# Two images from one file: `docker build --target api .` is small (ONNX Runtime, no torch, no Dagster);
# `docker build --target platform .` holds the asset graph.
FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 DAGSTER_HOME=/srv/home
WORKDIR /srv/app
RUN useradd --create-home --uid 10001 recipe && mkdir -p /srv/home /srv/releases && chown recipe /srv/home /srv/releases
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY recipe_assets recipe_assets
COPY api api

FROM base AS api
RUN pip install --no-cache-dir -c constraints.txt '.[api]'
USER 10001
ENV RECIPE_API_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/api/v1/health/live', timeout=2)"]
# SIGTERM makes the API refuse new photos and finish those in work; give it RECIPE_API_DRAIN_SECONDS and a little more.
CMD ["python", "-m", "api"]

FROM base AS platform
# PyPI's torch brings CUDA; for a smaller image without a GPU, name torch's CPU index here.
ARG PIP_EXTRA_INDEX_URL=
RUN pip install --no-cache-dir -c constraints.txt '.[platform]' dagster-postgres==0.29.27
COPY workspace.yaml ./
COPY --chown=10001 deploy/dagster.yaml /srv/home/dagster.yaml
USER 10001
EXPOSE 3000
CMD ["dagster-webserver", "-w", "workspace.yaml", "-h", "0.0.0.0", "-p", "3000"]
