import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, readConfig } from '../../config.ts';
import type { Row } from '../row.ts';
import { agreement } from './agreement.ts';
import { type Body, catalogueBodies } from './bodies.ts';
import { speed } from './comparison.ts';
import { watchingCost } from './cost.ts';
import { health, healthUnderLoad } from './health.ts';
import { hostile } from './hostile.ts';
import { warmUp } from './latency.ts';
import { type Materials, prepareMaterials, trainOriginal } from './materials.ts';
import { memoryGrowth } from './memory.ts';
import { overload } from './overload.ts';
import { startOurs, startPeer, type Target } from './servers.ts';
import { soak } from './soak.ts';

const PRODUCTS = 200;
const HEALTH_SECONDS = 10;

interface Setting {
  readonly config: Config;
  readonly materials: Materials;
  readonly bodies: readonly Body[];
  readonly say: (line: string) => void;
}

/** All of what serving promises: speed beside the original, /status under load, memory, the soak and bad requests. */
export function serving(say: (line: string) => void): Promise<Row[]> {
  return withMaterials(say, async (setting) => [
    ...(await besideOriginal(setting)),
    ...(await memory(setting)),
    ...(await attacked(setting)),
    ...(await soaked(setting)),
  ]);
}

/** The bad requests alone. */
export function servingHostile(say: (line: string) => void): Promise<Row[]> {
  return withMaterials(say, attacked);
}

/** The soak alone. */
export function servingSoak(say: (line: string) => void): Promise<Row[]> {
  return withMaterials(say, soaked);
}

/** What metrics and records of predictions take of the throughput. */
export function servingCost(say: (line: string) => void): Promise<Row[]> {
  return withMaterials(say, ({ materials, bodies }) => watchingCost(materials, bodies, say));
}

async function withMaterials(
  say: (line: string) => void,
  work: (setting: Setting) => Promise<Row[]>,
): Promise<Row[]> {
  const config = readConfig();
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  try {
    const materials = await prepareMaterials(config, directory, say);
    const bodies = await catalogueBodies(materials.catalogue, PRODUCTS);
    return await work({ config, materials, bodies, say });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function besideOriginal({ config, materials, bodies, say }: Setting): Promise<Row[]> {
  const original = await trainOriginal(config, materials, say);
  const servers: Target[] = [];
  const started = async <T extends Target>(starting: Promise<T>): Promise<T> => {
    const server = await starting;
    servers.push(server);
    return server;
  };
  try {
    say('Starting the servers.');
    const peer = await started(startPeer(materials, original, say));
    const same = await started(startOurs(materials, original.bundle.version));
    const standard = await started(startOurs(materials, materials.standard.bundle.version));
    const families = [
      { name: original.bundle.family, target: same, faster: { p50: 0.4, perSecond: 4 } },
      { name: materials.standard.bundle.family, target: standard, faster: { p50: 0.15, perSecond: 15 } },
    ];
    const agreed = await agreement(same, peer, materials.catalogue);
    for (const server of servers) await warmUp(server, bodies);
    const rows = [agreed, ...(await speed(families, peer, bodies, say))];
    for (const clients of [8, 32]) {
      say(`/status and /metrics beside ${clients} clients.`);
      const load = { clients, seconds: HEALTH_SECONDS };
      const peers = await healthUnderLoad(peer, bodies, load);
      for (const { name, target } of families) {
        rows.push(...(await health(name, { ours: target, peer: peers }, bodies, load)));
      }
    }
    return rows;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

async function memory({ materials, bodies, say }: Setting): Promise<Row[]> {
  const { version, family } = materials.standard.bundle;
  say('A short queue, then memory over 5,000 predictions.');
  const rows = await overload(materials, bodies);
  const server = await startOurs(materials, version);
  try {
    return [...rows, await memoryGrowth(family, server, bodies)];
  } finally {
    await server.close();
  }
}

function attacked({ materials, say }: Setting): Promise<Row[]> {
  return hostile(materials, say);
}

function soaked({ materials, bodies, say }: Setting): Promise<Row[]> {
  return soak(materials, bodies, Number(process.env.BENCH_SOAK_MINUTES || 20), say);
}
