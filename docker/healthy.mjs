// `node docker/healthy.mjs URL`: succeeds when it answers 200 within 3 seconds. Images have no curl.
const answer = await fetch(process.argv[2] ?? '', { signal: AbortSignal.timeout(3000) }).catch(() => null);
process.exitCode = answer?.status === 200 ? 0 : 1;
