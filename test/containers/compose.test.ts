import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { hadolint } from '../../cli/setup/hadolint.mjs';
import { PROJECT, readConfig } from '../../config.ts';
import { skip } from '../support/skip.ts';

interface Service {
  readonly image?: string;
  readonly user?: string;
  readonly restart?: string;
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly privileged?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly env_file?: unknown;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  readonly profiles?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: { readonly resources: { readonly limits: Readonly<Record<string, string | number>> } };
}

const text = readFileSync(join(PROJECT, 'docker-compose.yml'), 'utf8');
const file = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(file.services);
const configuration = readFileSync(join(PROJECT, 'config.ts'), 'utf8');
const variables = [...configuration.matchAll(/^ {2}([A-Z][A-Z_0-9]+): (?!string)/gm)].map(
  ([, name]) => `${name}`,
);
/** Drawn or given; never in an environment that `docker inspect` shows. */
const SECRET = /SECRET|PASSWORD|(?<!ALLOW_QUERY_)TOKEN$|ACCESS_KEY|_KEY$/;
const once = services.filter(([, { restart }]) => restart === 'on-failure:5').map(([name]) => name);
const networksOf = ({ networks = [] }: Service) =>
  Array.isArray(networks) ? networks : Object.keys(networks);

describe('every container', () => {
  for (const [name, service] of services) {
    describe(name, () => {
      it('is no root, but the one that gives volumes to their users', () => {
        if (name !== 'secrets') return match(`${service.user}`, /^[1-9]\d*:[1-9]\d*$/);
        equal(service.network_mode, 'none');
        deepEqual(service.cap_add, ['CHOWN', 'DAC_OVERRIDE', 'FOWNER']);
      });
      it('has no capability, gains none, and writes nothing but volumes and a bounded tmpfs', () => {
        deepEqual(service.cap_drop, ['ALL']);
        if (name !== 'secrets') equal(service.cap_add, undefined);
        deepEqual(service.security_opt, ['no-new-privileges:true']);
        equal(service.read_only, true);
        equal(service.privileged, undefined);
        for (const mount of service.tmpfs ?? []) match(mount, /size=/);
      });
      it('has limits of CPU, memory and processes', () => {
        const { cpus, memory, pids } = service.deploy?.resources.limits ?? {};
        ok(cpus && memory && pids);
      });
      it('has an init, and starts again by itself unless it is a command', () => {
        equal(service.init, true);
        match(`${service.restart}`, name === 'cli' ? /^no$/ : /^(unless-stopped|on-failure:5)$/);
      });
      it('is checked for health as long as it runs', () => {
        const ends = once.includes(name) || name === 'cli';
        equal(service.healthcheck === undefined, ends);
      });
      it('waits for what it needs: until that is healthy, or done', () => {
        for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
          equal(
            condition,
            once.includes(needed) ? 'service_completed_successfully' : 'service_healthy',
            `${name} waits for ${needed}`,
          );
          ok(!file.services[needed]?.profiles || service.profiles, `${name} waits for a profile's ${needed}`);
        }
      });
      it('comes from a tag of one release', () => {
        match(
          `${service.image}`,
          /^(docker\.io\/|etiquette\/)[\w/-]+:(v?\d+\.\d+|\$\{ETIQUETTE_VERSION:-\d)/,
        );
      });
      it('is published on loopback unless PUBLISH_ON says otherwise, and reached through the network `edge`', () => {
        for (const port of service.ports ?? []) {
          match(port, /^\$\{PUBLISH_ON:-127\.0\.0\.1\}:\$\{[A-Z_]+_PORT:-\d+\}:\d+$/);
        }
        if (service.ports) ok(networksOf(service).includes('edge'));
      });
      it('has no secret in its environment, command or file of variables', () => {
        for (const [variable, value] of Object.entries(service.environment ?? {})) {
          const isPath = /^\/run\/secrets\//.test(`${value}`);
          ok(isPath || !SECRET.test(variable), `${name}: ${variable}`);
        }
        const words = [...(service.entrypoint ?? []), ...(service.command ?? [])].join(' ');
        ok(!/password=|secret=|:\/\/[^/\s]*:[^/\s@]*@/i.test(words), words);
        equal(service.env_file === undefined, name !== 'secrets');
      });
      it('reads secrets of its own, and only reads them', () => {
        const mounts = (service.volumes ?? []).filter((mount) => mount.startsWith('secrets'));
        if (name === 'secrets') return;
        for (const mount of mounts) match(mount, /^secrets-\w+:\/run\/secrets:ro$/);
        ok(mounts.length <= 1);
      });
      it('mounts nothing of the host but files of this project, read-only, and never its container runtime', () => {
        for (const mount of service.volumes ?? []) {
          const [source = '', , mode] = mount.split(':');
          if (!/^[./]/.test(source)) {
            ok(source in file.volumes, `${mount} is declared`);
            continue;
          }
          equal(mode, 'ro');
          if (name === 'node-exporter') equal(source, '/');
          else ok(existsSync(join(PROJECT, source)), `${source} exists`);
        }
        ok(!JSON.stringify(service).includes('docker.sock'));
      });
    });
  }
});

