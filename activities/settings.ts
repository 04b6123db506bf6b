import type { Config } from '../config.ts';

/** What a workflow must know of its worker's configuration; recorded in its history as a local activity. */
export function createSettings(config: Config) {
  return {
    settings: async () => ({
      trainingTaskQueue: config.TRAINING_TASK_QUEUE,
      /** Absent from histories of before there was DVC: those runs go on without. */
      dvc: config.DVC === 'on',
      /** Whether there is anybody to tell. */
      notify: config.webhook !== null,
    }),
  };
}

export type SettingsActivities = ReturnType<typeof createSettings>;
