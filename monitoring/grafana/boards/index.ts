import type { Board } from '../board.ts';
import { host } from './host.ts';
import { model } from './model.ts';
import { original } from './original.ts';
import { pipeline } from './pipeline.ts';
import { service } from './service.ts';

/** Every board, by the name of its file in dashboards/. */
export const BOARDS: Readonly<Record<string, Board>> = { original, service, model, pipeline, host };