describe('the compose file', () => {
  it('keeps what is behind the proxy off every network with a way in or out', () => {
    for (const name of ['serving', 'back', 'metrics']) equal(file.networks[name]?.internal, true, name);
    const open = (service: Service) => networksOf(service).filter((name) => !file.networks[name]?.internal);
    for (const name of ['postgres', 's3', 'temporal', 'api', 'auth'])
      deepEqual(open(file.services[name] ?? {}), []);
    for (const name of ['pipeline-worker', 'training-worker', 'cli']) {
      deepEqual(open(file.services[name] ?? {}), ['outbound']);
    }
  });

  it('lets the others find each replica of the API once: they share one network with it', () => {
    const networks = networksOf(file.services.api ?? {});
    for (const [name, service] of services.filter(([other]) => !['api', 'auth'].includes(other))) {
      ok(networksOf(service).filter((network) => networks.includes(network)).length <= 1, name);
    }
  });

  it('has the original’s ports', () => {
    const published = services.flatMap(([, { ports = [] }]) =>
      ports.map((port) => Number(port.split(/:-|\}/).at(-2))),
    );
    deepEqual(
      published.sort((a, b) => a - b),
      [3000, 5000, 8000, 8011, 8233, 9090, 9093],
    );
  });

  it('answers predictions without Temporal, MLflow, S3 and monitoring', () => {
    const needed = new Set<string>();
    const follow = (name: string) => {
      for (const next of Object.keys(file.services[name]?.depends_on ?? {})) {
        if (needed.has(next)) continue;
        needed.add(next);
        follow(next);
      }
    };
    follow('api');
    deepEqual([...needed].sort(), ['postgres', 'postgres-roles', 'secrets']);
  });

  it('lets the API believe the proxy’s address and no other', () => {
    const proxy = file.services.proxy?.networks as Record<string, { ipv4_address: string }>;
    equal(file.services.api?.environment?.TRUSTED_PROXIES, proxy.serving?.ipv4_address);
    equal(file.services.auth?.environment?.TRUSTED_PROXIES, proxy.serving?.ipv4_address);
  });

  it('gives the project’s processes variables that config.ts knows, and values that it takes', () => {
    for (const name of ['api', 'auth', 'pipeline-worker', 'training-worker', 'first-model', 'cli']) {
      const environment = file.services[name]?.environment ?? {};
      deepEqual(
        Object.keys(environment).filter((variable) => !variables.includes(variable)),
        [],
        name,
      );
      const values = Object.entries(environment).map(([variable, value]) => [
        variable,
        `${value ?? ''}`.replace(/\$\{\w+:-([^}]*)\}/, '$1'),
      ]);
      const config = readConfig(Object.fromEntries(values));
      deepEqual(config.apis, ['http://api:8000']);
    }
  });

  /** What means nothing in a container, and why. */
  const NOT_PASSED_ON: Record<string, string> = {
    API_REPLICAS: 'DNS knows the replicas',
    LOG_DIR: 'containers log to standard output, and the runtime rotates',
    IMAGE_ENCODER: 'a folder of the host',
    TEXT_ENCODER: 'a folder of the host',
    MLFLOW_PORT: 'published by compose itself',
    TEMPORAL_UI_PORT: 'published by compose itself',
    PROMETHEUS_PORT: 'published by compose itself',
    ALERTMANAGER_PORT: 'published by compose itself',
    TEMPORAL_METRICS_PORT: 'of the server that npm start runs',
    NODE_EXPORTER_PORT: 'of npm run monitoring',
    MLFLOW_TRACKING_USERNAME: 'goes with its password',
  };

  it('passes on every variable of config.ts that a person may set in .env', () => {
    const passed = Object.keys(file.services.api?.environment ?? {});
    const handedOut = readFileSync(join(PROJECT, 'docker/secrets.mjs'), 'utf8');
    const lost = variables.filter(
      (name) => !passed.includes(name) && !(name in NOT_PASSED_ON) && !handedOut.includes(`${name}:`),
    );
    deepEqual(lost, [], 'add it to x-settings in docker-compose.yml, a secret to docker/secrets.mjs');
  });

  it('draws no secret twice and lets each role have a volume', () => {
    const handedOut = readFileSync(join(PROJECT, 'docker/secrets.mjs'), 'utf8');
    const volumes = (file.services.secrets?.volumes ?? []).map((mount) => `${mount.split(':')[0]}`);
    deepEqual(volumes.sort(), Object.keys(file.volumes).sort());
    for (const volume of volumes.filter((name) => name.startsWith('secrets-'))) {
      match(handedOut, new RegExp(`^  ${volume.slice('secrets-'.length)}: \\{`, 'm'));
    }
  });

  it('is what `docker compose config` takes, with every profile and with a GPU', function () {
    try {
      execFileSync('docker', ['compose', 'version'], { stdio: 'pipe' });
    } catch {
      skip(this, 'no docker with its compose plugin', { allowed: true });
    }
    this.timeout(30_000);
    const gpu = ['-f', 'docker-compose.yml', '-f', 'docker-compose.gpu.yml'];
    for (const args of [
      [],
      ['--profile', 'monitoring'],
      ['--profile', 'auth'],
      ['--profile', 'tools'],
      gpu,
    ]) {
      execFileSync('docker', ['compose', ...args, 'config', '-q'], { cwd: PROJECT, stdio: 'pipe' });
    }
  });
});

