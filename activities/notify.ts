import { ApplicationFailure, Context } from '@temporalio/activity';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';
import type { NotifyInput } from '../temporal/notices.ts';
import type { ActivityDeps } from './deps.ts';
import { toFailure } from './durable.ts';
import { notificationOf } from './notification.ts';
import { postTo } from './webhook.ts';

/** Posts one notice to NOTIFY_URL, once; the workflow tries again. */
export function createNotify({ config }: ActivityDeps) {
  return async function notify(input: NotifyInput): Promise<{ status: number }> {
    const { info, cancellationSignal } = Context.current();
    try {
      if (!config.webhook) {
        throw new EtiquetteError('NOTIFY_OFF', 'This worker has no NOTIFY_URL: nobody is told.');
      }
      const pages = { ...config, TEMPORAL_NAMESPACE: info.workflowNamespace ?? config.TEMPORAL_NAMESPACE };
      const body = JSON.stringify(notificationOf(input, pages));
      return {
        status: await postTo(config.webhook, { id: input.id, body }, config.RELEASE, cancellationSignal),
      };
    } catch (error) {
      const seconds =
        isEtiquetteError(error) && error.retryable ? error.details.retryAfterSeconds : undefined;
      if (!isEtiquetteError(error) || typeof seconds !== 'number') throw toFailure(error);
      // The receiver says itself when it wants to be asked again.
      throw ApplicationFailure.create({
        message: error.message,
        type: error.code,
        nextRetryDelay: seconds * 1000,
      });
    }
  };
}
