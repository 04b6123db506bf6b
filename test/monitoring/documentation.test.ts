import { deepEqual } from 'node:assert/strict';
import { testApi } from '../api/support.ts';
import { documentedMetrics } from './programs.ts';

describe("the documentation's table of metrics", () => {
  it("is the API's registry, name by name and label by label", async () => {
    const { app, predict } = await testApi();
    await predict();
    const text = await (await app.request('/metrics')).text();
    const names = [...text.matchAll(/^# TYPE ((?:http|etiquette)_\w+) /gm)].map(([, name]) => name);
    const [ofApi] = documentedMetrics();
    deepEqual([...ofApi.keys()].sort(), names.sort());

    const shown = [...text.matchAll(/^((?:http|etiquette)_\w+?)(?:_bucket|_sum|_count)?\{([^}]*)\}/gm)];
    for (const [, name, labels] of shown) {
      const used = [...`${labels}`.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((l) => l !== 'le');
      if (used.length > 0) deepEqual(used.sort(), [...(ofApi.get(`${name}`) ?? [])].sort(), name);
    }
  });
});