describe('Prometheus in containers', () => {
  it('has the jobs of npm run monitoring, with the same series kept, and watches the proxy too', () => {
    interface Job {
      job_name: string;
      metric_relabel_configs?: unknown;
    }
    const jobs = (path: string) =>
      (parse(readFileSync(join(PROJECT, path), 'utf8')) as { scrape_configs: Job[] }).scrape_configs;
    const here = jobs('docker/prometheus/prometheus.yml').filter(({ job_name }) => job_name !== 'proxy');
    const kept = ({ job_name, metric_relabel_configs }: Job) => [job_name, metric_relabel_configs ?? null];
    deepEqual(here.map(kept), jobs('monitoring/prometheus/prometheus.yml').map(kept));
  });
});

describe('an image', () => {
  const dockerfiles = ['docker/Dockerfile', 'docker/mlflow/Dockerfile'];

  for (const path of dockerfiles) {
    it(`of ${path} holds no root user and no secret, and starts from a pinned tag`, () => {
      const lines = readFileSync(join(PROJECT, path), 'utf8').split('\n');
      match(`${lines.filter((line) => line.startsWith('USER')).at(-1)}`, /^USER [1-9]\d+:[1-9]\d+$/);
      ok(!lines.some((line) => /^(ARG|ENV)\b/.test(line) && SECRET.test(line)));
      for (const line of lines.filter((one) => /^ARG \w+_IMAGE=/.test(one))) match(line, /:\d+\.\d+\.\d+/);
    });
  }

  it('gets only what .dockerignore names: no .env, no var/, no git history', () => {
    const lines = readFileSync(join(PROJECT, '.dockerignore'), 'utf8').split('\n');
    equal(lines.filter((line) => line !== '' && !line.startsWith('#'))[0], '*');
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    for (const path of allowed) ok(existsSync(join(PROJECT, path)), path);
    for (const path of ['.env', 'var', '.git', 'node_modules', 'test']) ok(!allowed.includes(path));
    const rooms = readdirSync(PROJECT, { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() &&
          !/^\.|^(var|node_modules|test|bench|docs|systemd|coverage)$/.test(entry.name),
      )
      .map(({ name }) => name);
    deepEqual(
      rooms.filter((name) => !allowed.includes(name)),
      [],
      'rooms that an image lacks',
    );
  });

  it('passes hadolint', function () {
    const linter = hadolint();
    if (linter === null) return skip(this, 'no hadolint: run npm run setup');
    execFileSync(linter, dockerfiles, { cwd: PROJECT, stdio: 'pipe' });
  });
});
