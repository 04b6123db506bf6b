import { EtiquetteError } from '../../errors.ts';

interface Reason {
  readonly sign: RegExp;
  readonly code: string;
  readonly retryable: boolean;
  readonly message: (remote: string) => string;
}

/** What DVC says, in the order in which it is looked for: of several signs the first decides. */
const REASONS: readonly Reason[] = [
  {
    sign: /unable to acquire lock|is busy, it is being blocked/i,
    code: 'DVC_BUSY',
    retryable: true,
    message: () => 'Another DVC command is at work in this folder. Try again in a moment.',
  },
  {
    sign: /\(403\)|forbidden|access ?denied|access key|signature.*match|unable to locate credentials|partial credentials|permission denied/i,
    code: 'DVC_REMOTE_DENIED',
    retryable: false,
    message: (remote) =>
      `${remote} refuses the keys, or there are none. Correct DVC_REMOTE_ACCESS_KEY_ID and DVC_REMOTE_SECRET_ACCESS_KEY.`,
  },
  {
    sign: /NoSuchBucket|bucket does not exist/i,
    code: 'DVC_REMOTE_MISSING',
    retryable: false,
    message: (remote) => `There is no bucket at ${remote}. Make it, or correct DVC_REMOTE_URL.`,
  },
  {
    sign: /could ?n[o']t connect|connect(ion)? (time|refused|reset|was closed|aborted)|cannot connect|timed? ?out|disconnected|name or service not known|(temporary failure|nodename).*name|\b50[0234]\b|service unavailable/i,
    code: 'DVC_REMOTE_UNREACHABLE',
    retryable: true,
    message: (remote) =>
      `${remote} does not answer. Start it, or correct DVC_REMOTE_URL and DVC_REMOTE_ENDPOINT.`,
  },
  {
    sign: /missing cache files|files failed to download|does not exist in (the )?(cache|remote)|missing-files/i,
    code: 'DVC_DATA_MISSING',
    retryable: false,
    message: (remote) => `Neither the cache of this machine nor ${remote} has all of its files.`,
  },
];

/** An error for a `dvc` command that failed, from its own words. @param output without secrets */
export function explainDvc(output: string, remote: string): EtiquetteError {
  const found = REASONS.find(({ sign }) => sign.test(output));
  const words = lastError(output);
  return new EtiquetteError(
    found?.code ?? 'DVC_FAILED',
    `${found?.message(remote) ?? 'DVC failed.'}${words ? ` DVC says: ${words}` : ''}`,
    { retryable: found?.retryable ?? true },
  );
}

function lastError(output: string): string {
  const lines = output
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('Having any troubles'));
  const line = lines.findLast((one) => one.startsWith('ERROR:')) ?? lines.at(-1) ?? '';
  return line.replace(/^ERROR: (unexpected error - )?/, '').trim();
}
