#!/bin/bash
# Where no image registry can be reached: makes images under the names that docker-compose.yml and the Dockerfiles ask for,
# out of Debian packages and binaries that were built from source, so that the compose file runs with its own configuration
# files. Versions differ from the tags (Debian's); Grafana has none. Needs root, podman, mmdebstrap and, in $BINARIES:
# temporal-server, temporal-sql-tool, temporal, ui-server, versitygw.
set -euo pipefail
: "${BINARIES:?the folder with the Go binaries}"
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
image() { # NAME, Dockerfile on standard input
  podman build -q --network=host --format docker -t "$1" -f - "$scratch"
}

if ! podman image exists localhost/debian-base:bookworm; then
  mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm "$scratch/base.tar"
  podman import -q "$scratch/base.tar" localhost/debian-base:bookworm
  rm "$scratch/base.tar"
fi
# Networks that look into TLS have a certificate authority of their own.
cp -L "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" "$scratch/ca.crt"
cp "$(command -v node)" "$scratch/node"
cp -r "$(npm root -g)/npm" "$scratch/npm"
cp "$BINARIES"/{temporal-server,temporal-sql-tool,temporal,ui-server,versitygw} "$scratch"
cp test/containers/stand-in-postgres.sh "$scratch/postgres.sh"
ui=$(go mod download -json github.com/temporalio/ui-server/v2@v2.54.1 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
cp "$ui/config/docker.yaml" "$scratch/ui.yaml"
server=$(go mod download -json go.temporal.io/server@v1.32.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
sed 's/ -o pipefail//' "$server/docker/scripts/sh/entrypoint.sh" >"$scratch/temporal-entrypoint.sh"

image docker.io/library/node:20.20.2-bookworm-slim <<'D'
FROM localhost/debian-base:bookworm
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 libatomic1 && rm -rf /var/lib/apt/lists/* \
  && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
  SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
D
image localhost/stand-ins <<'D'
FROM docker.io/library/node:20.20.2-bookworm-slim
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends busybox haproxy postgresql \
  prometheus prometheus-alertmanager prometheus-node-exporter python3 python3-venv && rm -rf /var/lib/apt/lists/* \
  && for name in wget nc; do ln -sf /usr/bin/busybox /usr/local/bin/$name; done \
  && ln -sf /usr/bin/prometheus-alertmanager /bin/alertmanager \
  && ln -sf /usr/bin/prometheus-node-exporter /bin/node_exporter \
  && sed -i '/^postgres:/d' /etc/passwd && echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >>/etc/passwd \
  && rm -rf /var/lib/postgresql /var/run/postgresql && install -d -o 999 -g 999 /var/lib/postgresql/data /var/run/postgresql
COPY --chmod=755 temporal-server temporal-sql-tool temporal versitygw /usr/local/bin/
COPY --chmod=755 temporal-entrypoint.sh /etc/temporal/entrypoint.sh
COPY --chmod=755 ui-server /home/ui-server/ui-server
COPY ui.yaml /home/ui-server/config/docker.yaml
COPY --chmod=755 postgres.sh /usr/local/bin/docker-entrypoint.sh
D
image docker.io/library/python:3.11.13-slim-bookworm <<<'FROM localhost/stand-ins'
image docker.io/library/postgres:17.6-bookworm <<'D'
FROM localhost/stand-ins
ENV PGDATA=/var/lib/postgresql/data
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
D
image docker.io/temporalio/server:1.32.0 <<'D'
FROM localhost/stand-ins
WORKDIR /etc/temporal
CMD ["/etc/temporal/entrypoint.sh"]
D
image docker.io/temporalio/admin-tools:1.32.0 <<<'FROM localhost/stand-ins'
image docker.io/temporalio/ui:2.54.1 <<'D'
FROM localhost/stand-ins
WORKDIR /home/ui-server
ENTRYPOINT ["./ui-server", "--env", "docker", "start"]
D
image docker.io/versity/versitygw:v1.8.0 <<<'FROM localhost/stand-ins'
image docker.io/library/haproxy:3.2.23-alpine <<'D'
FROM localhost/stand-ins
# Debian's knows no init-state.
CMD ["sh", "-c", "sed 's/ init-state down//' /usr/local/etc/haproxy/haproxy.cfg >/tmp/haproxy.cfg; exec haproxy -W -db -f /tmp/haproxy.cfg"]
D
image docker.io/prom/prometheus:v3.14.0 <<'D'
FROM localhost/stand-ins
ENTRYPOINT ["/bin/prometheus"]
D
image docker.io/prom/alertmanager:v0.28.1 <<<'FROM localhost/stand-ins'
image docker.io/prom/node-exporter:v1.9.1 <<'D'
FROM localhost/stand-ins
ENTRYPOINT ["/bin/node_exporter"]
D
