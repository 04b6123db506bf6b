import { HOSTILE_CASES } from '../../test/support/hostile/index.ts';
import type { Row } from '../row.ts';
import type { Materials } from './materials.ts';
import { under } from './rows.ts';
import { startOurs } from './servers.ts';
import { resetPeaks, treeUsage } from './tree.ts';

const MIB = 2 ** 20;
const MOST_MIB = 300;
/** How long a case may let the server wait for its bytes. */
const CLIENT_SECONDS = '2';

/** One line of the table. */
interface Attacked {
  readonly group: string;
  readonly what: string;
  readonly status: number;
  readonly code: string | null;
  readonly expected: boolean;
  /** MiB above what the server's processes held when idle. */
  readonly peak: number;
}

/** Every bad request in turn, on a real server with a real bundle: how it is answered, and what it takes. */
export async function hostile(materials: Materials, say: (line: string) => void): Promise<Row[]> {
  const server = await startOurs(materials, materials.standard.bundle.version, { CLIENT_SECONDS });
  try {
    const { url, token, secretKey, username } = server;
    const { residentBytes: idle } = await treeUsage(server.pids);
    const table: Attacked[] = [];
    for (const { group, what, status, code, send } of HOSTILE_CASES) {
      await resetPeaks(server.pids);
      const reply = await send({ url, token, secretKey, username });
      const { peakBytes } = await treeUsage(server.pids);
      const expected = reply.status === status && reply.code === code;
      table.push({
        group,
        what,
        status: reply.status,
        code: reply.code,
        expected,
        peak: (peakBytes - idle) / MIB,
      });
    }
    for (const line of lines(table)) say(line);
    return rowsOf(table);
  } finally {
    await server.close();
  }
}

function rowsOf(table: readonly Attacked[]): Row[] {
  const countOf = (isCounted: (one: Attacked) => boolean) => table.filter(isCounted).length;
  return [
    under(
      `${table.length} bad requests: answered otherwise than documented`,
      '',
      countOf(({ expected }) => !expected),
      0,
    ),
    under(
      `${table.length} bad requests: 5xx but 503`,
      '',
      countOf(({ status }) => status >= 500 && status !== 503),
      0,
    ),
    under(
      `${table.length} bad requests: largest peak of memory above idle`,
      'MiB',
      Math.max(...table.map(({ peak }) => peak)),
      MOST_MIB,
    ),
  ];
}

/** As a table in Markdown. */
export function lines(table: readonly Attacked[]): string[] {
  return [
    '| | case | status | code | MiB above idle |',
    '|---|---|---|---|---|',
    ...table.map(
      ({ group, what, status, code, expected, peak }) =>
        `| ${group} | ${what} | ${status}${expected ? '' : ' (unexpected)'} | ${code ? `\`${code}\`` : ''} | ${Math.max(0, Math.round(peak))} |`,
    ),
  ];
}
