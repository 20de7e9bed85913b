# heyx-bulk in a container, as an ordinary user. Sheets, results and checkpoints are in /data:
#
#   docker build -t heyx-bulk .
#   docker run --rm -it -e HEYX_TOKEN -v "$PWD:/data" -v heyx-bulk-state:/state --user "$(id -u):$(id -g)" \
#     heyx-bulk upload contacts.xlsx
#
# The volume heyx-bulk-state keeps the counted calls, the channel cache and remembered exports between containers.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY heyx_bulk heyx_bulk
RUN python -m venv /opt/heyx-bulk \
    && /opt/heyx-bulk/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt ".[redis,parquet]"

FROM python:3.13-slim
COPY --from=build /opt/heyx-bulk /opt/heyx-bulk
RUN useradd --create-home --uid 1000 heyx \
    && install -d -o heyx -g heyx -m 700 /data \
    && install -d -m 1777 /state
ENV PATH=/opt/heyx-bulk/bin:$PATH PYTHONUTF8=1 HEYX_BULK_STATE=/state
USER heyx
WORKDIR /data
VOLUME ["/data", "/state"]
ENTRYPOINT ["heyx-bulk"]
CMD ["--help"]
