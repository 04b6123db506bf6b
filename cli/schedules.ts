import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { applySchedules } from '../temporal/schedules/apply.ts';
import { controlSchedule, MOST_BACKFILLED } from '../temporal/schedules/control.ts';
import { type DeclaredSchedule, declareSchedules } from '../temporal/schedules/declared.ts';
import { showSchedules } from '../temporal/schedules/shown.ts';
import { scheduleLines } from './schedules/lines.ts';

const USAGE = `Usage: npm run schedules -- COMMAND [--json]

  list                                what runs by itself, when it ran, and when it will
  apply                               make Temporal's schedules those of the code and .env; the pipeline worker does so
                                      when it starts. What a person paused stays paused
  pause NAME [--reason TEXT]          run it no more until somebody resumes it
  resume NAME                         what was missed meanwhile is not caught up
  trigger NAME                        run it now
  backfill NAME --from TIME --to TIME run it for each time in that period, one after the other; ${MOST_BACKFILLED} at most

NAME is retrain, watch-drift or prune; TIME as 2026-11-22, or 2026-11-22T03:00+01:00. When they run is set with
RETRAIN_SCHEDULE, WATCH_SCHEDULE, PRUNE_SCHEDULE and SCHEDULE_TIME_ZONE (docs/schedules.md).
`;

const BECOMES = {
  starts: 'starts now',
  waits: 'starts when the one that goes on has ended',
  skipped: 'is not started: one goes on',
} as const;

interface Asked {
  readonly command: string;
  readonly name: string | undefined;
  readonly reason: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [command = '', name, ...more] = positionals;
  if (more.length > 0) throw usage();
  const { reason, from, to, json } = values;
  const { lines, ...answer } = await run(readConfig(), { command, name, reason, from, to });
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `${lines.join('\n')}\n`);
  return 0;
}

type Answer = { readonly lines: readonly string[] } & Readonly<Record<string, unknown>>;

async function run(config: Config, asked: Asked): Promise<Answer> {
  const declared = declareSchedules(config);
  const { command, name } = asked;
  if ((command === 'list' || command === 'apply') !== (name === undefined)) throw usage();
  const one = name === undefined ? null : named(declared, name);
  const client = await connectClient(config);
  try {
    if (one !== null) return await change(controlSchedule(client, one), one.scheduleId, asked);
    if (command === 'list') {
      const schedules = await showSchedules(client.schedule, declared);
      return { lines: scheduleLines(schedules), schedules };
    }
    const applied = await applySchedules(client.schedule, declared);
    const lines = Object.entries(applied).flatMap(([fate, names]) =>
      names.map(
        (which: string) =>
          `${which.padEnd(14)}${fate === 'foreign' ? 'left alone: somebody else made it' : fate}`,
      ),
    );
    return { lines: lines.length > 0 ? lines : ['No schedule is declared: all are off.'], ...applied };
  } finally {
    await client.connection.close();
  }
}

async function change(
  schedule: ReturnType<typeof controlSchedule>,
  name: string,
  { command, reason, from, to }: Asked,
): Promise<Answer> {
  switch (command) {
    case 'pause': {
      const note = `Paused by ${userInfo().username}${reason ? `: ${reason}` : ''}`;
      await schedule.pause(note);
      return { lines: [`${name} is paused.`], name, paused: true, note };
    }
    case 'resume':
      await schedule.resume();
      return { lines: [`${name} runs again.`], name, paused: false };
    case 'trigger': {
      const becomes = await schedule.trigger();
      return { lines: [`${name} ${BECOMES[becomes]}.`], name, becomes };
    }
    case 'backfill': {
      const count = await schedule.backfill(timeOf('--from', from), timeOf('--to', to));
      const times = count === 1 ? 'once' : `${count} times, one after the other`;
      return { lines: [`${name} runs ${times}.`], name, count };
    }
    default:
      throw usage();
  }
}

function named(declared: readonly DeclaredSchedule[], name: string): DeclaredSchedule {
  const found = declared.find(({ scheduleId }) => scheduleId === name);
  if (found) return found;
  const names = declared.map(({ scheduleId }) => scheduleId).join(', ') || 'none';
  throw new EtiquetteError(
    'SCHEDULE_UNKNOWN',
    `There is no schedule "${name}": known are ${names}. One that is off is turned on in .env (docs/schedules.md).`,
  );
}

function timeOf(option: string, text: string | undefined): Date {
  const time = new Date(text ?? '');
  if (/^\d{4}-\d\d-\d\d/.test(text ?? '') && !Number.isNaN(time.getTime())) return time;
  throw new EtiquetteError('USAGE', `Say ${option} as 2026-11-22, or 2026-11-22T03:00+01:00.`);
}

function usage(): EtiquetteError {
  return new EtiquetteError(
    'USAGE',
    'Give a command, and a name where it needs one: npm run schedules -- --help.',
  );
}
