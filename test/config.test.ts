import assert from 'node:assert/strict';
import { readConfig } from '../config.ts';

describe('the configuration of MLflow', () => {
  it('is the server of npm start unless another is named', () => {
    assert.equal(readConfig({ MLFLOW_PORT: '5001' }).mlflow, 'http://127.0.0.1:5001');
    const uri = 'https://dagshub.com/owner/repository.mlflow';
    assert.equal(readConfig({ MLFLOW_TRACKING_URI: uri }).mlflow, uri);
    assert.equal(readConfig({ MLFLOW: 'off', MLFLOW_TRACKING_URI: uri }).mlflow, null);
  });

  it('refuses a password in the address, and does not repeat it', () => {
    assert.throws(
      () => readConfig({ MLFLOW_TRACKING_URI: 'https://me:hunter2@dagshub.com/x.mlflow' }),
      (error: Error) => /MLFLOW_TRACKING_PASSWORD/.test(error.message) && !/hunter2/.test(error.message),
    );
  });
});

describe('the configuration of schedules', () => {
  it('takes a cron expression or off, by the clock of a time zone that there is', () => {
    const { RETRAIN_SCHEDULE, WATCH_SCHEDULE } = readConfig({
      RETRAIN_SCHEDULE: '@daily',
      WATCH_SCHEDULE: 'off',
    });
    assert.deepEqual([RETRAIN_SCHEDULE, WATCH_SCHEDULE], ['@daily', 'off']);
    for (const [variable, value] of [
      ['RETRAIN_SCHEDULE', 'sundays'],
      ['WATCH_SCHEDULE', '7 * * *'],
      ['PRUNE_SCHEDULE', 'CRON_TZ=UTC 0 3 * * 0; rm'],
      ['SCHEDULE_TIME_ZONE', 'Europe/Lutetia'],
    ] as const) {
      assert.throws(() => readConfig({ [variable]: value }), new RegExp(`${variable}: must be`));
    }
  });
});
