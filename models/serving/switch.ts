import type { Logger } from 'pino';
import { EtiquetteError } from '../../errors.ts';
import { closed, noModel } from './errors.ts';
import type { Lane } from './lane.ts';
import type { Pool } from './pool.ts';
import type { Trial, TrialPlan, TrialState } from './trial.ts';

export interface Deployed {
  readonly version: string;
  /** What served before; null when nothing did. The version itself when it was serving already. */
  readonly replaced: string | null;
}

export interface SwitchOptions {
  readonly start: (version: string, stopping: AbortSignal) => Promise<Pool>;
  /** Gives the requests that wait, and those to come, to a pool. */
  readonly serve: (pool: Pool) => Lane;
  readonly createTrial: (plan: TrialPlan, pool: Pool) => Trial;
  readonly log: Logger;
}

/** Which bundle serves, which is loaded beside it and which is tried; changed by one call at a time, in their order. */
export interface Switch {
  prepare(version: string): Promise<void>;
  activate(version: string): Promise<Deployed>;
  deploy(version: string): Promise<Deployed>;
  restore(version: string): Promise<void>;
  try(plan: TrialPlan): Promise<TrialState>;
  endTrial(): Promise<void>;
  readonly serving: Lane | null;
  readonly trial: Trial | null;
  /** Stops what is being loaded; every later call is SERVING_CLOSED. */
  stop(): Promise<void>;
  /** Ends every process. */
  close(): Promise<void>;
}

/** See `InferenceService` for what its calls promise. */
export function createSwitch({ start, serve, createTrial, log }: SwitchOptions): Switch {
  const stopping = new AbortController();
  const retiring = new Set<Promise<void>>();
  let serving: Lane | null = null;
  let prepared: Pool | null = null;
  let going: { readonly trial: Trial; readonly timer: NodeJS.Timeout } | null = null;
  let last: Promise<unknown> = Promise.resolve();

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(task);
    last = result.catch(() => {});
    return result;
  }

  async function prepare(version: string): Promise<void> {
    if (stopping.signal.aborted) throw closed();
    if (prepared?.bundle.version === version || serving?.facts.version === version) return;
    await dropPrepared();
    prepared = await start(version, stopping.signal);
    log.info({ bundle: version }, 'a bundle is loaded and answers its golden products');
  }

  async function dropPrepared(): Promise<void> {
    await prepared?.close();
    prepared = null;
  }

  function activate(version: string): Deployed {
    if (serving?.facts.version === version) return { version, replaced: version };
    if (prepared?.bundle.version !== version) {
      throw new EtiquetteError(
        'BUNDLE_NOT_PREPARED',
        `Bundle ${version} is not prepared. Prepare it first.`,
        {
          retryable: true,
        },
      );
    }
    const old = serving;
    serving = serve(prepared);
    prepared = null;
    if (old) retire(old);
    serving.pump();
    const replaced = old?.facts.version ?? null;
    log.info({ bundle: version, replaced }, 'a bundle serves');
    return { version, replaced };
  }

  async function begin(plan: TrialPlan): Promise<TrialState> {
    const state = going?.trial.state;
    if (state && state.version === plan.version && state.kind === plan.kind) return state;
    if (!serving) throw noModel();
    if (serving.facts.version === plan.version) {
      throw new EtiquetteError(
        'BUNDLE_SERVES_ALREADY',
        `Bundle ${plan.version} serves already: there is nothing to try.`,
      );
    }
    await stopTrial();
    await prepare(plan.version);
    const trial = createTrial(plan, prepared as Pool);
    const timer = setTimeout(() => void inTurn(endTrial).catch(() => {}), plan.seconds * 1000).unref();
    going = { trial, timer };
    log.info({ bundle: plan.version, kind: plan.kind, share: plan.share }, 'a bundle is tried');
    return trial.state;
  }

  /** Its pool stays loaded: it is what may be activated next. */
  async function stopTrial(): Promise<void> {
    if (!going) return;
    const { trial, timer } = going;
    clearTimeout(timer);
    going = null;
    await trial.idle();
    log.info({ ...trial.state }, 'a trial ended');
  }

  async function endTrial(): Promise<void> {
    if (!going) return;
    await stopTrial();
    await dropPrepared();
  }

  function retire(old: Lane): void {
    const gone = old
      .close()
      .catch((err: unknown) => log.error({ err }, 'an old pool could not be closed'))
      .finally(() => retiring.delete(gone));
    retiring.add(gone);
  }

  async function deploy(version: string): Promise<Deployed> {
    await stopTrial();
    await prepare(version);
    return activate(version);
  }

  return {
    prepare: (version) => inTurn(() => prepare(version)),
    activate: (version) =>
      inTurn(async () => {
        await stopTrial();
        return activate(version);
      }),
    deploy: (version) => inTurn(() => deploy(version)),
    restore: (version) =>
      inTurn(async () => {
        if (!serving) await deploy(version);
      }),
    try: (plan) => inTurn(() => begin(plan)),
    endTrial: () => inTurn(endTrial),
    get serving() {
      return serving;
    },
    get trial() {
      return going?.trial ?? null;
    },
    async stop() {
      stopping.abort(closed());
      await last;
      await stopTrial();
    },
    async close() {
      await Promise.all([dropPrepared(), serving?.close(), ...retiring]);
      serving = null;
    },
  };
}
