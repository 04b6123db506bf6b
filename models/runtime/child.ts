import { registry } from './registry.ts';
import { serveJobs } from './serve-jobs.ts';

// The ML child process's entry point, forked by process.ts.
serveJobs(registry);
