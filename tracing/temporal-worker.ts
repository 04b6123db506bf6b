import { fileURLToPath } from 'node:url';
import type { Resource } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import {
  makeWorkflowExporter,
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { describeStage } from './stages.ts';
import { TracedClient } from './temporal-client.ts';
import type { TracedWorker } from './tracing.ts';

/** Bundled into the workflows' code. */
export const WORKFLOW_INTERCEPTORS = fileURLToPath(new URL('workflow.ts', import.meta.url));

/** Says on an activity's span what it worked on. */
const stages: ActivityInboundCallsInterceptor = {
  async execute(input, next) {
    describeStage(input.args[0]);
    const result = await next(input);
    describeStage(result);
    return result;
  },
};

export function tracedWorker(spans: SpanProcessor, resource: Resource): TracedWorker {
  return {
    interceptors: {
      workflowModules: [WORKFLOW_INTERCEPTORS],
      client: { workflow: [new TracedClient()] },
      activity: [
        (context) => ({
          inbound: new OpenTelemetryActivityInboundInterceptor(context),
          outbound: new OpenTelemetryActivityOutboundInterceptor(context),
        }),
        () => ({ inbound: stages }),
      ],
    },
    sinks: { exporter: makeWorkflowExporter(spans, resource) },
  };
}
