# kwsd for Wyoming, MQTT, the page and files. Debian, because onnxruntime and soxr have no wheels for musl (Alpine).
FROM python:3.12-slim AS build
# The compiler is not shipped, so that its version need not be fixed.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /src

FROM python:3.12-slim
# The wheel is the one of these sources; what it depends on has ranges in pyproject.toml.
# hadolint ignore=DL3013
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    wheel="$(echo /wheels/kwsd-*.whl)" && pip install --no-cache-dir "${wheel}[media,metrics,mqtt,search,web,wyoming]"
ENV KWSD_STORE=/keywords
USER 1000:1000
ENTRYPOINT ["kwsd"]
CMD ["--help"]
