import type { Notice, Notification, NotifyInput } from '../temporal/notices.ts';
import { type PageSettings, runPage } from '../temporal/page.ts';

/** A reason may be the whole report of a catalogue's faults; whoever wants that follows the link. */
const LONGEST_REASON = 1000;

/** The JSON of a notice: with its words and links. */
export function notificationOf({ notice, at, run, mlflow }: NotifyInput, pages: PageSettings): Notification {
  const links = { temporal: run && runPage(pages, run.workflowId, run.runId), mlflow };
  const short = shortened(notice);
  return {
    type: short.type,
    timestamp: at,
    text: ['Étiquette: ', wordsFor(short), ...(links.temporal ? ['\n', links.temporal] : [])].join(''),
    data: { ...short.data, workflowId: run?.workflowId ?? null, runId: run?.runId ?? null, links },
  } as Notification;
}

function shortened(notice: Notice): Notice {
  const { data } = notice;
  if (!('reason' in data) || data.reason.length <= LONGEST_REASON) return notice;
  return { ...notice, data: { ...data, reason: `${data.reason.slice(0, LONGEST_REASON)}…` } } as Notice;
}

function wordsFor({ type, data }: Notice): string {
  switch (type) {
    case 'run.finished': {
      const { outcome, bundle, reason } = data;
      const words = {
        deployed: `${named(bundle, data.weightedF1)} serves now.`,
        rejected: `the training made ${named(bundle, data.weightedF1)}, which does not serve.`,
        waiting: `the training made ${named(bundle, data.weightedF1)}. It was asked not to deploy it.`,
      };
      return `${words[outcome]} ${reason}`;
    }
    case 'run.failed':
      return data.code === 'CANCELLED'
        ? `the training was cancelled (${data.stage}).`
        : `the training failed (${data.stage}). ${data.reason} [${data.code}]`;
    case 'run.waiting':
      return `a person has to decide whether ${named(data.bundle, data.weightedF1)} serves, until ${data.until}: npm run approve or npm run reject. ${data.reason}`;
    case 'drift.detected': {
      const next =
        data.retraining === null ? 'No training was started.' : `A training goes on: ${data.retraining}.`;
      return `what is asked about has changed since the bundle ${data.bundle} was trained (${data.level}). ${data.reason} ${next}`;
    }
    case 'deployment.rolled_back':
      return data.automatic
        ? `the bundle ${data.wentBack} was tried and went back by itself; the champion answers as before. ${data.reason}`
        : `${data.by} went back from the bundle ${data.wentBack} to ${data.serves}. ${data.reason}`;
    case 'notify.test':
      return 'this is a test. Notifications arrive.';
  }
}

function named(bundle: string, weightedF1: number | null): string {
  return `the bundle ${bundle}${weightedF1 === null ? '' : ` (weighted F1 ${weightedF1.toFixed(3)})`}`;
}
