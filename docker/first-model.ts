import { ensureChampion } from '../cli/start/champion.ts';
import { readConfig } from '../config.ts';

// As `npm start` does: where nothing was ever deployed, a first model is trained on the generated catalogue.
const say = (line: string) => process.stdout.write(`${line}\n`);
say(`${await ensureChampion(readConfig(), say)} serves`);
