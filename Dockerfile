# HITL Console, for servers of PostgreSQL and Redis that are there: compose.yaml starts all of them, and
# docs/production.md has the rest. BASE is any image with Python 3.11 to 3.14 and its module venv.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
ARG PIP_INDEX_URL
WORKDIR /opt/hitl
COPY requirements.txt ./
# Every package comes compiled, so no image has a compiler; and the one that runs has no pip.
RUN python3 -m venv /opt/pip \
 && python3 -m venv --without-pip .venv \
 && /opt/pip/bin/pip --python .venv/bin/python install --no-cache-dir --only-binary :all: \
    --require-hashes -r requirements.txt
COPY manage.py LICENSE ./
COPY accounts accounts
COPY audit audit
COPY forges forges
COPY hitl_project hitl_project
COPY jobs jobs
COPY locale locale
COPY realtime realtime
COPY reviews reviews
COPY templates templates
COPY deploy/healthcheck.py deploy/
COPY deploy/compose/make_secrets.py deploy/compose/
RUN .venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
    manage.py accounts audit forges hitl_project jobs realtime reviews

FROM ${BASE}
WORKDIR /opt/hitl
COPY --from=build /opt/hitl ./
ENV PATH=/opt/hitl/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    HITL_VAR=/tmp/hitl \
    HOST=0.0.0.0
USER 10001:10001
EXPOSE 8003
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s CMD ["python", "deploy/healthcheck.py"]
ENTRYPOINT ["python", "manage.py"]
CMD ["serve"]
