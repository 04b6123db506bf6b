import type { Config } from '../config.ts';

/** What a workflow must know of its worker's configuration; recorded in its history as a local activity. */
export function createSettings(config: Config) {
  return {
    settings: async () => ({
      trainingTaskQueue: config.TRAINING_TASK_QUEUE,
      /** Absent from histories of before there was DVC: those runs go on without. */
      dvc: config.DVC === 'on',
    }),
  };
}

export type SettingsActivities = ReturnType<typeof createSettings>;
