import type { Mlflow } from './client.ts';
import type { Outbox } from './outbox.ts';
import { createRegistry, type Registry } from './registry.ts';
import { ensureExperiment, mirrorRun, type RunMirror } from './run.ts';
import { type Wanted, wantedOf } from './wanted.ts';

export interface SenderOptions {
  readonly mlflow: Mlflow;
  /** Also the name of the registered model. */
  readonly experiment: string;
}

export interface Link {
  readonly run: string;
  readonly url: string;
}

/**
 * Brings an MLflow server to what outboxes say. It looks what is there before it adds anything, so that one
 * which was killed is followed by one that sends the rest. One at a time: Temporal sees to that.
 */
export interface Sender {
  /** Sends what is new, and marks an outbox that is at its end as sent. */
  send(outbox: Outbox, champion: string | null): Promise<Link>;
  /** Lets the alias `champion` name the bundle that serves. */
  crown(champion: string): Promise<void>;
}

export function createSender({ mlflow, experiment: name }: SenderOptions): Sender {
  const registry = createRegistry(mlflow, name);
  const mirrors = new Map<string, { mirror: RunMirror; records: number }>();
  let experiment: Promise<string> | undefined;
  let crowned: string | undefined;

  async function mirrorOf(outbox: Outbox) {
    const known = mirrors.get(outbox.directory);
    if (known) return known;
    experiment ??= ensureExperiment(mlflow, name);
    const made = { mirror: await mirrorRun(mlflow, await experiment, outbox.run), records: -1 };
    mirrors.set(outbox.directory, made);
    return made;
  }

  return {
    async send(outbox, champion) {
      const state = await mirrorOf(outbox);
      const { mirror } = state;
      const link = { run: mirror.id, url: mirror.url };
      const records = await outbox.read();
      if (records.length === state.records) return link;
      const wanted = wantedOf(records);
      const { missing } = await mirror.bring(wanted);
      const modelVersion = await registerBundle(registry, mirror, wanted, champion);
      if (wanted.end) {
        await mirror.close(wanted.end);
        const { experiment: id } = mirror;
        const at = new Date().toISOString();
        await outbox.markSent({ server: mlflow.uri, experiment: id, ...link, modelVersion, missing, at });
        mirrors.delete(outbox.directory);
      }
      state.records = records.length;
      return link;
    },
    async crown(champion) {
      if (crowned === champion) return;
      const version = await registry.ensureVersion({
        bundle: champion,
        // Imported, or trained without MLflow: its files are nowhere but in the bundle store.
        source: `etiquette:/bundles/${champion}`,
        run: null,
        tags: {},
      });
      await registry.setAlias('champion', version);
      await registry.dropAlias('challenger', version);
      crowned = champion;
    },
  };
}

/** A run's bundle is a model version; it is the challenger for as long as it may still come to serve. */
async function registerBundle(
  registry: Registry,
  mirror: RunMirror,
  { bundle, tags, end }: Wanted,
  champion: string | null,
): Promise<string | null> {
  if (!bundle) return null;
  const version = await registry.ensureVersion({
    bundle: bundle.version,
    source: `${mirror.artifactRoot}/bundle`,
    run: mirror.id,
    tags: bundle.tags,
  });
  await mirror.tag({ 'etiquette.model_version': version });
  const outcome = tags.get('etiquette.outcome');
  const mayServe = tags.get('etiquette.gate') !== 'failed' && (end === null || outcome === 'waiting');
  if (mayServe && bundle.version !== champion) await registry.setAlias('challenger', version);
  else await registry.dropAlias('challenger', version);
  return version;
}
