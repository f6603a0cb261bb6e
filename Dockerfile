# Small, without root, and fit for a read-only root file system: only /var/lib/ventanilla is written to.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/ventanilla && /opt/ventanilla/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY gateway gateway
COPY channels channels
COPY routing routing
RUN /opt/ventanilla/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/ventanilla/bin/pip uninstall --quiet --yes setuptools pip

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/ventanilla --create-home ventanilla
COPY --from=build /opt/ventanilla /opt/ventanilla
COPY config /etc/ventanilla
ENV PATH=/opt/ventanilla/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    VENTANILLA_CONFIG_DIR=/etc/ventanilla \
    VENTANILLA_DATABASE_URL=sqlite:////var/lib/ventanilla/ventanilla.db \
    VENTANILLA_FILES_DIR=/var/lib/ventanilla/files \
    VENTANILLA_PUBLIC_LISTEN=0.0.0.0:8080 \
    VENTANILLA_INTERNAL_LISTEN=0.0.0.0:8081 \
    VENTANILLA_LOG=json
USER 10001
WORKDIR /var/lib/ventanilla
VOLUME /var/lib/ventanilla
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/health', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ventanilla"]
CMD ["serve"]
