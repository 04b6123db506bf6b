import { parseDocument } from 'yaml';

export interface WebhookOptions {
  /** Where alerts go; null: nowhere but to the Alertmanager's own page. */
  readonly url: string | null;
  /** A file with the secret that is sent along; null: none is. */
  readonly secretFile: string | null;
  /** How long alerts of one name are gathered; the file's own when it is not named. */
  readonly wait?: string;
}

/**
 * alertmanager.yml with the webhook's address in it, since Alertmanagers before 0.26 know no `url_file`. Whoever
 * writes the result keeps it from others: the address may be a secret.
 */
export function alertmanagerConfiguration(text: string, { url, secretFile, wait }: WebhookOptions): string {
  const file = parseDocument(text);
  const webhook = ['receivers', 0, 'webhook_configs', 0];
  if (url === null) file.deleteIn(['receivers', 0, 'webhook_configs']);
  else {
    file.deleteIn([...webhook, 'url_file']);
    file.setIn([...webhook, 'url'], url);
    if (secretFile === null) file.deleteIn([...webhook, 'http_config']);
    else file.setIn([...webhook, 'http_config', 'authorization', 'credentials_file'], secretFile);
  }
  if (wait !== undefined) {
    for (const path of [['route'], ['route', 'routes', 0]]) file.setIn([...path, 'group_wait'], wait);
  }
  return file.toString({ lineWidth: 0 });
}
