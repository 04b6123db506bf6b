import type { Next, WorkflowClientInterceptor, WorkflowSignalInput } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry/lib/client/index.js';

/** Starts, updates and questions to workflows become spans, and what is started goes on in their trace. */
export class TracedClient extends OpenTelemetryWorkflowClientInterceptor {
  /** Activities tell of each step that they make: a trace would have little else. */
  override signal(
    input: WorkflowSignalInput,
    next: Next<WorkflowClientInterceptor, 'signal'>,
  ): Promise<void> {
    return next(input);
  }
}
