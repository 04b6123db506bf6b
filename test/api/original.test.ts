import { strict as assert } from 'node:assert';
import { body, COLUMN, testApi } from './support.ts';

/** The original's two API tests. Its second one passed on every answer but 200; this one cannot. */
describe('the tests of the original', () => {
  it('GET /status answers 200 with the message', async () => {
    const { app } = await testApi();
    const answer = await app.request('/status');
    assert.equal(answer.status, 200);
    assert.equal((await body(answer)).message, 'Model Serving via FastAPI is running !');
  });

  it('POST /predict answers 200 with one prediction: label, confidence, class index', async () => {
    const answer = await (await testApi()).predict();
    assert.equal(answer.status, 200);
    const { predictions, message } = await body(answer);
    assert.equal(message, 'Prediction successful');
    assert.deepEqual(predictions, [{ label: '2583', confidence: 0.75, prediction: COLUMN }]);
  });
});
