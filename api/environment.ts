import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Deployment } from '../models/bundle/deployments.ts';
import type { Trace } from '../models/lineage/trace.ts';
import type { InferenceService } from '../models/serving/inference.ts';
import type { Pipeline } from '../temporal/pipeline.ts';
import type { Corrections } from './database/corrections.ts';
import type { Predictions } from './database/predictions.ts';
import type { Metrics } from './metrics.ts';
import type { User } from './users/user.ts';
import type { Users } from './users/users.ts';

/** What the app needs from its entry point. */
export interface ApiDependencies {
  readonly config: ApiConfig;
  readonly inference: InferenceService;
  readonly users: Users;
  readonly predictions: Predictions;
  readonly corrections: Corrections;
  readonly pipeline: Pipeline;
  readonly trace: Trace;
  /** The deployment history, oldest first. */
  readonly deployments: () => Promise<readonly Deployment[]>;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Aborted once the API is to stop: it still answers, but is not ready for more. */
  readonly stopping: AbortSignal;
  readonly now: () => Date;
}

export type ApiConfig = Pick<
  Config,
  | 'RELEASE'
  | 'SECRET_KEY_PREVIOUS'
  | 'DEPLOY_TOKEN'
  | 'ACCESS_TOKEN_EXPIRE_MINUTES'
  | 'PREDICT_PER_MINUTE'
  | 'STATUS_PER_MINUTE'
  | 'TOKEN_PER_MINUTE'
  | 'TRUSTED_ROLES'
  | 'TRUSTED_PROXIES'
  | 'CORS_ORIGINS'
  | 'METRICS_TOKEN'
  | 'CLIENT_SECONDS'
  | 'MAX_PICTURE_BYTES'
  | 'MAX_QUEUE'
  | 'ALLOW_QUERY_TOKEN'
  | 'KEEP_PREDICTIONS'
  | 'TEMPORAL_ADDRESS'
  | 'TEMPORAL_UI_PORT'
  | 'TEMPORAL_NAMESPACE'
> & { readonly SECRET_KEY: string };

/** What travels with a request: `user` once a valid token was seen, `peer`, `proxied` and `https` after `resolvePeer`. */
export interface ApiEnvironment {
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** Of what it was answered with. */
    predictionIds?: readonly string[];
    user?: User;
    peer?: string;
    proxied?: boolean;
    https?: boolean;
  };
}

export type Api = OpenAPIHono<ApiEnvironment>;
