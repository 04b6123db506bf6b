import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { createMonitors, writeConfigurations } from './monitoring/services.ts';
import { startJanitor } from './start/janitor.ts';
import { untilStopped } from './start/until-stopped.ts';

const USAGE = `Usage: npm run monitoring [-- boards]

Runs Prometheus with this project's rules, Alertmanager and the node exporter on this machine, beside "npm start";
Ctrl-C stops them. They have to be installed: docs/monitoring.md says how, and where alerts go.

  boards   write Grafana's dashboards anew from monitoring/grafana/boards
`;

const say = (line: string) => process.stdout.write(`${line}\n`);

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [task, ...others] = positionals;
  if (others.length > 0 || (task !== undefined && task !== 'boards')) {
    throw new EtiquetteError('USAGE', `There is no "${positionals.join(' ')}". ${USAGE}`);
  }
  if (task === 'boards') {
    // What draws them is there for development only.
    const { writeBoards } = await import('./monitoring/boards.ts');
    await writeBoards(say);
    return 0;
  }
  return await watch();
}

async function watch(): Promise<number> {
  const config = readConfig();
  const stopped = untilStopped();
  const janitor = startJanitor();
  const files = await writeConfigurations(config);
  const monitors = await createMonitors(config, files, { say, janitor, onGivenUp: stopped.fail });
  try {
    return await stopped.during(async () => {
      for (const { name, address, start } of monitors) {
        await start();
        say(`✔ ${name.padEnd(16)} ${address}`);
      }
      if (!files.webhook) say(`Alerts go nowhere: write the webhook's address to ${files.webhookFile}`);
      say('Ctrl-C stops them.');
    });
  } finally {
    for (const { stop } of monitors.toReversed()) await stop();
    janitor.close();
    stopped.close();
  }
}
