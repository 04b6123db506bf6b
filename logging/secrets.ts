const SECRET_NAME = /SECRET|PASSWORD|TOKEN|ACCESS_KEY|^NOTIFY_URL$/;
/** What is shorter may be part of a word. */
const SHORTEST = 8;
const CENSOR = '[redacted]';

/** The secrets of a configuration, by the names of their variables. */
export function secretsOf(config: object): string[] {
  return Object.entries(config)
    .filter(
      ([name, value]) => SECRET_NAME.test(name) && typeof value === 'string' && value.length >= SHORTEST,
    )
    .map(([, value]) => value as string)
    .sort((one, other) => other.length - one.length);
}

/** Fields that are nobody's business, at any depth, whatever text they hold. pino's `redact` takes 8 µs a line for it, this 1. */
const SECRET_FIELDS =
  /"(password|token|access_token|secret|authorization|cookie|taskToken)":"(?:[^"\\]|\\.)*"/gi;

/** Takes secrets out of a line of JSON: fields for them, and known ones wherever an error's message has brought them. */
export function censor(line: string, secrets: readonly string[]): string {
  let clean = line.replace(SECRET_FIELDS, `"$1":"${CENSOR}"`);
  for (const secret of secrets) {
    const written = JSON.stringify(secret).slice(1, -1);
    if (clean.includes(written)) clean = clean.replaceAll(written, CENSOR);
  }
  return clean;
}
