import { isMap, parseDocument } from 'yaml';

export interface ScrapeOptions {
  /** host:port of each process, by the name of its job. A job that is not named is left out. */
  readonly targets: Readonly<Record<string, readonly string[]>>;
  /** The folder of the rules, where the configuration is written elsewhere. */
  readonly rules: string;
  /** Scrapes and evaluations; the file's own when it is not named. */
  readonly interval?: string;
  /** A file with the token that the API's /metrics asks for; null: it asks for none. */
  readonly tokenFile: string | null;
}

/** Jobs whose processes know METRICS_TOKEN. */
const GUARDED = ['api', 'auth'];

/** prometheus.yml for other addresses; all else, and every comment, stays. */
export function prometheusConfiguration(
  text: string,
  { targets, rules, interval, tokenFile }: ScrapeOptions,
): string {
  const file = parseDocument(text);
  file.set('rule_files', [`${rules}/*.yml`]);
  if (interval !== undefined) {
    file.setIn(['global', 'scrape_interval'], interval);
    file.setIn(['global', 'evaluation_interval'], interval);
  }
  file.setIn(['alerting', 'alertmanagers', 0, 'static_configs', 0, 'targets'], targets.alertmanager ?? []);
  const jobs = file.getIn(['scrape_configs']) as { items: unknown[] };
  jobs.items = jobs.items.filter((job) => {
    if (!isMap(job)) return false;
    const name = String(job.get('job_name'));
    const addresses = targets[name];
    if (addresses === undefined) return false;
    job.setIn(['static_configs', 0, 'targets'], addresses);
    if (tokenFile !== null && GUARDED.includes(name)) {
      job.set('authorization', { credentials_file: tokenFile });
    }
    return true;
  });
  return file.toString({ lineWidth: 0 });
}
