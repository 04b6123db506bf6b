import { continueAsNew, executeChild, proxyActivities } from '@temporalio/workflow';

const { touch } = proxyActivities<{ touch(input: object): Promise<object> }>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

/** Has a child, which goes on as a new run, in which an activity is done. */
export async function parent(): Promise<void> {
  await executeChild(child, { workflowId: 'child', args: [true] });
}

export async function child(again: boolean): Promise<void> {
  if (again) await continueAsNew<typeof child>(false);
  await touch({ family: 'lstm-vgg16', dataset: { version: 'abc' }, catalogue: '/a/path' });
}
